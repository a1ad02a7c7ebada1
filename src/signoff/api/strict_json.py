"""JSON bodies as strictly as everywhere else: no key twice, no NaN, no endless nesting."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from anyio import to_thread
from fastapi import Request, Response
from fastapi.routing import APIRoute

from signoff.api.problems import invalid
from signoff.executions.plain_data import PlainDataError, read_json

LARGE = 256 * 1024


class _StrictRequest(Request):
    async def json(self) -> Any:
        try:
            text = (await self.body()).decode()
            if len(text) > LARGE:  # others are answered meanwhile
                return await to_thread.run_sync(read_json, text)
            return read_json(text)
        except UnicodeDecodeError:
            raise invalid("The body is no UTF-8.", "body", kind="json_invalid") from None
        except PlainDataError as error:
            raise invalid(f"The body {error}.", "body", kind="json_invalid") from error


class StrictRoute(APIRoute):
    """A route that reads its JSON body with our own reader."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own handler, behind our request."""
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            if self.body_field is not None:
                _check_media_type(request)
            return await handle(_StrictRequest(request.scope, request.receive))

        return strict


def _check_media_type(request: Request) -> None:
    headers = request.headers
    if headers.get("Content-Length", "0") == "0" and "Transfer-Encoding" not in headers:
        return  # no body
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        message = "The body must be JSON, sent with Content-Type: application/json."
        raise invalid(message, "body", kind="json_type")
