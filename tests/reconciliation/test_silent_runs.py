"""Runs that are no executions, and whose worker was killed."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from prefect.client.orchestration import get_client
from prefect.states import Cancelling, Running
from support.platform import Platform

from signoff import prefect_runs
from signoff.prefect_runs import RunState
from signoff.reconciler import reconcile
from signoff.storage import run_guards
from signoff.storage.leases import try_guard


@pytest.fixture
def running(platform: Platform) -> UUID:
    """A run of an inbox that says it is running; no worker is."""
    platform.stop_workers()
    deployment = platform.api("deployments/name/inbox/default")["id"]
    with get_client(sync_client=True) as client:
        run = client.create_flow_run_from_deployment(deployment)
        client.set_flow_run_state(run.id, Running(), force=True)
    return run.id


def last_heard_of(platform: Platform, run_id: UUID, *, seconds_ago: float) -> None:
    with platform.store.database.transaction() as session:
        try_guard(session, f"flow-run:{run_id}", uuid4(), seconds=-seconds_ago)


def state(run_id: UUID) -> RunState:
    run = prefect_runs.read(run_id)
    assert run is not None
    return run.state


def test_one_that_was_heard_of_a_moment_ago_is_left_alone(
    platform: Platform, running: UUID
) -> None:
    with run_guards.at_work(platform.store.database, running, seconds=60):
        reconcile(platform.store)
        assert state(running) is RunState.RUNNING
    prefect_runs.cancel(running, at_work=False)


def test_one_whose_worker_is_silent_is_started_again(platform: Platform, running: UUID) -> None:
    last_heard_of(platform, running, seconds_ago=1)
    reconcile(platform.store)
    assert state(running) is RunState.SCHEDULED
    with platform.store.database.reading() as session:
        assert running not in run_guards.silent(session)
    prefect_runs.cancel(running, at_work=False)


def test_one_that_dies_again_and_again_ends_as_failed(platform: Platform, running: UUID) -> None:
    with get_client(sync_client=True) as client:
        for _ in range(platform.store.settings.max_attempts):
            client.set_flow_run_state(running, Running(), force=True)
    last_heard_of(platform, running, seconds_ago=1)
    reconcile(platform.store)
    assert state(running) is RunState.FAILED


def test_one_that_was_being_canceled_is_canceled(platform: Platform, running: UUID) -> None:
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(running, Cancelling(), force=True)
    last_heard_of(platform, running, seconds_ago=1)
    reconcile(platform.store)
    assert state(running) is RunState.CANCELLED
