"""``Idempotency-Key``: one execution for one key, and the first answer again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
import requests
from support.api_server import ApiServer
from support.stores import apply_agent, make_agent
from support.uploads import agent_id, upload

from signoff.api import idempotency as over_http
from signoff.storage import idempotency
from signoff.storage.idempotency import Claimed
from signoff.storage.store import Store


def total(api: ApiServer) -> int:
    found: int = api.call("GET", "/api/v1/agent-executions?expand=total_count").json()["totalCount"]
    return found


def keyed(api: ApiServer, key: str, *files: tuple[str, bytes], **options: str) -> requests.Response:
    answer: requests.Response = upload(api, *files, headers={"Idempotency-Key": key}, **options)
    return answer


def test_the_same_request_again_gets_the_first_answer_and_starts_nothing(api: ApiServer) -> None:
    first = keyed(api, "one", ("a.txt", b"Number: 1"))
    again = keyed(api, "one", ("a.txt", b"Number: 1"))
    other = keyed(api, "two", ("a.txt", b"Number: 1"))
    assert [answer.status_code for answer in (first, again, other)] == [201, 201, 201]
    assert again.content == first.content
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert other.json()["id"] != first.json()["id"]
    assert total(api) == 2


@pytest.mark.parametrize(
    "files", [[("a.txt", b"Number: 2")], [("b.txt", b"Number: 1")], [("a.txt", b"Number: 1")] * 2]
)
def test_the_same_key_with_another_request_is_refused(api: ApiServer, files) -> None:
    keyed(api, "one", ("a.txt", b"Number: 1"))
    answer = keyed(api, "one", *files)
    assert answer.status_code == 422
    assert "another request" in answer.json()["detail"][0]["msg"]
    assert total(api) == 1


def test_a_refused_request_leaves_its_key_free(api: ApiServer) -> None:
    assert keyed(api, "one", ("a.pdf", b"no PDF")).status_code == 422
    assert keyed(api, "one", ("a.txt", b"Number: 1")).status_code == 201
    assert total(api) == 1


def test_requests_at_the_same_time_start_one_execution(api: ApiServer) -> None:
    agent_id(api)

    def send(_: int) -> requests.Response:
        return keyed(api, "one", ("a.txt", b"Number: 1"))

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(send, range(12)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert total(api) == 1


def test_while_the_first_request_is_under_way_others_are_told_to_ask_later(
    api: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = keyed(api, "one", ("a.txt", b"Number: 1"))
    monkeypatch.setattr(over_http, "WAIT_SECONDS", 0.2)
    with api.store.database.transaction() as session:
        session.connection().exec_driver_sql("UPDATE idempotency_keys SET status_code = NULL")
    answer = keyed(api, "one", ("a.txt", b"Number: 1"))
    assert answer.status_code == 409
    assert "still being answered" in answer.json()["detail"]
    assert total(api) == 1
    assert first.status_code == 201


def test_what_a_dead_process_has_begun_is_gone_on_with(api: ApiServer) -> None:
    first = keyed(api, "one", ("a.txt", b"Number: 1"))
    with api.store.database.transaction() as session:
        session.connection().exec_driver_sql(
            "UPDATE idempotency_keys SET status_code = NULL, busy_until = '2020-01-01 00:00:00'"
        )
    again = keyed(api, "one", ("a.txt", b"Number: 1"))
    assert again.status_code == 201
    assert again.json()["id"] == first.json()["id"]
    assert total(api) == 1


def test_workspaces_do_not_share_keys(api: ApiServer) -> None:
    first = keyed(api, "one", ("a.txt", b"Number: 1"))
    apply_agent(api.store, make_agent(workspace="other"))
    other = keyed(api, "one", ("a.txt", b"Number: 1"), workspace="other")
    assert other.status_code == 201
    assert other.json()["id"] != first.json()["id"]


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_that_is_none_is_refused(api: ApiServer, key: str) -> None:
    answer = keyed(api, key, ("a.txt", b"Number: 1"))
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][0] == "header"


def test_a_key_is_free_again_after_a_day(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace_id = apply_agent(store, make_agent()).workspace_id
    values = {"workspace_id": workspace_id, "key": "one", "seconds": 5.0}
    with store.database.transaction() as session:
        idempotency.claim(session, fingerprint="a", execution_id=uuid4(), **values)
        idempotency.answer(
            session, workspace_id=workspace_id, key="one", status_code=201, body="{}"
        )
        kept = idempotency.claim(session, fingerprint="a", execution_id=uuid4(), **values)
        assert kept.outcome is Claimed.ANSWERED
    monkeypatch.setattr(idempotency, "KEPT", timedelta(seconds=-1))
    with store.database.transaction() as session:
        free = idempotency.claim(session, fingerprint="b", execution_id=uuid4(), **values)
        assert free.outcome is Claimed.OURS
