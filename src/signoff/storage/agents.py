"""Agents and workspaces in the database: every change is a new immutable revision."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from signoff.errors import NameTakenError, NotFoundError
from signoff.executions.agents import Agent
from signoff.executions.models import AgentRevision
from signoff.storage import records
from signoff.storage.database import insert
from signoff.storage.plain_values import dump_json
from signoff.storage.secrets import Cipher
from signoff.storage.tables import AgentRevisionRow, AgentRow, WorkspaceRow


def workspace(session: Session, name: str) -> WorkspaceRow:
    """The workspace called ``name``, made when first asked for."""
    wanted = select(WorkspaceRow).where(WorkspaceRow.name == name)
    row = session.scalars(wanted).one_or_none()
    if row is None:
        # another process may be making it at this moment: then this waits for that one's
        session.execute(
            insert(session, WorkspaceRow)
            .values(id=uuid4(), name=name, created_at=datetime.now(UTC))
            .on_conflict_do_nothing(index_elements=[WorkspaceRow.name])
        )
        row = session.scalars(wanted).one()
    return row


def apply(session: Session, agent: Agent, *, cipher: Cipher) -> tuple[AgentRevision, bool]:
    """Store ``agent``: a new one, a new revision, or nothing when nothing changed.

    Returns:
        The newest revision, and whether it is new.
    """
    return _store(session, _locked(session, agent), agent, cipher=cipher)


def add(session: Session, agent: Agent, *, cipher: Cipher) -> AgentRevision:
    """Store a new agent.

    Raises:
        NameTakenError: its workspace has one of that name.
    """
    row = _locked(session, agent)
    if row.revision > 0:
        raise NameTakenError(f"There is an agent {agent.name!r} already: take another name.")
    return _store(session, row, agent, cipher=cipher)[0]


def revise(
    session: Session, agent_id: UUID, change: Callable[[Agent], Agent], *, cipher: Cipher
) -> AgentRevision:
    """Change an agent, its name included; nothing is stored when nothing changed.

    Raises:
        NotFoundError: there is no such agent.
        NameTakenError: its workspace has another one of the new name.
    """
    row = session.scalars(
        select(AgentRow)
        .where(AgentRow.id == agent_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NotFoundError(f"There is no agent {agent_id}.")
    agent = change(revision(session, row.id, cipher=cipher).agent)
    if agent.name != row.name:
        try:
            with session.begin_nested():
                row.name = agent.name
        except IntegrityError as error:
            raise NameTakenError(
                f"There is an agent {agent.name!r} already: take another name."
            ) from error
    return _store(session, row, agent, cipher=cipher)[0]


def _store(
    session: Session, row: AgentRow, agent: Agent, *, cipher: Cipher
) -> tuple[AgentRevision, bool]:
    now = datetime.now(UTC)
    definition = cipher.seal(agent)
    if row.revision > 0:
        newest = revision(session, row.id, cipher=cipher)
        if _same(newest.agent, cipher.unseal(json.loads(dump_json(definition)))):
            return newest, False
    row.revision += 1
    row.status = agent.status
    row.updated_at = now
    session.add(
        AgentRevisionRow(
            agent_id=row.id, revision=row.revision, definition=definition, created_at=now
        )
    )
    session.flush()
    session.expire_all()  # what is returned is what was stored
    return revision(session, row.id, cipher=cipher), True


def _locked(session: Session, agent: Agent) -> AgentRow:
    """The agent's row, locked until the transaction ends; a new one is at revision 0."""
    now = datetime.now(UTC)
    place = workspace(session, agent.workspace)
    wanted = (
        select(AgentRow)
        .where(AgentRow.workspace_id == place.id, AgentRow.name == agent.name)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    row = session.scalars(wanted).one_or_none()
    if row is None:
        session.execute(
            insert(session, AgentRow)
            .values(
                id=uuid4(),
                workspace_id=place.id,
                name=agent.name,
                status=agent.status,
                revision=0,
                created_at=now,
                updated_at=now,
            )
            .on_conflict_do_nothing(index_elements=[AgentRow.workspace_id, AgentRow.name])
        )
        row = session.scalars(wanted).one()
    return row


def _same(one: Agent, other: Agent) -> bool:
    # equality sees the secrets; the text sees the order of fields, and that 1 is not true
    return one == other and one.model_dump_json() == other.model_dump_json()


def revision(
    session: Session, agent_id: UUID, number: int | None = None, *, cipher: Cipher
) -> AgentRevision:
    """One revision of an agent; the newest without a number.

    Raises:
        NotFoundError: there is none.
    """
    row = session.execute(select(AgentRow).where(AgentRow.id == agent_id)).scalar_one_or_none()
    if row is None:
        raise NotFoundError(f"There is no agent {agent_id}.")
    stored = session.get(AgentRevisionRow, (agent_id, number or row.revision))
    if stored is None:
        raise NotFoundError(f"The agent {row.name!r} has no revision {number}.")
    return records.agent_revision(row, stored, cipher)


def find(
    session: Session, name_or_id: str, *, workspace_name: str = "default", cipher: Cipher
) -> AgentRevision:
    """The newest revision of the agent with this name or id.

    Raises:
        NotFoundError: there is none; the message lists those there are.
    """
    try:
        return revision(session, UUID(name_or_id), cipher=cipher)
    except (ValueError, NotFoundError):
        pass
    rows = session.execute(
        select(AgentRow)
        .join(WorkspaceRow, WorkspaceRow.id == AgentRow.workspace_id)
        .where(WorkspaceRow.name == workspace_name)
        .order_by(AgentRow.name)
    ).scalars()
    by_name = {row.name: row.id for row in rows}
    if name_or_id not in by_name:
        known = ", ".join(by_name) or "none yet; add some with: signoff agents apply FILE"
        raise NotFoundError(f"There is no agent {name_or_id!r}. Known agents: {known}.")
    return revision(session, by_name[name_or_id], cipher=cipher)


def every(session: Session, *, cipher: Cipher) -> list[AgentRevision]:
    """The newest revision of every agent, by name."""
    ids = session.execute(select(AgentRow.id).order_by(AgentRow.name)).scalars()
    return [revision(session, agent_id, cipher=cipher) for agent_id in ids]
