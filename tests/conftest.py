"""What all tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from support.platform import Platform
from support.receiver import Receiver

from signoff.executions.agents import Agent
from signoff.storage import agents

SCHEMA = {
    "type": "object",
    "properties": {
        "number": {"type": "string", "description": "Number of the delivery note"},
        "total": {"type": "number", "description": "Total"},
        "date": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
    },
    "required": ["number"],
}
names = count(1)


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Prefect's server with our deployments; tests that use it share one (xdist_group)."""
    platform = Platform(tmp_path_factory.mktemp("platform"))
    platform.start()
    try:
        yield platform
    finally:
        platform.stop()


@pytest.fixture
def worker(platform: Platform) -> Platform:
    """The platform with a warm worker at work, shared by the tests that follow."""
    platform.ensure_worker()
    return platform


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A customer's webhook."""
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def make_agent(platform: Platform, receiver: Receiver) -> Callable[..., str]:
    """Store an agent that delivers to the receiver; returns its name."""

    def make(**fields: Any) -> str:
        definition = {
            "name": f"agent-{next(names)}",
            "data_schema": SCHEMA,
            "destinations": [{"type": "WEBHOOK", "url": receiver.url()}],
        }
        agent = Agent.model_validate(definition | fields)
        with platform.store.database.transaction() as session:
            agents.apply(session, agent, cipher=platform.store.cipher)
        return agent.name

    return make


@pytest.hookimpl(tryfirst=True)  # before xdist looks at the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share the Prefect server run in one process, one after the other."""
    for item in items:
        if "platform" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("prefect"))
            item.add_marker(pytest.mark.prefect)


@pytest.fixture
def note(tmp_path: Path) -> Path:
    """A small text document that the offline reader reads well."""
    path = tmp_path / "note.txt"
    path.write_text("Delivery note\n\nNumber: LS-2041\nTotal: 55.20\n")
    return path
