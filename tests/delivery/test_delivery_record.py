from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from support.receiver import Answer, Receiver
from support.stores import DATA, confirmed, let_go, make_agent, store, take_lease

from signoff.delivery.attempts import DeliveryContext, Outcome
from signoff.delivery.deliver import deliver_one
from signoff.errors import LeaseLostError
from signoff.executions.models import Delivery, DeliveryStatus
from signoff.settings import Settings
from signoff.storage import deliveries, executions
from signoff.storage.deliveries import DeliveryLog
from signoff.storage.store import Store

__all__ = ["store"]  # the fixture

CREATED = Answer.json({"id": "schedule-1"}, status=201)


class Killed(BaseException):
    """Stands for kill -9: nothing handles it."""


class Dying(DeliveryLog):
    """The run dies between the answer and its record."""

    def finish(self, *_: Any, **__: Any) -> None:
        raise Killed


def agent_for(receiver: Receiver, kind: str) -> Any:
    where = {"url" if kind == "WEBHOOK" else "host": receiver.url()}
    work = {} if kind == "WEBHOOK" else {"workflows": ["book"]}
    return make_agent(destinations=[{"type": kind, **where, **work}])


def run(
    store: Store, execution_id: UUID, receiver: Receiver, *, kind: str = "WEBHOOK", die: str = ""
) -> Outcome:
    """What one run does about a delivery; it may die ``unrecorded`` (the answer) or ``undrawn``."""
    lease = take_lease(store, execution_id)
    agent = agent_for(receiver, kind)
    try:
        with store.database.transaction() as session:
            workspace = executions.get(session, execution_id).workspace_id
            (delivery,) = deliveries.prepare(session, lease, agent)
        outcome = deliver_one(
            delivery=delivery,
            destination=agent.destinations[0],
            data=DATA,
            log=(Dying if die == "unrecorded" else DeliveryLog)(store.database, lease, delivery.id),
            settings=Settings(allowed_hosts=[receiver.host], delivery_attempts=1),
            context=DeliveryContext(execution_id, "invoice", workspace),
        )
        if die == "undrawn":
            raise Killed
        with store.database.transaction() as session:
            deliveries.record_outcome(
                session,
                lease,
                delivery.id,
                status=outcome.status,
                schedule_id=outcome.schedule_id,
            )
    finally:
        let_go(store, lease)
    return outcome


def recorded(store: Store, execution_id: UUID) -> Delivery:
    with store.database.transaction() as session:
        (delivery,) = executions.deliveries(session, execution_id)
    return delivery


def reopen(store: Store, execution_id: UUID) -> None:
    with store.database.transaction() as session:
        assert deliveries.reopen(session, execution_id) == 1


def test_a_webhook_whose_run_died_before_the_answer_was_recorded_keeps_its_id(
    store: Store,
) -> None:
    execution_id = confirmed(store)
    with Receiver() as receiver:
        with pytest.raises(Killed):
            run(store, execution_id, receiver, die="unrecorded")
        assert run(store, execution_id, receiver).status is DeliveryStatus.DELIVERED
        assert run(store, execution_id, receiver).status is DeliveryStatus.DELIVERED
    first, second = receiver.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body


@pytest.mark.parametrize("kind", ["WEBHOOK", "ASKUI_WORKFLOW"])
def test_an_answer_that_was_recorded_is_not_asked_for_again(store: Store, kind: str) -> None:
    execution_id = confirmed(store)
    with Receiver([CREATED]) as receiver:
        with pytest.raises(Killed):
            run(store, execution_id, receiver, kind=kind, die="undrawn")
        assert run(store, execution_id, receiver, kind=kind).status is DeliveryStatus.DELIVERED
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("die", ["", "undrawn", "unrecorded"])
def test_an_askui_call_of_unknown_outcome_is_repeated_on_a_persons_word_only(
    store: Store, die: str
) -> None:
    execution_id = confirmed(store)
    with Receiver([Answer(500), CREATED]) as receiver:
        if die:
            with pytest.raises(Killed):
                run(store, execution_id, receiver, kind="ASKUI_WORKFLOW", die=die)
        for _ in range(2):
            assert (
                run(store, execution_id, receiver, kind="ASKUI_WORKFLOW").status
                is DeliveryStatus.UNKNOWN
            )
        assert len(receiver.requests) == 1
        reopen(store, execution_id)
        assert run(store, execution_id, receiver, kind="ASKUI_WORKFLOW").schedule_id == "schedule-1"
    assert len(receiver.requests) == 2
    delivery = recorded(store, execution_id)
    assert (delivery.status, delivery.schedule_id) == (DeliveryStatus.DELIVERED, "schedule-1")
    assert "a person decided to send again" in str(delivery.attempts[0].error)


def test_a_person_may_have_to_decide_twice(store: Store) -> None:
    execution_id = confirmed(store)
    with Receiver([Answer(500), Answer(502), CREATED]) as receiver:
        for _ in range(2):
            assert (
                run(store, execution_id, receiver, kind="ASKUI_WORKFLOW").status
                is DeliveryStatus.UNKNOWN
            )
            assert (
                run(store, execution_id, receiver, kind="ASKUI_WORKFLOW").status
                is DeliveryStatus.UNKNOWN
            )
            reopen(store, execution_id)
        assert (
            run(store, execution_id, receiver, kind="ASKUI_WORKFLOW").status
            is DeliveryStatus.DELIVERED
        )
    assert len(receiver.requests) == 3


def test_a_successor_takes_over_between_two_attempts(store: Store) -> None:
    execution_id = confirmed(store)
    with Receiver([Answer(500), Answer(200)]) as receiver:
        lease = take_lease(store, execution_id, seconds=0.001)
        agent = agent_for(receiver, "WEBHOOK")
        with store.database.transaction() as session:
            (delivery,) = deliveries.prepare(session, lease, agent)
            workspace = executions.get(session, execution_id).workspace_id

        def taken_over(_: float) -> None:
            take_lease(store, execution_id)

        with pytest.raises(LeaseLostError):
            deliver_one(
                delivery=delivery,
                destination=agent.destinations[0],
                data=DATA,
                log=DeliveryLog(store.database, lease, delivery.id),
                settings=Settings(allowed_hosts=[receiver.host]),
                context=DeliveryContext(execution_id, "invoice", workspace),
                sleep=taken_over,
            )
    assert len(receiver.requests) == 1
    assert [attempt.status_code for attempt in recorded(store, execution_id).attempts] == [500]
