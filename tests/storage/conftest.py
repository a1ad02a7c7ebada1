from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.postgres import PostgresServer, PostgresUnavailableError, running_postgres
from support.stores import opened_store

from signoff.storage.database import Database
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
def migrated_postgres(postgres: PostgresServer) -> str:
    """The name of a database with our tables."""
    name: str = postgres.create_database()
    database = Database(postgres.url(name))
    database.migrate()
    database.close()
    return name


@pytest.fixture
def postgres_url(postgres: PostgresServer, migrated_postgres: str) -> str:
    """A PostgreSQL database with our tables and nothing in them."""
    children_first = [table.name for table in reversed(Base.metadata.sorted_tables)]
    postgres.empty_tables(migrated_postgres, children_first)
    return str(postgres.url(migrated_postgres))


@pytest.fixture
def empty_postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """A new PostgreSQL database without any table."""
    name: str = postgres.create_database()
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture(params=BACKENDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An open store: every test that uses it runs on SQLite and on PostgreSQL."""
    settings = {}
    if request.param == "postgresql":
        settings["database_url"] = request.getfixturevalue("postgres_url")
    with opened_store(tmp_path / "home", **settings) as opened:
        yield opened


@pytest.fixture(params=BACKENDS)
def fresh_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without any table; on SQLite of one that does not exist."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("empty_postgres_url"))
    return f"sqlite:///{tmp_path}/fresh/signoff.db"
