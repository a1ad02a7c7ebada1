"""Evaluations in the database: each case as soon as it is read, the report at the end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from signoff.errors import NotFoundError
from signoff.executions.agents import JsonObject
from signoff.executions.models import AgentRevision
from signoff.storage.database import insert
from signoff.storage.tables import EvaluationCaseRow, EvaluationRow


@dataclass(frozen=True)
class Evaluation:
    """One evaluation; ``report`` is ``None`` until it has come to its end."""

    id: UUID
    number: int
    agent_id: UUID
    agent_revision: int
    folder: str
    started_at: datetime
    report: JsonObject | None


def begin(
    session: Session, revision: AgentRevision, *, folder: str, id: UUID | None = None
) -> Evaluation:
    """A new evaluation; the one that has this ``id`` when it was begun before."""
    known = session.scalar(select(EvaluationRow).where(EvaluationRow.id == id)) if id else None
    if known is None:
        known = EvaluationRow(
            id=id or uuid4(),
            agent_id=revision.agent_id,
            agent_revision=revision.revision,
            folder=folder,
            started_at=datetime.now(UTC),
        )
        session.add(known)
        session.flush()
    return _record(known)


def add_case(session: Session, evaluation_id: UUID, *, name: str, result: JsonObject) -> None:
    """Record what came of a case; of two that read it at once, the first one counts."""
    session.execute(
        insert(session, EvaluationCaseRow)
        .values(evaluation_id=evaluation_id, name=name, result=result)
        .on_conflict_do_nothing()
    )


def finish(session: Session, evaluation_id: UUID, report: JsonObject) -> None:
    """Record the report."""
    row = session.scalars(select(EvaluationRow).where(EvaluationRow.id == evaluation_id)).one()
    row.report, row.finished_at = report, datetime.now(UTC)


def cases(session: Session, evaluation_id: UUID) -> list[JsonObject]:
    """What came of the cases so far, by name."""
    rows = session.scalars(
        select(EvaluationCaseRow)
        .where(EvaluationCaseRow.evaluation_id == evaluation_id)
        .order_by(EvaluationCaseRow.name)
    )
    return [row.result for row in rows]


def earlier(session: Session, evaluation: Evaluation) -> Evaluation | None:
    """The last finished evaluation of the same agent on the same folder before this one."""
    row = session.scalars(
        select(EvaluationRow)
        .where(
            EvaluationRow.agent_id == evaluation.agent_id,
            EvaluationRow.folder == evaluation.folder,
            EvaluationRow.number < evaluation.number,
            EvaluationRow.finished_at.is_not(None),
        )
        .order_by(EvaluationRow.number.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else _record(row)


def get(session: Session, number: int) -> Evaluation:
    """The evaluation with this number.

    Raises:
        NotFoundError: there is none, or it has not come to its end.
    """
    row = session.get(EvaluationRow, number)
    if row is None or row.report is None:
        raise NotFoundError(f"There is no finished evaluation {number}.")
    return _record(row)


def _record(row: EvaluationRow) -> Evaluation:
    return Evaluation(
        id=row.id,
        number=row.number,
        agent_id=row.agent_id,
        agent_revision=row.agent_revision,
        folder=row.folder,
        started_at=row.started_at,
        report=row.report,
    )
