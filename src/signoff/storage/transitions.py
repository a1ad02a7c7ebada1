"""The one function that changes an execution's state."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from signoff.errors import TransitionNotAllowedError
from signoff.executions.failures import Failure
from signoff.executions.states import Status
from signoff.storage.tables import EventRow, ExecutionRow, TrailRow


def transition(
    session: Session, row: ExecutionRow, target: Status, *, by: str | None = None, note: str = ""
) -> None:
    """Move an execution (its row locked by the caller) to ``target``, in this transaction.

    A step forward clears a failure: what failed has been overcome. The trail keeps both.

    Raises:
        TransitionNotAllowedError: the table does not allow the step.
    """
    current = Status(row.status)
    if not current.may_become(target):
        raise TransitionNotAllowedError(
            f"Execution {row.number} is {current}; it cannot become {target}."
        )
    now = datetime.now(UTC)
    row.status = target
    row.updated_at = now
    row.settled = False
    if target != current:
        clear_failure(row)
        announce(session, row)
    if target in (Status.CONFIRMED, Status.CANCELED):
        row.finished_at = now
    leave_trail(session, row, "transition", from_status=current, to_status=target, by=by, note=note)


def announce(session: Session, row: ExecutionRow) -> None:
    """Have Prefect told of the state that the execution has reached."""
    session.add(EventRow(execution_id=row.id, status=row.status, at=datetime.now(UTC)))


def set_failure(session: Session, row: ExecutionRow, *, code: str, explanation: str) -> Failure:
    """Record why the execution stays where it is."""
    now = datetime.now(UTC)
    row.failure_code, row.failure_explanation, row.failed_at = code, explanation, now
    row.updated_at = now
    leave_trail(session, row, "failure", note=f"{code}: {explanation}")
    return Failure(code=code, explanation=explanation, at=now)


def clear_failure(row: ExecutionRow) -> None:
    """Forget the failure: a retry or a step forward overcame it."""
    row.failure_code = row.failure_explanation = row.failed_at = None


def leave_trail(
    session: Session,
    row: ExecutionRow,
    event: str,
    *,
    from_status: Status | None = None,
    to_status: Status | None = None,
    by: str | None = None,
    note: str = "",
) -> None:
    """Add an entry to the execution's trail."""
    session.add(
        TrailRow(
            execution_id=row.id,
            at=datetime.now(UTC),
            event=event,
            from_status=from_status,
            to_status=to_status,
            by=by,
            note=note,
        )
    )
