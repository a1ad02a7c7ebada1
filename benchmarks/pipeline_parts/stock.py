"""Peer 2: stock Prefect, its server on SQLite and a process worker: a process for every run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import requests

from benchmarks.pipeline_parts.processes import (
    ROOT,
    answers,
    clean_environment,
    free_port,
    python,
    running,
    wait_until,
)

_DEPLOY = """
from benchmarks.pipeline_parts.stock_flow import document
print(document.from_source({root!r}, "benchmarks/pipeline_parts/stock_flow.py:document").deploy(
    "stock", work_pool_name="stock", print_next_steps=False, ignore_warnings=True, build=False))
"""


@dataclass
class Stock:
    """A running installation of Prefect with the plain flow deployed."""

    api: str
    deployment: str
    parameters: dict[str, str]

    def create(self, files: list[Path]) -> float:
        """Create a run for each file, a few clients at a time; when the first was created."""
        began = monotonic()
        with ThreadPoolExecutor(4) as clients, requests.Session() as session:
            list(clients.map(lambda file: self._create(session, file), files))
        return began

    def _create(self, session: requests.Session, file: Path) -> None:
        while True:
            answer = session.post(
                f"{self.api}/deployments/{self.deployment}/create_flow_run",
                json={"parameters": {"path": str(file), **self.parameters}},
                timeout=120,
            )
            # of several who write at once, one may hear that the database is busy; Prefect's own
            # client asks again, too
            if answer.status_code != requests.codes.unavailable:
                break
            sleep(0.2)
        answer.raise_for_status()


@contextmanager
def stock_prefect(
    home: Path, *, model: str, webhook: str, messages: Path, limit: int
) -> Iterator[Stock]:
    """Prefect's server and a process worker that runs ``limit`` runs at a time."""
    port = free_port()
    api = f"http://127.0.0.1:{port}/api"
    environment = clean_environment() | {
        "HOME": str(home),
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_API_URL": api,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "DO_NOT_TRACK": "1",
    }
    prefect = ("-m", "prefect")
    with ExitStack() as stack:
        stack.enter_context(
            running(
                [*prefect, "server", "start", "--port", str(port)],
                log=home / "server.log",
                environment=environment,
            )
        )
        wait_until(lambda: answers(f"{api}/health"), seconds=120, what="Prefect's server")
        python([*prefect, "work-pool", "create", "stock", "--type", "process"], environment)
        deployment = python(["-c", _DEPLOY.format(root=str(ROOT))], environment).split()[-1]
        stack.enter_context(
            running(
                [*prefect, "worker", "start", "--pool", "stock", "--limit", str(limit)],
                log=home / "worker.log",
                environment=environment,
            )
        )
        wait_until(lambda: _worker_is_online(api), seconds=120, what="the process worker")
        parameters = {"model": model, "webhook": webhook, "messages": str(messages)}
        yield Stock(api, deployment, parameters)


def _worker_is_online(api: str) -> bool:
    found = requests.post(f"{api}/work_pools/stock/workers/filter", json={}, timeout=30)
    return bool(found.ok and json.loads(found.text))
