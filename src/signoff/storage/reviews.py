"""Review rounds and answers: who answered what, which answer counted, what was changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from signoff.errors import AnswerRefusedError, NotFoundError, TransitionNotAllowedError
from signoff.executions.agents import JsonObject
from signoff.executions.extractions import CheckResult, Extraction
from signoff.executions.models import AnswerOutcome, Decision, FieldChange, ReviewAnswer
from signoff.executions.pointers import enclosing
from signoff.executions.scalars import changed
from signoff.executions.states import Status
from signoff.storage import records
from signoff.storage.leases import locked
from signoff.storage.tables import ExecutionRow, FieldChangeRow, ReviewAnswerRow
from signoff.storage.transitions import transition


def submit(
    session: Session,
    execution_id: UUID,
    *,
    decision: Decision,
    data: JsonObject | None,
    comment: str,
    source: Literal["form", "cli", "http"],
    answered_by: str | None,
    answer_id: UUID | None = None,
    data_revision: int | None = None,
) -> ReviewAnswer:
    """Record an answer to the open review round; it counts once :func:`accept` says so.

    An answer whose id is recorded already is that one, whatever became of it.

    Raises:
        AnswerRefusedError: the execution waits for no review.
    """
    row = locked(session, execution_id)
    existing = session.get(ReviewAnswerRow, answer_id) if answer_id else None
    if existing is not None:
        if existing.execution_id != execution_id:
            raise AnswerRefusedError(f"The answer {answer_id} is one to another execution.")
        return records.review_answer(existing)
    if row.status != Status.PENDING_REVIEW:
        raise AnswerRefusedError(
            f"Execution {row.number} is {row.status}: it waits for no review (any more)."
        )
    answer = ReviewAnswerRow(
        id=answer_id or uuid4(),
        execution_id=execution_id,
        round=row.review_round,
        data_revision=row.data_revision if data_revision is None else data_revision,
        decision=decision,
        data=data,
        comment=comment,
        source=source,
        answered_by=answered_by,
        answered_at=datetime.now(UTC),
        outcome=AnswerOutcome.PENDING,
        reason="",
    )
    session.add(answer)
    row.settled = False
    session.flush()
    return records.review_answer(answer)


def accept(session: Session, answer_id: UUID, *, changes: list[FieldChange]) -> None:
    """Let an answer count: the state changes, other open answers are superseded.

    Accepting an accepted answer again does nothing.

    Raises:
        AnswerRefusedError: another answer counted first, the data was edited since, or there is
            none to confirm.
    """
    answer, row = _locked(session, answer_id)
    if answer.outcome == AnswerOutcome.ACCEPTED:
        return
    if answer.outcome != AnswerOutcome.PENDING or row.status != Status.PENDING_REVIEW:
        raise AnswerRefusedError(answer.reason or _too_late(row))
    if answer.decision == Decision.CONFIRM:
        _check_data(answer, row)
    answer.outcome = AnswerOutcome.ACCEPTED
    if answer.decision == Decision.CANCEL:
        transition(session, row, Status.CANCELED, by=answer.answered_by, note=_note(answer))
    else:
        row.confirmed = answer.data
        for change in changes:
            session.add(FieldChangeRow(execution_id=row.id, change=change.model_dump(mode="json")))
        transition(session, row, Status.CONFIRMED, by=answer.answered_by, note=_note(answer))
    supersede(session, row)


def refuse(session: Session, answer_id: UUID, *, reason: str, problems: list[str] | None) -> None:
    """Refuse an answer. With ``problems`` a new round begins that shows them above its form."""
    answer, row = _locked(session, answer_id)
    if answer.outcome != AnswerOutcome.PENDING:
        return
    answer.outcome, answer.reason = AnswerOutcome.REFUSED, reason
    if problems is not None:
        reopen(session, row.id, problems=problems)


def reopen(session: Session, execution_id: UUID, *, problems: list[str]) -> None:
    """Begin a new round of an open review; ``problems`` stand above its form."""
    row = locked(session, execution_id)
    if row.status == Status.PENDING_REVIEW:
        row.review_round += 1
        row.review_problems = problems
        row.updated_at = datetime.now(UTC)


def supersede(session: Session, row: ExecutionRow) -> None:
    """Mark every answer still open as overtaken by the one that counted."""
    for answer in session.scalars(
        select(ReviewAnswerRow).where(
            ReviewAnswerRow.execution_id == row.id,
            ReviewAnswerRow.outcome == AnswerOutcome.PENDING,
        )
    ):
        answer.outcome, answer.reason = AnswerOutcome.SUPERSEDED, _too_late(row)


def edit(
    session: Session,
    execution_id: UUID,
    data: JsonObject,
    *,
    by: str | None,
    checks: Sequence[CheckResult] = (),
) -> int:
    """Replace the extracted data while it is in review; returns its new revision.

    A form that was opened before shows the old revision and is refused. What was found out about
    values that are others now is taken away: where they stand, how sure they are.

    Args:
        session: the transaction.
        execution_id: which execution.
        data: what replaces it.
        by: who edits.
        checks: what the agent's checks say of ``data``.

    Raises:
        TransitionNotAllowedError: the execution is not in review.
    """
    row = locked(session, execution_id)
    if row.status != Status.PENDING_REVIEW:  # the table lets an extraction become a review, too
        raise TransitionNotAllowedError(
            f"Execution {row.number} is {row.status}; only data in review can be edited."
        )
    transition(session, row, Status.PENDING_REVIEW, by=by, note="edited")
    extraction = Extraction.model_validate(row.extraction)
    # confidence is learnt from what was read and its signals, not from what a person made of it
    as_read = extraction.data if extraction.as_read is None else extraction.as_read
    others = changed(extraction.data, data)
    around = {pointer for other in others for pointer in enclosing(other)}
    edited = extraction.model_copy(
        update={
            "data": data,
            "as_read": as_read,
            "confidence": {
                at: score for at, score in extraction.confidence.items() if at not in others
            },
            "evidence": {
                at: place for at, place in extraction.evidence.items() if at not in others
            },
            "ungrounded": [at for at in extraction.ungrounded if at not in others],
            "disagreements": [at for at in extraction.disagreements if at.pointer not in around],
            "checks": list(checks),
        }
    )
    row.extraction = edited.model_dump(mode="json", exclude_defaults=True)
    row.data_revision += 1
    return row.data_revision


def get(session: Session, answer_id: UUID) -> ReviewAnswer:
    """One answer.

    Raises:
        NotFoundError: there is none.
    """
    return records.review_answer(_row(session, answer_id))


def find(session: Session, execution_id: UUID, answer_id: str) -> ReviewAnswer | None:
    """An answer to this execution's review, if that is what the id names."""
    found = (answer for answer in answers(session, execution_id) if str(answer.id) == answer_id)
    return next(found, None)


