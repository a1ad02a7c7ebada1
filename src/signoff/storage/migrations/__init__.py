"""Alembic migrations, applied at start by :func:`upgrade`."""

from __future__ import annotations

import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text

from signoff.errors import ConfigurationError

# any number that nothing else in the same PostgreSQL database takes as an advisory lock
LOCK = 7_446_633

_in_this_process = threading.Lock()


def upgrade(engine: Engine) -> None:
    """Bring the database to the newest revision; processes that start at once take turns.

    Raises:
        ConfigurationError: the database is at a revision that this version does not know.
    """
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        try:
            # Alembic keeps the migration under way in a global: threads take turns too
            with _in_this_process:
                command.upgrade(config(connection), "head")
        except CommandError as error:
            raise ConfigurationError(
                f"The database was made by a later version of Signoff ({error}): install that"
                " version, or set SIGNOFF_DATABASE_URL to another database."
            ) from error


def config(connection: Connection) -> Config:
    """Alembic's configuration for an open connection."""
    settings = Config()
    folder = str(Path(__file__).parent)
    settings.set_main_option("script_location", folder.replace("%", "%%"))  # else interpolated
    settings.attributes["connection"] = connection
    return settings
