"""Who may act on an execution."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime
from threading import Barrier, Event
from time import monotonic
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from support.stores import apply_agent, create_execution, make_agent, take_lease, with_inputs

from signoff.errors import ExecutionCanceledError, LeaseLostError, NotFoundError
from signoff.executions.extractions import Extraction, Iteration
from signoff.executions.models import DeliveryStatus
from signoff.executions.states import Status
from signoff.storage import deliveries, executions
from signoff.storage.deliveries import DeliveryLog
from signoff.storage.leases import Lease, acquire, check, held, locked, release, renew
from signoff.storage.progress import IterationLog, step
from signoff.storage.store import Store
from signoff.storage.tables import ExecutionRow
from signoff.storage.transitions import transition


def expire(store: Store, execution_id: UUID) -> None:
    with store.database.transaction() as session:
        session.execute(
            update(ExecutionRow)
            .where(ExecutionRow.id == execution_id)
            .values(lease_expires_at=datetime(2020, 1, 1, tzinfo=UTC))
        )


def holder(store: Store, execution_id: UUID) -> tuple[UUID | None, int]:
    with store.database.transaction() as session:
        row = locked(session, execution_id)
        return row.lease_owner, row.attempt


def iteration(number: int = 1) -> Iteration:
    return Iteration(number=number, action="submit", model="test", timestamp=datetime.now(UTC))


def write_iteration(store: Store, lease: Lease) -> None:
    IterationLog(store.database, lease).append(iteration())


def write_documents(store: Store, lease: Lease) -> None:
    with store.database.transaction() as session:
        executions.record_documents(session, lease, [])


def write_extraction(store: Store, lease: Lease) -> None:
    extraction = Extraction(data={"number": "1"}, model="test")
    with store.database.transaction() as session:
        executions.record_extraction(session, lease, extraction, target=Status.PENDING_REVIEW)


def write_step(store: Store, lease: Lease) -> None:
    with step(store.database, lease, "parse"):
        pytest.fail("the step must not run")


def start_delivery(store: Store, lease: Lease) -> None:
    DeliveryLog(store.database, lease, uuid4()).start()


def prepare_deliveries(store: Store, lease: Lease) -> None:
    with store.database.transaction() as session:
        deliveries.prepare(session, lease, make_agent())


def write_outcome(store: Store, lease: Lease) -> None:
    with store.database.transaction() as session:
        deliveries.record_outcome(session, lease, uuid4(), status=DeliveryStatus.DELIVERED)


def finish_deliveries(store: Store, lease: Lease) -> None:
    with store.database.transaction() as session:
        deliveries.finish(session, lease)


WRITES = [
    write_iteration,
    write_documents,
    write_extraction,
    write_step,
    start_delivery,
    prepare_deliveries,
    write_outcome,
    finish_deliveries,
]


def test_a_second_attempt_is_refused_while_the_first_is_alive(store: Store) -> None:
    execution_id = create_execution(store)
    first = take_lease(store, execution_id)
    with pytest.raises(LeaseLostError, match="Attempt 1 is still at work"):
        take_lease(store, execution_id)
    assert holder(store, execution_id) == (first.owner, 1)


def test_an_expired_lease_is_taken_over_as_the_next_attempt(store: Store) -> None:
    execution_id = create_execution(store)
    first = take_lease(store, execution_id, seconds=-1)
    second = take_lease(store, execution_id)
    assert (first.attempt, second.attempt) == (1, 2)
    assert holder(store, execution_id) == (second.owner, 2)


def test_a_released_lease_is_free_at_once(store: Store) -> None:
    execution_id = create_execution(store)
    first = take_lease(store, execution_id)
    with store.database.transaction() as session:
        release(session, first)
    assert take_lease(store, execution_id).attempt == 2


@pytest.mark.parametrize("write", WRITES)
def test_nothing_is_written_by_an_attempt_that_lost_its_lease(store: Store, write) -> None:
    execution_id = with_inputs(store)
    lost = take_lease(store, execution_id, seconds=-1)
    take_lease(store, execution_id)
    with pytest.raises(LeaseLostError):
        write(store, lost)


@pytest.mark.parametrize("write", WRITES)
def test_nothing_is_written_after_the_lease_was_let_go(store: Store, write) -> None:
    execution_id = with_inputs(store)
    lease = take_lease(store, execution_id)
    with store.database.transaction() as session:
        release(session, lease)
    with pytest.raises(LeaseLostError):
        write(store, lease)


@pytest.mark.parametrize("write", WRITES)
def test_a_canceled_execution_is_worked_on_no_more(store: Store, write) -> None:
    execution_id = with_inputs(store)
    lease = take_lease(store, execution_id)
    with store.database.transaction() as session:
        transition(session, locked(session, execution_id), Status.CANCELED)
    with pytest.raises(ExecutionCanceledError):
        write(store, lease)


def test_who_lost_the_lease_renews_and_releases_nothing(store: Store) -> None:
    execution_id = create_execution(store)
    lost = take_lease(store, execution_id, seconds=-1)
    second = take_lease(store, execution_id)

    def renew_lost() -> None:
        with store.database.transaction() as session:
            renew(session, lost, seconds=60)

    with pytest.raises(LeaseLostError):
        renew_lost()
    with store.database.transaction() as session:
        release(session, lost)
    assert holder(store, execution_id) == (second.owner, 2)


def test_a_renewed_lease_is_not_taken_over(store: Store) -> None:
    execution_id = create_execution(store)
    lease = take_lease(store, execution_id, seconds=-1)
    with store.database.transaction() as session:
        renew(session, lease, seconds=60)
    with pytest.raises(LeaseLostError):
        take_lease(store, execution_id)


def test_one_of_many_attempts_at_once_gets_the_lease(store: Store) -> None:
    execution_id = create_execution(store)
    start = Barrier(16)

    def attempt(_: int) -> bool:
        start.wait()
        try:
            take_lease(store, execution_id)
        except LeaseLostError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(attempt, range(16))) == 1
    assert holder(store, execution_id)[1] == 1


def test_a_write_that_waits_for_a_takeover_is_refused(store: Store) -> None:
    execution_id = create_execution(store)
    lost = take_lease(store, execution_id, seconds=-1)
    with ThreadPoolExecutor() as pool:
        with store.database.transaction() as session:
            acquire(session, execution_id, seconds=60)
            session.flush()
            waiting = pool.submit(write_iteration, store, lost)
            wait([waiting], timeout=0.3)
        with pytest.raises(LeaseLostError):
            waiting.result(timeout=30)


def test_a_held_lease_outlives_its_time_and_is_let_go_at_the_end(store: Store) -> None:
    execution_id = create_execution(store)
    with held(store.database, execution_id, seconds=0.4) as lease:
        expire(store, execution_id)
        deadline = monotonic() + 30
        while not is_held(store, execution_id):  # until the keeper renews it
            assert monotonic() < deadline
            Event().wait(0.01)
        assert holder(store, execution_id) == (lease.owner, 1)
    assert holder(store, execution_id) == (None, 1)


def is_held(store: Store, execution_id: UUID) -> bool:
    with store.database.reading() as session:
        row = session.scalars(select(ExecutionRow).where(ExecutionRow.id == execution_id)).one()
        return row.lease_expires_at is not None and row.lease_expires_at > datetime.now(UTC)


def test_a_held_lease_is_let_go_when_the_work_fails(store: Store) -> None:
    execution_id = create_execution(store)
    with (
        pytest.raises(RuntimeError, match="boom"),
        held(store.database, execution_id, seconds=60),
    ):
        raise RuntimeError("boom")
    assert holder(store, execution_id) == (None, 1)


def test_the_works_own_error_is_seen_even_if_the_lease_cannot_be_let_go(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(session: Session, lease: Lease) -> None:
        raise ConnectionError("the database is away")

    execution_id = create_execution(store)
    monkeypatch.setattr("signoff.storage.leases.release", away)
    with (
        pytest.raises(RuntimeError, match="boom"),
        held(store.database, execution_id, seconds=60),
    ):
        raise RuntimeError("boom")


def test_an_execution_that_does_not_exist_is_named(store: Store) -> None:
    apply_agent(store, make_agent())
    missing = uuid4()
    with pytest.raises(NotFoundError, match=str(missing)):
        take_lease(store, missing)


def test_looking_whether_a_lease_holds_tells_what_writing_would(store: Store) -> None:
    execution_id = with_inputs(store)
    lease = take_lease(store, execution_id)
    with store.database.reading() as session:
        check(session, lease)
    expire(store, execution_id)
    successor = take_lease(store, execution_id)
    with store.database.reading() as session, pytest.raises(LeaseLostError):
        check(session, lease)
    with store.database.transaction() as session:
        transition(session, locked(session, execution_id), Status.CANCELED)
    with store.database.reading() as session, pytest.raises(ExecutionCanceledError):
        check(session, successor)


def test_looking_whether_a_lease_holds_waits_for_no_writer(store: Store) -> None:
    lease = take_lease(store, with_inputs(store))
    with store.database.transaction() as writing:
        locked(writing, lease.execution_id)
        with store.database.reading() as session:
            check(session, lease)
