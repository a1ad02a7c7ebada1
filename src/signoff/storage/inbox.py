"""Inbox items in the database: claimed once, decided once, followed to the end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from signoff.executions.states import Status
from signoff.storage.database import insert
from signoff.storage.tables import AgentRow, ExecutionRow, InboxItemRow, InboxRow

REPORTED = 1000
"""How many of the last items a report shows, beside those whose executions are not at rest."""


class ItemStatus(StrEnum):
    """What was decided about an item."""

    CLAIMED = "claimed"  # nothing yet
    TAKEN = "taken"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


@dataclass(frozen=True)
class Item:
    """One file or subfolder that was claimed. ``id`` is also its execution's id."""

    id: UUID
    name: str
    status: ItemStatus
    execution_id: UUID | None
    reason: str
    place: bytes | None
    filed: bool
    attempts: int
    created_at: datetime


@dataclass(frozen=True)
class ReportLine:
    """An item beside the present state of its execution."""

    item: Item
    agent: str | None
    execution: int | None
    state: Status | None
    failure: str | None
    explanation: str | None
    flow_run_id: UUID | None


def register(session: Session, inbox_id: UUID, folder: str) -> None:
    """Make the inbox known; does nothing when it is."""
    session.execute(
        insert(session, InboxRow)
        .values(id=inbox_id, folder=folder, created_at=datetime.now(UTC))
        .on_conflict_do_nothing(index_elements=[InboxRow.id])
    )


def acquire(
    session: Session, inbox_id: UUID, item_id: UUID, *, name: str | None, seconds: float
) -> Item | None:
    """Take an item up for ``seconds``; ``None`` while another run is at it.

    Two runs that work on the same item all the same do no harm, since each step is done once;
    this only spares them the trouble.

    Args:
        session: a transaction.
        inbox_id: the inbox.
        item_id: the item, known or not.
        name: what it is called, to record an unknown one; ``None`` takes up known ones only.
        seconds: how long nobody else takes it up.
    """
    now = datetime.now(UTC)
    if name is not None:
        session.execute(
            insert(session, InboxItemRow)
            .values(
                id=item_id,
                inbox_id=inbox_id,
                name=name,
                status=ItemStatus.CLAIMED,
                reason="",
                attempts=0,
                created_at=now,
                updated_at=now,
            )
            .on_conflict_do_nothing(index_elements=[InboxItemRow.id])
        )
    taken = session.execute(
        update(InboxItemRow)
        .where(InboxItemRow.id == item_id, InboxItemRow.inbox_id == inbox_id)
        .where(or_(InboxItemRow.busy_until.is_(None), InboxItemRow.busy_until <= now))
        .values(
            busy_until=now + timedelta(seconds=seconds),
            attempts=InboxItemRow.attempts + 1,
            updated_at=now,
        )
        .returning(InboxItemRow.id)
    ).one_or_none()
    return None if taken is None else _item(locked(session, item_id))


def renew(session: Session, item_id: UUID, *, seconds: float) -> None:
    """Hold on to an item for another ``seconds``."""
    locked(session, item_id).busy_until = datetime.now(UTC) + timedelta(seconds=seconds)


def let_go(session: Session, item_id: UUID, *, reason: str, forgiven: bool) -> None:
    """Leave an item to the next run; a ``forgiven`` attempt does not count."""
    row = locked(session, item_id)
    row.busy_until = None
    if row.status == ItemStatus.CLAIMED:
        row.reason = reason
    if forgiven:
        row.attempts = max(0, row.attempts - 1)


def locked(session: Session, item_id: UUID) -> InboxItemRow:
    """The item's row, locked until the transaction ends."""
    return session.get_one(InboxItemRow, item_id, populate_existing=True, with_for_update=True)


def lock_inbox(session: Session, inbox_id: UUID) -> None:
    """Decide about one item of the inbox at a time: else two duplicates would miss each other."""
    session.get_one(InboxRow, inbox_id, with_for_update=True)


