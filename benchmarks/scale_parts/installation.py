"""``signoff serve`` in a folder of its own, watched from outside."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import requests

from benchmarks.pipeline_parts.processes import (
    answers,
    clean_environment,
    cpu_seconds,
    descendants,
    find,
    free_port,
    running,
    wait_until,
)
from signoff.executions.models import Execution
from signoff.settings import Settings
from signoff.storage import agents, executions, tokens
from signoff.storage.store import Store, open_store

START_SECONDS = 180
LOOK_SECONDS = 0.01
BUSY_TRIES = 30
PARTS = {
    "Prefect's server": "signoff.prefect_server",
    "worker": "prefect worker start",
    "API": "signoff.api",
}


@dataclass
class Installation:
    """A running installation. ``store`` is its record, looked into from here."""

    home: Path
    api: str
    prefect: str
    token: str
    store: Store
    pid: int
    session: requests.Session = field(default_factory=requests.Session)

    def call(self, method: str, path: str, *, scheme: str = "Bearer", **options: Any) -> Any:
        """The JSON of an answer; it must be good."""
        headers = {"Authorization": f"{scheme} {self.token}"}
        answer = self.session.request(
            method, self.api + path, headers=headers, timeout=120, **options
        )
        if not answer.ok:
            raise SystemExit(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json()

    def prefect_json(self, method: str, path: str, **options: Any) -> Any:
        """The JSON of an answer of Prefect's server; it must be good."""
        for _ in range(BUSY_TRIES):
            answer = self.session.request(method, f"{self.prefect}/{path}", timeout=120, **options)
            if answer.status_code != 503:
                break
            sleep(1)  # another one is writing to its SQLite: nothing was done
        answer.raise_for_status()
        return answer.json()

    def agent_id(self, name: str) -> str:
        """The id of an agent."""
        with self.store.database.reading() as session:
            return str(agents.find(session, name, cipher=self.store.cipher).agent_id)

    def execution(self, reference: object) -> Execution:
        """An execution as it is on record."""
        with self.store.database.reading() as session:
            return executions.find(session, str(reference))

    def seconds_until(
        self, reference: object, condition: Callable[[Execution], bool], *, longest: float = 120
    ) -> float:
        """How long it takes until an execution is so."""
        began = monotonic()
        while not condition(self.execution(reference)):
            if monotonic() - began > longest:
                raise SystemExit(f"execution {reference} did not go on; see {self.home}")
            sleep(LOOK_SECONDS)
        return monotonic() - began

    def cpu(self) -> dict[str, float]:
        """CPU seconds so far, by part."""
        return {name: cpu_seconds(find(self.pid, words)) for name, words in PARTS.items()}

    def held(self) -> tuple[int, int]:
        """How many processes and threads there are."""
        processes = descendants(self.pid)
        threads = sum(len(list(Path(f"/proc/{each}/task").iterdir())) for each in processes)
        return len(processes), threads

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop all its processes for the length of a ``with`` block."""
        stopped = descendants(self.pid)
        for each in stopped:
            os.kill(each, signal.SIGSTOP)
        try:
            yield
        finally:
            for each in stopped:
                os.kill(each, signal.SIGCONT)


@contextmanager
def installation(
    home: Path, *, agent: Mapping[str, Any], settings: Mapping[str, str]
) -> Iterator[Installation]:
    """An installation with one agent; ``settings`` are further environment variables."""
    prefect, api = free_port(), free_port()
    environment = clean_environment() | {
        "HOME": str(home),
        "PREFECT_HOME": str(home / "prefect"),
        "SIGNOFF_HOME": str(home / "signoff"),
        "SIGNOFF_API_PORT": str(api),
        "SIGNOFF_ALLOWED_HOSTS": '["127.0.0.1"]',
        "DO_NOT_TRACK": "1",
        **settings,
    }
    home.mkdir(parents=True)
    file, log = home / "agent.yaml", home / "serve.log"
    file.write_text(json.dumps(agent), encoding="utf-8")
    command = ["-c", "from signoff.cli import main; main()", "serve", "--agents", str(file)]
    with running([*command, "--port", str(prefect)], log=log, environment=environment) as process:
        url = f"http://127.0.0.1:{api}"

        def ready() -> bool:
            if process.poll() is not None:
                raise SystemExit(f"signoff serve ended:\n{log.read_text()}")
            return answers(f"{url}/readyz")

        wait_until(ready, seconds=START_SECONDS, what=f"signoff serve is ready; see {log}")
        store = open_store(Settings(home=home / "signoff"))
        try:
            with store.database.transaction() as session:
                _, token = tokens.create(session, name="benchmark")
            with requests.Session() as http:
                yield Installation(
                    home, url, f"http://127.0.0.1:{prefect}/api", token, store, process.pid, http
                )
        finally:
            store.database.close()
