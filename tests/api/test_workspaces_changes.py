"""``PATCH /api/v1/agent-executions/{id}`` while Prefect is away: what the record alone decides.

What needs a flow run is tested in ``tests/end_to_end/test_http_executions.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
import requests
from support.api_server import ApiServer
from support.receiver import Answer, Receiver
from support.stores import (
    DATA,
    confirmed,
    create_execution,
    in_review,
    make_agent,
    opened_store,
    take_lease,
    with_inputs,
)

from signoff.api.workspaces import changes
from signoff.executions.agents import Agent
from signoff.executions.extractions import CheckStatus
from signoff.executions.models import AnswerOutcome, DeliveryStatus
from signoff.executions.states import Status
from signoff.storage import executions, reviews
from signoff.storage.tables import ExecutionRow

PATH = "/api/v1/agent-executions"
WEBHOOK = {"type": "WEBHOOK", "response": {"statusCode": 201, "headers": {"a": "b"}, "body": "x"}}


def patch(api: ApiServer, execution_id: UUID, **state: Any) -> requests.Response:
    answer: requests.Response = api.call("PATCH", f"{PATH}/{execution_id}", json={"state": state})
    return answer


@pytest.fixture
def open_api(tmp_path) -> Iterator[ApiServer]:
    """An API that may call this machine."""
    home = tmp_path / "open"
    with opened_store(home, allowed_hosts=["127.0.0.1"]) as store, ApiServer(store) as api:
        yield api


def delivering(*receivers: Receiver) -> Agent:
    agent: Agent = make_agent(
        "delivering",
        destinations=[{"type": "WEBHOOK", "url": receiver.url()} for receiver in receivers],
    )
    return agent


# -- editing ------------------------------------------------------------------------------------


def test_data_in_review_is_edited_and_an_older_form_is_refused_by_its_revision(
    api: ApiServer,
) -> None:
    execution_id = in_review(api.store)
    answer = patch(api, execution_id, status="PENDING_REVIEW", dataExtracted={"number": "7"})
    assert answer.status_code == 200
    assert answer.json()["state"] == {
        "status": "PENDING_REVIEW",
        "dataExtracted": {"number": "7"},
    }
    with api.store.database.reading() as session:
        assert executions.get(session, execution_id).data_revision == 2


def test_the_checks_look_at_the_edited_data(api: ApiServer) -> None:
    positive = {"name": "positive", "type": "expression", "expression": "data.total > 0.0"}
    execution_id = in_review(api.store, make_agent("checked", checks=[positive]))

    def said() -> list[tuple[str, str]]:
        with api.store.database.reading() as session:
            extraction = executions.get(session, execution_id).extraction
        return [(check.name, check.status) for check in extraction.checks] if extraction else []

    for total, status in ((-1.0, CheckStatus.FAILED), (2.5, CheckStatus.PASSED)):
        edited = {"number": "7", "total": total}
        answer = patch(api, execution_id, status="PENDING_REVIEW", dataExtracted=edited)
        assert answer.status_code == 200
        assert said() == [("positive", status)]


@pytest.mark.parametrize("status", ["PENDING_REVIEW", "CONFIRMED"])
def test_data_that_does_not_meet_the_schema_is_422_with_its_place(
    api: ApiServer, status: str
) -> None:
    execution_id = in_review(api.store)
    field = "dataExtracted" if status == "PENDING_REVIEW" else "dataConfirmed"
    answer = patch(api, execution_id, status=status, **{field: {"number": 7, "total": 1}})
    assert answer.status_code == 422
    [problem] = answer.json()["detail"]
    assert problem["loc"] == ["body", "state", status, field, "number"]
    assert "is not of type 'string'" in problem["msg"]
    assert patch(api, execution_id, status=status, **{field: {}}).status_code == 422
    with api.store.database.reading() as session:
        assert executions.get(session, execution_id).state.status is Status.PENDING_REVIEW


@pytest.mark.parametrize("make", [create_execution, with_inputs, confirmed])
def test_only_data_in_review_can_be_edited_or_confirmed(api: ApiServer, make) -> None:
    execution_id = make(api.store)
    edited = patch(api, execution_id, status="PENDING_REVIEW", dataExtracted=DATA)
    assert edited.status_code == 409
    assert "only data in review can be edited" in edited.json()["detail"]
    answer = patch(api, execution_id, status="CONFIRMED", dataConfirmed=DATA)
    assert answer.status_code == 409
    assert "waits for no review" in answer.json()["detail"]


# -- confirming and cancelling --------------------------------------------------------------------


@pytest.mark.parametrize("status", ["CONFIRMED", "CANCELED"])
def test_with_prefect_away_an_answer_is_kept_and_the_caller_is_told(
    api: ApiServer, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    monkeypatch.setattr(changes, "ANSWER_SECONDS", 0.1)
    execution_id = in_review(api.store)
    with api.store.database.transaction() as session:
        session.get_one(ExecutionRow, 1).flow_run_id = uuid4()
    state = {"status": status} | ({"dataConfirmed": DATA} if status == "CONFIRMED" else {})
    answer = patch(api, execution_id, **state)
    assert answer.status_code == 409
    assert "is on record, but its flow run has not gone on" in answer.json()["detail"]
    with api.store.database.reading() as session:
        [kept] = reviews.answers(session, execution_id)
    assert kept.outcome is AnswerOutcome.PENDING
    assert kept.source == "http"
    assert (kept.answered_by or "").startswith("tests (token")


@pytest.mark.parametrize("make", [create_execution, with_inputs, in_review])
def test_what_is_not_confirmed_is_canceled_also_without_prefect(api: ApiServer, make) -> None:
    execution_id = make(api.store)
    answer = patch(api, execution_id, status="CANCELED")
    assert answer.status_code == 200
    extracted = DATA if make is in_review else None
    assert answer.json()["state"] == {"status": "CANCELED", "dataExtracted": extracted}
    again = patch(api, execution_id, status="CANCELED")
    assert again.status_code == 409
    assert "nothing left to cancel" in again.json()["detail"]


def test_what_is_confirmed_is_not_canceled_and_its_delivery_goes_on(api: ApiServer) -> None:
    execution_id = confirmed(api.store)
    assert patch(api, execution_id, status="CANCELED").status_code == 409
    with api.store.database.reading() as session:
        assert executions.get(session, execution_id).failure is None


# -- delivering ---------------------------------------------------------------------------------


def test_confirmed_data_is_delivered_while_the_caller_waits(
    open_api: ApiServer, receiver: Receiver
) -> None:
    execution_id = confirmed(open_api.store, delivering(receiver))
    answer = patch(open_api, execution_id, status="DELIVERED_TO_DESTINATION")
    assert answer.status_code == 200
    state = answer.json()["state"]
    assert state["status"] == "DELIVERED_TO_DESTINATION"
    [delivery] = state["deliveries"]
    assert delivery["type"] == "WEBHOOK"
    assert delivery["response"]["statusCode"] == 200
    assert [request.json() for request in receiver.requests] == [DATA]
    assert patch(open_api, execution_id, status="DELIVERED_TO_DESTINATION").status_code == 409
    assert len(receiver.requests) == 1


def test_a_destination_out_of_reach_is_400_and_the_next_try_sends_what_is_missing(
    open_api: ApiServer, receiver: Receiver
) -> None:
    with Receiver([Answer(503), Answer()]) as broken:
        execution_id = confirmed(open_api.store, delivering(broken, receiver))
        answer = patch(open_api, execution_id, status="DELIVERED_TO_DESTINATION")
        assert answer.status_code == 400
        assert "503" in answer.json()["detail"]
        shown = open_api.call("GET", f"{PATH}/{execution_id}").json()
        assert shown["state"]["status"] == "CONFIRMED"
        again = patch(open_api, execution_id, status="DELIVERED_TO_DESTINATION")
        assert again.status_code == 200
        assert len(broken.requests) == 2
    assert len(receiver.requests) == 1


def test_deliveries_made_elsewhere_are_recorded_as_they_were(api: ApiServer) -> None:
    execution_id = confirmed(api.store)
    made = [WEBHOOK, {"type": "ASKUI_WORKFLOW", "scheduleId": "s-1"}]
    answer = patch(api, execution_id, status="DELIVERED_TO_DESTINATION", deliveries=made)
    assert answer.status_code == 200
    assert answer.json()["state"]["deliveries"] == made
    with api.store.database.reading() as session:
        recorded = executions.deliveries(session, execution_id)
    assert [entry.status for entry in recorded] == [DeliveryStatus.DELIVERED] * 2


def test_what_was_tried_in_vain_is_not_among_the_deliveries(
    open_api: ApiServer, receiver: Receiver
) -> None:
    with Receiver([Answer(500)]) as broken:
        execution_id = confirmed(open_api.store, delivering(broken))
        assert patch(open_api, execution_id, status="DELIVERED_TO_DESTINATION").status_code == 400
    answer = patch(open_api, execution_id, status="DELIVERED_TO_DESTINATION", deliveries=[WEBHOOK])
    assert answer.json()["state"]["deliveries"] == [WEBHOOK]


@pytest.mark.parametrize("make", [create_execution, with_inputs, in_review])
@pytest.mark.parametrize("deliveries", [{}, {"deliveries": [WEBHOOK]}])
def test_only_what_is_confirmed_is_delivered(api: ApiServer, make, deliveries) -> None:
    execution_id = make(api.store)
    answer = patch(api, execution_id, status="DELIVERED_TO_DESTINATION", **deliveries)
    assert answer.status_code == 409
    assert "only one that is CONFIRMED" in answer.json()["detail"]


def test_without_destinations_an_execution_ends_at_confirmed(api: ApiServer) -> None:
    answer = patch(api, confirmed(api.store), status="DELIVERED_TO_DESTINATION")
    assert answer.status_code == 409
    assert "it ends at CONFIRMED" in answer.json()["detail"]


def test_while_a_run_is_delivering_nobody_else_does(api: ApiServer) -> None:
    execution_id = confirmed(api.store)
    take_lease(api.store, execution_id)
    for deliveries in ({}, {"deliveries": [WEBHOOK]}):
        answer = patch(api, execution_id, status="DELIVERED_TO_DESTINATION", **deliveries)
        assert answer.status_code == 409
        assert "still at work" in answer.json()["detail"]


def test_of_many_that_deliver_at_once_one_does(open_api: ApiServer, receiver: Receiver) -> None:
    execution_id = confirmed(open_api.store, delivering(receiver))

    def deliver(number: int) -> int:
        state = {"deliveries": [WEBHOOK]} if number % 2 else {}
        return patch(open_api, execution_id, status="DELIVERED_TO_DESTINATION", **state).status_code

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(deliver, range(8)))
    assert sorted(codes) == [200] + [409] * 7
    assert len(receiver.requests) <= 1


# -- the request itself ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"state": {}},
        {"state": {"status": "PENDING_INPUTS"}},
        {"state": {"status": "PENDING_REVIEW"}},
        {"state": {"status": "CONFIRMED", "dataConfirmed": []}},
        {"state": {"status": "DELIVERED_TO_DESTINATION", "deliveries": [{"type": "WEBHOOK"}]}},
        {"state": {"status": "DELIVERED_TO_DESTINATION", "deliveries": None}},
        {
            "state": {
                "status": "DELIVERED_TO_DESTINATION",
                "deliveries": [{**WEBHOOK, "response": {**WEBHOOK["response"], "statusCode": 7}}],  # type: ignore[dict-item]
            }
        },
        [],
    ],
)
def test_a_command_that_is_none_is_422(api: ApiServer, body: Any) -> None:
    execution_id = confirmed(api.store)
    answer = api.call("PATCH", f"{PATH}/{execution_id}", json=body)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][0] == "body"
