"""Changes of state that others are still to be told of: written with the change, deleted after."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from signoff.executions.states import Status
from signoff.storage.tables import AgentRow, EventRow, ExecutionRow, WorkspaceRow


@dataclass(frozen=True)
class Event:
    """An execution reached a state. ``number`` counts all events."""

    number: int
    execution_id: UUID
    execution_number: int
    agent: str
    workspace: str
    status: Status
    at: datetime
    flow_run_id: UUID | None


def waiting(session: Session, *, limit: int) -> list[Event]:
    """The oldest events that nobody has been told of."""
    rows = session.execute(
        select(EventRow, ExecutionRow.number, ExecutionRow.flow_run_id, AgentRow, WorkspaceRow)
        .join(ExecutionRow, ExecutionRow.id == EventRow.execution_id)
        .join(AgentRow, AgentRow.id == ExecutionRow.agent_id)
        .join(WorkspaceRow, WorkspaceRow.id == ExecutionRow.workspace_id)
        .order_by(EventRow.number)
        .limit(limit)
    )
    return [
        Event(
            number=event.number,
            execution_id=event.execution_id,
            execution_number=number,
            agent=agent.name,
            workspace=workspace.name,
            status=Status(event.status),
            at=event.at,
            flow_run_id=flow_run_id,
        )
        for event, number, flow_run_id, agent, workspace in rows
    ]


def forget(session: Session, numbers: Collection[int]) -> None:
    """These have been told."""
    session.execute(delete(EventRow).where(EventRow.number.in_(numbers)))
