"""The HTTP API on a port of this machine, in a thread, over a test's own store."""

from __future__ import annotations

import threading
import time
from typing import Any

import requests
import uvicorn
from fastapi import FastAPI

from signoff.api.app import create_app
from signoff.api.server import config
from signoff.storage import tokens
from signoff.storage.store import Store


class ApiServer:
    """Use it as a context manager. Requests carry a token of the workspace ``default``."""

    def __init__(self, store: Store, *, app: FastAPI | None = None) -> None:
        self.store = store
        self.app = app or create_app(store, reconciling=False)
        self._server = uvicorn.Server(config(self.app, host="127.0.0.1", port=0))
        self._thread = threading.Thread(target=self._server.run, name="api", daemon=True)
        self.token = self.make_token()

    def __enter__(self) -> ApiServer:
        self._thread.start()
        deadline = time.monotonic() + 30
        while not self._server.started:
            assert self._thread.is_alive(), "the API died"
            assert time.monotonic() < deadline, "the API is not up"
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()

    @property
    def port(self) -> int:
        """The port it listens on."""
        [server] = self._server.servers
        return int(server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def make_token(self, workspace: str = "default") -> str:
        """The text of a new token."""
        with self.store.database.transaction() as session:
            return tokens.create(session, name="tests", workspace_name=workspace)[1]

    def call(
        self, method: str, path: str, *, authorization: str | None = None, **options: Any
    ) -> requests.Response:
        """One request; ``authorization`` replaces the header (empty: none is sent)."""
        headers = dict(options.pop("headers", {}))
        given = f"Bearer {self.token}" if authorization is None else authorization
        if given:
            headers["Authorization"] = given
        options.setdefault("timeout", 60)
        return requests.request(method, self.url + path, headers=headers, **options)
