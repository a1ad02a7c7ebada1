from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import pytest
from support.attempts import ListedAttempts
from support.receiver import Answer, Receiver

from signoff.delivery.attempts import DeliveryContext, Outcome
from signoff.delivery.deliver import deliver_one
from signoff.executions.agents import AskUIWorkflowDestination, WebhookDestination
from signoff.executions.models import (
    OUTCOME_UNKNOWN,
    SENT_AGAIN,
    Delivery,
    DeliveryAttempt,
    DeliveryStatus,
)
from signoff.settings import Settings

Kind = Literal["WEBHOOK", "ASKUI_WORKFLOW"]


def attempt(**brought: Any) -> DeliveryAttempt:
    return DeliveryAttempt(number=1, started_at=datetime.now(UTC), **brought)


def deliver(
    receiver: Receiver,
    kind: Kind,
    *attempts: DeliveryAttempt,
    status: DeliveryStatus = DeliveryStatus.PENDING,
    schedule_id: str | None = None,
    data: Any = None,
) -> Outcome:
    delivery = Delivery(
        id=uuid4(),
        execution_id=uuid4(),
        position=0,
        type=kind,
        status=status,
        schedule_id=schedule_id,
        attempts=list(attempts),
    )
    url: Any = receiver.url()
    destination = (
        WebhookDestination(url=url)
        if kind == "WEBHOOK"
        else AskUIWorkflowDestination(host=url, workflows=["w"])
    )
    return deliver_one(
        delivery=delivery,
        destination=destination,
        data=data or {"number": "1"},
        log=ListedAttempts(list(attempts)),
        settings=Settings(home=Path("unused"), allowed_hosts=[receiver.host], delivery_attempts=1),
        context=DeliveryContext(delivery.execution_id, "invoice", uuid4()),
    )


CREATED = Answer.json({"id": "s-1"}, status=201)
UNANSWERED = OUTCOME_UNKNOWN + "no complete answer within 30 seconds"


@pytest.fixture
def receiver() -> Any:
    with Receiver([CREATED]) as running:
        yield running


@pytest.mark.parametrize("kind", ["WEBHOOK", "ASKUI_WORKFLOW"])
def test_each_type_of_destination_is_served(receiver: Receiver, kind: Kind) -> None:
    assert deliver(receiver, kind).status is DeliveryStatus.DELIVERED
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("kind", ["WEBHOOK", "ASKUI_WORKFLOW"])
def test_what_was_delivered_is_never_sent_again(receiver: Receiver, kind: Kind) -> None:
    outcome = deliver(receiver, kind, status=DeliveryStatus.DELIVERED, schedule_id="s-0")
    assert outcome == Outcome(DeliveryStatus.DELIVERED, schedule_id="s-0")
    assert receiver.requests == []


@pytest.mark.parametrize("kind", ["WEBHOOK", "ASKUI_WORKFLOW"])
@pytest.mark.parametrize("status", [DeliveryStatus.FAILED, DeliveryStatus.UNKNOWN])
def test_what_waits_for_a_person_is_not_sent(
    receiver: Receiver, kind: Kind, status: DeliveryStatus
) -> None:
    assert deliver(receiver, kind, status=status).status is status
    assert receiver.requests == []


def test_a_recorded_2xx_is_a_delivery_even_if_the_run_died_before_it_said_so(
    receiver: Receiver,
) -> None:
    accepted = attempt(status_code=202)
    assert deliver(receiver, "WEBHOOK", accepted) == Outcome(DeliveryStatus.DELIVERED)
    created = attempt(status_code=201, body='{"id": "s-0"}')
    assert deliver(receiver, "ASKUI_WORKFLOW", created) == Outcome(
        DeliveryStatus.DELIVERED, schedule_id="s-0"
    )
    assert receiver.requests == []


@pytest.mark.parametrize(
    "last",
    [
        attempt(),
        attempt(error=UNANSWERED),
        attempt(status_code=500, error=OUTCOME_UNKNOWN + "answered 500"),
        attempt(status_code=200, body="{}", error=OUTCOME_UNKNOWN + "answered 200 without"),
    ],
    ids=["unfinished", "unanswered", "500", "no id"],
)
def test_an_askui_call_of_unknown_outcome_is_not_repeated(
    receiver: Receiver, last: DeliveryAttempt
) -> None:
    outcome = deliver(receiver, "ASKUI_WORKFLOW", last)
    assert outcome.status is DeliveryStatus.UNKNOWN
    assert str(outcome.error).count("outcome is unknown") == 1
    assert "signoff retry" in str(outcome.error)
    assert receiver.requests == []


@pytest.mark.parametrize(
    "last",
    [
        attempt(error=SENT_AGAIN.strip()),
        attempt(error=SENT_AGAIN + "answered 500", status_code=500),
        attempt(error="the connection was refused"),
        attempt(error="answered 422", status_code=422),
    ],
    ids=["a person decided", "decided after 500", "never sent", "refused"],
)
def test_an_askui_call_of_known_outcome_or_on_a_persons_word_is_made(
    receiver: Receiver, last: DeliveryAttempt
) -> None:
    assert deliver(receiver, "ASKUI_WORKFLOW", last).schedule_id == "s-1"
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("last", [attempt(), attempt(error="x"), attempt(status_code=500)])
def test_a_webhook_whose_run_died_is_sent_again(receiver: Receiver, last: DeliveryAttempt) -> None:
    assert deliver(receiver, "WEBHOOK", last).status is DeliveryStatus.DELIVERED
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("kind", ["WEBHOOK", "ASKUI_WORKFLOW"])
def test_data_that_json_does_not_know_fails_readably(receiver: Receiver, kind: Kind) -> None:
    outcome = deliver(receiver, kind, data={"total": float("inf")})
    assert outcome.status is DeliveryStatus.FAILED
    assert "NaN or infinity" in str(outcome.error)
    assert receiver.requests == []
