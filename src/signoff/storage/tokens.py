"""Tokens: keys to one workspace over HTTP. Their text is shown once and never stored."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from signoff.errors import NotFoundError
from signoff.storage.agents import workspace
from signoff.storage.tables import TokenRow

PREFIX = "signoff_"
"""How every token begins: secret scanners can tell it."""


@dataclass(frozen=True)
class Token:
    """What is known of a token, its text aside."""

    number: int
    name: str
    workspace_id: UUID
    workspace_number: int
    workspace_name: str
    created_at: datetime
    revoked_at: datetime | None = None


def create(session: Session, *, name: str, workspace_name: str = "default") -> tuple[Token, str]:
    """A new token for a workspace, which is made when it is missing; and the token's text."""
    # 32 random bytes: no dictionary holds them, so a plain hash keeps them as safe as a slow one
    text = PREFIX + secrets.token_urlsafe(32)
    place = workspace(session, workspace_name)
    row = TokenRow(
        workspace_id=place.id,
        name=name,
        digest=_digest(text),
        created_at=datetime.now(UTC),
        workspace=place,
    )
    session.add(row)
    session.flush()
    return _record(row), text


def check(session: Session, text: str) -> Token | None:
    """The token with this text, unless it was never made or has been revoked."""
    digest = _digest(text)
    row = session.scalars(select(TokenRow).where(TokenRow.digest == digest)).one_or_none()
    if row is None or row.revoked_at is not None:
        return None
    return _record(row) if hmac.compare_digest(row.digest, digest) else None


def every(session: Session) -> list[Token]:
    """All tokens, revoked ones too, the oldest first."""
    return [_record(row) for row in session.scalars(select(TokenRow).order_by(TokenRow.number))]


def revoke(session: Session, number: int) -> Token:
    """Let a token open nothing any more; one that is revoked stays so.

    Raises:
        NotFoundError: there is no such token.
    """
    row = session.get(TokenRow, number, with_for_update={"of": TokenRow})
    if row is None:
        raise NotFoundError(f"There is no token {number}; see: signoff tokens list")
    row.revoked_at = row.revoked_at or datetime.now(UTC)
    return _record(row)


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _record(row: TokenRow) -> Token:
    return Token(
        number=row.number,
        name=row.name,
        workspace_id=row.workspace_id,
        workspace_number=row.workspace.number,
        workspace_name=row.workspace.name,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )
