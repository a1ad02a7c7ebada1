"""The worker type ``signoff``."""

from __future__ import annotations

import asyncio
import copy
import logging
import os
import socket
import threading
from typing import TYPE_CHECKING, Any
from uuid import UUID

import anyio
import anyio.abc
import httpx
from anyio import CapacityLimiter, to_thread
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.responses import WorkerFlowRunResponse
from prefect.workers.base import BaseVariables, BaseWorker, BaseWorkerResult

from signoff.errors import ConfigurationError
from signoff.prefect_limits import make_limits
from signoff.prefect_runs import PrefectUnavailableError
from signoff.reconciler import keep_reconciling
from signoff.settings import get_settings
from signoff.worker import flow_runs
from signoff.worker.announcements import listen
from signoff.worker.configuration import NO_VARIABLES, SignoffJobConfiguration
from signoff.worker.few_calls import FewCalls
from signoff.worker.loaded_code import changed_files

if TYPE_CHECKING:
    from collections.abc import Callable

THREADS = 32
LEAVE_SECONDS = 5.0
"""How long runs that were handed over get to notice; after SIGTERM Kubernetes waits 30 s in all."""

logger = logging.getLogger("signoff.worker")


class SignoffWorkerResult(BaseWorkerResult):
    """How a flow run's thread ended; the run's state is set by the engine."""


