"""The one function that changes an execution's state."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise, product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from support.stores import create_execution

from signoff.errors import TransitionNotAllowedError
from signoff.executions.models import TrailEntry
from signoff.executions.states import TRANSITIONS, Status
from signoff.storage import executions
from signoff.storage.leases import locked
from signoff.storage.store import Store
from signoff.storage.tables import ExecutionRow
from signoff.storage.transitions import set_failure, transition

# sorted: every test process must find the same tests in the same order
ALLOWED = sorted((source, target) for source, targets in TRANSITIONS.items() for target in targets)
REFUSED = sorted(set(product(Status, Status)) - set(ALLOWED))


def create_in(store: Store, status: Status) -> ExecutionRow:
    execution_id = create_execution(store)
    with store.database.transaction() as session:
        session.execute(
            update(ExecutionRow).where(ExecutionRow.id == execution_id).values(status=status)
        )
        return locked(session, execution_id)


def move(store: Store, row: ExecutionRow, target: Status) -> None:
    with store.database.transaction() as session:
        transition(session, locked(session, row.id), target, by="someone", note="why")


def status_of(store: Store, row: ExecutionRow) -> str:
    with store.database.transaction() as session:
        return locked(session, row.id).status


def steps(trail: list[TrailEntry]) -> list[tuple[Status | None, Status | None]]:
    return [(entry.from_status, entry.to_status) for entry in trail if entry.event == "transition"]


def test_every_pair_that_the_table_does_not_allow_is_refused_and_changes_nothing(
    store: Store,
) -> None:
    rows = {status: create_in(store, status) for status in Status}
    for source, target in REFUSED:
        row = rows[source]
        with pytest.raises(TransitionNotAllowedError, match=f"is {source}; it cannot become"):
            move(store, row, target)
        assert status_of(store, row) == source
    with store.database.reading() as session:
        for row in rows.values():
            assert steps(executions.trail(session, row.id)) == []


@pytest.mark.parametrize(("source", "target"), ALLOWED)
def test_every_pair_in_the_table_is_taken_and_leaves_a_trail(
    store: Store, source: Status, target: Status
) -> None:
    row = create_in(store, source)
    before = datetime.now(UTC)
    move(store, row, target)
    assert status_of(store, row) == target
    with store.database.reading() as session:
        last = executions.trail(session, row.id)[-1]
    assert (last.from_status, last.to_status) == (source, target)
    assert (last.by, last.note) == ("someone", "why")
    assert last.at >= before


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.sampled_from([*Status, "failure"]), max_size=12))
def test_no_sequence_of_steps_leaves_the_table_and_the_trail_tells_what_happened(
    store: Store, wanted: list[Status | str]
) -> None:
    row = create_in(store, Status.PENDING_INPUTS)
    current, failed = Status.PENDING_INPUTS, False
    happened = []
    for step in wanted:
        if not isinstance(step, Status):
            with store.database.transaction() as session:
                set_failure(session, locked(session, row.id), code="unknown", explanation="boom")
            failed = True
        elif step in TRANSITIONS[current]:
            move(store, row, step)
            happened.append((current, step))
            # an edit in review is no step forward
            failed = failed and step == current
            current = step
        else:
            with pytest.raises(TransitionNotAllowedError):
                move(store, row, step)
    with store.database.transaction() as session:
        seen = locked(session, row.id)
        trail = executions.trail(session, row.id)
        assert seen.status == current
        assert (seen.failure_code is not None) == failed
        assert (seen.failed_at is not None) == failed
    assert steps(trail) == happened
    assert all(one.at <= other.at for one, other in pairwise(trail))
    assert sum(entry.event == "failure" for entry in trail) == wanted.count("failure")


def test_only_sign_off_and_cancel_finish_an_execution(store: Store) -> None:
    for source, target in ALLOWED:
        row = create_in(store, source)
        move(store, row, target)
        with store.database.reading() as session:
            finished = executions.get(session, row.id).finished_at
        assert (finished is not None) == (target in (Status.CONFIRMED, Status.CANCELED))


def test_a_failure_stays_in_the_trail_when_it_was_overcome(store: Store) -> None:
    row = create_in(store, Status.PENDING_INPUTS)
    with store.database.transaction() as session:
        set_failure(session, locked(session, row.id), code="unsupported_file", explanation="a.exe")
    with store.database.reading() as session:
        failure = executions.get(session, row.id).failure
    assert failure is not None
    assert (failure.code, failure.explanation) == ("unsupported_file", "a.exe")
    move(store, row, Status.PENDING_DATA_EXTRACTION)
    with store.database.reading() as session:
        assert executions.get(session, row.id).failure is None
        notes = [entry.note for entry in executions.trail(session, row.id)]
    assert "unsupported_file: a.exe" in notes
