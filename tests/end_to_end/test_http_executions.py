"""Executions over HTTP with Prefect and a worker: created, edited, confirmed, delivered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from support.api_server import ApiServer
from support.platform import Platform, wait_until
from support.receiver import Receiver

from signoff.api.app import create_app
from signoff.prefect_runs import RunState
from signoff.reconciler import reconcile
from signoff.storage import agents

PATH = "/api/v1/agent-executions"


@pytest.fixture
def api(platform: Platform) -> Iterator[ApiServer]:
    """The API over the platform's record; the platform's worker reconciles."""
    with ApiServer(platform.store, app=create_app(platform.store, reconciling=False)) as server:
        yield server


@pytest.fixture
def start(api: ApiServer, make_agent: Callable[..., str], note: Path) -> Callable[..., str]:
    """Upload the note for a new agent; the execution's id."""

    def run(**fields: Any) -> str:
        with api.store.database.reading() as session:
            revision = agents.find(session, make_agent(**fields), cipher=api.store.cipher)
        answer = api.call(
            "POST",
            f"{PATH}?agent_id={revision.agent_id}",
            files=[("input_files", (note.name, note.read_bytes()))],
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    return run


def shown(api: ApiServer, execution_id: str) -> dict[str, Any]:
    answer: dict[str, Any] = api.call("GET", f"{PATH}/{execution_id}").json()
    return answer


def wait_for(api: ApiServer, execution_id: str, status: str) -> dict[str, Any]:
    def arrived() -> dict[str, Any] | None:
        state: dict[str, Any] = shown(api, execution_id)["state"]
        return state if state["status"] == status else None

    state: dict[str, Any] = wait_until(arrived, what=f"{execution_id} becomes {status}")
    return state


def patch(api: ApiServer, execution_id: str, **state: Any) -> requests.Response:
    answer: requests.Response = api.call("PATCH", f"{PATH}/{execution_id}", json={"state": state})
    return answer


def test_an_upload_is_read_edited_confirmed_and_delivered(
    worker: Platform, api: ApiServer, start: Callable[..., str], receiver: Receiver
) -> None:
    execution_id = start()
    state = wait_for(api, execution_id, "PENDING_REVIEW")
    assert state["dataExtracted"]["number"] == "LS-2041"
    execution = worker.execution(execution_id)
    wait_until(lambda: worker.form_is_open(execution))

    edited = patch(api, execution_id, status="PENDING_REVIEW", dataExtracted={"number": "1"})
    assert edited.json()["state"]["dataExtracted"] == {"number": "1"}
    form = worker.read_form(execution)["schema"]
    assert form["properties"]["data_revision"]["const"] == 2

    confirmed = patch(api, execution_id, status="CONFIRMED", dataConfirmed={"number": "2"})
    assert confirmed.status_code == 200, confirmed.text
    assert confirmed.json()["state"]["dataConfirmed"] == {"number": "2"}
    state = wait_for(api, execution_id, "DELIVERED_TO_DESTINATION")
    assert state["dataExtracted"] == {"number": "1"}
    assert [entry["type"] for entry in state["deliveries"]] == ["WEBHOOK"]
    assert [request.json() for request in receiver.requests] == [{"number": "2"}]
    run = worker.api(f"flow_runs/{worker.execution(execution_id).flow_run_id}")
    asked = worker.execution(execution_id).context["request_id"]
    assert f"request:{asked}" in run["tags"]


def test_a_form_that_was_opened_before_an_edit_is_refused(
    worker: Platform, api: ApiServer, start: Callable[..., str], receiver: Receiver
) -> None:
    execution_id = start()
    wait_for(api, execution_id, "PENDING_REVIEW")
    before = worker.execution(execution_id)
    wait_until(lambda: worker.form_is_open(before))
    edited = patch(api, execution_id, status="PENDING_REVIEW", dataExtracted={"number": "1"})
    assert edited.status_code == 200
    refused = worker.answer_form(before, data={"number": "old"})
    assert refused["status"] == "REJECT", refused
    assert worker.execution(execution_id).status == "PENDING_REVIEW"
    answer = patch(api, execution_id, status="CONFIRMED", dataConfirmed={"number": "new"})
    assert answer.status_code == 200, answer.text
    wait_for(api, execution_id, "DELIVERED_TO_DESTINATION")
    assert [request.json() for request in receiver.requests] == [{"number": "new"}]


def test_of_two_changes_at_once_one_wins_and_the_other_is_told_so(
    worker: Platform, api: ApiServer, start: Callable[..., str], receiver: Receiver
) -> None:
    execution_id = start()
    wait_for(api, execution_id, "PENDING_REVIEW")
    states: list[dict[str, Any]] = [
        {"status": "CONFIRMED", "dataConfirmed": {"number": "a"}},
        {"status": "CONFIRMED", "dataConfirmed": {"number": "b"}},
        {"status": "CANCELED"},
    ]
    with ThreadPoolExecutor(len(states)) as pool:
        answers = list(pool.map(lambda state: patch(api, execution_id, **state), states))
    codes = [answer.status_code for answer in answers]
    assert sorted(codes) == [200, 409, 409], [answer.text for answer in answers]
    won = states[codes.index(200)]
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["detail"]
    if won["status"] == "CANCELED":
        assert receiver.requests == []
    else:
        wait_for(api, execution_id, "DELIVERED_TO_DESTINATION")
        assert [request.json() for request in receiver.requests] == [won["dataConfirmed"]]


def test_canceling_in_review_ends_the_flow_run_too(
    worker: Platform, api: ApiServer, start: Callable[..., str], receiver: Receiver
) -> None:
    execution_id = start()
    wait_for(api, execution_id, "PENDING_REVIEW")
    answer = patch(api, execution_id, status="CANCELED")
    assert answer.status_code == 200, answer.text
    execution = worker.execution(execution_id)
    wait_until(lambda: worker.run_state(execution) is RunState.CANCELLED)
    assert receiver.requests == []


def test_each_change_of_state_is_an_event_in_prefect(
    worker: Platform, api: ApiServer, start: Callable[..., str]
) -> None:
    execution_id = start(review={"auto_confirm": True}, destinations=[])
    wait_for(api, execution_id, "CONFIRMED")
    reconcile(worker.store)
    expected = ["PENDING_INPUTS", "PENDING_DATA_EXTRACTION", "CONFIRMED"]

    def told() -> bool:
        wanted = {
            "filter": {
                "event": {"prefix": ["signoff.execution."]},
                "resource": {"id": [f"signoff.execution.{execution_id}"]},
                "order": "ASC",
            }
        }
        found = worker.api("events/filter", wanted)["events"]
        return [entry["event"] for entry in found] == [
            f"signoff.execution.{status}" for status in expected
        ]

    wait_until(told, seconds=60, what="the events have arrived")


def test_readiness_is_told_when_prefect_is_there(worker: Platform, api: ApiServer) -> None:
    assert worker.port
    answer = api.call("GET", "/readyz", authorization="")
    assert answer.json() == {"database": "ok", "files": "ok", "prefect": "ok"}
    assert answer.status_code == 200
