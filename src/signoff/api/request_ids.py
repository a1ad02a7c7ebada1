"""A name for every request: in its answer, in each log line, and on the flow run it starts."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "X-Request-ID"

_current: ContextVar[str] = ContextVar("request_id", default="")
_taken = re.compile(r"[A-Za-z0-9._-]{1,64}")
logger = logging.getLogger("signoff.api")


def current_request_id() -> str:
    """The id of the request that is being answered, in its task and its threads."""
    return _current.get()


class RequestIds:
    """Gives each request an id (the caller's, if it sent a decent one) and logs how it went."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        identity = given if _taken.fullmatch(given) else uuid4().hex
        _current.set(identity)
        started, status = perf_counter(), 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = identity
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            # as it came over the wire: a decoded path may hold line breaks
            path = scope.get("raw_path", b"").decode("ascii", "replace")
            milliseconds = (perf_counter() - started) * 1000
            logger.info("%s %s %s %.0f ms", scope["method"], path, status or 500, milliseconds)


class _Prefix(logging.Filter):
    """Puts the request's id before each line that is logged while it is answered."""

    def filter(self, record: logging.LogRecord) -> bool:
        if _current.get() and not hasattr(record, "request_id"):
            identity = record.__dict__["request_id"] = _current.get()
            record.msg, record.args = f"[{identity}] {record.getMessage()}", ()
        return True


@contextmanager
def logged() -> Iterator[None]:
    """Log requests, with their ids, while the application runs."""
    ours, access = logging.getLogger("signoff"), logging.getLogger("uvicorn.access")
    handler = None if ours.hasHandlers() else logging.StreamHandler()
    level, disabled = ours.level, access.disabled
    if handler is not None:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        ours.addHandler(handler)
        ours.setLevel(logging.INFO)
    # it would say the same again, without the id
    access.disabled = True
    prefix = _Prefix()
    names = ("", "signoff", "uvicorn", "uvicorn.error")
    handlers = {found for name in names for found in logging.getLogger(name).handlers}
    for found in handlers:
        found.addFilter(prefix)
    try:
        yield
    finally:
        for found in handlers:
            found.removeFilter(prefix)
        access.disabled = disabled
        ours.setLevel(level)
        if handler is not None:
            ours.removeHandler(handler)
