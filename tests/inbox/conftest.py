from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from support.inboxes import Tray
from support.postgres import PostgresUnavailableError, running_postgres
from support.stores import apply_agent, make_agent, opened_store

from signoff import lifecycle
from signoff.executions.models import Execution
from signoff.storage.store import Store


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    try:
        with running_postgres() as server:
            yield server.url(server.create_database())
    except PostgresUnavailableError as reason:
        pytest.skip(str(reason))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened_store(tmp_path / "home") as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgresql"])
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store on either database."""
    settings = {}
    if request.param == "postgresql":
        settings["database_url"] = request.getfixturevalue("postgres_url")
    with opened_store(tmp_path / "home", **settings) as opened:
        yield opened


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The executions that were started, by number: there is no Prefect server in these tests."""
    numbers: list[int] = []

    def start(_store: Store, execution: Execution) -> UUID:
        numbers.append(execution.number)
        return uuid4()

    monkeypatch.setattr(lifecycle, "start", start)
    return numbers


@pytest.fixture
def tray(store: Store, tmp_path: Path) -> Tray:
    """An empty inbox folder, for the agent ``invoice``."""
    apply_agent(store, make_agent())
    return _tray(store, tmp_path)


@pytest.fixture
def any_tray(any_store: Store, tmp_path: Path) -> Tray:
    """An empty inbox folder on either database, for an agent with a name of its own."""
    tray = _tray(any_store, tmp_path)
    tray.options["agent"] = f"agent-{uuid4().hex[:8]}"
    apply_agent(any_store, make_agent(tray.options["agent"]))
    return tray


def _tray(store: Store, tmp_path: Path) -> Tray:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return Tray(store, folder, {"agent": "invoice"})
