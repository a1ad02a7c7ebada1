"""Agents for the tests of the whole."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
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

MakeAgent = Callable[..., str]


@pytest.fixture
def make_agent(platform: Platform, receiver: Receiver) -> MakeAgent:
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
