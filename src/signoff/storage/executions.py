"""Executions in the database: creating, reading, and recording what each step found."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID, uuid4

from sqlalchemy import delete, select
from sqlalchemy.orm import InstrumentedAttribute, Session, selectinload

from signoff.errors import AgentNotRunnableError, NotFoundError
from signoff.executions.agents import AgentStatus, JsonObject
from signoff.executions.extractions import Extraction, Iteration
from signoff.executions.models import AgentRevision, Delivery, Execution, TrailEntry, Trigger
from signoff.executions.states import Status
from signoff.storage import records
from signoff.storage.database import insert
from signoff.storage.leases import Lease, locked
from signoff.storage.tables import (
    AgentRevisionRow,
    DeliveryRow,
    EventRow,
    ExecutionRow,
    FileRow,
    IterationRow,
    TrailRow,
)
from signoff.storage.transitions import announce, leave_trail, transition

_V = TypeVar("_V")


@dataclass(frozen=True)
class NewFile:
    """A checked input file whose bytes are in the file store."""

    name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True)
class NewExecution:
    """What an execution is created from. ``input_data`` has its defaults filled in."""

    revision: AgentRevision
    trigger: Trigger
    triggered_by: str | None = None
    input_data: JsonObject | None = None
    additional_instructions: str = ""
    execution_type: str | None = None
    context: JsonObject = field(default_factory=dict)
    id: UUID = field(default_factory=uuid4)
    flow_run_id: UUID | None = None


def create(session: Session, new: NewExecution) -> ExecutionRow:
    """A new execution, waiting for its inputs; locked until the transaction ends.

    A flow run is one execution: of two processes that run it at once (one was presumed dead),
    the second finds the first one's.

    Raises:
        AgentNotRunnableError: the agent is archived or has no data schema.
    """
    agent = new.revision.agent
    if agent.status is AgentStatus.ARCHIVED:
        raise AgentNotRunnableError(f"The agent {agent.name!r} is archived.")
    if agent.data_schema is None:
        raise AgentNotRunnableError(
            f"The agent {agent.name!r} has no data_schema yet; apply one that has."
        )
    now = datetime.now(UTC)
    created = session.scalar(
        insert(session, ExecutionRow)
        .values(
            id=new.id,
            workspace_id=new.revision.workspace_id,
            agent_id=new.revision.agent_id,
            agent_revision=new.revision.revision,
            status=Status.PENDING_INPUTS,
            input_data=new.input_data,
            additional_instructions=new.additional_instructions,
            execution_type=new.execution_type,
            trigger=new.trigger,
            triggered_by=new.triggered_by,
            context=new.context,
            flow_run_id=new.flow_run_id,
            created_at=now,
            updated_at=now,
        )
        .on_conflict_do_nothing()
        .returning(ExecutionRow.id)
    )
    if created is None:
        same_run = select(ExecutionRow.id).where(ExecutionRow.flow_run_id == new.flow_run_id)
        first = session.scalar(same_run) if new.flow_run_id is not None else None
        return locked(session, first or new.id)
    row = locked(session, new.id)
    leave_trail(session, row, "created", to_status=Status.PENDING_INPUTS, by=new.triggered_by)
    announce(session, row)
    return row


def add_inputs(session: Session, row: ExecutionRow, files: Sequence[NewFile]) -> None:
    """Record the stored files: all inputs are at hand now.

    Raises:
        TransitionNotAllowedError: they were at hand before.
    """
    transition(session, row, Status.PENDING_DATA_EXTRACTION, note=f"{len(files)} files")
    for position, file in enumerate(files):
        session.add(
            FileRow(
                id=uuid4(),
                execution_id=row.id,
                position=position,
                name=file.name,
                media_type=file.media_type,
                size=file.size,
                sha256=file.sha256,
            )
        )
    session.flush()


def discard(session: Session, execution_id: UUID) -> None:
    """Take back an execution whose inputs were refused; one that has its inputs stays."""
    row = locked(session, execution_id)
    if row.status != Status.PENDING_INPUTS or row.flow_run_id is not None:
        return
    for table in (TrailRow, EventRow):
        session.execute(delete(table).where(table.execution_id == execution_id))
    session.delete(row)


# -- reading --------------------------------------------------------------------------------


def get(session: Session, execution_id: UUID) -> Execution:
    """One execution.

    Raises:
        NotFoundError: there is none.
    """
    return _record(session, _row(session, ExecutionRow.id == execution_id, execution_id))


def find(session: Session, reference: str) -> Execution:
    """One execution by id, number, or the beginning of its id (8 characters or more).

    Raises:
        NotFoundError: none or several go by that.
    """
    if re.fullmatch("[0-9]{1,7}", reference):
        return _record(session, _row(session, ExecutionRow.number == int(reference), reference))
    prefix = reference.replace("-", "").lower()
    if not re.fullmatch("[0-9a-f]{8,32}", prefix):
        raise NotFoundError(f"{reference!r} is neither an execution's id nor its number.")
    low, high = UUID(prefix.ljust(32, "0")), UUID(prefix.ljust(32, "f"))
    rows = session.scalars(select(ExecutionRow).where(ExecutionRow.id.between(low, high))).all()
    if len(rows) != 1:
        many = "Several executions have" if rows else "There is no execution with"
        raise NotFoundError(f"{many} an id that starts with {reference!r}.")
    return _record(session, rows[0])


def by_flow_run(session: Session, flow_run_id: UUID) -> Execution | None:
    """The execution that this flow run is, if it is known already."""
    row = row_of_flow_run(session, flow_run_id)
    return None if row is None else _record(session, row)


def row_of_flow_run(session: Session, flow_run_id: UUID) -> ExecutionRow | None:
    """The row of the execution that this flow run is, if it is known already."""
    return session.scalars(
        select(ExecutionRow).where(ExecutionRow.flow_run_id == flow_run_id)
    ).one_or_none()


def newest(
    session: Session,
    *,
    statuses: Sequence[Status] = (),
    agent_id: UUID | None = None,
    limit: int = 100,
    skip: int = 0,
) -> list[Execution]:
    """Executions, the last updated first."""
    query = select(ExecutionRow).options(selectinload(ExecutionRow.iterations))
    if statuses:
        query = query.where(ExecutionRow.status.in_(statuses))
    if agent_id is not None:
        query = query.where(ExecutionRow.agent_id == agent_id)
    query = query.order_by(ExecutionRow.updated_at.desc(), ExecutionRow.number.desc())
    return [_record(session, row) for row in session.scalars(query.offset(skip).limit(limit))]


def settle(session: Session, execution_id: UUID) -> None:
    """Note that nothing more happens by itself; any change of state takes it back."""
    locked(session, execution_id).settled = True


def deliveries(session: Session, execution_id: UUID) -> list[Delivery]:
    """The execution's deliveries, in the order of the agent's destinations."""
    rows = session.scalars(
        select(DeliveryRow)
        .where(DeliveryRow.execution_id == execution_id)
        .order_by(DeliveryRow.position)
        .execution_options(populate_existing=True)
    )
    return [records.delivery(row) for row in rows]


def iterations(session: Session, execution_id: UUID) -> list[Iteration]:
    """The turns of the extraction loop so far."""
    rows = session.scalars(
        select(IterationRow)
        .where(IterationRow.execution_id == execution_id)
        .order_by(IterationRow.number)
    )
    return [Iteration.model_validate(row.record) for row in rows]


def trail(session: Session, execution_id: UUID) -> list[TrailEntry]:
    """What happened, in order."""
    rows = session.scalars(
        select(TrailRow).where(TrailRow.execution_id == execution_id).order_by(TrailRow.number)
    )
    return [records.trail_entry(row) for row in rows]


def document_infos(session: Session, execution_id: UUID) -> list[JsonObject] | None:
    """The parsed documents' records, or ``None`` before parsing."""
    return _value(session, ExecutionRow.documents, execution_id)


