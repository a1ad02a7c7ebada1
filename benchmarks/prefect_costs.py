"""What Prefect's server spends on one execution, call by call: what holds rows 1 to 3.

    python benchmarks/prefect_costs.py [--runs 100]

Asks a server as ``signoff serve`` runs it for what an execution asks of it, one call after the
other, and prints the CPU seconds of its process for each kind, what it takes when idle deducted.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

import requests

from benchmarks.pipeline_parts.prefect import PrefectServer, prefect_server
from benchmarks.pipeline_parts.processes import cpu_seconds
from signoff.worker import SignoffWorker

SECONDS_TO_SETTLE = 15
SECONDS_TO_WRITE = 2.5
"""Events and lines of log are written some seconds after they came."""
LINES = 3
STATES = ("PENDING", "RUNNING", "COMPLETED")


def main() -> None:
    """Ask, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=100)
    count = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder, prefect_server(Path(folder)) as server:
        sleep(SECONDS_TO_SETTLE)
        execution = Execution(server)
        total = 0.0
        print("| times | call | CPU each |\n| ----- | ---- | -------- |")
        for times, name, call in execution.calls():
            cost = measured(server, call, count)
            total += times * cost
            print(f"| {times} | {name} | {1000 * cost:.1f} ms |", flush=True)
    print(f"| | one execution | {1000 * total:.0f} ms |")


def measured(server: PrefectServer, call: Callable[[int], None], count: int) -> float:
    """CPU seconds of one call; ``call`` is given the run's number."""
    before, began = cpu_seconds(server.pid), monotonic()
    for number in range(count):
        call(number)
    sleep(SECONDS_TO_WRITE)
    after, took = cpu_seconds(server.pid), monotonic() - began
    sleep(took)
    idle = cpu_seconds(server.pid) - after
    return (after - before - idle) / count


class Execution:
    """What one execution that is signed off by the policy asks of Prefect's server."""

    def __init__(self, server: PrefectServer) -> None:
        """Make a work pool, a flow and its deployment."""
        self._api, self._session = server.api, requests.Session()
        template = SignoffWorker.get_default_base_job_template()
        self._post("work_pools/", name="pool", type="signoff", base_job_template=template)
        deployment = self._post(
            "deployments/",
            flow_id=self._post("flows/", name="flow")["id"],
            name="deployment",
            entrypoint="flows.extract.extract",
            work_pool_name="pool",
            parameter_openapi_schema={"type": "object", "properties": {"agent": {}}},
            enforce_parameter_schema=True,
        )
        self._deployment = deployment["id"]
        self._runs: list[str] = []

    def calls(self) -> list[tuple[float, str, Callable[[int], None]]]:
        """How often each is made, its name, and one that is given the run's number."""
        return [
            (1, "create the flow run", self._create),
            (0.3, "get scheduled flow runs (many executions at once)", self._scheduled),
            (1, "set the run's state: Pending", self._state("PENDING")),
            (1, "set the run's state: Running", self._state("RUNNING")),
            (3, "task run: Pending, Running and Completed, as events", self._task_run),
            (4, "an event of the execution", self._event),
            (1, "artifact", self._artifact),
            (2, f"{LINES} lines of log", self._log),
            (1, "set the run's state: Completed", self._state("COMPLETED")),
        ]

    def _post(self, path: str, **values: Any) -> Any:
        return self._send(path, values)

    def _send(self, path: str, body: object) -> Any:
        answer = self._session.post(f"{self._api}/{path}", json=body, timeout=60)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def _create(self, _number: int) -> None:
        made = self._post(
            f"deployments/{self._deployment}/create_flow_run",
            parameters={"agent": "any"},
            idempotency_key=str(uuid4()),
            state={"type": "SCHEDULED"},
        )
        self._runs.append(made["id"])

    def _scheduled(self, _number: int) -> None:
        self._post("work_pools/pool/get_scheduled_flow_runs", limit=1)

    def _state(self, kind: str) -> Callable[[int], None]:
        def call(number: int) -> None:
            answer = self._post(f"flow_runs/{self._runs[number]}/set_state", state={"type": kind})
            if answer["status"] != "ACCEPT":
                raise SystemExit(f"Prefect did not take {kind}: {answer}")

        return call

    def _artifact(self, number: int) -> None:
        self._post(
            "artifacts/",
            key=f"execution-{number}",
            type="markdown",
            data="| iteration | what it did |\n" * 50,
            flow_run_id=self._runs[number],
        )

    def _log(self, number: int) -> None:
        line = {
            "name": "prefect.flow_runs",
            "level": 20,
            "message": "Finished in state Completed()",
            "timestamp": _now(),
            "flow_run_id": self._runs[number],
        }
        self._send("logs/", [line] * LINES)

    def _event(self, number: int) -> None:
        self._send("events", [self._about(number, "signoff.execution.CONFIRMED", "signoff.x", {})])

    def _task_run(self, number: int) -> None:
        task_run = f"prefect.task-run.{uuid4()}"
        self._send("events", [self._change(number, task_run, state) for state in STATES])

    def _change(self, number: int, task_run: str, state: str) -> dict[str, Any]:
        described = {
            "task_key": "parse",
            "dynamic_key": task_run,
            "name": "parse",
            "flow_run_id": self._runs[number],
            "run_count": 1,
            "flow_run_run_count": 1,
        }
        change = {"type": state, "name": state.title(), "state_details": {}}
        event = self._about(
            number,
            f"prefect.task-run.{state.title()}",
            task_run,
            {"task_run": described, "validated_state": change, "intended": {"to": state}},
        )
        event["resource"] |= {
            "prefect.orchestration": "client",
            "prefect.state-type": state,
            "prefect.state-name": state.title(),
            "prefect.state-timestamp": _now(),
            "prefect.run-count": "1",
        }
        return event

    def _about(
        self, number: int, name: str, resource: str, payload: dict[str, Any]
    ) -> dict[str, Any]:
        run = f"prefect.flow-run.{self._runs[number]}"
        return {
            "id": str(uuid4()),
            "occurred": _now(),
            "event": name,
            "resource": {"prefect.resource.id": resource},
            "related": [{"prefect.resource.id": run, "prefect.resource.role": "flow-run"}],
            "payload": payload,
        }


def _now() -> str:
    return datetime.now(UTC).isoformat()


if __name__ == "__main__":
    main()
