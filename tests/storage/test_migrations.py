"""Bringing the tables up to date."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from support.at_once import in_processes_at_once

from signoff.errors import ConfigurationError
from signoff.storage.database import Database
from signoff.storage.tables import Base

MIGRATE = """
from signoff.storage.database import Database

def work(url):
    database = Database(url)
    database.migrate()
    with database.reading() as session:
        session.connection().exec_driver_sql("SELECT * FROM executions")
    database.close()
"""


def test_migrations_lead_to_exactly_the_tables(fresh_url: str) -> None:
    database = Database(fresh_url)
    database.migrate()
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    database.close()


def test_migrating_again_changes_nothing(fresh_url: str) -> None:
    database = Database(fresh_url)
    database.migrate()
    database.migrate()
    database.close()


def test_processes_that_start_at_once_on_a_fresh_database_all_succeed(fresh_url: str) -> None:
    assert in_processes_at_once(MIGRATE, fresh_url) == ["None"] * 8


def test_a_database_of_a_later_version_is_refused(fresh_url: str) -> None:
    database = Database(fresh_url)
    database.migrate()
    with database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigurationError, match="later version of Signoff"):
        database.migrate()
    database.close()


def test_a_folder_name_with_a_percent_sign_is_no_obstacle(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/100%/signoff.db")
    database.migrate()
    database.close()
