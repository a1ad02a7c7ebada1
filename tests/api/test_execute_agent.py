"""The execute dialect over HTTP: inputs, answers, waiting, errors."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import requests
from support.api_server import ApiServer
from support.platform import wait_until
from support.receiver import Answer, Receiver
from support.stores import (
    DATA,
    apply_agent,
    make_agent,
    opened_store,
    take_lease,
)

from signoff.executions.extractions import Extraction, Iteration
from signoff.executions.models import AgentRevision, Execution
from signoff.executions.states import Status
from signoff.storage import executions
from signoff.storage.leases import locked, release
from signoff.storage.progress import IterationLog
from signoff.storage.store import Store
from signoff.storage.transitions import set_failure, transition

FIELDS = {
    "id",
    "agent_id",
    "trigger_type",
    "triggered_by",
    "status",
    "input_data",
    "output_data",
    "error_message",
    "context_type",
    "context_id",
    "started_at",
    "completed_at",
    "execution_time_ms",
    "iteration_count",
    "iterations",
    "tools_used",
    "total_tokens",
    "total_cost",
    "model_used",
    "success",
    "actions_taken",
    "extra_metadata",
    "created_at",
    "updated_at",
}
TEXT = {"text": "Number: LS-2041\nTotal: 55.20"}
SCHEMA = {
    "type": "object",
    "properties": {"sku": {"type": "string"}, "depth": {"type": "integer", "default": 3}},
    "required": ["sku"],
    "additionalProperties": False,
}


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[ApiServer]:
    """An API whose callers do not wait long, and that may call this machine."""
    with (
        opened_store(
            tmp_path / "home",
            api_sync_seconds=0.3,
            allowed_hosts=["127.0.0.1"],
            max_input_bytes=10_000,
        ) as store,
        ApiServer(store) as api,
    ):
        yield api


@pytest.fixture
def site() -> Iterator[str]:
    """A web server with one file."""

    note = Answer(body=b"Number: 5")
    with Receiver([Answer(404)], answers_by_path={"/note.txt": note}) as receiver:
        yield receiver.url("").rstrip("/")


def agent(api: ApiServer, **changes: Any) -> AgentRevision:
    found: AgentRevision = apply_agent(api.store, make_agent(**changes))
    return found


def path(number: object, **query: object) -> str:
    given = "&".join(f"{name}={value}" for name, value in query.items())
    return f"/api/v1/ai/agents/instances/{number}/execute?{given}"


def execute(
    api: ApiServer,
    body: object = TEXT,
    *,
    number: object = None,
    headers: dict[str, str] | None = None,
    **query: object,
) -> requests.Response:
    query.setdefault("async_execution", "true")
    number = agent(api).agent_number if number is None else number
    answer: requests.Response = api.call(
        "POST", path(number, **query), json=body, headers=headers or {}
    )
    return answer


def recorded(store: Store) -> list[Execution]:
    with store.database.reading() as session:
        return executions.newest(session)


def review(store: Store, execution_id: UUID, target: Status = Status.PENDING_REVIEW) -> None:
    """What a run does: read, and hand over."""
    lease = take_lease(store, execution_id)
    log = IterationLog(store.database, lease)
    began = datetime.now(UTC)
    for number, (action, cost) in enumerate([("search", "0.001"), ("submit", "0.002")], start=1):
        log.append(
            Iteration(
                number=number,
                thought="Hm.",
                action=action,
                action_input={"words": "total"} if action == "search" else DATA,
                observation="Nothing." if action == "search" else "",
                timestamp=began + timedelta(seconds=number),
                model="test-model",
                prompt_tokens=100,
                completion_tokens=10,
                cost=Decimal(cost),
            )
        )
    with store.database.transaction() as session:
        extraction = Extraction(data=DATA, model="test-model")
        executions.record_extraction(session, lease, extraction, target=target)
        release(session, lease)


# -- what is answered -----------------------------------------------------------------------------


def test_an_asynchronous_call_is_answered_at_once_with_every_field(api: ApiServer) -> None:
    found = agent(api)
    answer = execute(api, number=found.agent_number, context_type="deal", context_id=815)
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == FIELDS
    [execution] = recorded(api.store)
    assert body["id"] == execution.number
    assert body["agent_id"] == found.agent_number
    assert body["trigger_type"] == "api"
    assert body["triggered_by"] == 1
    assert body["status"] == "pending"
    assert body["context_type"] == "deal"
    assert body["context_id"] == 815
    assert body["extra_metadata"] == {
        "execution_id": str(execution.id),
        "state": "PENDING_DATA_EXTRACTION",
        "cost_known": True,
        "failure_code": None,
        "deliveries": [],
    }
    for name in ("output_data", "error_message", "started_at", "completed_at", "model_used"):
        assert body[name] is None
    assert body["execution_time_ms"] is None
    assert (body["iterations"], body["iteration_count"], body["actions_taken"]) == ([], 0, 0)
    assert (body["total_tokens"], body["total_cost"], body["success"]) == (0, 0, False)
    assert datetime.fromisoformat(body["created_at"]) == execution.created_at
    assert datetime.fromisoformat(body["updated_at"]) == execution.updated_at


def test_a_synchronous_call_waits_for_the_review_and_shows_what_was_read(api: ApiServer) -> None:
    number = agent(api).agent_number
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(execute, api, number=number, async_execution="false")
        [execution] = wait_until(lambda: waiting_for_extraction(api.store))
        review(api.store, execution.id)
        body = call.result().json()
    assert body["status"] == "running"
    assert body["extra_metadata"]["state"] == "PENDING_REVIEW"
    assert body["output_data"] == DATA
    assert body["success"] is False
    assert body["iteration_count"] == 2
    assert body["actions_taken"] == 2
    assert body["tools_used"] == ["search"]
    assert body["total_tokens"] == 220
    assert body["total_cost"] == 0.003
    assert body["model_used"] == "test-model"
    first, second = body["iterations"]
    assert first == {
        "iteration": 1,
        "thought": "Hm.",
        "action": "search",
        "action_input": {"words": "total"},
        "observation": "Nothing.",
        "timestamp": first["timestamp"],
        "tools_used": ["search"],
        "total_tokens": 110,
        "total_cost": 0.001,
        "model_used": "test-model",
    }
    assert datetime.fromisoformat(first["timestamp"]).tzinfo is not None
    assert (second["action"], second["action_input"], second["tools_used"]) == ("submit", DATA, [])


def waiting_for_extraction(store: Store) -> list[Execution]:
    return [entry for entry in recorded(store) if entry.status is Status.PENDING_DATA_EXTRACTION]


def test_a_synchronous_call_is_the_default_and_ends_with_confirmed_data(api: ApiServer) -> None:
    number = agent(api).agent_number
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(api.call, "POST", path(number), json=TEXT)
        [execution] = wait_until(lambda: waiting_for_extraction(api.store))
        review(api.store, execution.id, Status.CONFIRMED)
        body = call.result().json()
    assert (body["status"], body["success"]) == ("completed", True)
    assert body["output_data"] == DATA
    started, ended = (datetime.fromisoformat(body[name]) for name in ("started_at", "completed_at"))
    assert body["execution_time_ms"] == round((ended - started).total_seconds() * 1000)


@pytest.mark.parametrize(
    ("code", "status"),
    [("timeout", "timeout"), ("runtime_error", "failed"), ("canceled", "cancelled")],
)
def test_a_failure_ends_the_wait(api: ApiServer, code: str, status: str) -> None:
    number = agent(api).agent_number
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(execute, api, number=number, async_execution="false")
        [execution] = wait_until(lambda: waiting_for_extraction(api.store))
        with api.store.database.transaction() as session:
            set_failure(session, locked(session, execution.id), code=code, explanation="No.")
        body = call.result().json()
    assert (body["status"], body["success"]) == (status, False)
    assert body["error_message"] == "No."
    assert body["completed_at"]
    assert body["extra_metadata"]["failure_code"] == code


def test_a_cancel_ends_the_wait(api: ApiServer) -> None:
    number = agent(api).agent_number
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(execute, api, number=number, async_execution="false")
        [execution] = wait_until(lambda: waiting_for_extraction(api.store))
        with api.store.database.transaction() as session:
            transition(session, locked(session, execution.id), Status.CANCELED)
        assert call.result().json()["status"] == "cancelled"


def test_a_wait_ends_after_the_configured_time_and_the_execution_goes_on(quick: ApiServer) -> None:
    body = execute(quick, async_execution="false").json()
    assert body["status"] == "pending"
    assert recorded(quick.store)[0].status is Status.PENDING_DATA_EXTRACTION


def test_many_may_wait_and_others_are_served_meanwhile(api: ApiServer) -> None:
    number = agent(api).agent_number
    with ThreadPoolExecutor(80) as pool:
        calls = [
            pool.submit(execute, api, number=number, async_execution="false") for _ in range(80)
        ]
        wait_until(lambda: len(waiting_for_extraction(api.store)) == 80)
        # more than there are threads, and none is held
        assert api.call("GET", "/api/v1/agents", timeout=20).status_code == 200
        with api.store.database.transaction() as session:
            for execution in waiting_for_extraction(api.store):
                row = locked(session, execution.id)
                set_failure(session, row, code="timeout", explanation="")
        assert {call.result().json()["status"] for call in calls} == {"timeout"}


def test_an_unknown_cost_is_0_and_told(api: ApiServer) -> None:
    number = agent(api).agent_number
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(execute, api, number=number, async_execution="false")
        [execution] = wait_until(lambda: waiting_for_extraction(api.store))
        lease = take_lease(api.store, execution.id)
        turn = Iteration(number=1, action="", timestamp=datetime.now(UTC), model="mystery")
        IterationLog(api.store.database, lease).append(turn.model_copy(update={"action": "submit"}))
        with api.store.database.transaction() as session:
            set_failure(session, locked(session, execution.id), code="unknown", explanation="")
        body = call.result().json()
    assert body["total_cost"] == 0
    assert body["extra_metadata"]["cost_known"] is False
    assert body["iterations"][0]["total_cost"] == 0


# -- what is taken --------------------------------------------------------------------------------


def test_text_and_content_and_urls_become_documents(quick: ApiServer, site: str) -> None:
    content = base64.encodebytes(b"Number: 1\n" * 10).decode()
    answer = execute(
        quick,
        {
            "files": [f"{site}/note.txt", {"name": "../a.txt", "content": content}],
            "text": "Number: 2",
            "note": "by mail",
        },
    )
    assert answer.status_code == 200
    assert answer.json()["input_data"] == {
        "note": "by mail",
        "files": [
            {"name": "note.txt", "content_type": "text/plain", "size": 9},
            {"name": "a.txt", "content_type": "text/plain", "size": 100},
            {"name": "text.txt", "content_type": "text/plain", "size": 9},
        ],
    }
    [execution] = recorded(quick.store)
    assert execution.input_data == {"note": "by mail"}
    with quick.store.files.open(execution.files[1].sha256) as stream:
        assert stream.read() == b"Number: 1\n" * 10
    assert list((quick.store.settings.home / "uploads").iterdir()) == []


def test_input_is_held_against_the_first_execution_type_and_defaults_are_filled_in(
    api: ApiServer,
) -> None:
    kinds = [{"key": "look", "name": "Look", "input_schema": SCHEMA}]
    number = agent(api, execution_types=kinds).agent_number
    answer = execute(api, {"sku": "A-1"}, number=number)
    assert answer.json()["input_data"] == {"sku": "A-1", "depth": 3}
    for body in ({}, {"sku": 5}, {"sku": "A", "more": 1}, TEXT):
        refused = execute(api, body, number=number)
        assert refused.status_code == 422, body
        assert refused.json()["detail"][0]["loc"] == ["body"]
    assert len(recorded(api.store)) == 1


def test_fields_that_the_execution_type_declares_are_its_own(api: ApiServer) -> None:
    own = {"type": "object", "properties": {"text": {"type": "string"}, "files": {"type": "array"}}}
    kinds = [{"key": "look", "name": "Look", "input_schema": own}]
    number = agent(api, execution_types=kinds).agent_number
    body = execute(api, {"text": "abc", "files": [1]}, number=number).json()
    assert body["input_data"] == {"text": "abc", "files": [1]}
    assert recorded(api.store)[0].files == []


@pytest.mark.parametrize(
    ("body", "location", "reason"),
    [
        ({}, ["body"], "nothing to read"),
        ({"files": []}, ["body"], "nothing to read"),
        ({"files": "http://a"}, ["body", "files"], "list"),
        ({"text": 5}, ["body", "text"], "string"),
        ({"files": [5]}, ["body", "files", 0], "A file is a URL"),
        ({"files": [{"name": "a.txt"}]}, ["body", "files", 0], "A file is a URL"),
        (
            {"files": [{"name": "a.txt", "content": "%%"}]},
            ["body", "files", 0, "content"],
            "no base64",
        ),
        ({"files": ["/etc/passwd"]}, ["body", "files", 0], "only http:// and https://"),
        ({"files": ["file:///etc/passwd"]}, ["body", "files", 0], "only http:// and https://"),
        ({"files": ["http://10.0.0.1/a.txt"]}, ["body", "files", 0], "no public address"),
        ({"files": ["http://a/b"] * 21}, ["body", "files"], "At most 20 URLs"),
        ({"files": [{"name": "a.exe", "content": "TVo="}]}, ["body"], ".exe are not read"),
        ({"files": [{"name": "a.txt", "content": ""}]}, ["body"], "the file is empty"),
        ({"text": "a" * 10_001}, ["body"], "at most 10,000"),
        ([], ["body"], "dictionary"),
        ("text", ["body"], "dictionary"),
    ],
)
def test_what_is_wrong_with_an_input_is_422_at_its_place_and_leaves_nothing(
    quick: ApiServer, body: object, location: list[object], reason: str
) -> None:
    answer = execute(quick, body)
    assert answer.status_code == 422
    [problem] = answer.json()["detail"]
    assert set(problem) == {"loc", "msg", "type"}
    assert problem["loc"] == location
    assert reason in problem["msg"]
    assert recorded(quick.store) == []


def test_a_url_that_leads_nowhere_is_422(quick: ApiServer, site: str) -> None:
    answer = execute(quick, {"files": [f"{site}/other.txt"]})
    assert answer.status_code == 422
    assert "other.txt" in answer.json()["detail"][0]["msg"]


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ({"context_id": "abc"}, ["query", "context_id"]),
        ({"async_execution": "perhaps"}, ["query", "async_execution"]),
    ],
)
def test_parameters_that_are_none_are_422(
    api: ApiServer, query: dict[str, Any], place: list[str]
) -> None:
    answer = execute(api, **query)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == place


def test_an_instance_that_is_no_number_is_422_and_one_that_is_not_there_404(api: ApiServer) -> None:
    assert execute(api, number="abc").status_code == 422
    elsewhere = apply_agent(api.store, make_agent("elsewhere", workspace="other"))
    for number in (4711, 0, -1, "9" * 30, elsewhere.agent_number):
        answer = execute(api, number=number)
        assert answer.status_code == 404
        assert answer.json() == {"detail": "Agent not found"}


def test_the_tenant_must_be_the_tokens_workspace(api: ApiServer) -> None:
    number = agent(api).agent_number
    assert execute(api, number=number, headers={"x-tenant-id": "1"}).status_code == 200
    for other in ("2", "-1", "9" * 30):
        answer = execute(api, number=number, headers={"x-tenant-id": other})
        assert answer.status_code == 404
    assert execute(api, number=number, headers={"x-tenant-id": "a"}).status_code == 422


def test_an_agent_that_cannot_run_is_422(api: ApiServer) -> None:
    number = agent(api, name="old", status="ARCHIVED").agent_number
    answer = execute(api, number=number)
    assert answer.status_code == 422
    assert "is archived" in answer.json()["detail"][0]["msg"]


@pytest.mark.parametrize("scheme", ["", "Token", "Basic"])
def test_without_a_bearer_token_it_is_401(api: ApiServer, scheme: str) -> None:
    authorization = f"{scheme} {api.token}" if scheme else ""
    answer = api.call("POST", path(1), json=TEXT, authorization=authorization)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


# -- once -----------------------------------------------------------------------------------------


def test_a_key_starts_one_execution_however_often_and_at_once(quick: ApiServer) -> None:
    number = agent(quick).agent_number

    def send(text: str) -> requests.Response:
        key = {"Idempotency-Key": "one"}
        return execute(quick, {"text": text}, number=number, headers=key, async_execution="false")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, ["Number: 1"] * 8))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(recorded(quick.store)) == 1
    assert send("Number: 2").status_code == 422
    assert len(recorded(quick.store)) == 1


def test_who_went_away_while_waiting_may_ask_again_under_the_same_key(api: ApiServer) -> None:
    number = agent(api).agent_number
    key = {"Idempotency-Key": "one"}
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=20)
    headers = {"Authorization": f"Bearer {api.token}", "Content-Type": "application/json", **key}
    connection.request("POST", path(number), body=json.dumps(TEXT), headers=headers)
    [execution] = wait_until(lambda: waiting_for_extraction(api.store))
    connection.close()
    with ThreadPoolExecutor(1) as pool:
        again = pool.submit(execute, api, number=number, headers=key, async_execution="false")
        # the same address, or it would be another request
        different = again.result()
        assert different.status_code == 422
        again = pool.submit(api.call, "POST", path(number), json=TEXT, headers=key)
        review(api.store, execution.id, Status.CONFIRMED)
        body = again.result().json()
    assert body["id"] == execution.number
    assert body["status"] == "completed"
    assert len(recorded(api.store)) == 1


def test_a_large_body_is_taken_and_one_that_is_too_large_refused(api: ApiServer) -> None:
    number = agent(api).agent_number
    content = base64.b64encode(b"0123456789abcde\n" * 65536).decode()
    large = {"files": [{"name": "a.txt", "content": content}]}
    assert (
        execute(api, large, number=number).json()["input_data"]["files"][0]["size"] == 1024 * 1024
    )
    too_large = {"text": "a" * 33 * 1024 * 1024}
    answer = execute(api, too_large, number=number)
    assert answer.status_code == 422
    assert "exceeds" in answer.json()["detail"][0]["msg"]