class SignoffWorker(
    FewCalls, BaseWorker[SignoffJobConfiguration, BaseVariables, SignoffWorkerResult]
):
    """Runs flow runs of installed packages in threads, and keeps records and runs in step."""

    type = "signoff"
    job_configuration = SignoffJobConfiguration
    job_configuration_variables = BaseVariables
    _display_name = "Signoff"
    _description = "Runs Signoff's flow runs in threads of one warm process."

    def __init__(self, work_pool_name: str, **options: Any) -> None:
        """Take a base worker's options; at most ``limit`` runs at a time (32)."""
        options["limit"] = options.get("limit") or THREADS
        super().__init__(work_pool_name, **options)
        self._threads = CapacityLimiter(options["limit"])
        self._something_to_start = asyncio.Event()
        self._waiting: list[WorkerFlowRunResponse] = []
        self._to_cancel: set[UUID] = set()
        self._told_of_changes = False

    @classmethod
    def get_default_base_job_template(cls) -> dict[str, Any]:
        """What work pools of this type are made with."""
        return copy.deepcopy(NO_VARIABLES)

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
        await to_thread.run_sync(flow_runs.get_ready)
        await to_thread.run_sync(_make_limits)
        try:
            async with anyio.create_task_group() as beside:
                if not run_once:
                    beside.start_soon(self._listen)
                    beside.start_soon(self._start_at_once)
                await super().start(run_once, with_healthcheck, printer)
                beside.cancel_scope.cancel()
        finally:
            stop.set()

    async def run(
        self,
        flow_run: FlowRun,
        configuration: SignoffJobConfiguration,
        task_status: anyio.abc.TaskStatus[Any] | None = None,
    ) -> SignoffWorkerResult:
        """Run one flow run to its end, its suspension or its failure."""
        identifier = f"{socket.gethostname()}:{os.getpid()}:{flow_run.id}"
        if task_status is not None:
            task_status.started(identifier)
        try:
            flow = await to_thread.run_sync(flow_runs.load, configuration)
            current = flow_run
            if flow_run.run_count:  # it may have been suspended elsewhere while it waited in line
                current = await self.client.read_flow_run(flow_run.id)
            await to_thread.run_sync(flow_runs.execute, flow, current, limiter=self._threads)
        except ConfigurationError as refused:
            logger.error("Flow run %s was refused: %s", flow_run.name, refused)
            await to_thread.run_sync(flow_runs.refuse, flow_run, str(refused))
        finally:
            if flow_run.id in self._to_cancel:
                self._to_cancel.discard(flow_run.id)
                await to_thread.run_sync(flow_runs.end_cancellation, flow_run.id)
            self._something_to_start.set()
        return SignoffWorkerResult(identifier=identifier, status_code=0)

    # -- starting without delay -----------------------------------------------------------------

    async def _listen(self) -> None:
        await listen(
            self._work_pool_name,
            scheduled=self._something_to_start.set,
            cancelling=self._cancel_soon,
            suspended=self._let_go_soon,
        )

    async def _start_at_once(self) -> None:
        """Take what was announced, or what finds a place now; the base worker's poll stays."""
        while True:
            await self._something_to_start.wait()
            self._something_to_start.clear()
            if not self.is_setup or self.limiter.available_tokens < 1:
                continue
            try:
                if self._waiting:
                    await self._submit_scheduled_flow_runs(self._waiting)
                    if not self._waiting:  # more may have been announced meanwhile
                        self._something_to_start.set()
                else:
                    await self.get_and_submit_flow_runs()
            except httpx.HTTPError as error:
                logger.debug("The next poll tries again: %s", error)

    async def _submit_scheduled_flow_runs(
        self, flow_run_response: list[WorkerFlowRunResponse]
    ) -> list[FlowRun]:
        # A run that is answered the moment it is suspended is scheduled again while its thread is
        # still letting go. The base worker dies of that (its limiter refuses a second token for
        # the same run); it is found again when the thread has ended.
        at_work = self._runs_at_work()
        free = [entry for entry in flow_run_response if entry.flow_run.id not in at_work]
        submitted = await super()._submit_scheduled_flow_runs(free)
        taken = {run.id for run in submitted}
        # Whoever finds no place waits here: with hundreds in line, asking Prefect for them again
        # whenever one has ended would be most of its work.
        self._waiting = [entry for entry in free if entry.flow_run.id not in taken]
        return submitted

    def _release_limit_slot(self, flow_run_id: UUID) -> None:
        super()._release_limit_slot(flow_run_id)
        if self._waiting:  # also when another worker had taken the run before
            self._something_to_start.set()

    # -- stopping a run -------------------------------------------------------------------------

    def _cancel_soon(self, flow_run_id: UUID) -> None:
        if flow_run_id not in self._to_cancel and flow_run_id in self._runs_at_work():
            self._to_cancel.add(flow_run_id)
            self._tell_soon(flow_run_id, flow_runs.stop)

    def _let_go_soon(self, flow_run_id: UUID) -> None:
        if flow_run_id in self._runs_at_work():
            self._tell_soon(flow_run_id, flow_runs.let_go)

    def _tell_soon(self, flow_run_id: UUID, tell: Callable[[UUID], None]) -> None:
        async def tell_in_thread() -> None:
            try:
                await to_thread.run_sync(tell, flow_run_id)
            except Exception as error:  # whatever it is must not end the worker
                logger.warning("Flow run %s could not be stopped yet: %s", flow_run_id, error)

        if self._runs_task_group is not None:
            self._runs_task_group.start_soon(tell_in_thread)

    async def sync_with_backend(self) -> None:
        """Besides Prefect's heartbeat: look for what events did not tell."""
        await super().sync_with_backend()
        if not self._told_of_changes and (changed := changed_files()):
            self._told_of_changes = True
            logger.warning(
                "The code has changed since this worker started (%s): restart it to use the new"
                " code. Runs at work end first, or go on in the next worker.",
                ", ".join(changed[:3]),
            )
        if at_work := list(self._runs_at_work()):
            stopped = {"type": {"any_": ["CANCELLING", "PAUSED"]}}
            wanted = {"id": {"any_": at_work}, "state": stopped}
            for run in await self.client.read_flow_runs(
                flow_run_filter=FlowRunFilter.model_validate(wanted)
            ):
                if run.state_type is StateType.CANCELLING:
                    self._cancel_soon(run.id)
                elif run.state is not None and run.state.state_details.pause_reschedule:
                    self._let_go_soon(run.id)

    # -- stopping the worker --------------------------------------------------------------------

    async def teardown(self, *exc_info: Any) -> None:
        """Let runs at work end, for a while; another worker goes on with the rest at once."""
        if self.is_setup:
            self.is_setup = False
            await self._drain()
        await super().teardown(*exc_info)

    async def _drain(self) -> None:
        if await self._at_rest(get_settings().drain_seconds):
            return
        left = self._runs_at_work()
        logger.warning("%d runs are at work still; the next worker goes on with them.", len(left))
        for flow_run_id in left:
            try:
                await to_thread.run_sync(flow_runs.hand_over, flow_run_id)
            except Exception as error:  # then reconciliation finds it dead
                logger.warning("Flow run %s was not handed over: %s", flow_run_id, error)
        if not await self._at_rest(LEAVE_SECONDS):
            # Nothing can end a thread. Its lease is gone, so it may not write any more; Python
            # would wait for it.
            logging.shutdown()
            os._exit(0)

    def _runs_at_work(self) -> set[UUID]:
        if self._limiter is None:  # not set up yet
            return set()
        return {run for run in self._limiter.statistics().borrowers if isinstance(run, UUID)}

    async def _at_rest(self, seconds: float) -> bool:
        with anyio.move_on_after(seconds):
            while self.limiter.borrowed_tokens:
                await anyio.sleep(0.1)
        return not self.limiter.borrowed_tokens


def _make_limits() -> None:
    try:
        make_limits(get_settings().every_model)
    except PrefectUnavailableError as error:  # each is made when it is first needed, too
        logger.warning("The limits of calls to models are not made yet: %s", error)
