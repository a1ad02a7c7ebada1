"""What reconciliation sees of executions."""

from __future__ import annotations

from uuid import UUID, uuid4

from sqlalchemy import event
from support.stores import (
    apply_agent,
    confirmed,
    create_execution,
    in_review,
    let_go,
    make_agent,
    take_lease,
    with_inputs,
)

from signoff.executions.models import Decision, DeliveryStatus
from signoff.executions.states import Status
from signoff.storage import deliveries, executions, reviews
from signoff.storage.leases import locked
from signoff.storage.store import Store
from signoff.storage.tables import DeliveryRow
from signoff.storage.unsettled import Unsettled, disturb, rest, resting, unsettled

TWO = [
    {"type": "WEBHOOK", "url": "https://a.example/"},
    {"type": "WEBHOOK", "url": "https://b.example/"},
]


def look(store: Store, execution_id: UUID) -> Unsettled:
    with store.database.reading() as session:
        (found,) = unsettled(session, only=execution_id)
    return found


def test_a_held_lease_is_a_run_at_work(store: Store) -> None:
    execution_id = with_inputs(store)
    assert not look(store, execution_id).at_work
    lease = take_lease(store, execution_id)
    assert look(store, execution_id).at_work
    let_go(store, lease)
    assert not look(store, execution_id).at_work


def answer(store: Store, execution_id: UUID) -> None:
    with store.database.transaction() as session:
        reviews.submit(
            session,
            execution_id,
            decision=Decision.CANCEL,
            data=None,
            comment="",
            source="cli",
            answered_by="tests",
        )


def laid_to_rest(store: Store, execution_id: UUID, *, review_round: int = 1) -> bool:
    """Whether a review rests after it was asked to."""
    with store.database.transaction() as session:
        rest(session, execution_id, review_round=review_round)
    with store.database.reading() as session:
        return unsettled(session, only=execution_id) == []


def test_a_review_rests_until_something_happens_to_it(store: Store) -> None:
    execution_id, run_id = in_review(store), uuid4()
    with store.database.transaction() as session:
        locked(session, execution_id).flow_run_id = run_id
    assert laid_to_rest(store, execution_id)
    with store.database.reading() as session:
        assert resting(session) == {run_id: execution_id}
    with store.database.transaction() as session:
        disturb(session, [execution_id])
    assert look(store, execution_id).status is Status.PENDING_REVIEW
    assert laid_to_rest(store, execution_id)
    answer(store, execution_id)
    assert look(store, execution_id).status is Status.PENDING_REVIEW


def test_a_review_with_an_answer_or_in_another_round_does_not_rest(store: Store) -> None:
    execution_id = in_review(store)
    assert not laid_to_rest(store, execution_id, review_round=2)
    answer(store, execution_id)
    assert not laid_to_rest(store, execution_id)
    assert not laid_to_rest(store, with_inputs(store))


def test_delivered_means_every_destination_of_the_pinned_revision(store: Store) -> None:
    agent = make_agent(destinations=TWO)
    execution_id = confirmed(store, agent)
    apply_agent(store, make_agent(destinations=[]))  # a later revision changes nothing
    lease = take_lease(store, execution_id)
    with store.database.transaction() as session:
        deliveries.prepare(session, lease, agent)
    assert not look(store, execution_id).delivered
    for position, expected in ((0, False), (1, True)):
        with store.database.transaction() as session:
            row = session.query(DeliveryRow).filter_by(position=position).one()
            row.status = DeliveryStatus.DELIVERED
        assert look(store, execution_id).delivered is expected


def test_without_destinations_what_is_signed_off_is_delivered(store: Store) -> None:
    assert look(store, confirmed(store)).delivered
    assert not look(store, in_review(store)).delivered


def test_what_is_settled_is_not_seen(store: Store) -> None:
    first, second = in_review(store), in_review(store)
    with store.database.transaction() as session:
        executions.settle(session, first)
    with store.database.reading() as session:
        assert [each.id for each in unsettled(session)] == [second]
        assert unsettled(session, only=first) == []
    assert look(store, second).status is Status.PENDING_REVIEW


def test_an_upload_that_broke_off_is_not_looked_at(store: Store) -> None:
    broken_off = create_execution(store)
    in_flow_run = create_execution(store, flow_run_id=uuid4())
    with store.database.reading() as session:
        assert [each.id for each in unsettled(session)] == [in_flow_run]
        assert unsettled(session, only=broken_off) == []


def test_a_round_asks_no_more_of_many_executions_than_of_few(store: Store) -> None:
    asked: list[str] = []
    event.listen(
        store.database.engine,
        "before_cursor_execute",
        lambda connection, cursor, statement, *rest: asked.append(statement),
    )

    def statements() -> int:
        asked.clear()
        with store.database.reading() as session:
            unsettled(session)
        return len(asked)

    confirmed(store, make_agent(destinations=TWO))
    in_review(store)
    few = statements()
    for _ in range(10):
        confirmed(store, make_agent(destinations=TWO))
        in_review(store)
    assert statements() == few
