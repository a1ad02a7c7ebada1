"""Creating executions, finding them, and recording what their steps found."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime
from decimal import Decimal
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, select
from support.stores import (
    DATA,
    apply_agent,
    confirmed,
    create_execution,
    in_review,
    make_agent,
    take_lease,
    with_inputs,
)

from signoff.errors import AgentNotRunnableError, NotFoundError, TransitionNotAllowedError
from signoff.executions.extractions import Iteration
from signoff.executions.models import Confirmed, Execution, PendingReview, Trigger
from signoff.executions.states import Status
from signoff.storage import executions
from signoff.storage.database import Database
from signoff.storage.executions import NewExecution, NewFile
from signoff.storage.leases import locked
from signoff.storage.progress import IterationLog, ParsedRecord, step
from signoff.storage.store import Store
from signoff.storage.tables import StepRow
from signoff.storage.unsettled import unsettled

FILES = [
    NewFile("b.pdf", "application/pdf", 3_000_000_000, "b" * 64),
    NewFile("a.txt", "text/plain", 1, "a" * 64),
]


def get(store: Store, execution_id: UUID) -> Execution:
    with store.database.reading() as session:
        return executions.get(session, execution_id)


def find(store: Store, reference: str) -> UUID:
    with store.database.reading() as session:
        return executions.find(session, reference).id


def add_inputs(store: Store, execution_id: UUID, files: list[NewFile]) -> None:
    with store.database.transaction() as session:
        executions.add_inputs(session, locked(session, execution_id), files)


def test_a_new_execution_waits_for_its_inputs(store: Store) -> None:
    execution_id = create_execution(
        store, trigger=Trigger.EVENT, triggered_by="mail", context={"inbox": "a"}
    )
    read = get(store, execution_id)
    assert read.status is Status.PENDING_INPUTS
    assert (read.trigger, read.triggered_by) == (Trigger.EVENT, "mail")
    assert read.context == {"inbox": "a"}
    assert (read.agent_name, read.agent_revision, read.attempt) == ("invoice", 1, 0)
    assert (read.failure, read.extraction, read.cost, read.model) == (None, None, None, None)


def test_archived_agents_and_those_without_a_schema_start_nothing(store: Store) -> None:
    with pytest.raises(AgentNotRunnableError, match="archived"):
        create_execution(store, make_agent("old", status="ARCHIVED"))
    with pytest.raises(AgentNotRunnableError, match="no data_schema"):
        create_execution(store, make_agent("new", data_schema=None))


def test_inputs_keep_their_order_and_start_the_extraction(store: Store) -> None:
    execution_id = create_execution(store)
    add_inputs(store, execution_id, FILES)
    read = get(store, execution_id)
    assert read.status is Status.PENDING_DATA_EXTRACTION
    assert [file.name for file in read.files] == ["b.pdf", "a.txt"]
    assert read.files[0].size == 3_000_000_000


def test_inputs_are_taken_once(store: Store) -> None:
    execution_id = create_execution(store)
    add_inputs(store, execution_id, FILES)
    with pytest.raises(TransitionNotAllowedError):
        add_inputs(store, execution_id, FILES)
    assert len(get(store, execution_id).files) == 2


def test_of_two_processes_that_run_the_same_flow_run_both_find_one_execution(store: Store) -> None:
    revision, flow_run_id = apply_agent(store, make_agent()), uuid4()

    def new() -> NewExecution:
        return NewExecution(revision, Trigger.MANUAL, flow_run_id=flow_run_id)

    def create() -> UUID:
        with store.database.transaction() as session:
            return executions.create(session, new()).id

    with ThreadPoolExecutor() as pool:
        with store.database.transaction() as session:
            first = executions.create(session, new()).id
            # not committed yet: the other one finds none, and waits
            waiting = pool.submit(create)
            wait([waiting], timeout=0.3)
        assert waiting.result(timeout=30) == first
    with store.database.reading() as session:
        assert len(executions.newest(session)) == 1
        assert [entry.event for entry in executions.trail(session, first)] == ["created"]


def test_an_execution_created_again_with_its_id_is_the_same(store: Store) -> None:
    create_execution(store)
    execution_id = create_execution(store)
    assert create_execution(store, id=execution_id) == execution_id


# -- finding ----------------------------------------------------------------------------------


def test_an_execution_is_found_by_id_by_number_and_by_the_beginning_of_its_id(
    store: Store,
) -> None:
    first, second = create_execution(store), create_execution(store)
    for execution_id in (first, second):
        number = get(store, execution_id).number
        for reference in (
            str(execution_id),
            execution_id.hex,
            str(execution_id).upper(),
            str(number),
            str(execution_id)[:8],
            str(execution_id)[:13],
            str(execution_id)[:35],
        ):
            assert find(store, reference) == execution_id


def test_a_beginning_that_several_ids_share_is_refused(store: Store) -> None:
    for last in "01":
        create_execution(store, id=UUID("12345678" + "0" * 23 + last))
    with pytest.raises(NotFoundError, match="Several executions"):
        find(store, "12345678")


@pytest.mark.parametrize(
    "reference",
    ["", "0", "999999", "²", "-1", "abc", "12345678", "zzzzzzzz", "a" * 33, "f" * 64]
    + ["a\x00bcdefgh", "12345678901234567890", "9" * 5000, "2eb8aa08-aa98-41ea-b4aa-73b441d16380"],
)
def test_a_reference_to_nothing_is_refused(store: Store, reference: str) -> None:
    create_execution(store, id=UUID("0" * 32))
    with pytest.raises(NotFoundError):
        find(store, reference)


def test_executions_are_listed_by_their_last_change(store: Store) -> None:
    first, second, third = (create_execution(store, make_agent(name)) for name in "abb")
    add_inputs(store, first, FILES)
    with store.database.reading() as session:

        def ids(**which: object) -> list[UUID]:
            return [entry.id for entry in executions.newest(session, **which)]  # type: ignore[arg-type]

        agent_id = executions.get(session, second).agent_id
        assert ids() == [first, third, second]
        assert ids(statuses=[Status.PENDING_INPUTS]) == [third, second]
        assert ids(agent_id=agent_id) == [third, second]
        assert ids(skip=1, limit=1) == [third]
        assert ids(statuses=[Status.CANCELED]) == []


@pytest.mark.parametrize(
    "which",
    [{}, {"statuses": [Status.CONFIRMED]}, {"agent_id": UUID(int=1)}],
    ids=["all", "of a state", "of an agent"],
)
def test_lists_are_read_from_an_index_in_their_order(
    sqlite_database: Database, which: dict[str, Any]
) -> None:
    plans: list[str] = []

    def explain(connection: Any, _: object, statement: str, parameters: Any, *__: object) -> None:
        if "FROM executions JOIN agents" in statement:
            cursor = connection.connection.cursor()
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.extend(row[3] for row in cursor.fetchall())

    with sqlite_database.reading() as session:
        event.listen(session.connection(), "before_cursor_execute", explain)
        executions.newest(session, **which)
    assert any("USING INDEX ix_executions_" in step for step in plans)
    assert not any("TEMP B-TREE" in step for step in plans)


# -- recording --------------------------------------------------------------------------------


def test_what_was_read_goes_to_review(store: Store) -> None:
    read = get(store, in_review(store))
    assert isinstance(read.state, PendingReview)
    assert read.state.data_extracted == DATA
    assert (read.data_revision, read.review_round) == (1, 1)


def test_what_the_policy_signs_off_is_the_confirmed_data(store: Store) -> None:
    execution_id = confirmed(store)
    read = get(store, execution_id)
    assert isinstance(read.state, Confirmed)
    assert read.state.data_extracted == DATA
    assert read.state.data_confirmed == DATA
    with store.database.reading() as session:
        assert executions.trail(session, execution_id)[-1].by == "policy"


def iteration(number: int, cost: Decimal | None) -> Iteration:
    return Iteration(
        number=number,
        action="submit",
        action_input={"total": 1.5},
        timestamp=datetime.now(UTC),
        model=f"model-{number}",
        prompt_tokens=100,
        completion_tokens=10,
        cost=cost,
    )


def test_iterations_come_back_in_order_and_their_sums_with_the_execution(store: Store) -> None:
    execution_id = with_inputs(store)
    log = IterationLog(store.database, take_lease(store, execution_id))
    turns = [iteration(number, Decimal("0.000000123")) for number in (1, 2, 3)]
    for turn in turns:
        log.append(turn)
    assert log.load() == turns
    read = get(store, execution_id)
    assert (read.prompt_tokens, read.completion_tokens, read.model) == (300, 30, "model-3")
    assert read.cost == Decimal("0.000000369")


def test_one_unknown_price_makes_the_whole_cost_unknown(store: Store) -> None:
    execution_id = with_inputs(store)
    log = IterationLog(store.database, take_lease(store, execution_id))
    log.append(iteration(1, Decimal("0.01")))
    log.append(iteration(2, None))
    assert get(store, execution_id).cost is None


def test_a_parsed_file_recorded_by_many_at_once_is_recorded(store: Store) -> None:
    record, start = ParsedRecord(store.database), Barrier(12)

    def put(number: int) -> None:
        start.wait()
        record.put("key", {"pages": number})

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(put, range(12)))
    manifest = record.get("key")
    assert manifest is not None
    assert manifest["pages"] in range(12)
    assert record.get("another") is None


def works() -> None:
    pass


def fails() -> None:
    raise ValueError("no")


def is_stopped() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("work", "error"),
    [(works, None), (fails, "ValueError: no"), (is_stopped, "KeyboardInterrupt")],
)
def test_a_step_is_recorded_with_how_it_ended(
    store: Store, work: Callable[[], None], error: str | None
) -> None:
    lease = take_lease(store, with_inputs(store))
    try:
        with step(store.database, lease, "parse"):
            work()
    except (ValueError, KeyboardInterrupt):
        assert error
    with store.database.reading() as session:
        row = session.scalars(select(StepRow)).one()
        assert (row.name, row.attempt) == ("parse", 1)
        assert row.finished_at is not None
        assert row.finished_at >= row.started_at
        assert row.error is None if error is None else str(row.error).startswith(error)


def test_executions_at_their_end_are_not_looked_at_again_until_something_changes(
    store: Store,
) -> None:
    execution_id, other = with_inputs(store), with_inputs(store)
    with store.database.transaction() as session:
        executions.settle(session, execution_id)
    with store.database.reading() as session:
        assert [each.id for each in unsettled(session)] == [other]
    take_lease(store, execution_id)
    with store.database.reading() as session:
        assert [each.id for each in unsettled(session)] == [execution_id, other]
