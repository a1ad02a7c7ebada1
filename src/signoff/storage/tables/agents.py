"""Workspaces, and the agents in them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ForeignKey,
    Index,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from signoff.storage.plain_values import PlainString
from signoff.storage.tables.base import NEVER_REUSED, Base, Number


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