def answers(session: Session, execution_id: UUID) -> list[ReviewAnswer]:
    """All answers to an execution's reviews, oldest first."""
    rows = session.scalars(
        select(ReviewAnswerRow)
        .where(ReviewAnswerRow.execution_id == execution_id)
        .order_by(ReviewAnswerRow.answered_at, ReviewAnswerRow.id)
    )
    return [records.review_answer(row) for row in rows]


def pending(session: Session, execution_id: UUID) -> ReviewAnswer | None:
    """The oldest answer that has neither counted nor been refused."""
    still_open = (
        answer
        for answer in answers(session, execution_id)
        if answer.outcome is AnswerOutcome.PENDING
    )
    return next(still_open, None)


def problems(session: Session, execution_id: UUID) -> list[str]:
    """What was wrong with the last answer: shown above the form of the open round.

    Raises:
        NotFoundError: there is no such execution.
    """
    found = session.execute(
        select(ExecutionRow.review_problems).where(ExecutionRow.id == execution_id)
    ).one_or_none()
    if found is None:
        raise NotFoundError(f"There is no execution {execution_id}.")
    return found.review_problems or []


def changes(session: Session, execution_id: UUID) -> list[FieldChange]:
    """What the reviewer changed, field by field."""
    rows = session.scalars(
        select(FieldChangeRow)
        .where(FieldChangeRow.execution_id == execution_id)
        .order_by(FieldChangeRow.number)
    )
    return [FieldChange.model_validate(row.change) for row in rows]


def _row(session: Session, answer_id: UUID) -> ReviewAnswerRow:
    row = session.get(ReviewAnswerRow, answer_id, populate_existing=True)
    if row is None:
        raise NotFoundError(f"There is no answer {answer_id}.")
    return row


def _locked(session: Session, answer_id: UUID) -> tuple[ReviewAnswerRow, ExecutionRow]:
    """An answer, read once its execution's row is locked: nobody changes it meanwhile."""
    answer = _row(session, answer_id)
    row = locked(session, answer.execution_id)
    session.refresh(answer)
    return answer, row


def _check_data(answer: ReviewAnswerRow, row: ExecutionRow) -> None:
    if not answer.data:
        raise AnswerRefusedError("The answer holds no data; confirmed data is never empty.")
    if answer.data_revision != row.data_revision:
        raise AnswerRefusedError(
            f"The answer is to revision {answer.data_revision} of the data, which was edited"
            f" meanwhile (revision {row.data_revision}): look at it again."
        )


def _too_late(row: ExecutionRow) -> str:
    return f"Another answer came first: execution {row.number} is {row.status}."


def _note(answer: ReviewAnswerRow) -> str:
    return f"{answer.source}: {answer.comment}" if answer.comment else answer.source
