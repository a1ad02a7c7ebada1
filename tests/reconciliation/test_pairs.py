"""Every pair of execution state and run state, against a real Prefect server without a worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.states import (
    AwaitingRetry,
    Cancelled,
    Cancelling,
    Completed,
    Crashed,
    Failed,
    Pending,
    Running,
    Suspended,
)
from sqlalchemy import select, update
from support.platform import Platform

from signoff import prefect_runs
from signoff.executions.extractions import Extraction
from signoff.executions.models import Decision, Execution
from signoff.executions.reconciliation import RUN_STATES, TABLE, Action
from signoff.executions.states import Status
from signoff.prefect_runs import RunState
from signoff.reconciler import reconcile
from signoff.settings import Settings
from signoff.storage import executions, reviews
from signoff.storage.leases import acquire
from signoff.storage.store import Store, open_store
from signoff.storage.tables import ExecutionRow


@pytest.fixture
def impatient(platform: Platform) -> Iterator[Store]:
    """The platform's store, seen by a reconciliation that waits for nobody."""
    platform.stop_workers()
    home = platform.home / "signoff"
    store = open_store(Settings(home=home, allowed_hosts=["127.0.0.1"], lease_seconds=0.001))
    yield store
    # what a test leaves scheduled would be work for the next worker
    with get_client(sync_client=True) as client:
        for run in client.read_flow_runs(limit=200):
            if run.state is not None and not run.state.is_final():
                client.delete_flow_run(run.id)
    with store.database.transaction() as session:
        session.execute(update(ExecutionRow).values(settled=True, flow_run_id=None))
    store.database.close()


def run_in(execution: Execution, run_state: str) -> None:
    """Put the execution's flow run into a state, as a death or a click in the UI would."""
    states: dict[str, State[Any]] = {
        "SCHEDULED": AwaitingRetry(),
        "PENDING": Pending(),
        "RUNNING": Running(),
        "PAUSED": Suspended(pause_key="review-1"),
        "COMPLETED": Completed(),
        "FAILED": Failed(),
        "CRASHED": Crashed(),
        "CANCELLING": Cancelling(),
        "CANCELLED": Cancelled(),
    }
    assert execution.flow_run_id is not None
    with get_client(sync_client=True) as client:
        if run_state == "MISSING":
            client.delete_flow_run(execution.flow_run_id)
            return
        state = states[run_state]
        if run_state == "CANCELLING":
            # a run that no worker ever took up is cancelled at once, without this state
            client.update_flow_run(execution.flow_run_id, infrastructure_pid="gone")
            client.set_flow_run_state(execution.flow_run_id, Running(), force=True)
        if run_state == "PAUSED":
            state.state_details.run_input_keyset = prefect_runs.keyset(1)
        client.set_flow_run_state(execution.flow_run_id, state, force=True)


def execution_in(store: Store, execution: Execution, status: Status) -> None:
    """Put the record into a state, as if its steps had been taken."""
    with store.database.transaction() as session:
        row = session.scalars(select(ExecutionRow).where(ExecutionRow.id == execution.id)).one()
        row.status = status
        data = {"number": "LS-2041"}
        if status not in (Status.PENDING_INPUTS, Status.PENDING_DATA_EXTRACTION):
            row.extraction = Extraction(data=data, model="offline").model_dump(mode="json")
            row.data_revision = row.review_round = 1
        if status.is_signed_off:
            row.confirmed = data


PAIRS = [(status, run_state) for status in Status for run_state in RUN_STATES]


@pytest.mark.parametrize(("status", "run_state"), PAIRS)
def test_each_pair_is_brought_back_in_step(
    status: Status, run_state: str, platform: Platform, impatient: Store, make_agent, note: Path
) -> None:
    platform.run(make_agent(), note)
    with impatient.database.reading() as session:
        execution = executions.newest(session, limit=1)[0]
    execution_in(impatient, execution, status)
    run_in(execution, run_state)

    done = reconcile(impatient).get(execution.id, Action.NOTHING)

    expected = TABLE[status][RUN_STATES.index(run_state)]
    assert done is expected
    with impatient.database.reading() as session:
        after = executions.get(session, execution.id)
        row = session.scalars(select(ExecutionRow).where(ExecutionRow.id == execution.id)).one()
        settled, deaths = row.settled, row.deaths
    assert after.flow_run_id is not None
    run = prefect_runs.read(after.flow_run_id)
    after_run = run.state if run else RunState.MISSING
    match done:
        case Action.NOTHING:
            assert (after.status, after_run) == (status, run_state)
        case Action.SETTLE:
            assert settled
            assert (after.status, after_run) == (status, run_state)
        case Action.CREATE_RUN:
            assert after.flow_run_id != execution.flow_run_id
            assert (after.status, after_run) == (status, RunState.SCHEDULED)
        case Action.RESTART_RUN:
            assert (after.status, after_run, deaths) == (status, RunState.SCHEDULED, 1)
        case Action.CONTINUE_RUN:
            assert (after.status, after_run, deaths) == (status, RunState.SCHEDULED, 0)
        case Action.MEND_REVIEW:
            assert (after.status, after_run) == (status, RunState.PAUSED)
            assert platform.form_is_open(after)
        case Action.CANCEL_EXECUTION:
            assert after.status is Status.CANCELED
        case Action.STOP_DELIVERY:
            assert after.status is Status.CONFIRMED
            assert after.failure is not None
            assert after.failure.code == "canceled"
        case Action.CANCEL_RUN:
            assert (after.status, after_run) == (status, RunState.CANCELLED)


