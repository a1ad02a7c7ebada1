"""``signoff serve``: Prefect's server if none is configured, deployments, a worker, the API."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import requests

from signoff import prefect_deployments, prefect_limits, prefect_runs
from signoff.errors import ConfigurationError
from signoff.executions.models import AgentRevision
from signoff.settings import Settings
from signoff.storage import agents
from signoff.storage.store import Store

DEFAULT_WORKSPACE = "default"
START_SECONDS = 90
STOP_SECONDS = 25
"""How long a part may take to stop, beside the time that the worker gives to runs at work."""
RESTART_PAUSE = 2.0
SERVER_SETTINGS = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # one transaction for many events, not one for each
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    # a run that waits in line is not late: each would get another state, and its events
    "PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": "120",
    # it reads every suspended run, thousands in review, to find expired ones; ours never expire
    "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_LOOP_SECONDS": "300",
}
"""Of Prefect's server, as a part of this service on one machine."""


@dataclass
class Services:
    """The child processes of one ``signoff serve``."""

    settings: Settings
    say: Callable[[str], None]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, command: Sequence[str], **environment: str) -> None:
        """Start a child in a session of its own, so that one Ctrl-C reaches us alone."""
        log = self.settings.home / "logs" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as stream:
            self.processes[name] = subprocess.Popen(
                command,
                env=os.environ | environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def log_of(self, name: str) -> Path:
        """Where a child writes what it has to say."""
        return self.settings.home / "logs" / f"{name}.log"

    def stop(self) -> None:
        """Stop the children, the last started first; who does not go in time is killed."""
        for name, process in reversed(self.processes.items()):
            if process.poll() is None:
                self.say(f"Stopping the {name} …")
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(self.settings.drain_seconds + STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.say(
                    f"The {name} does not stop; killing it. Its work goes on at the next start."
                )
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def serve(
    store: Store, *, port: int, say: Callable[[str], None], ready: Callable[[], None]
) -> None:
    """Run everything until SIGINT or SIGTERM; a worker or API that dies is started again.

    Raises:
        ConfigurationError: a part did not start; the message names its log.
    """
    services = Services(store.settings, say)
    stopping = _Stop()
    with stopping:
        try:
            if prefect_runs.configured_url() is None:
                _start_server(services, port)
            deploy(store, say=say)
            _start_worker(services)
            _check_api_port(services)
            _start_api(services)
            _wait_for_api(services)
            ready()
            while not stopping.requested:
                time.sleep(0.2)
                for name, start in (("worker", _start_worker), ("API", _start_api)):
                    if services.processes[name].poll() is not None:
                        say(f"The {name} died; starting it again. See {services.log_of(name)}.")
                        time.sleep(RESTART_PAUSE)
                        start(services)
        finally:
            services.stop()


class _Stop:
    """Notes the first SIGINT or SIGTERM."""

    def __init__(self) -> None:
        self.requested = False

    def __enter__(self) -> None:
        self._before = {
            which: signal.signal(which, self._note) for which in (signal.SIGINT, signal.SIGTERM)
        }

    def __exit__(self, *_: object) -> None:
        for which, handler in self._before.items():
            signal.signal(which, handler)

    def _note(self, _signal: int, _frame: FrameType | None) -> None:
        self.requested = True


def _start_server(services: Services, port: int) -> None:
    url = f"http://127.0.0.1:{port}"
    services.say(f"Starting Prefect's server on {url} …")
    if _answers(f"{url}/api/health"):
        raise ConfigurationError(
            f"Something answers on {url} already. If it is the Prefect server to use, set"
            f" PREFECT_API_URL={url}/api; if not, choose another --port."
        )
    services.start(
        "server",
        [sys.executable, "-m", "signoff.prefect_server", "--host", "127.0.0.1",
         "--port", str(port)],
        PREFECT_API_URL=f"{url}/api",
        **SERVER_SETTINGS,
    )  # fmt: skip
    deadline = time.monotonic() + START_SECONDS
    while not _answers(f"{url}/api/health"):
        if services.processes["server"].poll() is not None or time.monotonic() > deadline:
            raise ConfigurationError(
                f"Prefect's server did not start; see {services.log_of('server')}."
            )
        time.sleep(0.3)
    # clients ask for a token first, which this server knows nothing of
    os.environ["PREFECT_CLIENT_CSRF_SUPPORT_ENABLED"] = "false"
    prefect_runs.use_server(f"{url}/api")


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


def _start_worker(services: Services) -> None:
    services.start(
        "worker",
        [sys.executable, "-m", "prefect", "worker", "start", "--type", "signoff",
         "--pool", services.settings.work_pool],
    )  # fmt: skip


def api_url(settings: Settings) -> str:
    """Where the HTTP API is, seen from this machine."""
    host = settings.api_host
    return f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{settings.api_port}"


def _check_api_port(services: Services) -> None:
    url = api_url(services.settings)
    if _answers(f"{url}/healthz"):
        raise ConfigurationError(
            f"Another HTTP API answers on {url} already: set SIGNOFF_API_PORT to a free port."
        )


def _start_api(services: Services) -> None:
    services.start("API", [sys.executable, "-m", "signoff.api"])


def _wait_for_api(services: Services) -> None:
    url = api_url(services.settings)
    deadline = time.monotonic() + START_SECONDS
    while not _answers(f"{url}/healthz"):
        if services.processes["API"].poll() is not None or time.monotonic() > deadline:
            raise ConfigurationError(
                f"The HTTP API did not start on {url}; see {services.log_of('API')}. If another"
                " program has that port, set SIGNOFF_API_PORT."
            )
        time.sleep(0.1)


def deploy(store: Store, *, say: Callable[[str], None]) -> None:
    """Create the work pool and all deployments; safe to repeat.

    Raises:
        ConfigurationError: `prefect deploy` failed; its output is in the message.
    """
    say("Creating the work pool and the deployments …")
    prefect_deployments.ensure_work_pool(store.settings.work_pool)
    prefect_limits.make_limits(store.settings.every_model)
    file = _prefect_file()
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all",
         "--prefect-file", str(file)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise ConfigurationError(f"prefect deploy failed:\n{done.stdout}\n{done.stderr}")
    with store.database.reading() as session:
        known = agents.every(session, cipher=store.cipher)
    for revision in known:
        deploy_agent(revision)


def deploy_agent(revision: AgentRevision) -> bool:
    """Create or renew an agent's own deployment; false while Prefect has none to copy.

    Names are unique in a workspace only, so agents of other workspaces than the default one have
    none: they are started over HTTP.
    """
    agent = revision.agent
    if agent.workspace != DEFAULT_WORKSPACE:
        return False
    return prefect_deployments.deploy_agent(agent.name, description=agent.description)


def _prefect_file() -> Path:
    """prefect.yaml: of the folder one stands in, else of the package's own."""
    here = Path("prefect.yaml")
    return here if here.exists() else Path(__file__).with_name("prefect.yaml")
