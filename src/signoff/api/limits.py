"""What a request may be: so large, so many headers, and not slower than this."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from time import monotonic

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from signoff.api.dialects import Dialect, dialect_of
from signoff.api.errors import respond
from signoff.api.problems import ApiError
from signoff.settings import MIB, Settings

MAX_HEADERS = 100
MAX_HEADER_BYTES = 32 * 1024
MULTIPART_EXTRA = MIB
"""What an upload may hold beside its files: boundaries, headers, fields."""

CLOSE = {"Connection": "close"}  # the rest of the body is not going to be read


class Limits:
    """Refuses what is too large while it arrives, and senders that fall silent."""

    def __init__(self, app: ASGIApp, dialects: Sequence[Dialect]) -> None:
        self._app, self._dialects = app, dialects

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        dialect = dialect_of(scope["path"], self._dialects)
        application: FastAPI = scope["app"]
        settings: Settings = application.state.store.settings
        headers = Headers(scope=scope)
        limit = _limit(headers, dialect, settings)
        refused = _refused_at_once(headers, limit)
        if refused is not None:
            await respond(refused, dialect)(scope, receive, send)
            return
        await self._app(scope, _Body(receive, limit, settings).receive, send)


def _limit(headers: Headers, dialect: Dialect, settings: Settings) -> int:
    if headers.get("Content-Type", "").lower().startswith("multipart/"):
        return settings.max_input_bytes + MULTIPART_EXTRA
    return dialect.max_json_bytes


def _refused_at_once(headers: Headers, limit: int) -> ApiError | None:
    total = sum(len(name) + len(value) for name, value in headers.raw)
    if len(headers.raw) > MAX_HEADERS or total > MAX_HEADER_BYTES:
        message = f"At most {MAX_HEADERS} headers of {MAX_HEADER_BYTES:,} bytes are taken."
        return ApiError(431, message, headers=CLOSE)
    length = headers.get("Content-Length", "")
    return too_large(limit) if length.isdecimal() and int(length) > limit else None


def too_large(limit: int) -> ApiError:
    """A body of more than ``limit`` bytes.

    The connection stays: many clients look at the answer only once they have sent everything, and
    one that is closed before loses it. What they go on to send is dropped as it comes.
    """
    return ApiError(413, f"The request's body exceeds {limit:,} bytes.")


class _Body:
    """A request's body on its way in, counted and timed.

    The time a sender may take grows with what it has sent: neither silence nor a trickle holds
    a connection for long, and a slow line gets its upload through.
    """

    def __init__(self, receive: Receive, limit: int, settings: Settings) -> None:
        self._receive, self._limit = receive, limit
        self._patience, self._rate = settings.api_body_seconds, settings.api_body_rate
        self._size, self._waited, self._over = 0, 0.0, False

    async def receive(self) -> Message:
        if self._over:  # what else arrives is the end of the connection
            return await self._receive()
        allowed = self._patience + self._size / self._rate - self._waited
        started = monotonic()
        try:
            async with asyncio.timeout(max(allowed, 0)):
                message = await self._receive()
        except TimeoutError:
            self._over = True
            raise ApiError(408, "The request's body came too slowly.", headers=CLOSE) from None
        self._waited += monotonic() - started
        self._size += len(message.get("body", b""))
        self._over = message["type"] != "http.request" or not message.get("more_body", False)
        if self._size > self._limit:
            self._over = True
            raise too_large(self._limit)
        return message
