"""What is known of models, and of how good agents are."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from signoff.storage.plain_values import Label, PlainText
from signoff.storage.tables.base import NEVER_REUSED, Base, Number


class ModelServerRow(Base):
    """What is known of one model at one server, for all runs on all machines.

    ``capabilities`` was learnt from what it refused; ``paused_until`` is when a rate limit ends.
    """

    __tablename__ = "model_servers"

    base_url: Mapped[str] = mapped_column(Label(500), primary_key=True)
    model: Mapped[str] = mapped_column(Label(200), primary_key=True)
    capabilities: Mapped[dict[str, Any] | None]
    learnt_at: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]


class CalibrationRow(Base):
    """A confidence model fitted on an agent's reviews; the newest one is used."""

    __tablename__ = "calibrations"
    __table_args__ = (Index("ix_calibrations_agent_id", "agent_id", "number"), NEVER_REUSED)

    number: Mapped[int] = mapped_column(Number, primary_key=True)
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"))
    fitted_at: Mapped[datetime]
    model: Mapped[dict[str, Any]]
    report: Mapped[dict[str, Any]]


class EvaluationRow(Base):
    """One evaluation of an agent's revision on a folder of documents with expected data."""

    __tablename__ = "evaluations"
    __table_args__ = (Index("ix_evaluations_agent_id", "agent_id", "number"), NEVER_REUSED)

    number: Mapped[int] = mapped_column(Number, primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True)
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"))
    agent_revision: Mapped[int]
    folder: Mapped[str] = mapped_column(PlainText)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    report: Mapped[dict[str, Any] | None]


class EvaluationCaseRow(Base):
    """What came of one case of an evaluation, written as soon as it is known."""

    __tablename__ = "evaluation_cases"

    evaluation_id: Mapped[UUID] = mapped_column(ForeignKey("evaluations.id"), primary_key=True)
    name: Mapped[str] = mapped_column(Label(500), primary_key=True)
    result: Mapped[dict[str, Any]]
