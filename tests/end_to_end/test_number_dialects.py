"""The agentic and execute dialects with Prefect and a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.api_server import ApiServer
from support.platform import Platform, wait_until

from signoff.api.app import create_app
from signoff.prefect_runs import RunState
from signoff.storage import agents

KIND = {
    "key": "read",
    "name": "Read",
    "input_schema": {"type": "object", "properties": {"hint": {"type": "string", "default": "-"}}},
}


@pytest.fixture
def api(platform: Platform) -> Iterator[ApiServer]:
    """The API over the platform's record; the platform's worker reconciles."""
    with ApiServer(platform.store, app=create_app(platform.store, reconciling=False)) as server:
        yield server


def number_of(api: ApiServer, name: str) -> int:
    with api.store.database.reading() as session:
        return agents.find(session, name, cipher=api.store.cipher).agent_number


def test_an_agentic_execution_is_polled_until_its_data_is_confirmed(
    worker: Platform, api: ApiServer, make_agent: Callable[..., str], note: Path
) -> None:
    number = number_of(api, make_agent(review={"auto_confirm": True}, execution_types=[KIND]))
    token = f"Token {api.token}"
    answer = api.call(
        "POST",
        f"/api/agents/{number}/agentic-executions/",
        authorization=token,
        files=[("input", (None, "{}")), ("files[]", (note.name, note.read_bytes()))],
    )
    assert answer.status_code == 202, answer.text
    started = answer.json()
    assert started["input"] == {"hint": "-"}
    assert started["celery_task_id"]

    def finished() -> dict[str, Any] | None:
        path = f"/api/agentic-executions/{started['id']}/"
        body: dict[str, Any] = api.call("GET", path, authorization=token).json()
        return body if body["status"] == "finished" else None

    body = wait_until(finished)
    assert body["result"]["number"] == "LS-2041"
    assert body["celery_task_id"] == started["celery_task_id"]
    assert body["started_at"] == started["started_at"]
    assert body["duration_seconds"] > 0
    execution = worker.execution(started["id"])
    assert str(execution.flow_run_id) == started["celery_task_id"]
    wait_until(lambda: worker.run_state(execution) is RunState.COMPLETED)


def test_a_synchronous_call_comes_back_with_the_data_confirmed_and_what_was_done(
    worker: Platform, api: ApiServer, make_agent: Callable[..., str], note: Path
) -> None:
    number = number_of(api, make_agent(review={"auto_confirm": True}))
    answer = api.call(
        "POST",
        f"/api/v1/ai/agents/instances/{number}/execute?context_type=deal&context_id=5",
        json={"text": note.read_text()},
        timeout=150,
    )
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["status"] == "completed"
    assert body["success"] is True
    assert body["output_data"]["number"] == "LS-2041"
    assert body["iteration_count"] == len(body["iterations"]) >= 1
    assert body["iterations"][-1]["action"] == "submit"
    assert body["actions_taken"] >= 1
    assert body["execution_time_ms"] > 0
    assert (body["context_type"], body["context_id"]) == ("deal", 5)
