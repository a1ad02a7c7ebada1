"""uvicorn as we run it: with limits on a request's head, which no application sees."""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from signoff.api.limits import MAX_HEADER_BYTES
from signoff.settings import get_settings

HEAD_SECONDS = 20.0
"""How long a request's head may take, or what a sender goes on to send once it was answered."""


class PatientProtocol(H11Protocol):
    """HTTP/1.1 whose patience ends: uvicorn would wait for the rest of a head for ever."""

    _watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._keep_time()

    def data_received(self, data: bytes) -> None:
        """Go on to wait, or stop to: the head may be complete now."""
        super().data_received(data)
        self._keep_time()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing to wait for any more."""
        super().connection_lost(exc)
        self._stop()

    def _keep_time(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop()
        elif self._watch is None:
            self._watch = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _stop(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None


def config(app: Any, *, host: str, port: int) -> uvicorn.Config:
    """Uvicorn's configuration for ``app``, or for the application that it names."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=PatientProtocol,
        ws="none",
        h11_max_incomplete_event_size=2 * MAX_HEADER_BYTES,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=30,
    )


def run() -> None:
    """Serve until SIGINT or SIGTERM, where the settings say."""
    settings = get_settings()
    uvicorn.Server(
        config("signoff.api.app:app", host=settings.api_host, port=settings.api_port)
    ).run()
