"""Connections and transactions."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, StatementError
from support.stores import create_execution

from signoff.errors import ConfigurationError
from signoff.storage.database import Database
from signoff.storage.leases import locked
from signoff.storage.store import Store
from signoff.storage.tables import ExecutionRow, GuardRow, TrailRow


def test_a_new_database_opens_while_another_process_is_writing_its_first_tables(
    tmp_path: Path,
) -> None:
    path = tmp_path / "signoff.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE first (number)")
    database = Database(f"sqlite:///{path}")
    with ThreadPoolExecutor() as pool:
        opened = pool.submit(database.migrate)
        threading.Event().wait(0.2)  # long enough to run into the lock; passes either way
        other.execute("COMMIT")
        other.close()
        opened.result(timeout=30)
    database.close()


def test_writers_at_once_lose_no_update(store: Store) -> None:
    execution_id = create_execution(store)
    start = threading.Barrier(8)

    def count_up(_: int) -> None:
        start.wait()
        for _ in range(5):
            with store.database.transaction() as session:
                locked(session, execution_id).deaths += 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count_up, range(8)))
    with store.database.reading() as session:
        assert session.scalar(select(ExecutionRow.deaths)) == 40


def test_reading_waits_for_no_writer(store: Store) -> None:
    execution_id = create_execution(store)
    with store.database.transaction() as writing:
        locked(writing, execution_id).deaths = 7
        writing.flush()
        with store.database.reading() as session:
            assert session.scalar(select(ExecutionRow.deaths)) == 0


def test_an_error_rolls_everything_back(store: Store) -> None:
    execution_id = create_execution(store)

    def half_way() -> None:
        with store.database.transaction() as session:
            locked(session, execution_id).deaths = 1
            session.flush()
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        half_way()
    with store.database.reading() as session:
        assert session.scalar(select(ExecutionRow.deaths)) == 0


def test_references_to_nothing_are_refused(store: Store) -> None:
    def orphan() -> None:
        with store.database.transaction() as session:
            session.add(TrailRow(execution_id=uuid4(), at=datetime.now(UTC), event="created"))

    with pytest.raises(IntegrityError):
        orphan()


def test_times_come_back_in_utc(store: Store) -> None:
    tokyo = datetime(2024, 2, 29, 8, 30, 0, 123456, tzinfo=timezone(timedelta(hours=9)))
    with store.database.transaction() as session:
        session.add(GuardRow(name="clock", owner=uuid4(), expires_at=tokyo))
    with store.database.reading() as session:
        read = session.get_one(GuardRow, "clock").expires_at
    assert read == tokyo
    assert read.tzinfo is UTC
    assert read.hour == 23


def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    def naive() -> None:
        with store.database.transaction() as session:
            session.add(GuardRow(name="clock", owner=uuid4(), expires_at=datetime(2024, 1, 1)))

    with pytest.raises(StatementError, match="without a zone"):
        naive()


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://localhost/x", "sqlite://", "sqlite:///:memory:"]
)
def test_a_url_that_cannot_be_used_names_the_setting(url: str) -> None:
    with pytest.raises(ConfigurationError, match="SIGNOFF_DATABASE_URL"):
        Database(url)


def test_a_database_out_of_reach_is_named_without_its_password() -> None:
    database = Database("postgresql://someone:hush@127.0.0.1:1/nothing")
    with pytest.raises(ConfigurationError, match="127.0.0.1:1") as caught:
        database.migrate()
    assert "SIGNOFF_DATABASE_URL" in str(caught.value)
    assert "hush" not in str(caught.value)
