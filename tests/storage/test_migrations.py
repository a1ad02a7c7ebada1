"""Bringing the tables up to date."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from signoff.errors import ConfigurationError
from signoff.storage.database import Database
from signoff.storage.tables import Base

MIGRATE = """
import sys
from signoff.storage.database import Database
sys.stdin.readline()
database = Database(sys.argv[1])
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
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", MIGRATE, fresh_url],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    errors = [process.communicate()[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0] * 3, "\n".join(errors)


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
