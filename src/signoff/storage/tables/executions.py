"""Executions, and what happened to them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Computed,
    ForeignKey,
    Index,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from signoff.executions.phases import PHASE_SQL
from signoff.storage.plain_values import Label, PlainString, PlainText
from signoff.storage.tables.agents import AgentRow
from signoff.storage.tables.base import NEVER_REUSED, Base, Number


class ExecutionRow(Base):
    """One execution: state, data, lease, failure, sums."""

    __tablename__ = "executions"
    __table_args__ = (
        Index("ix_executions_newest", "updated_at", "number"),
        Index("ix_executions_by_update", "workspace_id", "updated_at", "number"),
        Index("ix_executions_by_agent", "agent_id", "updated_at", "number"),
        Index("ix_executions_by_status", "status", "updated_at", "number"),
        Index("ix_executions_by_status_there", "workspace_id", "status", "updated_at", "number"),
        Index("ix_executions_by_agent_status", "agent_id", "status", "updated_at", "number"),
        Index("ix_executions_by_creation", "workspace_id", "number"),
        Index("ix_executions_by_agent_creation", "agent_id", "number"),
        Index("ix_executions_by_phase", "workspace_id", "phase", "number"),
        Index("ix_executions_by_agent_phase", "agent_id", "phase", "number"),
        Index("ix_executions_settled", "settled", "number"),
        NEVER_REUSED,
    )

    number: Mapped[int] = mapped_column(Number, primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True)
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id"))
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"))
    agent_revision: Mapped[int]
    status: Mapped[str] = mapped_column(PlainString(32))

    input_data: Mapped[dict[str, Any] | None]
    additional_instructions: Mapped[str] = mapped_column(PlainText, default="")
    execution_type: Mapped[str | None] = mapped_column(PlainString(64))
    trigger: Mapped[str] = mapped_column(PlainString(16))
    triggered_by: Mapped[str | None] = mapped_column(Label(200))
    context: Mapped[dict[str, Any]]

    documents: Mapped[list[Any] | None]
    extraction: Mapped[dict[str, Any] | None]
    confirmed: Mapped[dict[str, Any] | None]
    data_revision: Mapped[int] = mapped_column(default=0)
    review_round: Mapped[int] = mapped_column(default=0)
    review_problems: Mapped[list[Any] | None]

    failure_code: Mapped[str | None] = mapped_column(Label(64))
    failure_explanation: Mapped[str | None] = mapped_column(PlainText)
    failed_at: Mapped[datetime | None]

    flow_run_id: Mapped[UUID | None] = mapped_column(unique=True)
    lease_owner: Mapped[UUID | None]
    lease_expires_at: Mapped[datetime | None]
    attempt: Mapped[int] = mapped_column(default=0)
    # attempts in a row that died without saying why; a finished step sets it back
    deaths: Mapped[int] = mapped_column(default=0)
    # the last iteration of tries that failed and that a person has restarted since
    forgiven: Mapped[int] = mapped_column(default=0)
    # reconciliation need not look again by itself: execution and flow run are both at their end,
    # or an open review waits for its answer
    settled: Mapped[bool] = mapped_column(default=False)

    # for lists only: a record computes its own
    phase: Mapped[str] = mapped_column(PlainString(16), Computed(PHASE_SQL), deferred=True)

    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    agent: Mapped[AgentRow] = relationship(lazy="joined", innerjoin=True)
    files: Mapped[list[FileRow]] = relationship(
        order_by="FileRow.position", lazy="selectin", viewonly=True
    )
    iterations: Mapped[list[IterationRow]] = relationship(
        order_by="IterationRow.number", lazy="select", viewonly=True
    )


class FileRow(Base):
    """An input file of an execution."""

    __tablename__ = "files"
    __table_args__ = (UniqueConstraint("execution_id", "position"), NEVER_REUSED)

    number: Mapped[int] = mapped_column(Number, primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True)
    execution_id: Mapped[UUID] = mapped_column(ForeignKey("executions.id"))
    position: Mapped[int]
    name: Mapped[str] = mapped_column(Label(255))
    media_type: Mapped[str] = mapped_column(PlainString(100))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(PlainString(64), index=True)


class ParsedFileRow(Base):
    """A file that has been parsed; its pages lie in the file store under ``key``."""

    __tablename__ = "parsed_files"

    key: Mapped[str] = mapped_column(PlainString(64), primary_key=True)
    manifest: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class StepRow(Base):
    """One step of one attempt: when it ran and how it ended."""

    __tablename__ = "steps"
    __table_args__ = (Index("ix_steps_execution_id", "execution_id"), NEVER_REUSED)

    number: Mapped[int] = mapped_column(Number, primary_key=True)
    execution_id: Mapped[UUID] = mapped_column(ForeignKey("executions.id"))
    name: Mapped[str] = mapped_column(PlainString(32))
    attempt: Mapped[int]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(PlainText)


class IterationRow(Base):
    """One turn of the extraction loop, as a JSON record."""

    __tablename__ = "iterations"

    execution_id: Mapped[UUID] = mapped_column(ForeignKey("executions.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    record: Mapped[dict[str, Any]]
    model: Mapped[str] = mapped_column(Label(200))
    prompt_tokens: Mapped[int]
    completion_tokens: Mapped[int]
    cost: Mapped[Decimal | None]


class ReviewAnswerRow(Base):
    """One answer to a review round: the trail keeps the refused and superseded ones too."""

    __tablename__ = "review_answers"
    __table_args__ = (Index("ix_review_answers_execution_id", "execution_id", "answered_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    execution_id: Mapped[UUID] = mapped_column(ForeignKey("executions.id"))
    round: Mapped[int]
    data_revision: Mapped[int]
    decision: Mapped[str] = mapped_column(PlainString(16))
    data: Mapped[dict[str, Any] | None]
    comment: Mapped[str] = mapped_column(PlainText)
    source: Mapped[str] = mapped_column(PlainString(16))
    answered_by: Mapped[str | None] = mapped_column(Label(200))
    answered_at: Mapped[datetime]
    outcome: Mapped[str] = mapped_column(PlainString(16))
    reason: Mapped[str] = mapped_column(PlainText, default="")


class FieldChangeRow(Base):
    """One value a reviewer changed."""

    __tablename__ = "field_changes"
    __table_args__ = (Index("ix_field_changes_execution_id", "execution_id"), NEVER_REUSED)

    number: Mapped[int] = mapped_column(Number, primary_key=True)
    execution_id: Mapped[UUID] = mapped_column(ForeignKey("executions.id"))
    change: Mapped[dict[str, Any]]


class DeliveryRow(Base):
    """One destination's delivery; its id is the webhook-id."""

    __tablename__ = "deliveries"
    __table_args__ = (UniqueConstraint("execution_id", "position"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    execution_id: Mapped[UUID] = mapped_column(ForeignKey("executions.id"))
    position: Mapped[int]
    type: Mapped[str] = mapped_column(PlainString(16))
    status: Mapped[str] = mapped_column(PlainString(16))
    schedule_id: Mapped[str | None] = mapped_column(Label(200))

    attempts: Mapped[list[DeliveryAttemptRow]] = relationship(
        order_by="DeliveryAttemptRow.number", lazy="selectin", viewonly=True
    )


class DeliveryAttemptRow(Base):
    """One call to a destination."""

    __tablename__ = "delivery_attempts"

    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("deliveries.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    status_code: Mapped[int | None]
    headers: Mapped[dict[str, Any]]
    body: Mapped[str] = mapped_column(PlainText, default="")
    seconds: Mapped[float | None]
    error: Mapped[str | None] = mapped_column(PlainText)


class TrailRow(Base):
    """What happened to an execution, in order."""

    __tablename__ = "trail"
    __table_args__ = (Index("ix_trail_execution_id", "execution_id"), NEVER_REUSED)

    number: Mapped[int] = mapped_column(Number, primary_key=True)
    execution_id: Mapped[UUID] = mapped_column(ForeignKey("executions.id"))
    at: Mapped[datetime]
    event: Mapped[str] = mapped_column(PlainString(32))
    from_status: Mapped[str | None] = mapped_column(PlainString(32))
    to_status: Mapped[str | None] = mapped_column(PlainString(32))
    by: Mapped[str | None] = mapped_column(Label(200))
    note: Mapped[str] = mapped_column(PlainText, default="")
