"""The database's tables. Rows never leave this package: callers get records (models).

Migrations in ``migrations/`` must lead to exactly these; a test compares the two.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    Computed,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Numeric,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

from signoff.executions.phases import PHASE_SQL
from signoff.storage.plain_values import Label, PlainString, PlainText


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in UTC, also on SQLite, which forgets the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times; store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give UTC back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Naming every constraint lets migrations change them on SQLite too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        datetime: UtcDateTime,
        dict[str, Any]: JSON(none_as_null=True),
        list[Any]: JSON(none_as_null=True),
        UUID: Uuid,
        Decimal: Numeric(18, 9),
    }


# SQLite counts up by itself only in a column that is INTEGER PRIMARY KEY.
Number = BigInteger().with_variant(Integer, "sqlite")
NEVER_REUSED = {"sqlite_autoincrement": True}


class WorkspaceRow(Base):
    """A tenant: agents, executions and tokens belong to exactly one."""

    __tablename__ = "workspaces"
    __table_args__ = (NEVER_REUSED,)

    number: Mapped[int] = mapped_column(Number, primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(PlainString(64), unique=True)
    created_at: Mapped[datetime]


class AgentRow(Base):
    """What all revisions of an agent share; ``name`` and ``status`` follow the newest."""

    __tablename__ = "agents"
    __table_args__ = (
        UniqueConstraint("workspace_id", "name"),
        Index("ix_agents_by_update", "workspace_id", "updated_at", "number"),
        NEVER_REUSED,
    )

    number: Mapped[int] = mapped_column(Number, primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True)
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id"))
    name: Mapped[str] = mapped_column(PlainString(64))
    status: Mapped[str] = mapped_column(PlainString(16))
    revision: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class AgentRevisionRow(Base):
    """One immutable revision; secrets inside ``definition`` are encrypted."""

    __tablename__ = "agent_revisions"

    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    definition: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


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
    # execution and flow run are both at their end: reconciliation need not look again
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


class EventRow(Base):
    """A change of state that Prefect has not been told of yet; deleted once it has."""

    __tablename__ = "events"
    __table_args__ = (NEVER_REUSED,)

    number: Mapped[int] = mapped_column(Number, primary_key=True)
    execution_id: Mapped[UUID] = mapped_column(ForeignKey("executions.id"))
    status: Mapped[str] = mapped_column(PlainString(32))
    at: Mapped[datetime]


class TokenRow(Base):
    """A key to one workspace over HTTP, known by the SHA-256 of its text only."""

    __tablename__ = "tokens"
    __table_args__ = (NEVER_REUSED,)

    number: Mapped[int] = mapped_column(Number, primary_key=True)
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id"))
    name: Mapped[str] = mapped_column(Label(200))
    digest: Mapped[str] = mapped_column(PlainString(64), unique=True)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    workspace: Mapped[WorkspaceRow] = relationship(lazy="joined", innerjoin=True)


class IdempotencyKeyRow(Base):
    """An ``Idempotency-Key`` that was used, and the answer once there is one.

    ``execution_id`` is the execution that is (being) started under it; until ``busy_until``
    whoever works on the answer is taken to be alive.
    """

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("ix_idempotency_keys_created_at", "created_at"),)

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id"), primary_key=True)
    key: Mapped[str] = mapped_column(PlainString(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(PlainString(64))
    execution_id: Mapped[UUID]
    status_code: Mapped[int | None]
    body: Mapped[str | None] = mapped_column(PlainText)
    created_at: Mapped[datetime]
    busy_until: Mapped[datetime]


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


class InboxRow(Base):
    """An inbox folder: the id lies in the folder, so that every machine finds the same one."""

    __tablename__ = "inboxes"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    folder: Mapped[str] = mapped_column(PlainText)
    created_at: Mapped[datetime]


class InboxItemRow(Base):
    """A file or subfolder that an inbox has claimed, from then to the report.

    ``id`` is also the id of the execution that it becomes. ``execution_id`` is set with it, in
    the same transaction; a duplicate's is the earlier one.
    """

    __tablename__ = "inbox_items"
    __table_args__ = (
        Index("ix_inbox_items_content", "inbox_id", "content"),
        Index("ix_inbox_items_filed", "inbox_id", "filed_at"),
        Index("ix_inbox_items_created", "inbox_id", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    inbox_id: Mapped[UUID] = mapped_column(ForeignKey("inboxes.id"))
    name: Mapped[str] = mapped_column(Label(255))
    status: Mapped[str] = mapped_column(PlainString(16))
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id"))
    content: Mapped[str | None] = mapped_column(PlainString(64))
    execution_id: Mapped[UUID | None] = mapped_column(ForeignKey("executions.id"))
    reason: Mapped[str] = mapped_column(PlainText, default="")
    # where in the folder it is put, decided before it is moved; names need not be UTF-8
    place: Mapped[bytes | None]
    filed_at: Mapped[datetime | None]
    # until then the run that works on it is taken to be alive
    busy_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class GuardRow(Base):
    """A named lease that one process at a time holds: reconciliation, an inbox."""

    __tablename__ = "guards"

    name: Mapped[str] = mapped_column(PlainString(200), primary_key=True)
    owner: Mapped[UUID]
    expires_at: Mapped[datetime]
