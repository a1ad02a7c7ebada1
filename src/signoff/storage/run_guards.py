"""Which flow runs that are no executions are at work: each holds a guard of its own.

An execution has its lease. Runs of the other flows have nothing in our database, and Prefect shows
one whose worker was killed as running for ever.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from signoff.storage.database import Database
from signoff.storage.leases import drop_guard, try_guard
from signoff.storage.tables import GuardRow

_PREFIX = "flow-run:"


@contextmanager
def at_work(database: Database, flow_run_id: UUID, *, seconds: float) -> Iterator[None]:
    """Show for the length of a ``with`` block that the run's process lives."""
    name, owner, done = f"{_PREFIX}{flow_run_id}", uuid4(), threading.Event()

    def show() -> None:
        with database.transaction() as session:
            try_guard(session, name, owner, seconds=seconds)

    def keep() -> None:
        while not done.wait(seconds / 4):
            try:
                show()
            except SQLAlchemyError:  # away for a moment: the guard outlives that
                continue

    show()
    keeper = threading.Thread(target=keep, name=name, daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()
        with database.transaction() as session:
            drop_guard(session, name, owner)


def silent(session: Session) -> list[UUID]:
    """The runs whose process has not been heard of for as long as their guard lasts."""
    names = session.scalars(
        select(GuardRow.name).where(
            GuardRow.name.startswith(_PREFIX), GuardRow.expires_at <= datetime.now(UTC)
        )
    )
    return [UUID(name.removeprefix(_PREFIX)) for name in names]


def forget(session: Session, flow_run_id: UUID) -> None:
    """The run is not at work, or ended."""
    session.execute(
        delete(GuardRow).where(
            GuardRow.name == f"{_PREFIX}{flow_run_id}", GuardRow.expires_at <= datetime.now(UTC)
        )
    )
