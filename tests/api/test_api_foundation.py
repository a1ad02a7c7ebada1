"""What every request meets before its endpoint: credentials, limits, ids, error bodies."""

from __future__ import annotations

import base64
import logging
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from support.api_server import ApiServer
from support.stores import in_review, opened_store

from signoff.api import server
from signoff.api.auth import read_credentials
from signoff.storage import tokens
from signoff.storage.store import Store

LIST = "/api/v1/agent-executions"


@pytest.fixture
def hasty(tmp_path: Path) -> Iterator[ApiServer]:
    """An API that waits for nobody."""
    with (
        opened_store(tmp_path / "home", api_body_seconds=0.3, api_body_rate=1024) as store,
        ApiServer(store) as api,
    ):
        yield api


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def answer_to(api: ApiServer, sent: bytes) -> bytes:
    """What comes back on a connection that sends just this, and leaves it open."""
    with socket.create_connection(("127.0.0.1", api.port), timeout=20) as connection:
        connection.sendall(sent)
        received = b""
        while piece := connection.recv(65536):
            received += piece
    return received


# -- credentials ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrap",
    [
        lambda token: f"Bearer {token}",
        lambda token: f"bearer   {token} ",
        lambda token: f"Basic {encoded(token)}",
        lambda token: f"Basic {encoded('somebody:' + token)}",
        lambda token: f"Basic {encoded(':' + token)}",
    ],
)
def test_a_token_opens_its_workspace_in_each_scheme(api: ApiServer, wrap) -> None:
    assert api.call("GET", LIST, authorization=wrap(api.token)).status_code == 200


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer nonsense", "Basic %%%", "Token {token}", "{token}"]
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", LIST), ("POST", LIST), ("GET", LIST + "/nowhere"), ("PUT", "/api/v1/agents")],
)
def test_without_a_valid_token_everything_is_401(
    api: ApiServer, header: str, method: str, path: str
) -> None:
    answer = api.call(
        method, path, authorization=header.format(token=api.token), data=b"{not even JSON"
    )
    assert answer.status_code == 401
    assert answer.json()["detail"].startswith("A valid token is needed")
    challenges = answer.raw.headers.getlist("WWW-Authenticate")
    assert [challenge.partition(" ")[0] for challenge in challenges] == ["Bearer", "Basic"]


def test_a_revoked_token_opens_nothing_any_more(api: ApiServer, store: Store) -> None:
    with store.database.transaction() as session:
        token, text = tokens.create(session, name="gone")
    assert api.call("GET", LIST, authorization=f"Bearer {text}").status_code == 200
    with store.database.transaction() as session:
        tokens.revoke(session, token.number)
    assert api.call("GET", LIST, authorization=f"Bearer {text}").status_code == 401


def test_a_token_with_characters_that_no_token_has_is_refused(api: ApiServer) -> None:
    answer = api.call("GET", LIST, authorization="Bearer t\xf6ken")
    assert answer.status_code == 401


def test_a_scheme_that_the_dialect_does_not_know_is_not_read() -> None:
    assert read_credentials("Bearer abc", ["token"]) is None
    assert read_credentials("Token abc", ["token"]) == "abc"


# -- limits -------------------------------------------------------------------------------------


def test_more_headers_than_a_hundred_are_refused(api: ApiServer) -> None:
    many = {f"X-Header-{number}": "1" for number in range(101)}
    assert api.call("GET", "/healthz", headers=many).status_code == 431


def test_a_head_without_end_is_refused(api: ApiServer) -> None:
    head = b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + b"X: " + b"a" * 70_000
    assert answer_to(api, head).startswith(b"HTTP/1.1 400")


def test_a_body_that_declares_too_much_is_refused_before_it_is_read(api: ApiServer) -> None:
    head = (
        f"PATCH {LIST}/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {api.token}\r\n"
        "Content-Type: application/json\r\nContent-Length: 99999999\r\nConnection: close\r\n\r\n"
    )
    assert answer_to(api, head.encode()).startswith(b"HTTP/1.1 422")


