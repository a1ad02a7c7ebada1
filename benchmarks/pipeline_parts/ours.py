"""Our side: ``signoff serve`` in a folder of its own, asked over HTTP as clients do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from benchmarks.pipeline_parts import documents
from benchmarks.pipeline_parts.prefect import START_SECONDS, prefect_server
from benchmarks.pipeline_parts.processes import (
    answers,
    clean_environment,
    cpu_seconds,
    find,
    free_port,
    python,
    running,
    wait_until,
)

CONCURRENCY = 32
CLIENTS = 4
PARTS = {
    "Prefect's server": "signoff.prefect_server",
    "worker": "prefect worker start",
    "API": "signoff.api",
}


@dataclass
class Signoff:
    """A running installation."""

    home: Path
    api: str
    token: str
    agent_id: str
    pids: dict[str, int]
    environment: dict[str, str]

    def create(self, files: list[Path]) -> list[str]:
        """Upload each file as an execution of its own, a few clients at a time; their ids."""
        with ThreadPoolExecutor(CLIENTS) as clients, requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {self.token}"
            return list(clients.map(lambda file: self._create(session, file), files))

    def _create(self, session: requests.Session, file: Path) -> str:
        answer = session.post(
            f"{self.api}/api/v1/agent-executions",
            params={"agent_id": self.agent_id},
            files=[("input_files", (file.name, file.read_bytes()))],
            timeout=120,
        )
        answer.raise_for_status()
        return str(answer.json()["id"])

    def statuses(self) -> dict[str, int]:
        """How many executions are in each state."""
        found: dict[str, int] = {}
        skip, more = 0, True
        while more:
            page = requests.get(
                f"{self.api}/api/v1/agent-executions",
                params={"skip": skip, "limit": 100},
                headers={"Authorization": f"Bearer {self.token}"},
                timeout=60,
            ).json()
            for execution in page["data"]:
                status = execution["state"]["status"]
                found[status] = found.get(status, 0) + 1
            skip, more = (
                skip + 100,
                bool(page["hasMore"] if "hasMore" in page else page["has_more"]),
            )
        return found

    def cpu(self) -> dict[str, float]:
        """CPU seconds so far, by part."""
        return {name: cpu_seconds(pid) for name, pid in self.pids.items()}


@contextmanager
def signoff(
    home: Path,
    *,
    model: str,
    webhook: str,
    process_worker: int | None = None,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Signoff]:
    """An installation with the benchmark's agent.

    Args:
        home: an empty folder.
        model: the model's URL.
        webhook: where the agent delivers.
        process_worker: run by a stock Prefect process worker with this limit, instead of ours.
        settings: more environment variables. With PREFECT_API_URL no server is started.
    """
    prefect, api = free_port(), free_port()
    environment = clean_environment() | {
        "HOME": str(home),
        "PREFECT_HOME": str(home / "prefect"),
        "SIGNOFF_HOME": str(home / "signoff"),
        "SIGNOFF_API_PORT": str(api),
        "SIGNOFF_MODEL_URL": model,
        "SIGNOFF_MODEL_API_KEY": "benchmark",
        "SIGNOFF_MODEL": "benchmark",
        "SIGNOFF_MODEL_SEES_IMAGES": "false",
        "SIGNOFF_MODEL_CONCURRENCY": str(CONCURRENCY),
        "SIGNOFF_ALLOWED_HOSTS": '["127.0.0.1"]',
        "DO_NOT_TRACK": "1",
    }
    environment |= settings or {}
    home.mkdir(parents=True, exist_ok=True)
    file = home / "agent.yaml"
    file.write_text(json.dumps(documents.agent(webhook)), encoding="utf-8")
    url = f"http://127.0.0.1:{api}"
    with ExitStack() as stack:
        if process_worker is None:
            command = ["serve", "--agents", str(file), "--port", str(prefect)]
            log = home / "serve.log"
            parent = stack.enter_context(
                running(_cli(*command), log=log, environment=environment)
            ).pid
            ready = f"{url}/readyz"
            wait_until(lambda: answers(ready), seconds=START_SECONDS, what=f"serve; see {log}")
            pids = {
                name: find(parent, words)
                for name, words in PARTS.items()
                if name != "Prefect's server" or "PREFECT_API_URL" not in environment
            }
        else:
            pids = _in_parts(stack, home, environment, file, process_worker)
            wait_until(lambda: answers(f"{url}/readyz"), seconds=START_SECONDS, what="the API")
        token = json.loads(python(_cli("tokens", "create", "benchmark", "--json"), environment))
        yield Signoff(home, url, token["token"], _agent_id(url, token), pids, environment)


def _in_parts(
    stack: ExitStack,
    home: Path,
    environment: dict[str, str],
    agent: Path,
    limit: int,
) -> dict[str, int]:
    """What ``signoff serve`` starts, with a stock process worker in the place of ours."""

    def start(name: str, *command: str) -> int:
        log = home / "logs" / f"{name.split()[-1]}.log"
        return stack.enter_context(running(command, log=log, environment=environment)).pid

    server = stack.enter_context(prefect_server(home))
    environment |= {
        "PREFECT_API_URL": server.api,
        "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "false",
    }
    prefect = ("-m", "prefect")
    python([*prefect, "work-pool", "create", "signoff", "--type", "process"], environment)
    python([*prefect, "--no-prompt", "deploy", "--all"], environment)
    python(_cli("agents", "apply", str(agent)), environment)
    worker = start(
        "worker", *prefect, "worker", "start", "--type", "process", "--pool", "signoff",
        "--limit", str(limit),
    )  # fmt: skip
    return {
        "Prefect's server": server.pid,
        "worker": worker,
        "API": start("API", "-m", "signoff.api"),
    }


def _cli(*arguments: str) -> list[str]:
    return ["-c", "from signoff.cli import main; main()", *arguments]


def _agent_id(url: str, token: dict[str, Any]) -> str:
    found = requests.get(
        f"{url}/api/v1/agents", headers={"Authorization": f"Bearer {token['token']}"}, timeout=60
    ).json()
    return str(next(each["id"] for each in found["data"] if each["name"] == documents.AGENT))
