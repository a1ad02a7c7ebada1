"""Open stores for tests, and executions in them.

A test folder that wants the fixture imports it in its conftest: ``from support.stores import
store``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from signoff.executions.agents import Agent, JsonObject
from signoff.executions.extractions import Extraction
from signoff.executions.models import AgentRevision, Trigger
from signoff.executions.states import Status
from signoff.settings import Settings
from signoff.storage import agents, executions
from signoff.storage.database import Database
from signoff.storage.executions import NewExecution, NewFile
from signoff.storage.leases import Lease, acquire, locked, release
from signoff.storage.store import Store, open_store

SCHEMA: JsonObject = {
    "type": "object",
    "properties": {"number": {"type": "string"}, "total": {"type": "number"}},
    "required": ["number"],
}
DATA: JsonObject = {"number": "2024-17", "total": 12.5}


@cache
def migrated_sqlite() -> bytes:
    """An SQLite database with all tables and nothing in them: copying is faster than migrating."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/signoff.db")
        database.migrate()
        database.close()
        return Path(folder, "signoff.db").read_bytes()


@contextmanager
def opened_store(home: Path, **settings: Any) -> Iterator[Store]:
    """An open store in ``home``, on SQLite unless ``database_url`` is among the ``settings``."""
    if "database_url" not in settings:
        home.mkdir(parents=True, exist_ok=True)
        (home / "signoff.db").write_bytes(migrated_sqlite())
    opened = open_store(Settings(home=home, **settings))
    try:
        yield opened
    finally:
        opened.database.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An open store on SQLite."""
    with opened_store(tmp_path / "home") as opened:
        yield opened


def make_agent(name: str = "invoice", **changes: Any) -> Agent:
    """An agent with two fields."""
    return Agent.model_validate({"name": name, "data_schema": SCHEMA} | changes)


def apply_agent(store: Store, agent: Agent) -> AgentRevision:
    """Store an agent; returns its newest revision."""
    with store.database.transaction() as session:
        return agents.apply(session, agent, cipher=store.cipher)[0]


def create_execution(store: Store, agent: Agent | None = None, **new: Any) -> UUID:
    """An execution that waits for its inputs."""
    revision = apply_agent(store, agent or make_agent())
    with store.database.transaction() as session:
        return executions.create(
            session, NewExecution(revision, **({"trigger": Trigger.MANUAL} | new))
        ).id


def take_lease(store: Store, execution_id: UUID, *, seconds: float = 60) -> Lease:
    """Hold the execution's lease, without renewing it."""
    with store.database.transaction() as session:
        return acquire(session, execution_id, seconds=seconds)


def let_go(store: Store, lease: Lease) -> None:
    """Release a lease."""
    with store.database.transaction() as session:
        release(session, lease)


def with_inputs(store: Store, agent: Agent | None = None, **new: Any) -> UUID:
    """An execution whose inputs are at hand: PENDING_DATA_EXTRACTION."""
    execution_id = create_execution(store, agent, **new)
    with store.database.transaction() as session:
        executions.add_inputs(
            session,
            locked(session, execution_id),
            [NewFile("a.txt", "text/plain", 3, "0" * 64)],
        )
    return execution_id


def extracted(
    store: Store, target: Status, agent: Agent | None = None, data: JsonObject | None = None
) -> UUID:
    """An execution whose data was read: in review, or CONFIRMED by the review policy."""
    execution_id = with_inputs(store, agent)
    lease = take_lease(store, execution_id)
    with store.database.transaction() as session:
        executions.record_extraction(
            session, lease, Extraction(data=data or DATA, model="test"), target=target
        )
    let_go(store, lease)
    return execution_id


def in_review(store: Store, agent: Agent | None = None, data: JsonObject | None = None) -> UUID:
    """An execution that waits for its review."""
    return extracted(store, Status.PENDING_REVIEW, agent, data)


def confirmed(store: Store, agent: Agent | None = None, data: JsonObject | None = None) -> UUID:
    """An execution that the policy signed off."""
    return extracted(store, Status.CONFIRMED, agent, data)
