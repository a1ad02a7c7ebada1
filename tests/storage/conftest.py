from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.postgres import PostgresServer, PostgresUnavailableError, running_postgres

from signoff.settings import Settings
from signoff.storage.database import Database
from signoff.storage.files import FileStore
from signoff.storage.secrets import cipher_from
from signoff.storage.store import Store
from signoff.storage.tables import Base

BACKENDS = ["sqlite", "postgresql"]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for this test process."""
    try:
        with running_postgres() as server:
            yield server
    except PostgresUnavailableError as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def postgresql_database(postgres: PostgresServer) -> Iterator[Database]:
    """A PostgreSQL database with our tables, for one test after the other."""
    yield from _migrated(postgres.url(postgres.create_database()))


@pytest.fixture(scope="session")
def sqlite_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """An SQLite database with our tables, for one test after the other."""
    yield from _migrated(f"sqlite:///{tmp_path_factory.mktemp('sqlite')}/signoff.db")


def _migrated(url: str) -> Iterator[Database]:
    database = Database(url)
    database.migrate()
    yield database
    database.close()


@pytest.fixture(params=BACKENDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """An open store with nothing in it: tests that use it run on SQLite and on PostgreSQL.

    The database is emptied, not made anew: so statements are compiled once for all tests.
    """
    database: Database = request.getfixturevalue(f"{request.param}_database")
    with database.transaction() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(table.delete())
    settings = Settings(home=tmp_path / "home")
    return Store(settings, database, FileStore(settings.files_url), cipher_from(settings))


@pytest.fixture(params=BACKENDS)
def fresh_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without any table; on SQLite of one that does not exist."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/fresh/signoff.db"
        return
    postgres: PostgresServer = request.getfixturevalue("postgres")
    name = postgres.create_database()
    yield postgres.url(name)
    postgres.drop_database(name)
