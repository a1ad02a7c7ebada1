"""Deliveries and their attempts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from support.stores import confirmed, in_review, make_agent, take_lease

from signoff.errors import ExecutionCanceledError, LeaseLostError
from signoff.executions.models import DeliveredToDestination, Delivery, DeliveryStatus, Execution
from signoff.executions.states import Status
from signoff.storage import deliveries, executions
from signoff.storage.deliveries import DeliveryLog
from signoff.storage.leases import Lease, locked
from signoff.storage.store import Store
from signoff.storage.transitions import clear_failure, set_failure

AGENT = make_agent(
    destinations=[
        {"type": "WEBHOOK", "url": "https://example.com/a"},
        {"type": "ASKUI_WORKFLOW", "host": "https://example.com", "workflows": ["w"]},
        {"type": "WEBHOOK", "url": "https://example.com/a"},
    ]
)


def prepare(store: Store, lease: Lease) -> list[Delivery]:
    with store.database.transaction() as session:
        return deliveries.prepare(session, lease, AGENT)


def record(store: Store, lease: Lease, delivery: Delivery, status: DeliveryStatus) -> None:
    with store.database.transaction() as session:
        deliveries.record_outcome(session, lease, delivery.id, status=status)


def finish(store: Store, lease: Lease) -> bool:
    with store.database.transaction() as session:
        return deliveries.finish(session, lease)


def reopen(store: Store, execution_id: UUID) -> int:
    with store.database.transaction() as session:
        return deliveries.reopen(session, execution_id)


def recorded(store: Store, execution_id: UUID) -> list[Delivery]:
    with store.database.reading() as session:
        return executions.deliveries(session, execution_id)


def get(store: Store, execution_id: UUID) -> Execution:
    with store.database.reading() as session:
        return executions.get(session, execution_id)


def test_each_destination_has_one_delivery_whose_id_never_changes(store: Store) -> None:
    execution_id = confirmed(store, AGENT)
    first = prepare(store, take_lease(store, execution_id, seconds=-1))
    second = prepare(store, take_lease(store, execution_id))
    assert [entry.type for entry in first] == ["WEBHOOK", "ASKUI_WORKFLOW", "WEBHOOK"]
    assert [entry.position for entry in first] == [0, 1, 2]
    assert {entry.status for entry in first} == {DeliveryStatus.PENDING}
    assert len({entry.id for entry in first}) == 3
    assert second == first
    assert recorded(store, execution_id) == first


def test_preparing_at_once_makes_each_delivery_once(store: Store) -> None:
    execution_id = confirmed(store, AGENT)
    lease = take_lease(store, execution_id)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: prepare(store, lease), range(8)))
    assert all(entry == found[0] for entry in found)
    assert len(recorded(store, execution_id)) == 3


def test_an_execution_is_delivered_when_every_destination_has_the_data(store: Store) -> None:
    execution_id = confirmed(store, AGENT)
    lease = take_lease(store, execution_id)
    assert not finish(store, lease)
    *most, last = prepare(store, lease)
    for delivery in most:
        record(store, lease, delivery, DeliveryStatus.DELIVERED)
    for status in (DeliveryStatus.PENDING, DeliveryStatus.FAILED, DeliveryStatus.UNKNOWN):
        record(store, lease, last, status)
        assert not finish(store, lease)
        assert get(store, execution_id).status is Status.CONFIRMED
    record(store, lease, last, DeliveryStatus.DELIVERED)
    assert finish(store, lease)
    assert finish(store, lease)
    state = get(store, execution_id).state
    assert isinstance(state, DeliveredToDestination)
    assert [entry.status for entry in state.deliveries] == [DeliveryStatus.DELIVERED] * 3


def test_an_execution_without_destinations_ends_confirmed(store: Store) -> None:
    execution_id = confirmed(store)
    lease = take_lease(store, execution_id)
    with store.database.transaction() as session:
        assert deliveries.prepare(session, lease, make_agent()) == []
    assert not finish(store, lease)
    assert get(store, execution_id).status is Status.CONFIRMED


def test_a_retry_reopens_what_failed_and_leaves_what_arrived(store: Store) -> None:
    execution_id = confirmed(store, AGENT)
    lease = take_lease(store, execution_id)
    one, two, three = prepare(store, lease)
    record(store, lease, one, DeliveryStatus.DELIVERED)
    record(store, lease, two, DeliveryStatus.UNKNOWN)
    record(store, lease, three, DeliveryStatus.FAILED)
    DeliveryLog(store.database, lease, two.id).start()
    assert reopen(store, execution_id) == 2
    after = recorded(store, execution_id)
    assert [entry.status for entry in after] == ["DELIVERED", "PENDING", "PENDING"]
    assert [entry.id for entry in after] == [one.id, two.id, three.id]
    (unanswered,) = after[1].attempts
    assert "a person decided to send again" in str(unanswered.error)
    assert reopen(store, execution_id) == 0


def test_attempts_are_numbered_and_kept_whoever_made_them(store: Store) -> None:
    execution_id = confirmed(store, AGENT)
    first = take_lease(store, execution_id, seconds=-1)
    delivery = prepare(store, first)[0]
    before = DeliveryLog(store.database, first, delivery.id)
    assert before.start() == 1
    after = DeliveryLog(store.database, take_lease(store, execution_id), delivery.id)
    assert after.start() == 2
    after.finish(2, status_code=200, headers={"X": "y"}, body="o\x00k", seconds=0.25)
    with pytest.raises(LeaseLostError):
        before.start()
    # what happened is recorded all the same
    before.finish(1, error="timed out")
    one, two = recorded(store, execution_id)[0].attempts
    assert (one.number, one.status_code, one.error) == (1, None, "timed out")
    assert (two.number, two.status_code, two.body) == (2, 200, "o\ufffdk")
    assert (two.headers, two.seconds, two.error) == ({"X": "y"}, 0.25, None)


def test_no_attempt_begins_after_delivery_was_canceled_until_a_retry(store: Store) -> None:
    execution_id = confirmed(store, AGENT)
    lease = take_lease(store, execution_id)
    log = DeliveryLog(store.database, lease, prepare(store, lease)[0].id)
    with store.database.transaction() as session:
        set_failure(session, locked(session, execution_id), code="canceled", explanation="stop")
    with pytest.raises(ExecutionCanceledError):
        log.start()
    assert recorded(store, execution_id)[0].attempts == []
    assert get(store, execution_id).status is Status.CONFIRMED
    with store.database.transaction() as session:
        clear_failure(locked(session, execution_id))
    assert log.start() == 1


def test_deliveries_of_one_execution_are_not_those_of_another(store: Store) -> None:
    execution_id, other = confirmed(store, AGENT), in_review(store, AGENT)
    prepare(store, take_lease(store, execution_id))
    assert len(recorded(store, execution_id)) == 3
    assert recorded(store, other) == []
    assert reopen(store, other) == 0
