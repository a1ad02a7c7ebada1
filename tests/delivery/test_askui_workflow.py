from __future__ import annotations

import base64
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr
from support.attempts import ListedAttempts
from support.receiver import Answer, Receiver

from signoff.delivery.askui_workflow import start_workflows
from signoff.delivery.attempts import DeliveryContext, Outcome
from signoff.errors import LeaseLostError
from signoff.executions.agents import AskUIWorkflowDestination
from signoff.executions.models import DeliveryStatus
from signoff.settings import Settings

DATA = {"number": "RE-4711"}
EXECUTION = UUID("11111111-1111-4111-8111-111111111111")
WORKSPACE = UUID("22222222-2222-4222-8222-222222222222")
CREATED = Answer.json({"id": "schedule-7", "name": "x"}, status=201)


def start(
    receiver: Receiver, *, log: ListedAttempts | None = None, agent: str = "invoice", **values: Any
) -> tuple[Outcome, ListedAttempts, list[float]]:
    destination = AskUIWorkflowDestination(
        host=receiver.url(),
        runner_tags=["win11"],
        workflows=["erp/book-invoice"],
        token=SecretStr("askui-token"),
        **values,
    )
    settings = Settings(
        home=Path("unused"),
        allowed_hosts=[receiver.host],
        delivery_backoff=0,
        delivery_attempts=3,
        delivery_timeout=0.5,
    )
    log = log or ListedAttempts()
    pauses: list[float] = []
    outcome = start_workflows(
        destination,
        DATA,
        log=log,
        settings=settings,
        context=DeliveryContext(EXECUTION, agent, WORKSPACE),
        sleep=pauses.append,
    )
    return outcome, log, pauses


def test_a_schedule_is_created_and_its_id_recorded() -> None:
    with Receiver([CREATED]) as receiver:
        outcome, log, _ = start(receiver)
    assert outcome == Outcome(DeliveryStatus.DELIVERED, schedule_id="schedule-7")
    (request,) = receiver.requests
    assert (request.method, request.path) == ("POST", f"/api/v1/workspaces/{WORKSPACE}/schedules")
    assert request.json() == {
        "name": f"invoice {EXECUTION}",
        "host": "ASKUI",
        "tags": ["win11"],
        "workflows": ["erp/book-invoice"],
        "data": DATA,
    }
    credential = base64.b64encode(b"askui-token").decode()
    assert request.headers["Authorization"] == f"Basic {credential}"
    assert [attempt.status_code for attempt in log.attempts] == [201]


def test_workspace_and_runner_host_are_the_destinations() -> None:
    other = UUID("33333333-3333-4333-8333-333333333333")
    with Receiver([CREATED]) as receiver:
        start(receiver, workspace_id=other, runner_host="SELF", agent="a" * 64)
    (request,) = receiver.requests
    assert request.path == f"/api/v1/workspaces/{other}/schedules"
    assert request.json()["host"] == "SELF"
    assert len(request.json()["name"]) == 63
    assert request.json()["name"].endswith(str(EXECUTION))


def test_an_id_may_be_a_number() -> None:
    with Receiver([Answer.json({"id": 7})]) as receiver:
        assert start(receiver)[0].schedule_id == "7"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 409, 422, 429, 503])
def test_a_refusal_is_a_known_outcome(status: int) -> None:
    with Receiver([Answer(status)]) as receiver:
        outcome, log, _ = start(receiver)
    assert outcome.status is DeliveryStatus.FAILED
    assert f"answered {status}" in str(outcome.error)
    assert len(receiver.requests) == 1
    assert not log.attempts[0].outcome_unknown


@pytest.mark.parametrize("status", [429, 503])
def test_an_answer_that_names_a_pause_is_asked_again(status: int) -> None:
    with Receiver([Answer(status, {"Retry-After": "3"}), CREATED]) as receiver:
        outcome, _, pauses = start(receiver)
    assert outcome.status is DeliveryStatus.DELIVERED
    assert pauses == [3]


def test_a_connection_that_never_came_about_is_tried_again() -> None:
    with Receiver() as receiver:
        pass
    outcome, log, pauses = start(receiver)
    assert outcome.status is DeliveryStatus.FAILED
    assert len(log.attempts) == 3
    assert len(pauses) == 2


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500),
        Answer(502),
        Answer(504),
        Answer(200, body=b"no json"),
        Answer.json({"name": "no id"}),
        Answer.json(["no object"]),
        Answer.json({"id": None}),
        Answer.json({"id": ""}),
        Answer(204),
        Answer(201, body=b'{"id": ', disconnect="within body"),
        Answer(201, trickle="headers"),
        Answer(disconnect="at once"),
        Answer(delay=30),
    ],
    ids=lambda answer: str(answer.status) + str(answer.body) + answer.disconnect + answer.trickle,
)
def test_an_unknown_outcome_waits_for_a_person(answer: Answer) -> None:
    with Receiver([answer, CREATED]) as receiver:
        outcome, log, _ = start(receiver)
    assert outcome.status is DeliveryStatus.UNKNOWN
    assert len(receiver.requests) == 1
    assert f"signoff retry {EXECUTION}" in str(outcome.error)
    assert f"'invoice {EXECUTION}'" in str(outcome.error)
    (attempt,) = log.attempts
    assert attempt.finished
    assert attempt.outcome_unknown


def test_a_redirect_elsewhere_starts_nothing() -> None:
    with Receiver([Answer(302, {"Location": "http://169.254.169.254/"})]) as receiver:
        assert start(receiver)[0].status is DeliveryStatus.FAILED


def test_the_token_is_neither_recorded_nor_told() -> None:
    credential = base64.b64encode(b"askui-token").decode()
    echo = Answer(400, {"X-Echo": credential}, f"askui-token Basic {credential}".encode())
    with Receiver([echo]) as receiver:
        outcome, log, _ = start(receiver)
    assert log.attempts[0].body == "*** Basic ***"
    assert "askui-token" not in repr((outcome, log))
    assert credential not in repr((outcome, log))


def test_nothing_is_sent_without_a_record_of_it() -> None:
    with Receiver([CREATED]) as receiver, pytest.raises(LeaseLostError):
        start(receiver, log=ListedAttempts(refuse={1: LeaseLostError("gone")}))
    assert receiver.requests == []
