"""Who calls: a token of one workspace, in the schemes that the dialect knows."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated

from anyio import to_thread
from fastapi import Depends, FastAPI, Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from signoff.api.dialects import Dialect, dialect_of
from signoff.api.errors import unauthorized
from signoff.storage import tokens
from signoff.storage.store import Store
from signoff.storage.tokens import Token


def read_credentials(header: str, schemes: Sequence[str]) -> str | None:
    """The token in an ``Authorization`` header, if it comes in one of the schemes.

    ``Basic`` carries the token as it is, or as the password of any user.
    """
    scheme, _, value = header.strip().partition(" ")
    value = value.strip()
    if scheme.lower() not in schemes or not value:
        return None
    if scheme.lower() != "basic":
        return value
    try:
        text = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return text.partition(":")[2] if ":" in text else text


class Authentication:
    """Lets a dialect's requests pass with a valid token only, before anything of them is read."""

    def __init__(self, app: ASGIApp, dialects: Sequence[Dialect]) -> None:
        self._app, self._dialects = app, dialects

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        dialect = dialect_of(scope.get("path", ""), self._dialects)
        if scope["type"] != "http" or not dialect.schemes:
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("Authorization", "")
        text = read_credentials(given, dialect.schemes)
        application: FastAPI = scope["app"]
        store: Store = application.state.store
        token = await to_thread.run_sync(_check, store, text) if text else None
        if token is None:
            await unauthorized(dialect)(scope, receive, send)
            return
        scope.setdefault("state", {})["token"] = token
        await self._app(scope, receive, send)


def _check(store: Store, text: str) -> Token | None:
    with store.database.reading() as session:
        return tokens.check(session, text)


def current_token(request: Request) -> Token:
    """The token that the request came with."""
    token: Token = request.state.token
    return token


def current_store(request: Request) -> Store:
    """Everything that is stored."""
    store: Store = request.app.state.store
    return store


CurrentToken = Annotated[Token, Depends(current_token)]
CurrentStore = Annotated[Store, Depends(current_store)]
