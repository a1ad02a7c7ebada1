"""An execution's life as people steer it: start, cancel, retry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Literal
from uuid import UUID

from sqlalchemy.orm import Session

from signoff import approval, prefect_runs
from signoff.delivery.dispatch import deliver_all
from signoff.errors import DeliveryFailedError, TransitionNotAllowedError
from signoff.executions.models import Decision, Execution
from signoff.executions.states import Status
from signoff.prefect_runs import PrefectUnavailableError, RunState
from signoff.storage import deliveries, executions, reviews
from signoff.storage.deliveries import MadeElsewhere
from signoff.storage.leases import Lease, held, locked
from signoff.storage.store import Store
from signoff.storage.tables import ExecutionRow
from signoff.storage.transitions import (
    clear_failure,
    leave_trail,
    set_failure,
    transition,
)


def start(store: Store, execution: Execution) -> UUID:
    """Create the execution's flow run; safe to repeat, also after a crash half-way.

    Raises:
        PrefectUnavailableError: the execution stays; reconciliation starts it later.
    """
    flow_run_id = prefect_runs.create(
        agent=execution.agent_name,
        execution_id=execution.id,
        name=f"{execution.agent_name}-{execution.number}",
        tags=_tags(execution),
    )
    with store.database.transaction() as session:
        locked(session, execution.id).flow_run_id = flow_run_id
    return flow_run_id


def _tags(execution: Execution) -> list[str]:
    # the HTTP request that asked for it, so that its log lines and its run are found together
    asked_by = execution.context.get("request_id")
    return [f"request:{asked_by}"] if asked_by else []


def cancel(
    store: Store,
    execution_id: UUID,
    *,
    source: Literal["cli", "http"],
    by: str | None = None,
    wait: float = 60.0,
    before_sign_off: bool = False,
) -> Execution:
    """Cancel an execution, whatever it is doing.

    Before sign-off it becomes CANCELED; in review the cancel is one answer among others, and the
    first one counts. From CONFIRMED on the state stays, and further delivery attempts stop, unless
    the cancel is one ``before_sign_off`` only.

    Raises:
        TransitionNotAllowedError: there is nothing left to cancel.
        AnswerRefusedError: another answer to the review came first.
    """
    with store.database.reading() as session:
        execution = executions.get(session, execution_id)
    if execution.status is Status.PENDING_REVIEW and _may_be_suspended(execution.flow_run_id):
        approval.answer(
            store, execution_id, decision=Decision.CANCEL, source=source, by=by, wait=wait
        )
    else:
        at_work = _cancel_now(store, execution_id, by=by, before_sign_off=before_sign_off)
        # with Prefect away the run goes on for now: it notices, or reconciliation cancels it
        with suppress(PrefectUnavailableError):
            run = prefect_runs.read(execution.flow_run_id) if execution.flow_run_id else None
            if run is not None and not run.state.is_over:
                prefect_runs.cancel(run.id, at_work=at_work)
    with store.database.reading() as session:
        return executions.get(session, execution_id)


def _may_be_suspended(flow_run_id: UUID | None) -> bool:
    try:
        run = prefect_runs.read(flow_run_id) if flow_run_id else None
    except PrefectUnavailableError:
        return True  # then the answer is recorded, and counts once Prefect is back
    return run is not None and not run.state.is_over


def _cancel_now(store: Store, execution_id: UUID, *, by: str | None, before_sign_off: bool) -> bool:
    """Cancel in the record; returns whether a run holds the lease and has to notice."""
    with store.database.transaction() as session:
        row = locked(session, execution_id)
        status = Status(row.status)
        if status.is_final or (before_sign_off and status.is_signed_off):
            raise TransitionNotAllowedError(
                f"Execution {row.number} is {status}: there is nothing left to cancel."
            )
        at_work = row.lease_owner is not None
        if status is Status.CONFIRMED:
            stop_delivery(session, row)
        else:
            transition(session, row, Status.CANCELED, by=by)
            reviews.supersede(session, row)
        return at_work


def cancel_with_its_run(store: Store, execution_id: UUID) -> None:
    """Cancel an execution before sign-off, since its flow run was cancelled in Prefect.

    Raises:
        TransitionNotAllowedError: it is signed off, or canceled already.
    """
    with store.database.transaction() as session:
        row = locked(session, execution_id)
        transition(session, row, Status.CANCELED, by="prefect", note="the run was cancelled")
        reviews.supersede(session, row)


def release(store: Store, flow_run_id: UUID, *, event: str, reason: str) -> None:
    """Take a run away from whoever is at work on it: they notice, and leave without a word."""
    with store.database.transaction() as session:
        execution = executions.by_flow_run(session, flow_run_id)
        if execution is not None:
            row = locked(session, execution.id)
            row.lease_owner = row.lease_expires_at = None
            leave_trail(session, row, event, note=reason)


def hand_over(store: Store, flow_run_id: UUID, *, reason: str) -> None:
    """Take a run away from this process, which is about to end, and have it started elsewhere."""
    release(store, flow_run_id, event="handed over", reason=reason)
    run = prefect_runs.read(flow_run_id)
    if run is not None and run.state in (RunState.PENDING, RunState.RUNNING):
        prefect_runs.restart(flow_run_id, reason=reason)


def stop_delivery(session: Session, row: ExecutionRow) -> None:
    """Stop further delivery attempts of a confirmed execution; a retry takes them up again."""
    # whoever is delivering loses the lease, and with it the right to send
    row.lease_owner = row.lease_expires_at = None
    set_failure(
        session,
        row,
        code="canceled",
        explanation="Further deliveries were canceled; a retry sends what is missing.",
    )


def retry(store: Store, execution_id: UUID, *, by: str | None = None) -> Execution:
    """Go on from where an execution failed: only what is missing is done.

    Raises:
        TransitionNotAllowedError: the execution has not failed.
    """
    with store.database.transaction() as session:
        row = locked(session, execution_id)
        waits_for_review = row.status == Status.PENDING_REVIEW
        if row.failure_code is None or waits_for_review or row.status == Status.CANCELED:
            hint = "approve or cancel it" if waits_for_review else "there is nothing to retry"
            raise TransitionNotAllowedError(f"Execution {row.number} is {row.status}: {hint}.")
        take_up_again(session, row, by=by)
        flow_run_id = row.flow_run_id
    with store.database.reading() as session:
        execution = executions.get(session, execution_id)
    run = prefect_runs.read(flow_run_id) if flow_run_id else None
    if run is None:
        start(store, execution)
    elif run.state.is_over:
        prefect_runs.restart(run.id, reason="Retried by a person.")
    return execution


def deliver_now(store: Store, execution_id: UUID, *, by: str | None = None) -> Execution:
    """Deliver what was confirmed while the caller waits: one call to each destination left.

    Raises:
        TransitionNotAllowedError: it is not CONFIRMED, or its agent has no destinations.
        LeaseLostError: a run is delivering at this moment.
        DeliveryFailedError: at least one destination has not got the data.
    """
    with _confirmed(store, execution_id) as lease:
        with store.database.transaction() as session:
            row = locked(session, execution_id, lease=lease)
            if executions.destination_count(session, execution_id) == 0:
                raise TransitionNotAllowedError(
                    f"Execution {row.number} has no data destinations: it ends at CONFIRMED."
                )
            if row.failure_code is not None:
                take_up_again(session, row, by=by)
        once = store.settings.model_copy(update={"delivery_attempts": 1})
        try:
            deliver_all(store, lease, settings=once)
        except DeliveryFailedError as error:
            with store.database.transaction() as session:
                row = locked(session, execution_id, lease=lease)
                set_failure(session, row, code=error.code, explanation=str(error))
            raise
    with store.database.reading() as session:
        return executions.get(session, execution_id)


def record_deliveries(
    store: Store, execution_id: UUID, made: Sequence[MadeElsewhere], *, by: str | None = None
) -> Execution:
    """Note deliveries of confirmed data that were made elsewhere: the data is delivered.

    Raises:
        TransitionNotAllowedError: the execution is not CONFIRMED.
        LeaseLostError: a run is delivering at this moment.
    """
    with _confirmed(store, execution_id) as lease, store.database.transaction() as session:
        deliveries.record_elsewhere(session, lease, made, by=by)
        return executions.get(session, execution_id)


@contextmanager
def _confirmed(store: Store, execution_id: UUID) -> Iterator[Lease]:
    """The lease on an execution that is CONFIRMED."""

    def check() -> None:
        with store.database.reading() as session:
            execution = executions.get(session, execution_id)
        if execution.status is not Status.CONFIRMED:
            raise TransitionNotAllowedError(
                f"Execution {execution.number} is {execution.status}; only one that is CONFIRMED"
                f" can become {Status.DELIVERED_TO_DESTINATION}."
            )

    check()  # whoever asks too early or too late takes no lease from a run at work
    with held(store.database, execution_id, seconds=store.settings.lease_seconds) as lease:
        check()
        yield lease


def take_up_again(session: Session, row: ExecutionRow, *, by: str | None) -> None:
    """Forget a failure, so that the next attempt does what is missing."""
    leave_trail(session, row, "retry", by=by, note=f"after {row.failure_code}")
    clear_failure(row)
    deliveries.reopen(session, row.id)
    recorded = executions.iterations(session, row.id)
    row.forgiven = recorded[-1].number if recorded else 0
    row.deaths = 0
    row.settled = False
