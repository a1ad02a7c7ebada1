"""What the HTTP API and its callers need."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from signoff.storage.plain_values import Label, PlainString, PlainText
from signoff.storage.tables.agents import WorkspaceRow
from signoff.storage.tables.base import NEVER_REUSED, Base, Number


class EventRow(Base):
    """A change of state that Prefect has not been told of yet; deleted once it has."""

    __tablename__ = "events"
    __table_args__ = (NEVER_REUSED,)

    number: Mapped[int] = mapped_column(Number, primary_key=True)
    execution_id: Mapped[UUID] = mapped_column(ForeignKey("executions.id"))
    status: Mapped[str] = mapped_column(PlainString(32))
    at: Mapped[datetime]


class TokenRow(Base):
    """A key to one workspace over HTTP, known by the SHA-256 of its text only."""

    __tablename__ = "tokens"
    __table_args__ = (NEVER_REUSED,)

    number: Mapped[int] = mapped_column(Number, primary_key=True)
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id"))
    name: Mapped[str] = mapped_column(Label(200))
    digest: Mapped[str] = mapped_column(PlainString(64), unique=True)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    workspace: Mapped[WorkspaceRow] = relationship(lazy="joined", innerjoin=True)


class IdempotencyKeyRow(Base):
    """An ``Idempotency-Key`` that was used, and the answer once there is one.

    ``execution_id`` is the execution that is (being) started under it; until ``busy_until``
    whoever works on the answer is taken to be alive.
    """

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("ix_idempotency_keys_created_at", "created_at"),)

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id"), primary_key=True)
    key: Mapped[str] = mapped_column(PlainString(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(PlainString(64))
    execution_id: Mapped[UUID]
    status_code: Mapped[int | None]
    body: Mapped[str | None] = mapped_column(PlainText)
    created_at: Mapped[datetime]
    busy_until: Mapped[datetime]
