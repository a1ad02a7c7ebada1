"""Pages of executions, however many there are: every combination of filters has its index.

A database walks an index in its order for one value, not for several. So each combination of
filter values is a query of its own, of which the first rows are merged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, union_all
from sqlalchemy.orm import Session, joinedload, selectinload

from signoff.executions.models import Delivery, Execution
from signoff.executions.states import Status
from signoff.storage import records
from signoff.storage.tables import AgentRow, DeliveryRow, ExecutionRow, IterationRow

MOST_COUNTED = 100
BRANCHES = 100
"""Queries merged in one statement; SQLite takes 500."""


@dataclass(frozen=True)
class Wanted:
    """Which executions of a workspace; ``None`` leaves a filter out."""

    workspace_id: UUID
    ids: Sequence[UUID] | None = None
    agent_ids: Sequence[UUID] | None = None
    statuses: Sequence[Status] | None = None


def page(session: Session, wanted: Wanted, *, skip: int, limit: int) -> list[Execution]:
    """Executions, the last updated first."""
    key = (ExecutionRow.updated_at, ExecutionRow.number)
    found: list[tuple[object, int]] = []
    newest = [column.desc() for column in key]
    branches = (
        select(*key).where(*conditions).order_by(*newest).limit(skip + limit)
        for conditions in _branches(session, wanted)
    )
    while chunk := list(islice(branches, BRANCHES)):
        found += [(row.updated_at, row.number) for row in session.execute(_merged(chunk))]
    # as tuples they sort as the index does; the sort is of a few pages at the most
    found.sort(reverse=True)
    return by_number(session, [number for _, number in found[skip : skip + limit]])


def count(session: Session, wanted: Wanted) -> int:
    """How many executions there are; never counting beyond 100."""
    total = 0
    branches = (
        select(ExecutionRow.number).where(*conditions).limit(MOST_COUNTED)
        for conditions in _branches(session, wanted)
    )
    while total < MOST_COUNTED and (chunk := list(islice(branches, BRANCHES))):
        total += session.scalar(select(func.count()).select_from(_merged(chunk).subquery())) or 0
    return min(total, MOST_COUNTED)


def by_number(session: Session, numbers: Sequence[int]) -> list[Execution]:
    """The executions with these numbers, in this order; those that are gone are left out."""
    sums = selectinload(ExecutionRow.iterations).load_only(
        IterationRow.model,
        IterationRow.prompt_tokens,
        IterationRow.completion_tokens,
        IterationRow.cost,
    )
    rows = {
        row.number: row
        for row in session.scalars(
            select(ExecutionRow)
            .where(ExecutionRow.number.in_(numbers))
            .options(sums, joinedload(ExecutionRow.agent, innerjoin=True))
        )
    }
    delivered = _deliveries(
        session, [row.id for row in rows.values() if row.status == Status.DELIVERED_TO_DESTINATION]
    )
    return [
        records.execution(rows[number], delivered.get(rows[number].id, []))
        for number in numbers
        if number in rows
    ]


def _branches(session: Session, wanted: Wanted) -> Iterator[list[ColumnElement[bool]]]:
    here = ExecutionRow.workspace_id == wanted.workspace_id
    if wanted.ids is not None:
        few = [here, ExecutionRow.id.in_(set(wanted.ids))]
        if wanted.agent_ids is not None:
            few.append(ExecutionRow.agent_id.in_(set(wanted.agent_ids)))
        if wanted.statuses is not None:
            few.append(ExecutionRow.status.in_(set(wanted.statuses)))
        yield few
        return
    owners: list[ColumnElement[bool]] = [here]
    if wanted.agent_ids is not None:
        # an agent's executions are all in its workspace
        known = session.scalars(
            select(AgentRow.id).where(
                AgentRow.workspace_id == wanted.workspace_id,
                AgentRow.id.in_(set(wanted.agent_ids)),
            )
        )
        owners = [ExecutionRow.agent_id == agent_id for agent_id in known]
    statuses = set(wanted.statuses) if wanted.statuses is not None else set(Status)
    if statuses == set(Status):
        yield from ([owner] for owner in owners)
        return
    for owner, status in product(owners, sorted(statuses)):
        yield [owner, ExecutionRow.status == status]


def _merged(branches: Sequence[Select[Any]]) -> Select[Any]:
    if len(branches) == 1:
        return branches[0]
    merged = union_all(*(select(branch.subquery()) for branch in branches)).subquery()
    return select(merged)


def _deliveries(session: Session, ids: Sequence[UUID]) -> dict[UUID, list[Delivery]]:
    found: dict[UUID, list[Delivery]] = {}
    if not ids:
        return found
    rows = session.scalars(
        select(DeliveryRow)
        .where(DeliveryRow.execution_id.in_(ids))
        .order_by(DeliveryRow.execution_id, DeliveryRow.position)
    )
    for row in rows:
        found.setdefault(row.execution_id, []).append(records.delivery(row))
    return found
