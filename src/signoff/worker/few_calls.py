"""Taking up a run with few calls of Prefect's API, and executing it with fewer.

The base worker makes ten calls for each run, to describe and watch infrastructure that there is
none of here; Prefect's server on SQLite spends some 8 ms of CPU on each.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import UUID

from httpx import Response, codes
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun, ServerDefaultResultStorage
from prefect.context import SettingsContext, SyncClientContext, get_settings_context
from prefect.exceptions import ObjectNotFound
from prefect.settings import Profile, Settings
from prefect.workers.base import BaseVariables, BaseWorker, BaseWorkerResult

from signoff.prefect_runs import client_settings
from signoff.worker.configuration import SignoffJobConfiguration

SECONDS_KNOWN = 10.0
"""How long a deployment is taken to be as it was read."""

logger = logging.getLogger("signoff.worker")

if TYPE_CHECKING:
    _Base = BaseWorker[SignoffJobConfiguration, BaseVariables, BaseWorkerResult]
else:
    _Base = object


class FewCalls(_Base):
    """What a worker does otherwise than the base worker; put it first among the bases."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Take a base worker's arguments."""
        super().__init__(*arguments, **options)
        self._configurations: dict[UUID, tuple[float, SignoffJobConfiguration]] = {}

    async def get_and_submit_flow_runs(self) -> list[FlowRun]:
        """Ask for scheduled runs, if there is a place for one."""
        if self.limiter.available_tokens < 1:
            return []
        return await super().get_and_submit_flow_runs()

    async def _submit_run(self, flow_run: FlowRun) -> None:
        ready = False
        try:
            ready = await self._propose_pending_state(flow_run)
            if ready and self._runs_task_group is not None:
                self._runs_task_group.start_soon(self._run_taken, flow_run)
        finally:
            if not ready:
                self._release_limit_slot(flow_run.id)
            self._submitting_flow_run_ids.discard(flow_run.id)
            if self._cancelling_observer is not None:
                self._cancelling_observer.remove_in_flight_flow_run_id(flow_run.id)

    async def _run_taken(self, flow_run: FlowRun) -> None:
        try:
            configuration = await self._configured(flow_run)
        except ObjectNotFound:
            message = "Its deployment is there no more."
            await self._mark_flow_run_as_cancelled(flow_run, state_updates={"message": message})
            self._release_limit_slot(flow_run.id)
            return
        except Exception as error:
            logger.exception("Flow run %s could not be prepared.", flow_run.name)
            explanation = f"It could not be prepared: {type(error).__name__}: {error}"
            await self._propose_crashed_state(flow_run, explanation)
            self._release_limit_slot(flow_run.id)
            return
        try:
            await self.run(flow_run, configuration)
        except Exception:  # what becomes of the run is the engine's to say, or reconciliation's
            logger.exception("The thread of flow run %s failed.", flow_run.name)
        finally:
            self._release_limit_slot(flow_run.id)

    async def _configured(self, flow_run: FlowRun) -> SignoffJobConfiguration:
        """What the run's deployment asks for; read once in a while for all its runs."""
        known = self._configurations
        own = bool(flow_run.job_variables) or flow_run.deployment_id is None
        if not own and flow_run.deployment_id in known:
            read, configuration = known[flow_run.deployment_id]
            if monotonic() - read < SECONDS_KNOWN:
                return configuration
        configuration = await self.job_configuration.resolve_for_flow_run(
            flow_run,
            client=self.client,
            work_pool=copy.deepcopy(self.work_pool),
            worker_name=self.name,
            worker_id=self.backend_id,
        )
        if not own and flow_run.deployment_id is not None:
            known[flow_run.deployment_id] = (monotonic(), configuration)
        return configuration


@contextmanager
def few_calls(flow_run: FlowRun) -> Iterator[FlowRun]:
    """Around the engine's work on an execution: one client for all calls, and no heartbeat.

    Prefect's heartbeat is a thread for each run, whose end is waited for for up to a second; the
    execution's lease shows that a run lives.

    Yields:
        ``flow_run`` as the engine is to see it: for a deployment's run it would start a thread
        with an event loop, a client and a websocket of its own, only to hear of a suspension from
        outside.
    """
    unobserved = flow_run.model_copy(update={"deployment_id": None})
    clients = SyncClientContext(client_settings())
    # Prefect's own code and ours then find it, whatever settings they would have asked for
    clients._httpx_settings = None
    client = clients.client
    client.__class__ = _RunClient
    assert isinstance(client, _RunClient)
    client.run, client.deployment_id = unobserved, flow_run.deployment_id
    profile, settings = _without_heartbeat()
    with SettingsContext(profile=profile, settings=settings), clients:
        yield unobserved


class _RunClient(SyncPrefectClient):
    """Leaves out what the engine asks and tells for each run, and nobody needs."""

    run: FlowRun | None = None
    """What the engine has of the run, until it has asked for it again."""

    deployment_id: UUID | None = None

    def read_flow_run(self, flow_run_id: UUID) -> FlowRun:
        """At a run's first start what the engine has already: it asks right after its change."""
        run, self.run = self.run, None
        if run is None or run.id != flow_run_id or run.run_count or not _is_running(run):
            return super().read_flow_run(flow_run_id)
        return run.model_copy(update={"run_count": 1, "deployment_id": self.deployment_id})

    def update_flow_run(self, flow_run_id: UUID, *arguments: Any, **changes: Any) -> Response:
        """Tell neither the code's hash nor that the flow has no retries of its own."""
        if arguments or changes.keys() - {"flow_version", "empirical_policy"}:
            return super().update_flow_run(flow_run_id, *arguments, **changes)
        return Response(codes.NO_CONTENT)

    def read_server_default_result_storage(self) -> ServerDefaultResultStorage:
        """Nothing: the flow keeps no results with Prefect."""
        return ServerDefaultResultStorage(default_result_storage_block_id=None)


@lru_cache
def _without_heartbeat() -> tuple[Profile, Settings]:
    # once: reading Prefect's settings anew takes 10 ms
    context = get_settings_context()
    settings = context.settings.copy_with_update({"flows.heartbeat_frequency": None})
    return context.profile, settings


def _is_running(run: FlowRun) -> bool:
    return run.state is not None and run.state.is_running()