def forgiven(session: Session, execution_id: UUID) -> int:
    """The last iteration of tries that failed before a person restarted the execution."""
    return _value(session, ExecutionRow.forgiven, execution_id)


def status(session: Session, execution_id: UUID) -> Status:
    """Where the execution is."""
    return Status(_value(session, ExecutionRow.status, execution_id))


def destination_count(session: Session, execution_id: UUID) -> int:
    """How many destinations the pinned revision of the execution's agent has."""
    row = _row(session, ExecutionRow.id == execution_id, execution_id)
    pinned = session.get_one(AgentRevisionRow, (row.agent_id, row.agent_revision))
    return len(pinned.definition["destinations"])


def _row(session: Session, condition: object, reference: object) -> ExecutionRow:
    row = session.scalars(
        select(ExecutionRow).where(condition).execution_options(populate_existing=True)  # type: ignore[arg-type]
    ).one_or_none()
    if row is None:
        raise NotFoundError(f"There is no execution {reference}.")
    return row


def _value(session: Session, column: InstrumentedAttribute[_V], execution_id: UUID) -> _V:
    row = session.execute(select(column).where(ExecutionRow.id == execution_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"There is no execution {execution_id}.")
    value: _V = row[0]
    return value


def _record(session: Session, row: ExecutionRow) -> Execution:
    delivered = row.status == Status.DELIVERED_TO_DESTINATION
    return records.execution(row, deliveries(session, row.id) if delivered else [])


# -- recording what a run found ---------------------------------------------------------------


def record_documents(session: Session, lease: Lease, documents: list[JsonObject]) -> None:
    """Record the parsed documents."""
    locked(session, lease.execution_id, lease=lease).documents = documents


def record_extraction(
    session: Session, lease: Lease, extraction: Extraction, *, target: Status, note: str = ""
) -> None:
    """Record what was read and move on: to review, or to CONFIRMED when the policy signs off.

    ``note`` is the policy's reason, for the trail.
    """
    row = locked(session, lease.execution_id, lease=lease)
    # what is as usual is left out: a thousand rows have five thousand signals
    row.extraction = extraction.model_dump(mode="json", exclude_defaults=True)
    row.data_revision += 1
    row.deaths = 0
    if target is Status.CONFIRMED:
        row.confirmed = row.extraction["data"]
    else:
        row.review_round = 1
        row.review_problems = None
    by = "policy" if target is Status.CONFIRMED else None
    transition(session, row, target, by=by, note=note)
