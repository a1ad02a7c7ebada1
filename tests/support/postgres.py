"""A PostgreSQL server for the tests: one per test process, started when first asked for.

Nothing is installed and nothing of the machine's own servers is touched: the server runs from
Debian's binaries in a temporary folder, on a Unix socket in it, and ends with the tests.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

START_SECONDS = 60
SOCKET_NAME = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH = 100

# These databases live for seconds: nothing of them needs to survive a power cut.
OPTIONS = {
    "listen_addresses": "",
    "max_connections": "150",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "32MB",
    "timezone": "America/Sao_Paulo",  # so that a time stored without its zone shows
}


class PostgresUnavailableError(Exception):
    """There is no PostgreSQL server to be had here; the message says why."""


class PostgresServer:
    """A running server; ``superuser`` is ``postgres``, without a password."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of ``database``."""
        return f"postgresql+psycopg://postgres@/{database}?host={self._folder}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """A connection that commits every statement."""
        return psycopg.connect(
            host=str(self._folder), user="postgres", dbname=database, autocommit=True
        )

    def create_database(self) -> str:
        """Make an empty database; returns its name."""
        name = f"test_{uuid4().hex}"
        with self.connect() as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0'.encode())
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is connected still."""
        with self.connect() as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Start a server, and stop it at the end.

    Raises:
        PostgresUnavailableError: there are no binaries, or nobody to run them as.
    """
    binaries = _binaries()
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="signoff-pg-"))
    try:
        if len(str(folder / SOCKET_NAME)) > LONGEST_SOCKET_PATH:
            raise PostgresUnavailableError(f"{folder} is too long a path for a Unix socket")
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        data = folder / "data"
        _initialise(binaries / "initdb", data, account)
        process = _start(binaries / "postgres", data, folder, account)
        try:
            server = PostgresServer(folder)
            _wait_until_up(server, process, folder / "log")
            yield server
        finally:
            process.send_signal(signal.SIGQUIT)  # at once: the data goes anyway
            process.wait(timeout=START_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name, reverse=True
    )
    for folder in folders:
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    raise PostgresUnavailableError("no PostgreSQL server here: apt-get install postgresql")


def _account() -> pwd.struct_passwd | None:
    """Whom to run the server as: it refuses root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise PostgresUnavailableError("PostgreSQL refuses root, and there is no other account")


def _initialise(initdb: Path, data: Path, account: pwd.struct_passwd | None) -> None:
    command = [initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale"]
    done = subprocess.run(
        [*map(str, command), "--no-sync", "--no-instructions"],
        capture_output=True,
        text=True,
        cwd=data.parent,
        **_as(account),
    )
    if done.returncode != 0:
        raise RuntimeError(f"initdb failed:\n{done.stderr}")


def _start(
    postgres: Path, data: Path, folder: Path, account: pwd.struct_passwd | None
) -> subprocess.Popen[bytes]:
    command = [str(postgres), "-D", str(data), "-k", str(folder)]
    for name, value in OPTIONS.items():
        command += ["-c", f"{name}={value}"]
    setpriv = shutil.which("setpriv")
    if setpriv is not None:
        # The server must not outlive a test run that is killed.
        command = [setpriv, "--pdeathsig", "QUIT", *command]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            # Ctrl-C reaches pytest alone, which then stops the server
            start_new_session=True,
            **_as(account),
        )


def _as(account: pwd.struct_passwd | None) -> dict[str, Any]:
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _wait_until_up(server: PostgresServer, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            server.connect().close()
            return
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}") from error
        time.sleep(0.05)
