"""``python -m signoff.prefect_server``: Prefect's server for one machine, with SQLite mended.

Options go to ``prefect server start``. Three things made Prefect's server slow on SQLite:

- Its transactions read first and ask for the database's lock when they come to write. If another
  has written meanwhile, SQLite fails at once ("database is locked"), the server answers 503, and
  Prefect's clients try again in two seconds, then in four. Here each takes the lock as it begins:
  it waits for some milliseconds instead.
- It stood still for 60 s now and then. Its event loop, in the midst of whatever it did, collected
  garbage, and with it an old cursor of a connection; resetting that waits while the connection
  executes something, which waited for the database's lock, whose holder waited for the event loop:
  until SQLite's busy timeout. A thread that collects may wait without harm.
- Each statement, each row fetched and each commit went to another thread and back, a fifth of the
  server's CPU time. Whoever holds the lock needs to wait for nobody and does it all at once;
  whoever may have to wait does so in the thread, as before.
"""

from __future__ import annotations

import gc
import itertools
import runpy
import sqlite3
import sys
import threading
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import aiosqlite
from prefect.server.database.configurations import AioSqliteConfiguration
from prefect.server.database.dependencies import set_database_config
from prefect.settings import get_current_settings
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, AsyncSessionTransaction

SECONDS_BETWEEN_COLLECTIONS = 2.0
SECONDS_UNTIL_STARTED = 15.0
TURNS_FOR_ALL = 15
"""What is young is looked through each time, what is old each so many times."""


class ImmediateSqlite(AioSqliteConfiguration):
    """Prefect's SQLite, whose transactions take the lock for writing as they begin."""

    async def engine(self) -> AsyncEngine:
        """Prefect's engine, with our connections."""
        engine = await super().engine()
        if not event.contains(engine.sync_engine, "do_connect", _use_our_connection):
            event.listen(engine.sync_engine, "do_connect", _use_our_connection)
        return engine

    @asynccontextmanager
    async def begin_transaction(
        self, session: AsyncSession, with_for_update: bool = False
    ) -> AsyncGenerator[AsyncSessionTransaction, None]:
        """Begin a transaction, waiting for its turn."""
        async with super().begin_transaction(session, with_for_update=True) as transaction:
            yield transaction


def _use_our_connection(
    _dialect: object, _record: object, _arguments: object, options: dict[str, Any]
) -> None:
    options["async_creator_fn"] = _connection


def _connection(database: str, **options: Any) -> Connection:
    options["check_same_thread"] = False
    connection = Connection(partial(sqlite3.connect, database, **options), iter_chunk_size=64)
    connection._thread.daemon = True
    return connection


class Connection(aiosqlite.Connection):
    """Stays in the event loop's thread while it holds the database's lock."""

    _immediate = False

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self._holds_lock():
            return fn(*args, **kwargs)
        result = await super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]
        self._immediate = "BEGIN IMMEDIATE" in args
        return result

    def _holds_lock(self) -> bool:
        # what is in a transaction of another kind may have to wait for the lock yet
        return self._immediate and self._connection is not None and self._connection.in_transaction


def collect_in_thread() -> None:
    """Collect garbage in a thread from now on, and nowhere else."""
    gc.disable()
    threading.Thread(target=_collect, name="garbage", daemon=True).start()


def _collect() -> None:
    time.sleep(SECONDS_UNTIL_STARTED)
    gc.collect()
    gc.freeze()  # what was loaded at the start stays: it need not be looked through again
    for turn in itertools.count(1):
        time.sleep(SECONDS_BETWEEN_COLLECTIONS)
        gc.collect(1 if turn % TURNS_FOR_ALL else 2)


def use_immediate_transactions() -> None:
    """Have this process's Prefect server take SQLite's lock early; other databases stay as is."""
    url = get_current_settings().server.database.connection_url
    address = url.get_secret_value() if url is not None else ""
    if address.startswith("sqlite"):
        set_database_config(ImmediateSqlite(connection_url=address))


if __name__ == "__main__":
    collect_in_thread()
    use_immediate_transactions()
    sys.argv[:] = ["prefect", "server", "start", *sys.argv[1:]]
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)
