"""One attempt at an execution: found or created, held by a lease, its failure recorded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any
from uuid import UUID

from prefect.client.schemas.objects import FlowRun, State
from prefect.context import FlowRunContext
from prefect.exceptions import Abort
from prefect.logging import get_run_logger
from prefect.states import Cancelled, Completed
from sqlalchemy.orm import Session

from signoff.errors import ExecutionCanceledError, LeaseLostError, NotFoundError, SignoffError
from signoff.executions.models import Trigger
from signoff.executions.states import Status
from signoff.intake import Request, prepare
from signoff.lifecycle import take_up_again
from signoff.storage import agents, executions
from signoff.storage.leases import Lease, acquire, kept, locked
from signoff.storage.store import Store, get_store
from signoff.storage.tables import ExecutionRow
from signoff.storage.transitions import set_failure


@dataclass
class Attempt:
    """What the steps of a flow run work with; ``final_state`` is set at the end.

    What an execution has when the attempt begins needs no task that finds it there: its inputs,
    when they came over HTTP; its data, when the run goes on after a review.
    """

    lease: Lease
    began_at: Status
    final_state: State[Any] | None = None

    @property
    def needs_inputs(self) -> bool:
        """Whether the input files are still to be checked and stored."""
        return self.began_at is Status.PENDING_INPUTS

    @property
    def needs_data(self) -> bool:
        """Whether the inputs are still to be read."""
        return self.began_at in (Status.PENDING_INPUTS, Status.PENDING_DATA_EXTRACTION)


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
    request = Request(
        agent=agent,
        input_data=input_data,
        additional_instructions=additional_instructions,
        trigger=Trigger.SCHEDULED if run.auto_scheduled else Trigger.MANUAL,
        triggered_by=run.created_by.display_value if run.created_by else None,
    )
    try:
        current = Attempt(*_take(store, run, request))
        lease = current.lease
        with kept(store.database, lease, seconds=store.settings.lease_seconds):
            try:
                yield current
            except ExecutionCanceledError as canceled:
                current.final_state = Cancelled(message=str(canceled))
            except LeaseLostError as lost:
                # Deliveries that are stopped take the lease away, too.
                if not _deliveries_stopped(store, lease.execution_id):
                    raise
                current.final_state = Cancelled(message=str(lost))
            except Exception as error:
                _record_failure(store, lease, error)
                raise
            else:
                current.final_state = _final_state(store, lease.execution_id)
    except LeaseLostError as lost:
        raise Abort(str(lost)) from lost


def _flow_run() -> FlowRun:
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        raise RuntimeError("the flow `extract` runs on a worker only")
    return context.flow_run


def _take(store: Store, run: FlowRun, request: Request) -> tuple[Lease, Status]:
    """The lease on the run's execution, and where that is.

    The same run may be started again while its dead predecessor's lease has not yet expired.
    """
    seconds = store.settings.lease_seconds
    deadline = monotonic() + 3 * seconds
    while True:
        try:
            with store.database.transaction() as session:
                row = _find_or_create(session, store, run, request)
                lease = acquire(session, row.id, seconds=seconds)
                # a run that starts with a failure on record was retried by a person, in Prefect's
                # UI too
                if row.failure_code is not None and row.status not in _NOT_TAKEN_UP:
                    take_up_again(session, row, by=None)
                return lease, Status(row.status)
        except LeaseLostError:
            if monotonic() >= deadline:
                raise
        sleep(0.5)


_NOT_TAKEN_UP = (Status.PENDING_REVIEW, Status.CANCELED)


def _find_or_create(session: Session, store: Store, run: FlowRun, request: Request) -> ExecutionRow:
    row = executions.row_of_flow_run(session, run.id)
    if row is None and run.idempotency_key:
        # Created over HTTP or by hand. Whoever created the run may not have lived to note it.
        try:
            row = locked(session, UUID(run.idempotency_key))
            row.flow_run_id = run.id
        except (ValueError, NotFoundError):
            row = None
    if row is None:
        revision = agents.find(session, request.agent, cipher=store.cipher)
        row = executions.create(session, prepare(revision, request, flow_run_id=run.id))
        get_run_logger().info("This run is execution %s.", row.number)
    return row


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
