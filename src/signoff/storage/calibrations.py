"""Confidence models fitted on an agent's reviews, and the reviews that they are fitted on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from signoff.executions.agents import JsonObject
from signoff.executions.extractions import Extraction
from signoff.executions.models import AnswerOutcome, Decision
from signoff.storage.tables import CalibrationRow, ExecutionRow, ReviewAnswerRow

MAX_EXECUTIONS = 1000
"""Reviews that a fit looks at, the newest ones: what documents look like changes with time."""


@dataclass(frozen=True)
class Calibration:
    """A fitted model (its weights, as plain JSON) and how good it was when it was fitted."""

    number: int
    agent_id: UUID
    fitted_at: datetime
    model: JsonObject
    report: JsonObject


@dataclass(frozen=True)
class Review:
    """What was read, and what a person made of it."""

    execution_id: UUID
    extraction: Extraction
    confirmed: JsonObject


def save(session: Session, agent_id: UUID, *, model: JsonObject, report: JsonObject) -> Calibration:
    """Keep a fitted model; from now on it is the agent's."""
    row = CalibrationRow(agent_id=agent_id, fitted_at=datetime.now(UTC), model=model, report=report)
    session.add(row)
    session.flush()
    return _record(row)


def newest(session: Session, agent_id: UUID) -> Calibration | None:
    """The agent's model, if one was ever fitted."""
    row = session.scalars(
        select(CalibrationRow)
        .where(CalibrationRow.agent_id == agent_id)
        .order_by(CalibrationRow.number.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else _record(row)


def reviews_of(session: Session, agent_id: UUID) -> list[Review]:
    """What people confirmed of this agent's data, the newest first.

    What a policy signed off says nothing of what a person would have left, and what was canceled
    nothing of single values.
    """
    rows = session.execute(
        select(ExecutionRow.id, ExecutionRow.extraction, ExecutionRow.confirmed)
        .join(ReviewAnswerRow, ReviewAnswerRow.execution_id == ExecutionRow.id)
        .where(
            ExecutionRow.agent_id == agent_id,
            ReviewAnswerRow.outcome == AnswerOutcome.ACCEPTED,
            ReviewAnswerRow.decision == Decision.CONFIRM,
            ReviewAnswerRow.source != "policy",
            ExecutionRow.extraction.is_not(None),
            ExecutionRow.confirmed.is_not(None),
        )
        .order_by(ReviewAnswerRow.answered_at.desc(), ExecutionRow.number.desc())
        .limit(MAX_EXECUTIONS)
    )
    return [
        Review(row.id, Extraction.model_validate(row.extraction), row.confirmed) for row in rows
    ]


def _record(row: CalibrationRow) -> Calibration:
    return Calibration(
        number=row.number,
        agent_id=row.agent_id,
        fitted_at=row.fitted_at,
        model=row.model,
        report=row.report,
    )
