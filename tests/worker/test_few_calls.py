"""What the warm worker spares Prefect's server while it executes a run."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, FlowRunPolicy, State, StateType
from prefect.context import refresh_global_settings_context
from prefect.settings import get_current_settings
from support.platform import free_port

from signoff.prefect_runs import connected
from signoff.worker import few_calls as module
from signoff.worker.few_calls import few_calls


def taken_up(**changed: Any) -> FlowRun:
    """A run of a deployment as the engine has it once it runs."""
    running = State(type=StateType.RUNNING)
    fields = {"id": uuid4(), "flow_id": uuid4(), "deployment_id": uuid4(), "state": running}
    return FlowRun.model_validate(fields | changed)


@pytest.fixture
def no_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server that nobody reaches: whatever is asked of it fails."""
    monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{free_port()}/api")
    monkeypatch.setenv("PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED", "false")
    refresh_global_settings_context()
    module._without_heartbeat.cache_clear()
    yield
    monkeypatch.undo()
    refresh_global_settings_context()
    module._without_heartbeat.cache_clear()


def test_a_run_has_one_client_and_no_heartbeat(no_server: None) -> None:
    with few_calls(taken_up()):
        assert get_current_settings().flows.heartbeat_frequency is None
        with connected() as ours, connected() as again:
            assert ours is again is get_client(sync_client=True)
    assert get_current_settings().flows.heartbeat_frequency is not None


def test_what_the_engine_tells_of_each_run_is_left_out(no_server: None) -> None:
    with few_calls(taken_up()), connected() as client:
        told = client.update_flow_run(
            uuid4(), flow_version="1", empirical_policy=FlowRunPolicy(retries=0)
        )
        assert told.is_success
        assert client.read_server_default_result_storage().default_result_storage_block_id is None
        with pytest.raises(httpx.ConnectError):
            client.update_flow_run(uuid4(), name="another")


def test_the_engine_sees_no_deployment_whose_suspension_it_would_watch(no_server: None) -> None:
    run = taken_up()
    with few_calls(run) as seen:
        assert seen == run.model_copy(update={"deployment_id": None})
    assert run.deployment_id is not None


def test_a_run_that_has_just_started_is_not_asked_for_again(no_server: None) -> None:
    run = taken_up()
    with few_calls(run), connected() as client:
        assert client.read_flow_run(run.id) == run.model_copy(update={"run_count": 1})
        with pytest.raises(httpx.ConnectError):
            client.read_flow_run(run.id)


@pytest.mark.parametrize("changed", [{"run_count": 1}, {"state": State(type=StateType.PENDING)}])
def test_a_run_that_started_before_or_does_not_run_is_asked_for(
    changed: dict[str, Any], no_server: None
) -> None:
    run = taken_up(**changed)
    with few_calls(run), connected() as client, pytest.raises(httpx.ConnectError):
        client.read_flow_run(run.id)


def test_another_run_is_asked_for(no_server: None) -> None:
    with few_calls(taken_up()), connected() as client, pytest.raises(httpx.ConnectError):
        client.read_flow_run(uuid4())
