"""Prefect's server as ``signoff serve`` runs it: what it does otherwise than Prefect's own."""

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from prefect.server.database.configurations import AioSqliteConfiguration
from prefect.server.database.dependencies import MODELS_DEPENDENCIES
from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL, temporary_settings
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from signoff.prefect_server import ImmediateSqlite, use_immediate_transactions


async def two_that_read_and_then_write(config: AioSqliteConfiguration) -> int:
    """Both read, then both write; how often the row was counted up."""
    engine = await config.engine()
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE counted (number INTEGER)"))
        await connection.execute(text("INSERT INTO counted VALUES (0)"))
        await connection.commit()

    async def count_up() -> None:
        session = await config.session(engine)
        async with session, config.begin_transaction(session):
            number = (await session.execute(text("SELECT number FROM counted"))).scalar_one()
            await asyncio.sleep(0.05)
            await session.execute(text("UPDATE counted SET number = :next"), {"next": number + 1})

    try:
        await asyncio.gather(count_up(), count_up())
        session = await config.session(engine)
        async with session:
            found: int = (await session.execute(text("SELECT number FROM counted"))).scalar_one()
            return found
    finally:
        await engine.dispose()


def test_two_requests_that_read_and_write_both_count(tmp_path: Path) -> None:
    config = ImmediateSqlite(connection_url=f"sqlite+aiosqlite:///{tmp_path}/ours.db")
    assert asyncio.run(two_that_read_and_then_write(config)) == 2


def test_with_prefects_own_transactions_the_second_of_two_is_refused(tmp_path: Path) -> None:
    # once this fails, Prefect has mended it, and ours can go
    config = AioSqliteConfiguration(connection_url=f"sqlite+aiosqlite:///{tmp_path}/own.db")
    with pytest.raises(OperationalError, match="database is locked"):
        asyncio.run(two_that_read_and_then_write(config))


async def threads_of(config: AioSqliteConfiguration) -> dict[str, bool]:
    """Whether each statement is executed in the event loop's thread."""
    engine = await config.engine()
    here = threading.get_ident()
    try:
        async with await config.session(engine) as session:
            made = await (await session.connection()).get_raw_connection()
            await made.driver_connection.create_function("thread", 0, threading.get_ident)  # type: ignore[union-attr]
            asked = text("SELECT thread()")
            found = {"before": (await session.execute(asked)).scalar_one() == here}
            await session.commit()
            async with config.begin_transaction(session):
                found["within"] = (await session.execute(asked)).scalar_one() == here
            found["after"] = (await session.execute(asked)).scalar_one() == here
            await session.execute(text("SAVEPOINT begins_another_kind_of_transaction"))
            found["in another kind"] = (await session.execute(asked)).scalar_one() == here
            return found
    finally:
        await engine.dispose()


def test_whoever_holds_the_lock_changes_no_thread_and_whoever_may_wait_does(tmp_path: Path) -> None:
    config = ImmediateSqlite(connection_url=f"sqlite+aiosqlite:///{tmp_path}/ours.db")
    assert asyncio.run(threads_of(config)) == {
        "before": False,
        "within": True,
        "after": False,
        "in another kind": False,
    }


@pytest.mark.parametrize(
    ("url", "ours"),
    [("sqlite+aiosqlite:///some.db", True), ("postgresql+asyncpg://host/name", False)],
)
def test_sqlite_alone_is_changed(url: str, ours: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODELS_DEPENDENCIES, "database_config", None)
    with temporary_settings({PREFECT_API_DATABASE_CONNECTION_URL: url}):
        use_immediate_transactions()
    assert isinstance(MODELS_DEPENDENCIES["database_config"], ImmediateSqlite) is ours


def test_garbage_is_collected_in_a_thread_alone() -> None:
    asking = (
        "import gc, threading; from signoff.prefect_server import collect_in_thread;"
        " collect_in_thread();"
        " print(gc.isenabled(), 'garbage' in [each.name for each in threading.enumerate()])"
    )
    done = subprocess.run(
        [sys.executable, "-c", asking], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False True"
