"""Idempotency keys: what was asked under a key, and the answer that is given again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from signoff.storage.database import insert
from signoff.storage.tables import IdempotencyKeyRow

KEPT = timedelta(hours=24)


class Claimed(StrEnum):
    """What came of the claim to a key."""

    OURS = "ours"  # do the work, then answer or release
    ANSWERED = "answered"
    RUNNING = "running"  # somebody else is at it
    DIFFERENT = "different"  # the key was used for another request


@dataclass(frozen=True)
class Claim:
    """A key's record. ``execution_id`` is the one to start: the same after a crash."""

    outcome: Claimed
    execution_id: UUID
    status_code: int = 0
    body: str = ""


def claim(
    session: Session,
    *,
    workspace_id: UUID,
    key: str,
    fingerprint: str,
    execution_id: UUID,
    seconds: float,
) -> Claim:
    """Take a key for ``seconds``, or find what has become of it.

    Who took it and has fallen silent is succeeded by the next one that asks.
    """
    now = datetime.now(UTC)
    session.execute(delete(IdempotencyKeyRow).where(IdempotencyKeyRow.created_at < now - KEPT))
    name = _name(key)
    taken = session.execute(
        insert(session, IdempotencyKeyRow)
        .values(
            workspace_id=workspace_id,
            key=name,
            fingerprint=fingerprint,
            execution_id=execution_id,
            created_at=now,
            busy_until=now + timedelta(seconds=seconds),
        )
        .on_conflict_do_nothing()
        .returning(IdempotencyKeyRow.key)
    ).one_or_none()
    if taken is not None:
        return Claim(Claimed.OURS, execution_id)
    row = session.scalars(_one(workspace_id, name).with_for_update()).one_or_none()
    if row is None:  # released at this very moment: ask again
        return Claim(Claimed.RUNNING, execution_id)
    if row.fingerprint != fingerprint:
        return Claim(Claimed.DIFFERENT, row.execution_id)
    if row.status_code is not None:
        return Claim(Claimed.ANSWERED, row.execution_id, row.status_code, row.body or "")
    if row.busy_until > now:
        return Claim(Claimed.RUNNING, row.execution_id)
    row.busy_until = now + timedelta(seconds=seconds)
    return Claim(Claimed.OURS, row.execution_id)


def answer(session: Session, *, workspace_id: UUID, key: str, status_code: int, body: str) -> None:
    """Keep the answer for those that ask again."""
    row = session.scalars(_one(workspace_id, _name(key)).with_for_update()).one_or_none()
    if row is not None:
        row.status_code, row.body = status_code, body


def release(session: Session, *, workspace_id: UUID, key: str) -> None:
    """Forget a key that led to nothing: the request may be corrected and sent again."""
    session.execute(
        delete(IdempotencyKeyRow).where(
            IdempotencyKeyRow.workspace_id == workspace_id,
            IdempotencyKeyRow.key == _name(key),
            IdempotencyKeyRow.status_code.is_(None),
        )
    )


def abandon(session: Session, *, workspace_id: UUID, key: str) -> None:
    """Let the next one that asks go on with what was begun under a key."""
    row = session.scalars(_one(workspace_id, _name(key)).with_for_update()).one_or_none()
    if row is not None and row.status_code is None:
        row.busy_until = datetime.now(UTC)


def _one(workspace_id: UUID, name: str) -> Select[tuple[IdempotencyKeyRow]]:
    return (
        select(IdempotencyKeyRow)
        .where(IdempotencyKeyRow.workspace_id == workspace_id, IdempotencyKeyRow.key == name)
        .execution_options(populate_existing=True)
    )


def _name(key: str) -> str:
    # callers' keys may be of any length and hold any characters
    return sha256(key.encode()).hexdigest()
