"""Who may act on an execution: one run at a time, named by owner and attempt number.

Leases are renewed by the clock of the machine that holds them and expire by the clock of the
one that looks: machines that share a database need clocks in step to within a few seconds.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.orm import Session, lazyload

from signoff.errors import ExecutionCanceledError, LeaseLostError, NotFoundError
from signoff.executions.states import Status
from signoff.storage.database import Database, insert
from signoff.storage.tables import ExecutionRow, GuardRow

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lease:
    """The right to act on an execution until it expires or another attempt takes over."""

    execution_id: UUID
    owner: UUID
    attempt: int


def locked(session: Session, execution_id: UUID, *, lease: Lease | None = None) -> ExecutionRow:
    """The execution's row, locked until the transaction ends.

    With a ``lease`` the caller acts for a run: it must still hold it.

    Raises:
        NotFoundError: there is no such execution.
        LeaseLostError: another attempt holds the lease.
        ExecutionCanceledError: the execution was canceled.
    """
    row = session.execute(
        select(ExecutionRow)
        .where(ExecutionRow.id == execution_id)
        .options(lazyload(ExecutionRow.files))  # most who lock it change it, and look at no file
        .with_for_update(of=ExecutionRow)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if row is None:
        raise NotFoundError(f"There is no execution {execution_id}.")
    if lease is not None:
        _check(lease, row.lease_owner, row.attempt, row.status, row.number)
    return row


def check(session: Session, lease: Lease) -> Status:
    """Where the execution is, if the lease still holds; locks nothing, writes look again.

    Raises:
        LeaseLostError: another attempt holds it.
        ExecutionCanceledError: the execution was canceled.
    """
    owner, attempt, status, number = session.execute(
        select(
            ExecutionRow.lease_owner,
            ExecutionRow.attempt,
            ExecutionRow.status,
            ExecutionRow.number,
        ).where(ExecutionRow.id == lease.execution_id)
    ).one()
    _check(lease, owner, attempt, status, number)
    return Status(status)


def _check(lease: Lease, owner: UUID | None, attempt: int, status: str, number: int) -> None:
    if owner != lease.owner or attempt != lease.attempt:
        raise LeaseLostError(f"Attempt {lease.attempt} no longer holds {lease.execution_id}.")
    if status == Status.CANCELED:
        raise ExecutionCanceledError(f"Execution {number} was canceled.")


def acquire(session: Session, execution_id: UUID, *, seconds: float) -> Lease:
    """Take the lease as a new attempt; it lasts ``seconds`` unless renewed.

    Raises:
        LeaseLostError: another attempt holds it and has not expired.
    """
    row = locked(session, execution_id)
    now = datetime.now(UTC)
    alive = row.lease_expires_at is not None and row.lease_expires_at > now
    if row.lease_owner is not None and alive:
        raise LeaseLostError(f"Attempt {row.attempt} is still at work on {execution_id}.")
    row.lease_owner = uuid4()
    row.lease_expires_at = now + timedelta(seconds=seconds)
    row.attempt += 1
    row.settled = False
    row.started_at = row.started_at or now
    return Lease(execution_id, row.lease_owner, row.attempt)


def renew(session: Session, lease: Lease, *, seconds: float) -> None:
    """Hold on for another ``seconds``.

    Raises:
        LeaseLostError: another attempt took over.
    """
    renewed = session.execute(
        update(ExecutionRow)
        .where(
            ExecutionRow.id == lease.execution_id,
            ExecutionRow.lease_owner == lease.owner,
            ExecutionRow.attempt == lease.attempt,
        )
        .values(lease_expires_at=datetime.now(UTC) + timedelta(seconds=seconds))
        .returning(ExecutionRow.number)
    ).one_or_none()
    if renewed is None:
        raise LeaseLostError(f"Attempt {lease.attempt} no longer holds {lease.execution_id}.")


def release(session: Session, lease: Lease) -> None:
    """Let go; does nothing when another attempt took over meanwhile."""
    session.execute(
        update(ExecutionRow)
        .where(
            ExecutionRow.id == lease.execution_id,
            ExecutionRow.lease_owner == lease.owner,
            ExecutionRow.attempt == lease.attempt,
        )
        .values(lease_owner=None, lease_expires_at=None)
    )


@contextmanager
def held(database: Database, execution_id: UUID, *, seconds: float) -> Iterator[Lease]:
    """Take the lease and hold it for the length of a ``with`` block; see :func:`kept`.

    Raises:
        LeaseLostError: another attempt is at work.
    """
    with database.transaction() as session:
        lease = acquire(session, execution_id, seconds=seconds)
    with kept(database, lease, seconds=seconds):
        yield lease


@contextmanager
def kept(database: Database, lease: Lease, *, seconds: float) -> Iterator[None]:
    """Renew a lease from a thread for the length of a ``with`` block, then let go of it.

    Losing it is not signalled: every write checks it anyway.
    """
    done = threading.Event()

    def keep() -> None:
        while not done.wait(seconds / 4):
            try:
                with database.transaction() as session:
                    renew(session, lease, seconds=seconds)
            except LeaseLostError:
                return
            except Exception:  # the database may be away for a moment: the lease outlives that
                continue

    keeper = threading.Thread(target=keep, name=f"lease-{lease.execution_id}", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()
        try:
            with database.transaction() as session:
                release(session, lease)
        except Exception as error:  # it expires by itself, and must not hide the work's own error
            logger.warning("The lease on %s could not be released: %s", lease.execution_id, error)


def try_guard(session: Session, name: str, owner: UUID, *, seconds: float) -> bool:
    """Take or renew the guard ``name`` for ``owner``; false while another one holds it."""
    now = datetime.now(UTC)
    # One statement: two that find no row at once must not both insert one.
    new = insert(session, GuardRow).values(
        name=name, owner=owner, expires_at=now + timedelta(seconds=seconds)
    )
    taken = session.execute(
        new.on_conflict_do_update(
            index_elements=[GuardRow.name],
            set_={"owner": new.excluded.owner, "expires_at": new.excluded.expires_at},
            where=(GuardRow.owner == owner) | (GuardRow.expires_at <= now),
        ).returning(GuardRow.name)
    )
    return taken.one_or_none() is not None


def drop_guard(session: Session, name: str, owner: UUID) -> None:
    """Give the guard back, if ``owner`` holds it."""
    row = session.get(GuardRow, name, with_for_update=True)
    if row is not None and row.owner == owner:
        session.delete(row)