def earlier(
    session: Session, inbox_id: UUID, *, agent_id: UUID, content: str
) -> tuple[UUID, int] | None:
    """Id and number of the last execution that the inbox made for the agent from this content."""
    row = session.execute(
        select(ExecutionRow.id, ExecutionRow.number)
        .join(InboxItemRow, InboxItemRow.execution_id == ExecutionRow.id)
        .where(
            InboxItemRow.inbox_id == inbox_id,
            InboxItemRow.content == content,
            InboxItemRow.agent_id == agent_id,
            InboxItemRow.status == ItemStatus.TAKEN,
        )
        .order_by(ExecutionRow.number.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else (row.id, row.number)


def decide(
    session: Session,
    item_id: UUID,
    status: ItemStatus,
    *,
    agent_id: UUID | None = None,
    content: str | None = None,
    execution_id: UUID | None = None,
    reason: str = "",
) -> Item:
    """Record what is done with a claimed item, unless that has been decided before.

    Returns:
        The item with what was decided first.
    """
    row = locked(session, item_id)
    if row.status == ItemStatus.CLAIMED:
        row.status = status
        row.agent_id, row.content, row.execution_id = agent_id, content, execution_id
        row.reason = reason
        row.updated_at = datetime.now(UTC)
        session.flush()
    return _item(row)


def set_place(
    session: Session, item_id: UUID, *, before: bytes | None, now: bytes | None
) -> bytes | None:
    """Record where the item is about to be put, relative to the inbox folder.

    Returns:
        Where it is to be put: not ``now`` when another run has changed what was ``before``.
    """
    row = locked(session, item_id)
    if row.place == before:
        row.place = now
    return row.place


def place_of(session: Session, item_id: UUID) -> bytes | None:
    """Where the item was put."""
    return session.get_one(InboxItemRow, item_id, populate_existing=True).place


def filed(session: Session, item_id: UUID) -> Item:
    """Record that the item is where it was to be put, with its note."""
    row = locked(session, item_id)
    row.filed_at = row.updated_at = datetime.now(UTC)
    row.busy_until = None
    session.flush()
    return _item(row)


def unfiled(session: Session, inbox_id: UUID) -> list[UUID]:
    """Ids of the items that are not where they are to be put, oldest first."""
    return list(
        session.scalars(
            select(InboxItemRow.id)
            .where(InboxItemRow.inbox_id == inbox_id, InboxItemRow.filed_at.is_(None))
            .order_by(InboxItemRow.created_at)
        )
    )


def report(session: Session, inbox_id: UUID) -> list[ReportLine]:
    """The last items, and older ones whose executions are not at rest; the newest first."""
    query = (
        select(
            InboxItemRow,
            AgentRow.name,
            ExecutionRow.number,
            ExecutionRow.status,
            ExecutionRow.failure_code,
            ExecutionRow.failure_explanation,
            ExecutionRow.flow_run_id,
        )
        .outerjoin(AgentRow, AgentRow.id == InboxItemRow.agent_id)
        .outerjoin(ExecutionRow, ExecutionRow.id == InboxItemRow.execution_id)
        .where(InboxItemRow.inbox_id == inbox_id)
        .order_by(InboxItemRow.created_at.desc(), InboxItemRow.id)
    )
    rows = list(session.execute(query.limit(REPORTED)))
    if len(rows) == REPORTED:
        shown = {row[0].id for row in rows}
        older = query.where(
            InboxItemRow.created_at <= rows[-1][0].created_at,
            ExecutionRow.settled.is_(False) | (ExecutionRow.status == Status.PENDING_REVIEW),
        )
        rows += [row for row in session.execute(older) if row[0].id not in shown]
    return [
        ReportLine(
            item=_item(row),
            agent=agent,
            execution=number,
            state=Status(status) if status else None,
            failure=failure,
            explanation=explanation,
            flow_run_id=flow_run_id,
        )
        for row, agent, number, status, failure, explanation, flow_run_id in rows
    ]


def _item(row: InboxItemRow) -> Item:
    return Item(
        id=row.id,
        name=row.name,
        status=ItemStatus(row.status),
        execution_id=row.execution_id,
        reason=row.reason,
        place=row.place,
        filed=row.filed_at is not None,
        attempts=row.attempts,
        created_at=row.created_at,
    )
