"""A whole Signoff on this machine: Prefect's server, deployments, workers, a command line."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import requests

from signoff import intake, lifecycle, prefect_deployments, prefect_runs
from signoff.executions.models import Execution
from signoff.prefect_runs import RunState
from signoff.settings import Settings
from signoff.storage import executions
from signoff.storage.store import Store, open_store

ROOT = Path(__file__).parents[2]
FAULTS = Path(__file__).parent / "faults"


def free_port() -> int:
    """A port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], Any], *, seconds: float = 150, what: str = "") -> Any:
    """Poll until the condition holds; its value. Fails the test when it does not in time.

    Patient by default: now and then Prefect's server on SQLite stalls for its busy timeout, 60 s.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError(f"did not happen within {seconds} s: {what or condition}")


class Process:
    """A child in a session of its own, its output in a file."""

    def __init__(self, command: list[str], log: Path, environment: Mapping[str, str]) -> None:
        self.log = log
        with log.open("ab") as stream:
            self._process = subprocess.Popen(
                command,
                stdout=stream,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=environment,
                cwd=ROOT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def died(self) -> bool:
        return self._process.poll() is not None

    def kill(self) -> None:
        """kill -9, with all its children."""
        if not self.died:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self, *, seconds: float = 30) -> None:
        """SIGTERM, and kill what does not go."""
        if not self.died:
            self._process.terminate()
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()


class Platform:
    """Prefect's server and what runs beside it, in a folder of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not _foreign(name)},
            "HOME": str(home),
            "PREFECT_HOME": str(home / "prefect"),
            "PREFECT_API_URL": f"{self.url}/api",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            "PREFECT_WORKER_QUERY_SECONDS": "0.5",
            # longer than the busy timeout of the server's SQLite
            "PREFECT_API_REQUEST_TIMEOUT": "120",
            "PREFECT_LOGGING_LEVEL": "WARNING",
            "SIGNOFF_HOME": str(home / "signoff"),
            "SIGNOFF_ALLOWED_HOSTS": '["127.0.0.1"]',
            "SIGNOFF_LEASE_SECONDS": "3",
            "SIGNOFF_RECONCILE_SECONDS": "1",
            "SIGNOFF_DELIVERY_BACKOFF": "0.05",
            "SIGNOFF_DELIVERY_ATTEMPTS": "3",
            "COLUMNS": "200",
        }
        self._server: Process | None = None
        self._workers: list[Process] = []
        self._before: dict[str, str | None] = {}
        self.store: Store

    def start(self) -> None:
        """Start the server and deploy; this process talks to it too."""
        for name in ("PREFECT_API_URL", "PREFECT_HOME", "PREFECT_API_REQUEST_TIMEOUT"):
            self._before[name] = os.environ.get(name)
            os.environ[name] = self.environment[name]
        self.start_server()
        prefect_runs.use_server(f"{self.url}/api")
        self.store = open_store(
            Settings(
                home=self.home / "signoff",
                allowed_hosts=["127.0.0.1"],
                lease_seconds=3,
                reconcile_seconds=1,
            )
        )
        prefect_deployments.ensure_work_pool("signoff")
        done = self.python("-m", "prefect", "--no-prompt", "deploy", "--all")
        assert done.returncode == 0, done.stdout + done.stderr

    def start_server(self) -> None:
        command = [sys.executable, "-m", "signoff.prefect_server", "--port", str(self.port)]
        self._server = Process(command, self.home / "server.log", self.environment)
        wait_until(self._healthy, seconds=90, what="Prefect's server is up")

    def stop_server(self) -> None:
        assert self._server is not None
        self._server.stop()

    def _healthy(self) -> bool:
        try:
            return requests.get(f"{self.url}/api/health", timeout=2).ok
        except requests.RequestException:
            return False

    def stop(self) -> None:
        self.stop_workers()
        if self._server is not None:
            self._server.stop()
        self.store.database.close()
        for name, value in self._before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})

    def start_worker(self, **environment: str) -> Process:
        """A worker process of its own; ``environment`` changes its settings."""
        command = [sys.executable, "-m", "prefect", "worker", "start", "--type", "signoff"]
        worker = Process(
            [*command, "--pool", "signoff"],
            self.home / "worker.log",
            self.environment | environment,
        )
        self._workers.append(worker)
        return worker

    def ensure_worker(self) -> None:
        """Have one worker at work."""
        if not self._workers or any(worker.died for worker in self._workers):
            self.stop_workers()
            self.start_worker()

    def stop_workers(self) -> None:
        for worker in self._workers:
            worker.stop()
        self._workers.clear()

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Python in this installation's environment, to its end."""
        return subprocess.run(
            [sys.executable, *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``signoff`` as a user does."""
        return self.python("-c", "from signoff.cli import main; main()", *arguments)

    def cli_json(self, *arguments: str) -> Any:
        """What a command prints with ``--json``; it must succeed."""
        done = self.cli(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def run(self, agent: str, *files: Path) -> Execution:
        """Start an execution as the command line does, without its start-up time."""
        request = intake.Request(agent=agent, triggered_by="tests")
        execution = intake.take_in(self.store, request, [str(file) for file in files])
        lifecycle.start(self.store, execution)
        return execution

    def run_to_review(self, agent: str, *files: Path) -> Execution:
        """Start an execution and wait until its form is open."""
        number = self.run(agent, *files).number
        self.wait_for(number, "PENDING_REVIEW")
        wait_until(lambda: self.form_is_open(self.execution(number)), what="the form is open")
        return self.execution(number)

    def run_state(self, execution: Execution) -> RunState:
        """How the execution's flow run is doing."""
        flow_run_id = self.execution(execution.number).flow_run_id
        run = prefect_runs.read(flow_run_id) if flow_run_id else None
        return run.state if run else RunState.MISSING

    def execution(self, reference: object) -> Execution:
        """The execution as it is on record now."""
        with self.store.database.reading() as session:
            return executions.find(session, str(reference))

    def form_is_open(self, execution: Execution) -> bool:
        """Whether the run is suspended in the execution's round, its form written."""
        assert execution.flow_run_id is not None
        run = prefect_runs.read(execution.flow_run_id)
        key = prefect_runs.pause_key(execution.review_round)
        return (
            run is not None
            and run.pause_key == key
            and prefect_runs.form_written(run.id, execution.review_round)
        )

    def run_is_over(self, execution: Execution) -> bool:
        """Whether the execution's flow run has ended."""
        return self.run_state(execution).is_over

    def read_form(self, execution: Execution) -> dict[str, Any]:
        """The open form as Prefect keeps it: its schema and its description."""
        keys = prefect_runs.keyset(execution.review_round)
        base = f"flow_runs/{execution.flow_run_id}/input"
        return {part: self.api(f"{base}/{keys[part]}") for part in ("schema", "description")}

    def answer_form(self, execution: Execution, **values: Any) -> dict[str, Any]:
        """Submit the approval form as Prefect's UI does; Prefect's answer."""
        assert execution.extraction is not None
        form = {
            "decision": "confirm",
            "data": execution.extraction.data,
            "data_revision": execution.data_revision,
        }
        found: dict[str, Any] = self.api(
            f"flow_runs/{execution.flow_run_id}/resume", {"run_input": form | values}
        )
        return found

    def api(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Call Prefect's API: GET, or POST with a body.

        Prefect's server on SQLite answers 503 to one of two who write at the same moment; its own
        client tries again, a person presses the button again, and so does this.
        """

        def call() -> requests.Response | None:
            method = "GET" if body is None else "POST"
            answer = requests.request(method, f"{self.url}/api/{path}", json=body, timeout=100)
            return None if answer.status_code == requests.codes.unavailable else answer

        answer: requests.Response = wait_until(call, what=f"Prefect answers {path}")
        assert answer.ok, answer.text
        return answer.json()

    def wait_for(self, reference: object, *statuses: str, seconds: float = 150) -> Execution:
        """Wait until an execution is in one of the states."""
        found: list[Execution] = []

        def arrived() -> bool:
            found[:] = [self.execution(reference)]
            return found[0].status in statuses

        try:
            wait_until(arrived, seconds=seconds, what=f"{reference} becomes {statuses}")
        except AssertionError as error:
            log = (self.home / "worker.log").read_text()[-3000:]
            raise AssertionError(f"{error}\n{found}\n{log}") from error
        return found[0]


def _foreign(name: str) -> bool:
    return name.startswith(("PREFECT_", "SIGNOFF_", "OPENAI_"))
