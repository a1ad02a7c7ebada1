"""One attempt at an execution: found or created, held by a lease, its failure recorded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any
from uuid import UUID

from prefect.client.schemas.objects import FlowRun, State
from prefect.context import FlowRunContext
from prefect.exceptions import Abort
from prefect.logging import get_run_logger
from prefect.states import Cancelled, Completed

from signoff.errors import ExecutionCanceledError, LeaseLostError, NotFoundError, SignoffError
from signoff.executions.models import Trigger
from signoff.executions.states import Status
from signoff.intake import Request, prepare
from signoff.lifecycle import take_up_again
from signoff.storage import agents, executions
from signoff.storage.leases import Lease, held, locked
from signoff.storage.store import Store, get_store
from signoff.storage.transitions import set_failure


@dataclass
class Attempt:
    """What the steps of a flow run work with; ``final_state`` is set at the end."""

    lease: Lease
    final_state: State[Any] | None = None


@contextmanager
def attempt(
    agent: str, input_data: dict[str, Any] | None, additional_instructions: str
) -> Iterator[Attempt]:
    """Hold the execution that this flow run is; record what makes the attempt fail.

    A run that was started in Prefect creates its execution here; one that was started over HTTP
    or from the command line finds it. A suspension passes through and lets go of the lease.

    Raises:
        Abort: another attempt acts for the execution now. This one leaves without a word: what
            becomes of the run is the other's to say.
    """
    store, run = get_store(), _flow_run()
    execution_id = _find_or_create(
        store,
        run,
        Request(
            agent=agent,
            input_data=input_data,
            additional_instructions=additional_instructions,
            trigger=Trigger.SCHEDULED if run.auto_scheduled else Trigger.MANUAL,
            triggered_by=run.created_by.display_value if run.created_by else None,
        ),
    )
    _wait_for_predecessor(store, execution_id)
    try:
        with held(store.database, execution_id, seconds=store.settings.lease_seconds) as lease:
            current = Attempt(lease)
            with suppress(ExecutionCanceledError):  # the first step meets it again
                _take_up_again(store, lease)
            try:
                yield current
            except ExecutionCanceledError as canceled:
                current.final_state = Cancelled(message=str(canceled))
            except LeaseLostError as lost:
                # Deliveries that are stopped take the lease away, too.
                if not _deliveries_stopped(store, execution_id):
                    raise
                current.final_state = Cancelled(message=str(lost))
            except Exception as error:
                _record_failure(store, lease, error)
                raise
            else:
                current.final_state = _final_state(store, execution_id)
    except LeaseLostError as lost:
        raise Abort(str(lost)) from lost


def _flow_run() -> FlowRun:
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        raise RuntimeError("the flow `extract` runs on a worker only")
    return context.flow_run


def _find_or_create(store: Store, run: FlowRun, request: Request) -> UUID:
    with store.database.transaction() as session:
        known = executions.by_flow_run(session, run.id)
        if known is None and run.idempotency_key:
            # Created over HTTP or by hand. Whoever created the run may not have lived to note it.
            try:
                known = executions.get(session, UUID(run.idempotency_key))
                locked(session, known.id).flow_run_id = run.id
            except (ValueError, NotFoundError):
                known = None
        if known is not None:
            return known.id
        revision = agents.find(session, request.agent, cipher=store.cipher)
        row = executions.create(session, prepare(revision, request, flow_run_id=run.id))
        get_run_logger().info("This run is execution %s.", row.number)
        return row.id


def _wait_for_predecessor(store: Store, execution_id: UUID) -> None:
    # The same run may be started again while its dead predecessor's lease has not yet expired.
    deadline = monotonic() + 3 * store.settings.lease_seconds
    while monotonic() < deadline:
        with store.database.reading() as session:
            if not executions.is_held(session, execution_id):
                return
        sleep(0.5)


def _take_up_again(store: Store, lease: Lease) -> None:
    # A run that starts with a failure on record was retried by a person, in Prefect's UI too.
    with store.database.transaction() as session:
        row = locked(session, lease.execution_id, lease=lease)
        if row.failure_code is not None and row.status != Status.PENDING_REVIEW:
            take_up_again(session, row, by=None)


def _deliveries_stopped(store: Store, execution_id: UUID) -> bool:
    with store.database.reading() as session:
        failure = executions.get(session, execution_id).failure
    return failure is not None and failure.code == "canceled"


def _record_failure(store: Store, lease: Lease, error: Exception) -> None:
    if isinstance(error, SignoffError):
        code, explanation = error.code, str(error)
    else:
        code, explanation = "runtime_error", f"{type(error).__name__}: {error}"
    with store.database.transaction() as session:
        row = locked(session, lease.execution_id, lease=lease)
        set_failure(session, row, code=code, explanation=explanation)


def _final_state(store: Store, execution_id: UUID) -> State[Any]:
    with store.database.reading() as session:
        execution = executions.get(session, execution_id)
    if execution.status is Status.CANCELED:
        return Cancelled(message=f"Execution {execution.number} was canceled.")
    return Completed(message=f"Execution {execution.number} is {execution.status}.")
