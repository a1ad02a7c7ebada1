"""Pages of a workspace's agents, the last changed first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from signoff.errors import NotFoundError
from signoff.executions.agents import AgentStatus
from signoff.executions.models import AgentRevision
from signoff.storage import records
from signoff.storage.listing import MOST_COUNTED
from signoff.storage.secrets import Cipher
from signoff.storage.tables import AgentRevisionRow, AgentRow


@dataclass(frozen=True)
class ListedAgent:
    """An agent's newest revision, with the times of the agent as a whole."""

    newest: AgentRevision
    created_at: datetime
    updated_at: datetime


def page(
    session: Session,
    workspace_id: UUID,
    *,
    ids: Sequence[UUID] | None = None,
    statuses: Sequence[AgentStatus] | None = None,
    skip: int = 0,
    limit: int = 100,
    cipher: Cipher,
) -> list[ListedAgent]:
    """Agents of a workspace; ``None`` leaves a filter out."""
    query = (
        select(AgentRow, AgentRevisionRow)
        .join(
            AgentRevisionRow,
            and_(
                AgentRevisionRow.agent_id == AgentRow.id,
                AgentRevisionRow.revision == AgentRow.revision,
            ),
        )
        .where(AgentRow.workspace_id == workspace_id)
        .order_by(AgentRow.updated_at.desc(), AgentRow.number.desc())
        .offset(skip)
        .limit(limit)
    )
    rows = session.execute(_filtered(query, ids, statuses))
    return [_listed(row, stored, cipher) for row, stored in rows]


def count(
    session: Session,
    workspace_id: UUID,
    *,
    ids: Sequence[UUID] | None = None,
    statuses: Sequence[AgentStatus] | None = None,
) -> int:
    """How many there are; never counting beyond 100."""
    query = select(AgentRow.id).where(AgentRow.workspace_id == workspace_id).limit(MOST_COUNTED)
    few = _filtered(query, ids, statuses).subquery()
    return session.scalar(select(func.count()).select_from(few)) or 0


def one(session: Session, workspace_id: UUID, agent_id: UUID, *, cipher: Cipher) -> ListedAgent:
    """One agent of a workspace.

    Raises:
        NotFoundError: there is none, or it is another workspace's.
    """
    found = page(session, workspace_id, ids=[agent_id], limit=1, cipher=cipher)
    if not found:
        raise NotFoundError(f"There is no agent {agent_id}.")
    return found[0]


def _filtered(
    query: Select[Any], ids: Sequence[UUID] | None, statuses: Sequence[AgentStatus] | None
) -> Select[Any]:
    if ids is not None:
        query = query.where(AgentRow.id.in_(set(ids)))
    if statuses is not None:
        query = query.where(AgentRow.status.in_(set(statuses)))
    return query


def _listed(row: AgentRow, stored: AgentRevisionRow, cipher: Cipher) -> ListedAgent:
    newest = records.agent_revision(row, stored, cipher)
    return ListedAgent(newest, row.created_at, row.updated_at)
