"""Executions in the database: creating, reading, and recording what each step found."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, selectinload

from signoff.errors import AgentNotRunnableError, NotFoundError
from signoff.executions.agents import AgentStatus, JsonObject
from signoff.executions.extractions import Extraction, Iteration
from signoff.executions.models import AgentRevision, Delivery, Execution, TrailEntry, Trigger
from signoff.executions.states import Status
from signoff.storage import records
from signoff.storage.database import Database, insert
from signoff.storage.leases import Lease, locked
from signoff.storage.tables import (
    AgentRevisionRow,
    DeliveryRow,
    EventRow,
    ExecutionRow,
    FileRow,
    IterationRow,
    ParsedFileRow,
    StepRow,
    TrailRow,
)
from signoff.storage.transitions import announce, leave_trail, transition


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
    row = session.scalars(
        select(ExecutionRow).where(ExecutionRow.flow_run_id == flow_run_id)
    ).one_or_none()
    return None if row is None else _record(session, row)


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
    return _row(session, ExecutionRow.id == execution_id, execution_id).documents


def forgiven(session: Session, execution_id: UUID) -> int:
    """The last iteration of tries that failed before a person restarted the execution."""
    return _row(session, ExecutionRow.id == execution_id, execution_id).forgiven


def is_held(session: Session, execution_id: UUID) -> bool:
    """Whether a run holds the execution's lease at this moment."""
    row = _row(session, ExecutionRow.id == execution_id, execution_id)
    expires = row.lease_expires_at
    return expires is not None and expires > datetime.now(UTC)


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


class IterationLog:
    """The loop's record in the database: each turn written as it happens."""

    def __init__(self, database: Database, lease: Lease) -> None:
        """Record turns of the execution that ``lease`` holds."""
        self._database, self._lease = database, lease

    def load(self) -> list[Iteration]:
        """The turns so far, those of earlier attempts included."""
        with self._database.reading() as session:
            return iterations(session, self._lease.execution_id)

    def append(self, iteration: Iteration) -> None:
        """Record a turn.

        Raises:
            LeaseLostError: another attempt took over.
            ExecutionCanceledError: the execution was canceled.
        """
        with self._database.transaction() as session:
            row = locked(session, self._lease.execution_id, lease=self._lease)
            row.deaths = 0
            session.add(
                IterationRow(
                    execution_id=row.id,
                    number=iteration.number,
                    record=iteration.model_dump(mode="json"),
                    model=iteration.model,
                    prompt_tokens=iteration.prompt_tokens,
                    completion_tokens=iteration.completion_tokens,
                    cost=iteration.cost,
                )
            )


class ParsedRecord:
    """Which files have been parsed, by content: shared by all executions."""

    def __init__(self, database: Database) -> None:
        """Look in ``database``."""
        self._database = database

    def get(self, key: str) -> JsonObject | None:
        """The manifest under ``key``, if that content has been parsed."""
        with self._database.reading() as session:
            row = session.get(ParsedFileRow, key)
            return None if row is None else row.manifest

    def put(self, key: str, manifest: JsonObject) -> None:
        """Record a parsed file; another run may have been first, with the same content."""
        with self._database.transaction() as session:
            new = insert(session, ParsedFileRow).values(
                key=key, manifest=manifest, created_at=datetime.now(UTC)
            )
            session.execute(
                new.on_conflict_do_update(
                    index_elements=[ParsedFileRow.key], set_={"manifest": new.excluded.manifest}
                )
            )


@contextmanager
def step(database: Database, lease: Lease, name: str) -> Iterator[None]:
    """Record when a step of this attempt began and ended, and with which error."""
    with database.transaction() as session:
        locked(session, lease.execution_id, lease=lease)
        row = StepRow(
            execution_id=lease.execution_id,
            name=name,
            attempt=lease.attempt,
            started_at=datetime.now(UTC),
        )
        session.add(row)
        session.flush()
        number = row.number
    error: str | None = None
    try:
        yield
    except BaseException as raised:  # a worker that stops is no reason for a clean record
        error = f"{type(raised).__name__}: {raised}"
        raise
    finally:
        with database.transaction() as session:
            finished = session.get_one(StepRow, number)
            finished.finished_at, finished.error = datetime.now(UTC), error
