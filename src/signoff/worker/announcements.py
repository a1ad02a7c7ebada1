"""Prefect's events about flow runs, as they happen: what is to be started, what is to be stopped.

They arrive within milliseconds and cost nothing while nothing happens; a question costs the
server some 30 ms of CPU each time. Nothing depends on them: without a connection the questions
come more often.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from uuid import UUID

import anyio
from prefect.events import Event
from prefect.events.clients import get_events_subscriber
from prefect.events.filters import EventFilter, EventNameFilter

SECONDS_BETWEEN_CONNECTIONS = 10
CANCELLING = "prefect.flow-run.Cancelling"
SUSPENDED = "prefect.flow-run.Suspended"
SCHEDULED = [
    f"prefect.flow-run.{state}" for state in ("Scheduled", "AwaitingRetry", "Resuming", "Late")
]

logger = logging.getLogger("signoff.worker")


async def listen(
    pool: str,
    *,
    scheduled: Callable[[], None],
    cancelling: Callable[[UUID], None],
    suspended: Callable[[UUID], None],
) -> None:
    """Tell of the events until cancelled; connects again whenever the connection is lost.

    Args:
        pool: the work pool whose runs matter.
        scheduled: called when a run may have been scheduled, and without a connection every
            second.
        cancelling: called with each run that is to be cancelled, of whatever pool.
        suspended: called with each run that was suspended, of whatever pool.
    """
    told = False
    while True:
        try:
            wanted = EventFilter(event=EventNameFilter(name=[*SCHEDULED, SUSPENDED, CANCELLING]))
            async with get_events_subscriber(wanted, reconnect_on_clean_close=True) as events:
                scheduled()  # what came before there was a connection
                async for event in events:
                    told = False
                    if event.event == CANCELLING:
                        cancelling(_run_of(event))
                    elif event.event == SUSPENDED:
                        suspended(_run_of(event))
                    elif _is_of(event, pool):
                        scheduled()
        except Exception as error:
            if not told:
                logger.warning("No events from Prefect, asking every second instead: %s", error)
            told = True
        for _ in range(SECONDS_BETWEEN_CONNECTIONS):
            scheduled()
            await anyio.sleep(1)


def _run_of(event: Event) -> UUID:
    return UUID(event.resource.id.removeprefix("prefect.flow-run."))


def _is_of(event: Event, pool: str) -> bool:
    pools = event.resources_in_role.get("work-pool", [])
    return not pools or any(resource.name == pool for resource in pools)
