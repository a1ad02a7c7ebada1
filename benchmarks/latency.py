"""How long one execution waits on an idle machine: until it runs, and until it is delivered.

    python benchmarks/latency.py [--runs 20] [--stock-runs 5] [--results FILE]

Create to running: from sending the upload until the flow run is Running, by Prefect's own clock.
Approve to delivered: from sending the approval until the delivery is on record, the webhook called.

Beside it stock Prefect: the same flow on the same server, taken by a process worker
(``prefect worker start --type process``), once with its default of asking for work every 10
seconds and once asking every half second, which costs the server more than the work does. Its runs
are created and approved through Prefect's API directly, which is less work than ours does. While
one side is measured, the other side's worker is stopped (SIGSTOP). No model is asked: the offline
reader reads a note of two lines.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from threading import Thread
from time import monotonic, sleep, time
from typing import Any
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.pipeline_parts.processes import find, python, running, wait_until
from benchmarks.results import Result, arguments, report
from benchmarks.scale_parts.installation import Installation, installation
from signoff import prefect_runs
from signoff.executions.models import Execution
from signoff.executions.states import Status
from signoff.storage import executions

NOTE = "Delivery note\n\nNumber: {number}\nTotal: 55.20\n"
DATA = {"number": "LS-1", "total": 55.2}
EXECUTIONS = "/api/v1/agent-executions"
SECONDS_AT_MOST = 1.0
TIMES_FASTER = 5.0
STOCK = {"process worker, default": "10", "process worker, asking twice a second": "0.5"}
PAUSE = 1.0
"""Between two measurements: the machine is to be idle."""
_DEPLOY = """
from prefect.client.orchestration import get_client
with get_client(sync_client=True) as client:
    model = client.read_deployment_by_name("extract/any")
    print(client.create_deployment(
        flow_id=model.flow_id, name="stock", entrypoint=model.entrypoint, path=model.path,
        work_pool_name="stock", parameter_openapi_schema=model.parameter_openapi_schema))
"""


class _Receiver(BaseHTTPRequestHandler):
    """Takes webhooks."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Take one."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@dataclass
class Times:
    """What was measured of one side, in seconds."""

    create: list[float] = field(default_factory=list)
    approve: list[float] = field(default_factory=list)


def main() -> int:
    """Measure, and print."""
    parser = arguments(__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--stock-runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="signoff-latency-") as name, ExitStack() as stack:
        folder = Path(name)
        url = stack.enter_context(receiver())
        at = stack.enter_context(installation(folder / "home", agent=agent(url), settings=SETTINGS))
        prefect_runs.use_server(at.prefect)
        environment = at_environment(at)
        python(["-m", "prefect", "work-pool", "create", "stock", "--type", "process"], environment)
        deployment = python(["-c", _DEPLOY], environment).split()[-1]
        ours = measure_ours(at, options.runs)
        stock = {}
        worker = find(at.pid, "prefect worker start")
        os.kill(worker, signal.SIGSTOP)
        for kind, seconds in STOCK.items():
            stock[kind] = measure_stock(at, deployment, kind, seconds, options.stock_runs)
        os.kill(worker, signal.SIGCONT)
        return report(rows(ours, stock, options), options)


SETTINGS = {"PREFECT_LOGGING_LEVEL": "WARNING"}


def agent(url: str) -> dict[str, Any]:
    """Reads notes, has them reviewed, delivers."""
    return {
        "name": "note",
        "data_schema": {
            "type": "object",
            "properties": {
                "number": {"type": "string", "description": "Number of the delivery note"},
                "total": {"type": "number", "description": "Total"},
            },
            "required": ["number"],
        },
        "destinations": [{"type": "WEBHOOK", "url": url}],
    }