def test_a_body_of_unknown_length_is_refused_while_it_arrives(api: ApiServer) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(17):
            yield b" " * 1024 * 1024

    execution_id = in_review(api.store)
    answer = api.call(
        "PATCH",
        f"{LIST}/{execution_id}",
        data=endless(),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 422
    assert "exceeds" in answer.json()["detail"][0]["msg"]


def test_a_body_that_stops_coming_is_given_up(hasty: ApiServer) -> None:
    execution_id = in_review(hasty.store)
    head = (
        f"PATCH {LIST}/{execution_id} HTTP/1.1\r\nHost: a\r\n"
        f"Authorization: Bearer {hasty.token}\r\n"
        "Content-Type: application/json\r\nContent-Length: 20\r\n\r\n{"
    )
    assert answer_to(hasty, head.encode()).startswith(b"HTTP/1.1 408")


def test_a_head_that_stops_coming_is_given_up(
    api: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.2)
    assert answer_to(api, b"GET /healthz HTTP/1.1\r\nHost:") == b""


# -- error bodies ---------------------------------------------------------------------------------


def test_an_unknown_path_and_method_are_told_in_the_dialects_words(api: ApiServer) -> None:
    assert api.call("GET", "/nowhere").json() == {"detail": "Not Found"}
    answer = api.call("DELETE", LIST)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, POST"


@pytest.mark.parametrize(
    "body",
    [b"{", b"\xff\xfe", b'{"state": NaN}', b'{"a": 1, "a": 2}', b"[" * 5000, b'"\\ud800"', b""],
)
def test_what_is_no_decent_json_is_told_so(api: ApiServer, body: bytes) -> None:
    execution_id = in_review(api.store)
    answer = api.call(
        "PATCH",
        f"{LIST}/{execution_id}",
        data=body,
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/agents"),
        ("PATCH", f"{LIST}/{UUID(int=188)}"),
        ("POST", "/api/v1/ai/agents/instances/1/execute"),
    ],
)
def test_json_without_its_media_type_is_told_so(api: ApiServer, method: str, path: str) -> None:
    for headers in ({"Content-Type": "application/x-www-form-urlencoded"}, {}):
        answer = api.call(method, path, data=b'{"name": "a"}', headers=headers)
        assert answer.status_code == 422
        [problem] = answer.json()["detail"]
        assert problem["loc"] == ["body"]
        assert "Content-Type: application/json" in problem["msg"]


def test_an_unexpected_error_is_500_with_the_requests_id_and_no_secrets(
    api: ApiServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the password is 12345")

    monkeypatch.setattr("signoff.storage.listing.page", broken)
    answer = api.call("GET", LIST, headers={"X-Request-ID": "mine"})
    assert answer.status_code == 500
    assert answer.headers["X-Request-ID"] == "mine"
    assert "mine" in answer.json()["detail"]
    assert "12345" not in answer.text


# -- request ids ----------------------------------------------------------------------------------


def test_every_answer_and_log_line_carries_the_requests_id(
    api: ApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="signoff")
    given = api.call("GET", "/healthz", headers={"X-Request-ID": "abc-1"})
    assert given.headers["X-Request-ID"] == "abc-1"
    made = api.call("GET", LIST, authorization="").headers["X-Request-ID"]
    assert re.fullmatch("[0-9a-f]{32}", made)
    unfit = api.call("GET", "/nowhere", headers={"X-Request-ID": "a b\x7f" * 20})
    assert re.fullmatch("[0-9a-f]{32}", unfit.headers["X-Request-ID"])
    lines = [record.getMessage() for record in caplog.records if record.name == "signoff.api"]
    assert any("GET /healthz 200" in line for line in lines)


# -- the service ----------------------------------------------------------------------------------


def test_health_needs_no_token_and_readiness_says_what_is_missing(api: ApiServer) -> None:
    assert api.call("GET", "/healthz", authorization="").json() == {"status": "ok"}
    ready = api.call("GET", "/readyz", authorization="")
    assert ready.status_code == 503
    assert ready.json() == {"database": "ok", "files": "ok", "prefect": "failed"}


def test_the_docs_need_no_other_server(api: ApiServer) -> None:
    page = api.call("GET", "/docs", authorization="").text
    references = re.findall(r"""(?:src|href)=["']([^"']+)""", page)
    assert references
    for reference in references:
        assert reference.startswith("/")
        assert api.call("GET", reference, authorization="").status_code == 200
    assert "url: '/openapi.json'" in page
    described = api.call("GET", "/openapi.json", authorization="").json()
    assert LIST in described["paths"]
