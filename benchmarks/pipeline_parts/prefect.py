"""Prefect's server as ``signoff serve`` runs it, alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.pipeline_parts.processes import (
    answers,
    clean_environment,
    free_port,
    running,
    wait_until,
)
from signoff.serve import SERVER_SETTINGS

START_SECONDS = 120


@dataclass(frozen=True)
class PrefectServer:
    """A running server."""

    port: int
    pid: int

    @property
    def api(self) -> str:
        """The URL of its API."""
        return f"http://127.0.0.1:{self.port}/api"


@contextmanager
def prefect_server(home: Path) -> Iterator[PrefectServer]:
    """A server with its SQLite database in ``home``, for the length of a ``with`` block."""
    port = free_port()
    environment = clean_environment() | {
        "HOME": str(home),
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        **SERVER_SETTINGS,
    }
    command = ["-m", "signoff.prefect_server", "--port", str(port)]
    with running(command, log=home / "server.log", environment=environment) as process:
        server = PrefectServer(port, process.pid)
        wait_until(
            lambda: answers(f"{server.api}/health"), seconds=START_SECONDS, what="Prefect's server"
        )
        yield server
