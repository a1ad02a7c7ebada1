"""What a run records while it works: its turns, what it parsed, and when its steps ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from signoff.executions.agents import JsonObject
from signoff.executions.extractions import Iteration
from signoff.storage.database import Database, insert
from signoff.storage.executions import iterations
from signoff.storage.leases import Lease, check, locked
from signoff.storage.tables import IterationRow, ParsedFileRow, StepRow


class IterationLog:
    """The loop's record in the database: each turn written as it happens."""

    def __init__(self, database: Database, lease: Lease) -> None:
        """Record turns of the execution that ``lease`` holds."""
        self._database, self._lease = database, lease
        self._turns: list[Iteration] | None = None

    def load(self) -> list[Iteration]:
        """The turns so far, those of earlier attempts included."""
        if self._turns is None:  # read once: whoever else wrote one would have our lease
            with self._database.reading() as session:
                self._turns = iterations(session, self._lease.execution_id)
        return list(self._turns)

    def append(self, iteration: Iteration) -> None:
        """Record a turn.

        Raises:
            LeaseLostError: another attempt took over.
            ExecutionCanceledError: the execution was canceled.
        """
        with self._database.transaction() as session:
            row = locked(session, self._lease.execution_id, lease=self._lease)
            row.deaths = 0
            session.add(
                IterationRow(
                    execution_id=row.id,
                    number=iteration.number,
                    record=iteration.model_dump(mode="json"),
                    model=iteration.model,
                    prompt_tokens=iteration.prompt_tokens,
                    completion_tokens=iteration.completion_tokens,
                    cost=iteration.cost,
                )
            )
        if self._turns is not None:
            self._turns.append(iteration)


class ParsedRecord:
    """Which files have been parsed, by content: shared by all executions."""

    def __init__(self, database: Database) -> None:
        """Look in ``database``."""
        self._database = database

    def get(self, key: str) -> JsonObject | None:
        """The manifest under ``key``, if that content has been parsed."""
        with self._database.reading() as session:
            row = session.get(ParsedFileRow, key)
            return None if row is None else row.manifest

    def put(self, key: str, manifest: JsonObject) -> None:
        """Record a parsed file; another run may have been first, with the same content."""
        with self._database.transaction() as session:
            new = insert(session, ParsedFileRow).values(
                key=key, manifest=manifest, created_at=datetime.now(UTC)
            )
            session.execute(
                new.on_conflict_do_update(
                    index_elements=[ParsedFileRow.key], set_={"manifest": new.excluded.manifest}
                )
            )


@contextmanager
def step(database: Database, lease: Lease, name: str) -> Iterator[Callable[[Session], None]]:
    """Record when a step of this attempt began and ended, and with which error.

    Yields a function that records the end in the transaction which records what the step found:
    a transaction less. Without it the end is recorded when the ``with`` block ends.

    Raises:
        LeaseLostError: another attempt took over; the step does not begin.
        ExecutionCanceledError: the execution was canceled; nor does it then.
    """
    with database.reading() as session:
        check(session, lease)
    started, recorded = datetime.now(UTC), False

    def end(session: Session, error: str | None = None) -> None:
        nonlocal recorded
        session.add(
            StepRow(
                execution_id=lease.execution_id,
                name=name,
                attempt=lease.attempt,
                started_at=started,
                finished_at=datetime.now(UTC),
                error=error,
            )
        )
        recorded = True

    try:
        yield end
    except BaseException as raised:  # a worker that stops is no reason for a clean record
        with database.transaction() as session:
            end(session, f"{type(raised).__name__}: {raised}")
        raise
    if not recorded:
        with database.transaction() as session:
            end(session)