@contextmanager
def receiver() -> Iterator[str]:
    """A webhook on this machine; its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Receiver)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def at_environment(at: Installation) -> dict[str, str]:
    """The environment of a process that belongs to the installation."""
    return {
        **os.environ,
        **SETTINGS,
        "HOME": str(at.home),
        "PREFECT_HOME": str(at.home / "prefect"),
        "PREFECT_API_URL": at.prefect,
        "SIGNOFF_HOME": str(at.home / "signoff"),
        "SIGNOFF_ALLOWED_HOSTS": '["127.0.0.1"]',
    }


def measure_ours(at: Installation, runs: int) -> Times:
    """As users do: an upload and an approval over HTTP. The first round is not counted."""
    times, agent_id = Times(), at.agent_id("note")
    for number in range(runs + 1):
        sleep(PAUSE)
        text = NOTE.format(number=f"LS-{number}")
        began = time()
        created = at.call(
            "POST",
            f"{EXECUTIONS}?agent_id={agent_id}",
            files=[("input_files", ("note.txt", text.encode()))],
        )
        at.seconds_until(created["id"], lambda execution: execution.flow_run_id is not None)
        execution = at.execution(created["id"])
        assert execution.flow_run_id is not None
        times.create.append(running_since(at, execution.flow_run_id) - began)
        wait_for_form(execution.flow_run_id)
        sleep(PAUSE)
        body = {"state": {"status": "CONFIRMED", "dataConfirmed": DATA}}
        clock = monotonic()
        at.call("PATCH", f"{EXECUTIONS}/{created['id']}", json=body)
        at.seconds_until(created["id"], is_delivered)
        times.approve.append(monotonic() - clock)
        print(f"Signoff: {times.create[-1]:.2f} s, {times.approve[-1]:.2f} s", flush=True)
    return Times(times.create[1:], times.approve[1:])


def measure_stock(at: Installation, deployment: str, kind: str, seconds: str, runs: int) -> Times:
    """The same flow by a process worker; created and approved through Prefect's API."""
    times = Times()
    environment = at_environment(at) | {"PREFECT_WORKER_QUERY_SECONDS": seconds}
    command = ["-m", "prefect", "worker", "start", "--pool", "stock", "--type", "process"]
    log = at.home / "logs" / "stock.log"
    with running(command, log=log, environment=environment):
        workers = "work_pools/stock/workers/filter"
        wait_until(
            lambda: at.prefect_json("POST", workers, json={}), seconds=120, what="a process worker"
        )
        for number in range(runs + 1):
            sleep(PAUSE)
            file = at.home / f"{seconds}-{number}.txt"
            file.write_text(NOTE.format(number=f"LS-{number}"), encoding="utf-8")
            body: dict[str, Any] = {"parameters": {"agent": "note", "files": [str(file)]}}
            began = time()
            run = at.prefect_json("POST", f"deployments/{deployment}/create_flow_run", json=body)
            times.create.append(running_since(at, UUID(run["id"])) - began)
            wait_for_form(UUID(run["id"]))
            sleep(PAUSE)
            execution = of_run(at, UUID(run["id"]))
            form = {"decision": "confirm", "data": DATA, "data_revision": execution.data_revision}
            clock = monotonic()
            at.prefect_json("POST", f"flow_runs/{run['id']}/resume", json={"run_input": form})
            at.seconds_until(execution.id, is_delivered)
            times.approve.append(monotonic() - clock)
            print(f"{kind}: {times.create[-1]:.2f} s, {times.approve[-1]:.2f} s", flush=True)
    return Times(times.create[1:], times.approve[1:])


def running_since(at: Installation, flow_run_id: UUID) -> float:
    """When the run became Running, in seconds since 1970."""

    def start_time() -> str | None:
        found: str | None = at.prefect_json("GET", f"flow_runs/{flow_run_id}")["start_time"]
        return found

    return datetime.fromisoformat(wait_until(start_time, seconds=120, what="running")).timestamp()


def wait_for_form(flow_run_id: UUID) -> None:
    """Until the run is suspended and its form is there."""
    wait_until(
        lambda: prefect_runs.form_written(flow_run_id, 1), seconds=120, what="the form is written"
    )


def is_delivered(execution: Execution) -> bool:
    """Whether the delivery is on record."""
    return execution.status is Status.DELIVERED_TO_DESTINATION


def of_run(at: Installation, flow_run_id: UUID) -> Execution:
    """The execution that a run is."""
    with at.store.database.reading() as session:
        found = executions.by_flow_run(session, flow_run_id)
    assert found is not None
    return found


def rows(ours: Times, stock: dict[str, Times], options: Any) -> list[Result]:
    """The rows of the table: each wait against its limit, and against the better stock worker."""
    found = []
    for work, mine, theirs in (
        ("create to running", ours.create, {kind: each.create for kind, each in stock.items()}),
        (
            "approve to delivered",
            ours.approve,
            {kind: each.approve for kind, each in stock.items()},
        ),
    ):
        seconds = median(mine)
        best = min(theirs, key=lambda kind: median(theirs[kind]))
        beside = median(theirs[best])
        all_of_them = "; ".join(f"{kind}: {median(each):.1f} s" for kind, each in theirs.items())
        found.append(
            Result(
                number=3,
                work=f"one execution, {work}, idle machine, median of {options.runs}",
                ours=f"{seconds:.2f} s",
                beside="1 s",
                ratio=seconds / SECONDS_AT_MOST,
                goal=1.0,
                at_least=False,
                note=f"longest {max(mine):.2f} s",
            )
        )
        found.append(
            Result(
                number=3,
                work=f"the same, {work}, beside stock Prefect",
                ours=f"{seconds:.2f} s",
                beside=f"{beside:.1f} s",
                ratio=beside / seconds,
                goal=TIMES_FASTER,
                note=all_of_them,
            )
        )
    return found


if __name__ == "__main__":
    sys.exit(main())
