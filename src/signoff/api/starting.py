"""Starting flow runs beside the answers: Prefect may be slow or away, callers do not wait."""

from __future__ import annotations

import asyncio
import logging

from anyio import CapacityLimiter, to_thread

from signoff import lifecycle
from signoff.errors import SignoffError
from signoff.executions.models import Execution
from signoff.storage.store import Store

AT_ONCE = 4  # Prefect's server on SQLite gains nothing from more
logger = logging.getLogger("signoff.api")


class Starter:
    """Creates the flow runs of new executions, a few at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._limiter = CapacityLimiter(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, execution: Execution, *, wait: float = 0.0) -> None:
        """Have the execution's run created, looking on for ``wait`` seconds at most.

        Whatever fails here is mended by reconciliation.
        """
        task = asyncio.create_task(self._create(execution))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if wait:
            await asyncio.wait([task], timeout=wait)

    async def _create(self, execution: Execution) -> None:
        try:
            await to_thread.run_sync(lifecycle.start, self._store, execution, limiter=self._limiter)
        except SignoffError as error:
            logger.warning(
                "Execution %s has no flow run yet; reconciliation creates it: %s",
                execution.number,
                error,
            )
        except Exception:  # nobody else looks at this task
            logger.exception("The flow run of execution %s was not created.", execution.number)

    async def close(self) -> None:
        """Let calls under way end; those that have not begun are left to reconciliation."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
