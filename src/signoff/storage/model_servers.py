"""What all runs on all machines know of a model server: what it can do, and when to ask again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, or_
from sqlalchemy.orm import Session

from signoff.executions.agents import JsonObject
from signoff.storage.database import insert
from signoff.storage.tables import ModelServerRow


@dataclass(frozen=True)
class ModelServer:
    """What is on record of one model at one server."""

    capabilities: JsonObject | None = None
    learnt_at: datetime | None = None
    paused_until: datetime | None = None


def get(session: Session, *, base_url: str, model: str) -> ModelServer:
    """What is known of the model there, however old."""
    row = session.get(ModelServerRow, (base_url, model))
    if row is None:
        return ModelServer()
    return ModelServer(row.capabilities, row.learnt_at, row.paused_until)


def learn(
    session: Session, *, base_url: str, model: str, capabilities: JsonObject, at: datetime
) -> None:
    """Keep what was found out about the model there; the latest find counts."""
    found = {"capabilities": capabilities, "learnt_at": at}
    new = insert(session, ModelServerRow).values(base_url=base_url, model=model, **found)
    session.execute(
        new.on_conflict_do_update(
            index_elements=[ModelServerRow.base_url, ModelServerRow.model], set_=found
        )
    )


def pause(session: Session, *, base_url: str, model: str, until: datetime) -> None:
    """Ask nobody to call before ``until``; a later end that is on record stays."""
    new = insert(session, ModelServerRow).values(base_url=base_url, model=model, paused_until=until)
    known = ModelServerRow.paused_until
    later = case((or_(known.is_(None), known < until), new.excluded.paused_until), else_=known)
    session.execute(
        new.on_conflict_do_update(
            index_elements=[ModelServerRow.base_url, ModelServerRow.model],
            set_={"paused_until": later},
        )
    )
