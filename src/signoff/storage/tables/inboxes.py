"""Inbox folders, and the leases by name that processes hold."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from signoff.storage.plain_values import Label, PlainString, PlainText
from signoff.storage.tables.base import Base


class InboxRow(Base):
    """An inbox folder: the id lies in the folder, so that every machine finds the same one."""

    __tablename__ = "inboxes"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    folder: Mapped[str] = mapped_column(PlainText)
    created_at: Mapped[datetime]


class InboxItemRow(Base):
    """A file or subfolder that an inbox has claimed, from then to the report.

    ``id`` is also the id of the execution that it becomes. ``execution_id`` is set with it, in
    the same transaction; a duplicate's is the earlier one.
    """

    __tablename__ = "inbox_items"
    __table_args__ = (
        Index("ix_inbox_items_content", "inbox_id", "content"),
        Index("ix_inbox_items_filed", "inbox_id", "filed_at"),
        Index("ix_inbox_items_created", "inbox_id", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    inbox_id: Mapped[UUID] = mapped_column(ForeignKey("inboxes.id"))
    name: Mapped[str] = mapped_column(Label(255))
    status: Mapped[str] = mapped_column(PlainString(16))
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id"))
    content: Mapped[str | None] = mapped_column(PlainString(64))
    execution_id: Mapped[UUID | None] = mapped_column(ForeignKey("executions.id"))
    reason: Mapped[str] = mapped_column(PlainText, default="")
    # where in the folder it is put, decided before it is moved; names need not be UTF-8
    place: Mapped[bytes | None]
    filed_at: Mapped[datetime | None]
    # until then the run that works on it is taken to be alive
    busy_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class GuardRow(Base):
    """A named lease that one process at a time holds: reconciliation, an inbox."""

    __tablename__ = "guards"

    name: Mapped[str] = mapped_column(PlainString(200), primary_key=True)
    owner: Mapped[UUID]
    expires_at: Mapped[datetime]
