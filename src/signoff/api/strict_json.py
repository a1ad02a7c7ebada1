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
            return await handle(_StrictRequest(request.scope, request.receive))

        return strict
