"""Executing a flow run in a thread, and ending one from outside."""

from __future__ import annotations

import gc
import logging
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import Abort, Pause
from prefect.flow_engine import run_flow
from prefect.flows import Flow, load_flow_from_entrypoint

from signoff import cancellation, lifecycle, prefect_runs
from signoff.errors import ConfigurationError
from signoff.executions.states import Status
from signoff.extraction.models.prices import load_prices
from signoff.prefect_runs import FLOW, RunState
from signoff.reconciler import reconcile_one
from signoff.storage import executions, run_guards
from signoff.storage.leases import locked
from signoff.storage.store import get_store
from signoff.storage.transitions import set_failure
from signoff.worker.few_calls import few_calls

EXECUTION = "flows.extract.extract"
OBJECTS_BETWEEN_COLLECTIONS = 10_000

logger = logging.getLogger("signoff.worker")

if TYPE_CHECKING:
    from signoff.worker.configuration import SignoffJobConfiguration


def get_ready() -> None:
    """Load what an execution needs before the first one is there to wait for it.

    What is loaded then is looked through for garbage no more: that took a twentieth of the
    worker's time.
    """
    try:
        _flow(EXECUTION)
    except ConfigurationError as error:
        logger.error("%s", error)
    load_prices()
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)


def load(configuration: SignoffJobConfiguration) -> Flow[..., Any]:
    """The flow that a deployment names, loaded once per process.

    Raises:
        ConfigurationError: the deployment wants what a thread cannot give.
    """
    return _flow(configuration.module())


@lru_cache
def _flow(entrypoint: str) -> Flow[..., Any]:
    try:
        return load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False)
    except Exception as error:
        raise ConfigurationError(
            f"The flow {entrypoint} cannot be loaded ({type(error).__name__}: {error}). Install"
            " its package where the worker runs, and start the worker again."
        ) from error


def execute(flow: Flow[..., Any], flow_run: FlowRun) -> None:
    """Run to the end, the suspension or the failure; the engine sets the run's state."""
    # Suspended, or Prefect said that the run is not to go on: its state says which.
    with suppress(Pause, Abort):
        if flow.name == FLOW:  # its lease shows that it lives
            with few_calls(flow_run) as unobserved:
                run_flow(flow, flow_run=unobserved, return_type="state")
        else:
            store = get_store()
            seconds = store.settings.lease_seconds
            with run_guards.at_work(store.database, flow_run.id, seconds=seconds):
                run_flow(flow, flow_run=flow_run, return_type="state")


def refuse(flow_run: FlowRun, reason: str) -> None:
    """End a run that cannot be executed here; who looks at it sees why."""
    store = get_store()
    with store.database.transaction() as session:
        execution = executions.by_flow_run(session, flow_run.id)
        if execution is not None:
            row = locked(session, execution.id)
            set_failure(session, row, code=ConfigurationError.code, explanation=reason)
    prefect_runs.fail(flow_run.id, reason=reason)


def stop(flow_run_id: UUID) -> None:
    """Have a run stop that is being cancelled: it notices at its next step, or while it waits."""
    store = get_store()
    with store.database.reading() as session:
        execution = executions.by_flow_run(session, flow_run_id)
    if execution is None:
        cancellation.ask_to_stop(flow_run_id)
    else:
        reconcile_one(store, execution.id)


def end_cancellation(flow_run_id: UUID) -> None:
    """Show a run as cancelled that was being cancelled and has ended."""
    cancellation.forget(flow_run_id)
    run = prefect_runs.read(flow_run_id)
    if run is not None and run.state is RunState.CANCELLING:
        prefect_runs.cancel(flow_run_id, at_work=False)


def let_go(flow_run_id: UUID) -> None:
    """Have a run rest that somebody suspended in Prefect while it was at work.

    Its thread notices at its next step, or while it waits; once resumed it goes on from there.
    """
    store = get_store()
    with store.database.reading() as session:
        execution = executions.by_flow_run(session, flow_run_id)
    if execution is None or execution.status is Status.PENDING_REVIEW:
        return  # Prefect stops other flows; for a review the run has suspended itself
    run = prefect_runs.read(flow_run_id)
    if run is not None and run.state is RunState.PAUSED:
        lifecycle.release(store, flow_run_id, event="suspended", reason="It was suspended by hand.")


def hand_over(flow_run_id: UUID) -> None:
    """Have another worker go on with a run of this process, which is about to end."""
    lifecycle.hand_over(get_store(), flow_run_id, reason="Its worker was stopped.")
