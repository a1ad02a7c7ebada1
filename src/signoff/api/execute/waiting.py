"""Waiting for executions: one query looks for all who wait, and none of them holds a thread."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from uuid import UUID

from anyio import CapacityLimiter, to_thread
from fastapi import Request
from starlette.requests import ClientDisconnect

from signoff.storage import numbered
from signoff.storage.store import Store

LOOK_SECONDS = 0.25
logger = logging.getLogger("signoff.api")


class Waiting:
    """Those who wait for executions, in one process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[UUID, set[asyncio.Event]] = {}
        self._looking: asyncio.Task[None] | None = None
        # of its own: however busy the other threads are, those who wait learn that it is over
        self._limiter = CapacityLimiter(1)

    async def settled(self, execution_id: UUID, *, seconds: float, request: Request) -> None:
        """Wait until the execution goes no further by itself, for ``seconds`` at most.

        Raises:
            ClientDisconnect: who asked has gone.
        """
        event = asyncio.Event()
        self._waiting.setdefault(execution_id, set()).add(event)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        ended = asyncio.create_task(event.wait())
        gone = asyncio.create_task(_gone(request))
        try:
            await asyncio.wait({ended, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if gone.done() and not ended.done():
                raise ClientDisconnect
        finally:
            ended.cancel()
            gone.cancel()
            others = self._waiting.get(execution_id, set())
            others.discard(event)
            if not others:
                self._waiting.pop(execution_id, None)

    async def _look(self) -> None:
        while self._waiting:
            try:
                found = await to_thread.run_sync(
                    self._settled, list(self._waiting), limiter=self._limiter
                )
            except Exception:  # the database is out of reach: those who wait go on to
                logger.exception("It could not be looked whether executions are settled.")
                found = set()
            for execution_id in found:
                for event in self._waiting.get(execution_id, ()):
                    event.set()
            await asyncio.sleep(LOOK_SECONDS)
        self._looking = None

    def _settled(self, ids: Sequence[UUID]) -> set[UUID]:
        with self._store.database.reading() as session:
            return numbered.settled(session, ids)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
