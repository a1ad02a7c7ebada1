"""What dialects with numbers ask for: agents, executions and files by number, inside a workspace.

Executions are listed the newest created first: numbers are given in that order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from signoff.errors import NotFoundError
from signoff.executions.models import AgentRevision, Execution, StoredFile
from signoff.executions.phases import Phase
from signoff.executions.states import Status
from signoff.storage import agents, listing, records
from signoff.storage.secrets import Cipher
from signoff.storage.tables import AgentRow, ExecutionRow, FileRow

MOST_COUNTED = 1000
AT_ONCE = 500
HIGHEST = 2**63 - 1
"""The highest number that a database holds."""


@dataclass(frozen=True)
class Wanted:
    """Which executions of a workspace; ``None`` leaves a filter out."""

    workspace_id: UUID
    agent_number: int | None = None
    phase: Phase | None = None


def agent(session: Session, workspace_id: UUID, number: int, *, cipher: Cipher) -> AgentRevision:
    """The newest revision of an agent.

    Raises:
        NotFoundError: there is none of that number in the workspace.
    """
    agent_id = _agent_id(session, workspace_id, number)
    if agent_id is None:
        raise NotFoundError(f"There is no agent {number}.")
    return agents.revision(session, agent_id, cipher=cipher)


def execution(session: Session, workspace_id: UUID, number: int) -> Execution:
    """An execution.

    Raises:
        NotFoundError: there is none of that number in the workspace.
    """
    found = listing.by_number(session, [number] if _possible(number) else [])
    if not found or found[0].workspace_id != workspace_id:
        raise NotFoundError(f"There is no execution {number}.")
    return found[0]


def file(
    session: Session, workspace_id: UUID, *, execution_number: int, file_number: int
) -> StoredFile:
    """An input file of an execution.

    Raises:
        NotFoundError: there is none of that number in the workspace's execution.
    """
    row = None
    if _possible(execution_number) and _possible(file_number):
        row = session.scalars(
            select(FileRow)
            .join(ExecutionRow, ExecutionRow.id == FileRow.execution_id)
            .where(
                FileRow.number == file_number,
                ExecutionRow.number == execution_number,
                ExecutionRow.workspace_id == workspace_id,
            )
        ).one_or_none()
    if row is None:
        raise NotFoundError(f"Execution {execution_number} has no file {file_number}.")
    return records.stored_file(row)


def page(session: Session, wanted: Wanted, *, skip: int, limit: int) -> list[Execution]:
    """Executions, the newest created first."""
    conditions = _conditions(session, wanted)
    if conditions is None:
        return []
    numbers = session.scalars(
        select(ExecutionRow.number)
        .where(*conditions)
        .order_by(ExecutionRow.number.desc())
        .offset(skip)
        .limit(limit)
    )
    return listing.by_number(session, list(numbers))


def count(session: Session, wanted: Wanted) -> int:
    """How many executions there are; never counting beyond 1,000."""
    conditions = _conditions(session, wanted)
    if conditions is None:
        return 0
    few = select(ExecutionRow.number).where(*conditions).limit(MOST_COUNTED).subquery()
    return session.scalar(select(func.count()).select_from(few)) or 0


def settled(session: Session, ids: Sequence[UUID]) -> set[UUID]:
    """Those that go no further by themselves: signed off, canceled, failed or in review."""
    found: set[UUID] = set()
    for start in range(0, len(ids), AT_ONCE):
        found.update(
            session.scalars(
                select(ExecutionRow.id).where(
                    ExecutionRow.id.in_(ids[start : start + AT_ONCE]),
                    or_(
                        ExecutionRow.status.not_in(
                            [Status.PENDING_INPUTS, Status.PENDING_DATA_EXTRACTION]
                        ),
                        ExecutionRow.failure_code.is_not(None),
                    ),
                )
            )
        )
    return found


def _conditions(session: Session, wanted: Wanted) -> list[ColumnElement[bool]] | None:
    """What an index answers; ``None``: nothing can be found."""
    if wanted.agent_number is None:
        conditions = [ExecutionRow.workspace_id == wanted.workspace_id]
    else:
        agent_id = _agent_id(session, wanted.workspace_id, wanted.agent_number)
        if agent_id is None:
            return None
        conditions = [ExecutionRow.agent_id == agent_id]
    if wanted.phase is not None:
        conditions.append(ExecutionRow.phase == wanted.phase.value)
    return conditions


def _agent_id(session: Session, workspace_id: UUID, number: int) -> UUID | None:
    if not _possible(number):
        return None
    return session.scalar(
        select(AgentRow.id).where(AgentRow.number == number, AgentRow.workspace_id == workspace_id)
    )


def _possible(number: int) -> bool:
    return 0 < number <= HIGHEST
