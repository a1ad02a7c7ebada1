"""Many executions like one that there is: its rows copied, in Signoff's database and in Prefect's.

Prefect's API takes a call for the run and two for its form, tens of milliseconds each: thousands
of runs would take longer than what is measured. The rows are those that a real run has left, so
whoever asks (the worker, reconciliation, an answer) finds what it would find of a real one.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Table, insert, select
from sqlalchemy.orm import Session

from signoff.storage.store import Store
from signoff.storage.tables import (
    Base,
    DeliveryAttemptRow,
    DeliveryRow,
    ExecutionRow,
    FileRow,
    IterationRow,
    ReviewAnswerRow,
    StepRow,
    TrailRow,
)

CHUNK = 250
OF_AN_EXECUTION = (FileRow, StepRow, IterationRow, TrailRow, ReviewAnswerRow, DeliveryRow)


def copy_executions(store: Store, prefect: Path, template: UUID, *, count: int) -> list[UUID]:
    """Copy an execution and its flow run ``count`` times; the copies' ids.

    Args:
        store: the record.
        prefect: the file of Prefect's database.
        template: the execution.
        count: how many copies.
    """
    made: list[UUID] = []
    with closing(sqlite3.connect(prefect, timeout=120)) as runs:
        run_rows = list(_rows_of_run(runs, _flow_run(store, template)))
        while len(made) < count:
            pairs = [(uuid4(), uuid4()) for _ in range(min(CHUNK, count - len(made)))]
            # the runs first: reconciliation makes one for an execution that has none
            with runs:
                for execution_id, run_id in pairs:
                    _copy_run(runs, run_rows, old=template, new=execution_id, run_id=run_id)
            with store.database.transaction() as session:
                _copy_records(session, template, pairs)
            made += [execution_id for execution_id, _ in pairs]
    return made


def is_settled(store: Store, execution_id: UUID) -> bool:
    """Whether reconciliation looks at the execution no more."""
    with store.database.reading() as session:
        return bool(
            session.scalar(select(ExecutionRow.settled).where(ExecutionRow.id == execution_id))
        )


def _flow_run(store: Store, execution_id: UUID) -> UUID:
    with store.database.reading() as session:
        found = session.scalar(
            select(ExecutionRow.flow_run_id).where(ExecutionRow.id == execution_id)
        )
    assert found is not None
    return found


# -- our database -------------------------------------------------------------------------------


def _copy_records(session: Session, template: UUID, pairs: Sequence[tuple[UUID, UUID]]) -> None:
    table = _table(ExecutionRow)
    [row] = session.execute(select(table).where(table.c.id == template)).mappings()
    copies = []
    for at, (execution_id, run_id) in enumerate(pairs):
        later = timedelta(milliseconds=at)
        changes = {
            "id": execution_id,
            "flow_run_id": run_id,
            "created_at": row["created_at"] + later,
            "updated_at": row["updated_at"] + later,
        }
        copies.append({**_insertable(table, row), **changes})
    session.execute(insert(table), copies)
    for kind in OF_AN_EXECUTION:
        parts = _table(kind)
        found = session.execute(select(parts).where(parts.c.execution_id == template)).mappings()
        for part in found.all():
            rows = [
                {**_insertable(parts, part), "execution_id": execution_id, **_own_id(parts)}
                for execution_id, _ in pairs
            ]
            session.execute(insert(parts), rows)
            if kind is DeliveryRow:
                _copy_attempts(session, part["id"], [row["id"] for row in rows])


def _copy_attempts(session: Session, template: UUID, deliveries: Sequence[UUID]) -> None:
    attempts = _table(DeliveryAttemptRow)
    found = session.execute(select(attempts).where(attempts.c.delivery_id == template)).mappings()
    for attempt in found.all():
        session.execute(insert(attempts), [{**attempt, "delivery_id": each} for each in deliveries])


def _table(kind: type[Base]) -> Table:
    return Base.metadata.tables[kind.__tablename__]


def _insertable(table: Table, row: Any) -> dict[str, Any]:
    """The row without what the database gives by itself."""
    counted = table.autoincrement_column
    return {
        column.name: row[column]
        for column in table.columns
        if column.computed is None and column is not counted
    }


def _own_id(table: Table) -> dict[str, UUID]:
    return {"id": uuid4()} if "id" in table.columns else {}


# -- Prefect's ----------------------------------------------------------------------------------

OF_A_RUN = (
    ("flow_run", "id = :run"),
    ("flow_run_state", "flow_run_id = :run"),
    ("flow_run_input", "flow_run_id = :run"),
    ("log", "flow_run_id = :run"),
    ("task_run", "flow_run_id = :run"),
    ("task_run_state", "task_run_id IN (SELECT id FROM task_run WHERE flow_run_id = :run)"),
)


def _rows_of_run(runs: sqlite3.Connection, run_id: UUID) -> Iterator[tuple[str, dict[str, Any]]]:
    for table, condition in OF_A_RUN:
        cursor = runs.execute(f"SELECT * FROM {table} WHERE {condition}", {"run": str(run_id)})
        names = [column[0] for column in cursor.description]
        for values in cursor.fetchall():
            yield table, dict(zip(names, values, strict=True))


def _copy_run(
    runs: sqlite3.Connection,
    rows: Sequence[tuple[str, dict[str, Any]]],
    *,
    old: UUID,
    new: UUID,
    run_id: UUID,
) -> None:
    renamed = {row["id"]: str(uuid4()) for _, row in rows}
    [run] = [row["id"] for table, row in rows if table == "flow_run"]
    renamed |= {run: str(run_id), str(old): str(new)}
    known = re.compile("|".join(map(re.escape, renamed)))
    for table, row in rows:
        copied = {
            name: known.sub(lambda match: renamed[match[0]], value)
            if isinstance(value, str)
            else value
            for name, value in row.items()
        }
        columns, places = ", ".join(copied), ", ".join(f":{name}" for name in copied)
        runs.execute(f"INSERT INTO {table} ({columns}) VALUES ({places})", copied)
