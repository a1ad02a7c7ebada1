"""The warm worker on a real Prefect server: what starts, stops and refuses runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from support import model_server as stub
from support.model_server import ModelServer
from support.platform import Platform, Process, wait_until
from support.receiver import Receiver

from signoff.executions.models import Execution
from signoff.executions.states import Status
from signoff.prefect_runs import RunState
from signoff.storage import executions

WAITING = 5
"""Reviews that wait at a time while it is counted what a worker holds."""


@pytest.fixture
def silent_model() -> Iterator[ModelServer]:
    """A model that takes a request and says nothing."""
    with ModelServer() as server:
        server.fallback = lambda _request: stub.hang()
        yield server


@pytest.fixture
def alone(platform: Platform) -> Iterator[Callable[..., Process]]:
    """Starts the only worker there is: it never polls again, and nobody reconciles."""
    platform.stop_workers()

    def start(**environment: str) -> Process:
        return platform.start_worker(
            PREFECT_WORKER_QUERY_SECONDS="600", SIGNOFF_RECONCILE_SECONDS="600", **environment
        )

    yield start
    platform.stop_workers()


def model(server: ModelServer) -> dict[str, str]:
    return {"SIGNOFF_MODEL_URL": server.url, "SIGNOFF_MODEL_API_KEY": "key"}


def asked(server: ModelServer) -> None:
    wait_until(lambda: server.journal, what="the model is asked")


def press_cancel(execution: Execution) -> None:
    """What the button in Prefect's UI does."""
    assert execution.flow_run_id is not None
    state = {"type": "CANCELLING", "name": "Cancelling"}
    with get_client(sync_client=True) as client:
        path = f"/flow_runs/{execution.flow_run_id}/set_state"
        client.request("POST", path, json={"state": state, "force": False})  # type: ignore[arg-type]


def test_runs_start_when_they_are_announced_and_a_suspended_one_leaves_nothing_behind(
    platform: Platform,
    alone: Callable[..., Process],
    make_agent: Callable[..., str],
    receiver: Receiver,
    note: Path,
) -> None:
    worker, agent = alone(), make_agent()

    def waiting_for_review() -> list[Execution]:
        started = [platform.run(agent, note) for _ in range(WAITING)]
        wait_until(lambda: all(map(platform.form_is_open, refreshed(started))))
        return started

    def refreshed(started: list[Execution]) -> list[Execution]:
        return [platform.execution(each.number) for each in started]

    def held() -> dict[str, int]:
        return {
            what: len(list(Path(f"/proc/{worker.pid}/{what}").iterdir())) for what in ("fd", "task")
        }

    first = waiting_for_review()
    before = held()
    for _ in range(4):
        waiting_for_review()
    wait_until(
        lambda: all(count <= before[what] + 2 for what, count in held().items()),
        what=f"no more is held than {before}",
    )

    assert platform.answer_form(platform.execution(first[0].number))["status"] == "ACCEPT"
    platform.wait_for(first[0].number, "DELIVERED_TO_DESTINATION")


@pytest.fixture
def waiting(
    platform: Platform,
    alone: Callable[..., Process],
    silent_model: ModelServer,
    make_agent: Callable[..., str],
    note: Path,
) -> Execution:
    """An execution whose run waits for the silent model."""
    alone(**model(silent_model))
    execution = platform.run(make_agent(), note)
    asked(silent_model)
    started: Execution = platform.execution(execution.number)
    return started


def test_canceling_in_prefect_stops_a_run_that_waits_for_the_model(
    platform: Platform, waiting: Execution
) -> None:
    press_cancel(waiting)
    wait_until(lambda: platform.run_state(waiting) is RunState.CANCELLED, seconds=60)
    assert platform.execution(waiting.number).status is Status.CANCELED


def test_a_run_that_is_suspended_in_prefect_while_it_works_rests_until_it_is_resumed(
    platform: Platform, silent_model: ModelServer, waiting: Execution
) -> None:
    # what the button in Prefect's UI sends
    later = (datetime.now(UTC) + timedelta(seconds=300)).isoformat()
    details = {"pause_reschedule": True, "pause_timeout": later}
    suspended = {"type": "PAUSED", "name": "Suspended", "state_details": details}
    platform.api(f"flow_runs/{waiting.flow_run_id}/set_state", {"state": suspended, "force": True})
    assert silent_model.disconnected.wait(30)  # it waits for no answer any more
    wait_until(lambda: events_of(platform, waiting)[-1] == "suspended")
    assert platform.run_state(waiting) is RunState.PAUSED
    assert platform.execution(waiting.number).failure is None

    platform.api(f"flow_runs/{waiting.flow_run_id}/resume", {})
    wait_until(lambda: len(silent_model.journal) == 2, what="the model is asked again")
    assert platform.run_state(waiting) is RunState.RUNNING


def events_of(platform: Platform, execution: Execution) -> list[str]:
    with platform.store.database.reading() as session:
        return [entry.event for entry in executions.trail(session, execution.id)]


def test_a_worker_that_is_stopped_hands_its_runs_over(
    platform: Platform,
    alone: Callable[..., Process],
    silent_model: ModelServer,
    make_agent: Callable[..., str],
    note: Path,
) -> None:
    stopped = alone(SIGNOFF_DRAIN_SECONDS="0.5", **model(silent_model))
    execution = platform.run(make_agent(), note)
    asked(silent_model)
    stopped.stop()
    assert platform.run_state(execution) is RunState.SCHEDULED

    alone()
    wait_until(lambda: platform.form_is_open(platform.execution(execution.number)))
    trail = events_of(platform, execution)
    assert "handed over" in trail
    assert "died" not in trail


def test_a_refusal_stands_in_the_run_and_in_the_execution(
    platform: Platform, alone: Callable[..., Process], make_agent: Callable[..., str], note: Path
) -> None:
    agent = make_agent()
    deployment = copy_of_any(platform, agent, job_variables={"env": {"OUR_REGION": "eu"}})
    execution = platform.run(agent, note)
    alone()
    wait_until(lambda: platform.run_state(execution) is RunState.FAILED)
    run = platform.api(f"flow_runs/{platform.execution(execution.number).flow_run_id}")
    assert run["deployment_id"] == deployment
    assert "OUR_REGION" in run["state"]["message"]
    failure = platform.execution(execution.number).failure
    assert failure is not None
    assert "OUR_REGION" in failure.explanation


def copy_of_any(platform: Platform, agent: str, **more: Any) -> str:
    """The agent's own deployment, with something of its own."""
    like = platform.api("deployments/name/extract/any")
    kept = ("flow_id", "entrypoint", "work_pool_name", "parameter_openapi_schema")
    made = platform.api("deployments/", {key: like[key] for key in kept} | {"name": agent} | more)
    return str(made["id"])
