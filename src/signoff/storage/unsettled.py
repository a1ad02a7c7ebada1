"""Executions in which something may still happen by itself, as reconciliation sees them.

Thousands may wait for review: those at rest are asked after all at once, not one by one.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, not_, select, update
from sqlalchemy.orm import Session

from signoff.executions.models import AnswerOutcome, DeliveryStatus
from signoff.executions.states import Status
from signoff.storage.tables import (
    AgentRevisionRow,
    DeliveryRow,
    ExecutionRow,
    ReviewAnswerRow,
)

_SIGNED_OFF = (Status.CONFIRMED, Status.DELIVERED_TO_DESTINATION)


@dataclass(frozen=True)
class Unsettled:
    """One such execution.

    ``at_work`` says whether a run holds its lease, which lasts (or lasted) until ``held_until``;
    ``delivered`` whether every destination has the data; without destinations all have.
    """

    id: UUID
    status: Status
    flow_run_id: UUID | None
    updated_at: datetime
    failed: bool
    at_work: bool
    held_until: datetime | None
    delivered: bool


def unsettled(session: Session, *, only: UUID | None = None) -> list[Unsettled]:
    """All of them, or ``only`` one; the oldest first."""
    now = datetime.now(UTC)
    # an upload that broke off has no run, and nothing will ever be done about it
    broken_off = and_(
        ExecutionRow.status == Status.PENDING_INPUTS, ExecutionRow.flow_run_id.is_(None)
    )
    looked_at = and_(ExecutionRow.settled.is_(False), not_(broken_off))
    if only is not None:
        looked_at = and_(looked_at, ExecutionRow.id == only)
    rows = session.execute(
        select(
            ExecutionRow.id,
            ExecutionRow.status,
            ExecutionRow.flow_run_id,
            ExecutionRow.updated_at,
            ExecutionRow.failure_code,
            ExecutionRow.lease_expires_at,
            ExecutionRow.agent_id,
            ExecutionRow.agent_revision,
        )
        .where(looked_at)
        .order_by(ExecutionRow.number)
    ).all()
    signed_off = any(row.status in _SIGNED_OFF for row in rows)
    wanted = _destinations(session, looked_at) if signed_off else {}
    have = _delivered(session, looked_at) if signed_off else {}
    return [
        Unsettled(
            id=row.id,
            status=Status(row.status),
            flow_run_id=row.flow_run_id,
            updated_at=row.updated_at,
            failed=row.failure_code is not None,
            at_work=row.lease_expires_at is not None and row.lease_expires_at > now,
            held_until=row.lease_expires_at,
            delivered=row.status in _SIGNED_OFF
            and have.get(row.id, 0) >= wanted[row.agent_id, row.agent_revision],
        )
        for row in rows
    ]


def _destinations(session: Session, looked_at: ColumnElement[bool]) -> dict[tuple[UUID, int], int]:
    """How many destinations each revision has that executions which are signed off pinned."""
    pinned = (
        select(ExecutionRow.agent_id, ExecutionRow.agent_revision)
        .where(looked_at, ExecutionRow.status.in_(_SIGNED_OFF))
        .distinct()
        .subquery()
    )
    found = session.scalars(
        select(AgentRevisionRow).join(
            pinned,
            (AgentRevisionRow.agent_id == pinned.c.agent_id)
            & (AgentRevisionRow.revision == pinned.c.agent_revision),
        )
    )
    return {(row.agent_id, row.revision): len(row.definition["destinations"]) for row in found}


def _delivered(session: Session, looked_at: ColumnElement[bool]) -> dict[UUID, int]:
    """How many destinations have the data of executions that are signed off."""
    counted = session.execute(
        select(DeliveryRow.execution_id, func.count())
        .join(ExecutionRow, ExecutionRow.id == DeliveryRow.execution_id)
        .where(
            looked_at,
            ExecutionRow.status.in_(_SIGNED_OFF),
            DeliveryRow.status == DeliveryStatus.DELIVERED,
        )
        .group_by(DeliveryRow.execution_id)
    )
    return {execution_id: count for execution_id, count in counted}


def rest(session: Session, execution_id: UUID, *, review_round: int) -> None:
    """Note that an open review waits for nothing but its answer: nobody need look at it alone.

    Whatever happens to the execution takes it back; of its flow run :func:`resting` tells whom
    to ask.
    """
    pending = exists().where(
        ReviewAnswerRow.execution_id == ExecutionRow.id,
        ReviewAnswerRow.outcome == AnswerOutcome.PENDING,
    )
    session.execute(
        update(ExecutionRow)
        .where(
            ExecutionRow.id == execution_id,
            ExecutionRow.status == Status.PENDING_REVIEW,
            ExecutionRow.review_round == review_round,
            ~pending,
        )
        .values(settled=True)
    )


def resting(session: Session) -> dict[UUID, UUID]:
    """The flow runs that should be suspended, with the executions whose reviews they wait for."""
    rows = session.execute(
        select(ExecutionRow.flow_run_id, ExecutionRow.id).where(
            ExecutionRow.status == Status.PENDING_REVIEW,
            ExecutionRow.settled.is_(True),
            ExecutionRow.flow_run_id.is_not(None),
        )
    )
    return {flow_run_id: execution_id for flow_run_id, execution_id in rows if flow_run_id}


def disturb(session: Session, execution_ids: Collection[UUID]) -> None:
    """Have these looked at again, one by one."""
    session.execute(
        update(ExecutionRow).where(ExecutionRow.id.in_(execution_ids)).values(settled=False)
    )
