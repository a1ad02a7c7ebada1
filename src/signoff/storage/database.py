"""Connections and transactions: SQLite (WAL) or PostgreSQL behind one small surface."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from signoff.errors import ConfigurationError
from signoff.storage.migrations import upgrade
from signoff.storage.plain_values import dump_json
from signoff.storage.tables import Base

SQLITE_BUSY_SECONDS = 30
POOL: dict[str, Any] = {"pool_size": 10, "max_overflow": 40}


class Database:
    """One database. Threads may share an instance; each transaction has its own session."""

    def __init__(self, url: str) -> None:
        """Connect lazily to ``url``; :meth:`migrate` brings the tables up to date."""
        self.engine = _engine(url)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    def migrate(self) -> None:
        """Apply all migrations; does nothing when they are applied. Safe to call at once.

        Raises:
            ConfigurationError: the database cannot be reached, or a later version made it.
        """
        try:
            upgrade(self.engine)
        except OperationalError as error:
            place = self.engine.url.render_as_string(hide_password=True)
            raise ConfigurationError(
                f"The database {place} cannot be used: {error.orig}. Check SIGNOFF_DATABASE_URL."
            ) from error

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits at the end, or rolls back when an error passes through."""
        with self._sessions.begin() as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for queries only: on SQLite it waits for no writer."""
        with self._sessions() as session:
            session.connection(execution_options={"read_only": True})
            yield session
            session.rollback()

    def close(self) -> None:
        """Close all pooled connections."""
        self.engine.dispose()


def insert(session: Session, table: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """An INSERT into ``table`` that may say what happens ``ON CONFLICT``.

    Two transactions on PostgreSQL may both find that a row is missing; without such a clause the
    second one's INSERT fails, and its transaction with it.
    """
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except Exception as error:
        raise ConfigurationError("SIGNOFF_DATABASE_URL is no SQLAlchemy URL.") from error
    if parsed.get_backend_name() == "postgresql":
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        return create_engine(
            parsed,
            # what waits for a row's lock must then see the row as it has become
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,
            json_serializer=dump_json,
            **POOL,
        )
    if parsed.get_backend_name() != "sqlite":
        raise ConfigurationError(
            f"SIGNOFF_DATABASE_URL names {parsed.get_backend_name()!r};"
            " sqlite and postgresql are supported."
        )
    if parsed.database in (None, "", ":memory:"):
        raise ConfigurationError(
            "SIGNOFF_DATABASE_URL names no file: several processes share the database."
        )
    Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        parsed, connect_args={"check_same_thread": False}, json_serializer=dump_json, **POOL
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver must not begin transactions by itself: _begin_sqlite does, see there.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {SQLITE_BUSY_SECONDS * 1000}")
    _use_wal(cursor)
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _use_wal(cursor: Any) -> None:
    # On a database that is not in WAL mode yet this fails at once while another process writes
    # (both have just been started on a new home): SQLite's busy timeout does not cover it.
    deadline = time.monotonic() + SQLITE_BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _begin_sqlite(connection: Any) -> None:
    # A transaction that reads first and writes later fails at once when another one wrote in
    # between, however long the busy timeout: writers queue up at their beginning instead.
    read_only = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
