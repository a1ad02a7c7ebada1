"""``signoff tokens``: made, listed, revoked; never stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from signoff.cli import app
from signoff.errors import NotFoundError
from signoff.settings import get_settings
from signoff.storage import tokens
from signoff.storage.store import Store, get_store


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("SIGNOFF_HOME", str(tmp_path / "home"))
    get_settings.cache_clear()
    get_store.cache_clear()
    yield tmp_path / "home"
    get_store().database.close()
    get_settings.cache_clear()
    get_store.cache_clear()


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["tokens", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.usefixtures("home")
def test_a_token_is_shown_once_and_stored_as_a_hash_only() -> None:
    made = json.loads(run("create", "erp", "--workspace", "acme", "--json"))
    assert made["workspace"] == "acme"
    assert len(made["token"]) > 40
    with get_store().database.reading() as session:
        stored = session.execute(text("SELECT * FROM tokens")).one()
        found = tokens.check(session, made["token"])
        assert tokens.check(session, made["token"] + "x") is None
    assert made["token"] not in str(stored)
    assert found is not None
    assert (found.name, found.workspace_name) == ("erp", "acme")
    assert made["token"] not in run("list", "--json")
    assert "erp" in run("list")


@pytest.mark.usefixtures("home")
def test_a_revoked_token_is_listed_as_such() -> None:
    made = json.loads(run("create", "erp", "--json"))
    revoked = json.loads(run("revoke", str(made["number"]), "--json"))
    assert revoked["revoked_at"]
    assert json.loads(run("revoke", str(made["number"]), "--json")) == revoked
    with get_store().database.reading() as session:
        assert tokens.check(session, made["token"]) is None


@pytest.mark.usefixtures("home")
def test_the_text_is_printed_alone_on_its_line() -> None:
    printed = run("create", "a name with spaces").splitlines()
    with get_store().database.reading() as session:
        assert tokens.check(session, printed[-1]) is not None


@pytest.mark.usefixtures("home")
def test_a_workspace_name_that_is_none_is_refused() -> None:
    result = CliRunner().invoke(app, ["tokens", "create", "erp", "--workspace", "../x"])
    assert result.exit_code == 2


def test_revoking_what_is_not_there_says_so(store: Store) -> None:
    with (
        store.database.transaction() as session,
        pytest.raises(NotFoundError, match="signoff tokens list"),
    ):
        tokens.revoke(session, 99)
