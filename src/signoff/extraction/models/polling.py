"""Waiting for something slow while somebody may call it off.

A call to a model on a CPU may say nothing for minutes. It runs in an event loop of its own, so
that it can be cancelled at any moment, its connection closed with it: the server stops computing
then, and a run that was cancelled pays for nothing more.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

POLL_SECONDS = 1.0

Result = TypeVar("Result")


def run_polled(
    call: Coroutine[Any, Any, Result],
    *,
    deadline: float,
    should_stop: Callable[[], None],
) -> Result:
    """The call's result; ``should_stop`` is asked about every second meanwhile.

    What ``should_stop`` raises cancels the call and is raised.

    Args:
        call: what to wait for; must be cancellable.
        deadline: by ``time.monotonic``.
        should_stop: raises to give up.

    Raises:
        TimeoutError: the deadline passed.
    """
    return asyncio.run(_polled(call, deadline, should_stop))


async def _polled(
    call: Coroutine[Any, Any, Result], deadline: float, should_stop: Callable[[], None]
) -> Result:
    task = asyncio.ensure_future(call)
    try:
        while True:
            left = deadline - time.monotonic()
            done, _ = await asyncio.wait({task}, timeout=max(0.0, min(POLL_SECONDS, left)))
            if done:
                return task.result()
            if time.monotonic() >= deadline:
                raise TimeoutError
            should_stop()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def wait_polled(
    seconds: float, *, sleep: Callable[[float], None], should_stop: Callable[[], None]
) -> None:
    """Sleep, asking ``should_stop`` about every second."""
    while seconds > 0:
        should_stop()
        sleep(min(POLL_SECONDS, seconds))
        seconds -= POLL_SECONDS