def test_an_execution_without_a_run_gets_one_and_only_one(
    platform: Platform, impatient: Store, make_agent, note: Path
) -> None:
    execution = platform.run(make_agent(), note)
    with impatient.database.transaction() as session:
        row = session.scalars(select(ExecutionRow).where(ExecutionRow.id == execution.id)).one()
        first, row.flow_run_id = row.flow_run_id, None
    # the run exists, and nobody lived to note it: the idempotency key finds it again
    assert reconcile(impatient)[execution.id] is Action.CREATE_RUN
    assert platform.execution(execution.number).flow_run_id == first


def waiting_for_review(platform: Platform, store: Store, agent: str, note: Path) -> Execution:
    """An execution whose run is suspended, and whose form is written."""
    execution: Execution = platform.execution(platform.run(agent, note).number)
    execution_in(store, execution, Status.PENDING_REVIEW)
    run_in(execution, "PAUSED")
    assert reconcile(store)[execution.id] is Action.MEND_REVIEW
    return execution


def test_a_review_at_rest_is_not_looked_at_alone(
    platform: Platform, impatient: Store, make_agent, note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting_for_review(platform, impatient, make_agent(), note)
    monkeypatch.setattr(prefect_runs, "form_written", lambda *_: pytest.fail("asked one by one"))
    monkeypatch.setattr(
        prefect_runs, "read_many", lambda ids, **_: pytest.fail("read") if ids else {}
    )
    assert reconcile(impatient) == {}


@pytest.mark.parametrize(
    ("run_state", "action"),
    [
        ("CANCELLED", Action.CANCEL_EXECUTION),
        ("MISSING", Action.CREATE_RUN),
        ("RUNNING", Action.RESTART_RUN),
    ],
)
def test_what_happens_to_the_run_of_a_review_at_rest_is_seen_in_the_next_round(
    run_state: str,
    action: Action,
    platform: Platform,
    impatient: Store,
    make_agent,
    note: Path,
) -> None:
    execution = waiting_for_review(platform, impatient, make_agent(), note)
    run_in(execution, run_state)
    assert reconcile(impatient) == {execution.id: action}


def test_a_recorded_answer_resumes_a_suspended_run_whose_form_was_never_written(
    platform: Platform, impatient: Store, make_agent, note: Path
) -> None:
    execution = platform.run(make_agent(), note)
    execution = platform.execution(execution.number)
    execution_in(impatient, execution, Status.PENDING_REVIEW)
    run_in(execution, "PAUSED")
    with impatient.database.transaction() as session:
        reviews.submit(
            session,
            execution.id,
            decision=Decision.CONFIRM,
            data={"number": "LS-2041"},
            comment="",
            source="cli",
            answered_by="tests",
        )
    assert reconcile(impatient)[execution.id] is Action.MEND_REVIEW
    assert platform.execution(execution.number).status is Status.CONFIRMED
    assert platform.run_state(execution) is RunState.SCHEDULED


def test_three_deaths_without_an_error_end_in_a_failure(
    platform: Platform, impatient: Store, make_agent, note: Path
) -> None:
    execution = platform.run(make_agent(), note)
    execution = platform.execution(execution.number)
    for _ in range(3):
        with impatient.database.transaction() as session:
            acquire(session, execution.id, seconds=0.0001)
        run_in(execution, "RUNNING")
        reconcile(impatient)
    failed = platform.execution(execution.number)
    assert failed.failure is not None
    assert failed.failure.code == "runtime_error"
    assert "3 attempts died" in failed.failure.explanation
    assert platform.run_state(failed) is RunState.FAILED


def test_a_run_whose_lease_is_alive_is_left_alone(
    platform: Platform, impatient: Store, make_agent, note: Path
) -> None:
    execution = platform.run(make_agent(), note)
    execution = platform.execution(execution.number)
    with impatient.database.transaction() as session:
        acquire(session, execution.id, seconds=60)
    run_in(execution, "RUNNING")
    assert execution.id not in reconcile(impatient)
