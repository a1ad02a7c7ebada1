"""The warm worker: runs flow runs in threads of one process that has the code loaded.

``prefect worker start --type signoff`` finds it; ``signoff serve`` starts it. Stock process,
Docker and Kubernetes workers run the same flows.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import anyio
import anyio.abc
from anyio import CapacityLimiter, to_thread
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import WorkerFlowRunResponse
from prefect.exceptions import Abort, Pause
from prefect.flow_engine import run_flow
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.workers.base import (
    BaseJobConfiguration,
    BaseVariables,
    BaseWorker,
    BaseWorkerResult,
)

from signoff.errors import ConfigurationError
from signoff.prefect_limits import make_limits
from signoff.prefect_runs import PrefectUnavailableError
from signoff.reconciler import keep_reconciling
from signoff.settings import get_settings

if TYPE_CHECKING:
    from collections.abc import Callable

THREADS = 32

logger = logging.getLogger(__name__)


class SignoffWorkerResult(BaseWorkerResult):
    """How a flow run's thread ended; the run's state is set by the engine."""


class SignoffWorker(BaseWorker[BaseJobConfiguration, BaseVariables, SignoffWorkerResult]):
    """Runs flow runs of installed packages in threads, and keeps records and runs in step."""

    type = "signoff"
    job_configuration = BaseJobConfiguration
    job_configuration_variables = BaseVariables
    _display_name = "Signoff"
    _description = "Runs Signoff's flow runs in threads of one warm process."

    def __init__(self, work_pool_name: str, **options: Any) -> None:
        """Take a base worker's options; at most ``limit`` runs at a time (32)."""
        options["limit"] = options.get("limit") or THREADS
        super().__init__(work_pool_name, **options)
        self._threads = CapacityLimiter(options["limit"])

    async def start(
        self,
        run_once: bool = False,
        with_healthcheck: bool = False,
        printer: Callable[..., None] = print,
    ) -> None:
        """Work until stopped; reconciliation runs beside, in a thread."""
        stop = threading.Event()
        reconciliation = threading.Thread(
            target=keep_reconciling, args=(stop,), name="reconciliation", daemon=True
        )
        reconciliation.start()
        await to_thread.run_sync(_make_limits)
        try:
            await super().start(run_once, with_healthcheck, printer)
        finally:
            stop.set()

    async def run(
        self,
        flow_run: FlowRun,
        configuration: BaseJobConfiguration,
        task_status: anyio.abc.TaskStatus[Any] | None = None,
    ) -> SignoffWorkerResult:
        """Run one flow run to its end, its suspension or its failure.

        Raises:
            ConfigurationError: the deployment wants what a thread cannot give.
        """
        identifier = f"{socket.gethostname()}:{os.getpid()}:{flow_run.id}"
        flow = await self._load(flow_run)
        current = await self.client.read_flow_run(flow_run.id)
        if task_status is not None:
            task_status.started(identifier)
        await to_thread.run_sync(_run, flow, current, limiter=self._threads)
        return SignoffWorkerResult(identifier=identifier, status_code=0)

    async def _submit_scheduled_flow_runs(
        self, flow_run_response: list[WorkerFlowRunResponse]
    ) -> list[FlowRun]:
        # A run that is answered the moment it is suspended is scheduled again while its thread is
        # still letting go. The base worker dies of that (its limiter refuses a second token for
        # the same run); the next poll finds the run again.
        at_work = self.limiter.statistics().borrowers
        free = [entry for entry in flow_run_response if entry.flow_run.id not in at_work]
        return await super()._submit_scheduled_flow_runs(free)

    async def _load(self, flow_run: FlowRun) -> Flow[..., Any]:
        if flow_run.deployment_id is None:
            raise ConfigurationError("The signoff worker runs deployments only.")
        deployment = await self.client.read_deployment(flow_run.deployment_id)
        if deployment.pull_steps:
            raise ConfigurationError(
                f"The deployment {deployment.name!r} has pull steps, which change the whole"
                " process. Use `pull: []` in prefect.yaml, or a process worker."
            )
        if not deployment.entrypoint or ":" in deployment.entrypoint:
            raise ConfigurationError(
                f"The deployment {deployment.name!r} names a file as its entrypoint"
                f" ({deployment.entrypoint}). The signoff worker runs installed modules, such as"
                " flows.extract.extract; use a process worker for files."
            )
        return await to_thread.run_sync(_flow, deployment.entrypoint)


def _make_limits() -> None:
    try:
        make_limits(get_settings().every_model)
    except PrefectUnavailableError as error:  # each is made when it is first needed, too
        logger.warning("The limits of calls to models are not made yet: %s", error)


@lru_cache
def _flow(entrypoint: str) -> Flow[..., Any]:
    return load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False)


def _run(flow: Flow[..., Any], flow_run: FlowRun) -> None:
    try:
        run_flow(flow, flow_run=flow_run, return_type="state")
    except (Pause, Abort):
        # Suspended, or Prefect said that the run is not to go on: its state says which.
        return
