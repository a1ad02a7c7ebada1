"""What tests of the HTTP API share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.api_server import ApiServer
from support.stores import store

from signoff import prefect_runs
from signoff.prefect_runs import PrefectUnavailableError
from signoff.storage.store import Store

__all__ = ["store"]


@pytest.fixture(autouse=True)
def _no_prefect(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the platform Prefect is away, and that is told at once."""
    if "platform" in request.fixturenames:
        return

    def away(*_: object) -> None:
        raise PrefectUnavailableError("Prefect is away.")

    monkeypatch.setattr(prefect_runs, "connected", away)


@pytest.fixture
def api(store: Store) -> Iterator[ApiServer]:
    """The API over a store of its own; Prefect is away."""
    with ApiServer(store) as server:
        yield server
