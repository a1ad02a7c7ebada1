"""A run that is alive and was taken for dead: it leaves, and its successor goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import prefect.flow_runs
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.exceptions import Abort, Pause
from prefect.flow_engine import run_flow
from prefect.settings import PREFECT_LOGGING_TO_API_ENABLED, temporary_settings
from prefect.states import Cancelling, Pending
from sqlalchemy import update
from support.platform import Platform
from support.receiver import Receiver

from flows.extract import extract
from signoff import prefect_runs
from signoff.executions.models import Execution
from signoff.executions.states import Status
from signoff.prefect_runs import RunState
from signoff.settings import get_settings
from signoff.storage import executions, reviews
from signoff.storage.leases import locked
from signoff.storage.store import get_store
from signoff.storage.tables import ExecutionRow
from tasks import review


@pytest.fixture
def here(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    """The platform, its flow runs executed by this process instead of a worker."""
    platform.stop_workers()
    for name, value in platform.environment.items():
        if name.startswith("SIGNOFF_"):
            monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    get_store.cache_clear()
    # what is logged would be sent after the server has gone
    with temporary_settings({PREFECT_LOGGING_TO_API_ENABLED: False}):
        yield platform
    get_store().database.close()
    monkeypatch.undo()
    get_settings.cache_clear()
    get_store.cache_clear()
    with platform.store.database.transaction() as session:
        session.execute(update(ExecutionRow).values(settled=True, flow_run_id=None))


def execute(execution: Execution) -> None:
    """What a worker does with a scheduled run."""
    assert execution.flow_run_id is not None
    set_state(execution, Pending())
    with get_client(sync_client=True) as client:
        flow_run = client.read_flow_run(execution.flow_run_id)
    with suppress(Abort, Pause):
        run_flow(extract, flow_run=flow_run, return_type="state")


def set_state(execution: Execution, state: State[Any]) -> None:
    assert execution.flow_run_id is not None
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(execution.flow_run_id, state, force=True)


def just_before_suspending(monkeypatch: pytest.MonkeyPatch, what: Callable[[], None]) -> None:
    """Have something happen once between the run's last look at its lease and its suspension."""
    suspend, waiting = prefect.flow_runs.suspend_flow_run, [what]

    def overtaken(*args: Any, **kwargs: Any) -> Any:
        while waiting:
            waiting.pop()()
        return suspend(*args, **kwargs)

    monkeypatch.setattr(review, "suspend_flow_run", overtaken)


def started(platform: Platform, agent: str, note: Path) -> Execution:
    execution: Execution = platform.execution(platform.run(agent, note).number)
    return execution


def delivered_after_approval(platform: Platform, execution: Execution) -> bool:
    """Approve the execution, whose form must be open, and execute what is left."""
    waiting = platform.execution(execution.number)
    assert platform.form_is_open(waiting)
    assert platform.answer_form(waiting)["status"] == "ACCEPT"
    execute(waiting)
    return platform.execution(execution.number).status is Status.DELIVERED_TO_DESTINATION


def test_a_run_that_finds_itself_rescheduled_leaves_the_review_to_its_successor(
    here: Platform,
    monkeypatch: pytest.MonkeyPatch,
    make_agent: Callable[..., str],
    receiver: Receiver,
    note: Path,
) -> None:
    execution = started(here, make_agent(), note)
    assert execution.flow_run_id is not None
    run_id = execution.flow_run_id
    just_before_suspending(monkeypatch, lambda: prefect_runs.restart(run_id, reason="thought dead"))
    execute(execution)

    left = here.execution(execution.number)
    assert (left.status, left.failure) == (Status.PENDING_REVIEW, None)
    assert here.run_state(execution) is RunState.SCHEDULED
    execute(execution)
    assert delivered_after_approval(here, execution)
    with here.store.database.reading() as session:
        assert len(executions.iterations(session, execution.id)) == 1
    assert len(receiver.requests) == 1


def test_a_suspension_that_a_restart_undid_is_made_again(
    here: Platform, make_agent: Callable[..., str], receiver: Receiver, note: Path
) -> None:
    execution = started(here, make_agent(), note)
    execute(execution)
    assert here.form_is_open(here.execution(execution.number))
    assert execution.flow_run_id is not None
    # reconciliation had seen it running a moment before
    prefect_runs.restart(execution.flow_run_id, reason="thought dead")
    execute(execution)

    again = here.execution(execution.number)
    assert again.failure is None
    with here.store.database.reading() as session:
        assert reviews.problems(session, again.id) == []
    assert delivered_after_approval(here, execution)
    assert len(receiver.requests) == 1


def test_a_run_that_lost_its_lease_does_not_end_the_run_that_goes_on_as_its_successor(
    here: Platform, monkeypatch: pytest.MonkeyPatch, make_agent: Callable[..., str], note: Path
) -> None:
    execution = started(here, make_agent(), note)
    assert execution.flow_run_id is not None
    run_id = execution.flow_run_id

    def lose_the_lease() -> None:
        with here.store.database.transaction() as session:
            row = locked(session, execution.id)
            row.lease_owner = row.lease_expires_at = None
        prefect_runs.restart(run_id, reason="thought dead")

    def documents(*_: Any) -> list[Any]:
        lose_the_lease()
        return []

    monkeypatch.setattr("tasks.extract.open_documents", documents)
    assert here.execution(execution.number).failure is None
    assert here.run_state(execution) is RunState.SCHEDULED


def test_a_run_that_is_canceled_in_prefect_while_it_suspends_records_no_failure(
    here: Platform, monkeypatch: pytest.MonkeyPatch, make_agent: Callable[..., str], note: Path
) -> None:
    execution = started(here, make_agent(), note)
    just_before_suspending(monkeypatch, lambda: set_state(execution, Cancelling()))
    execute(execution)
    canceled = here.execution(execution.number)
    assert (canceled.status, canceled.failure) == (Status.CANCELED, None)
    assert here.run_state(execution) is RunState.CANCELLED
