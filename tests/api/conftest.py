"""What tests of the HTTP API share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.api_server import ApiServer
from support.stores import store

from signoff.storage.store import Store

__all__ = ["store"]


@pytest.fixture(autouse=True)
def _no_prefect(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the platform there is no Prefect: nothing listens there, and that is told at once."""
    if "platform" not in request.fixturenames:
        monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")


@pytest.fixture
def api(store: Store) -> Iterator[ApiServer]:
    """The API over a store of its own; Prefect is away."""
    with ApiServer(store) as server:
        yield server
