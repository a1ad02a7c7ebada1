"""Agents and their revisions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from cryptography.fernet import Fernet
from support.stores import SCHEMA, apply_agent, create_execution, make_agent, opened_store

from signoff.errors import ConfigurationError, NotFoundError
from signoff.executions.agents import Agent, AgentStatus, JsonObject
from signoff.executions.models import AgentRevision
from signoff.storage import agents, executions
from signoff.storage.secrets import Cipher
from signoff.storage.store import Store

HEADER, SECRET, TOKEN = "Bearer 8f14e45f", "whsec_c2lnbm9mZi1zZWNyZXQ=", "c51ce410c124"
DESTINATIONS = [
    {
        "type": "WEBHOOK",
        "url": "https://example.com/in?x=1",
        "headers": {"Authorization": HEADER},
        "secret": SECRET,
    },
    {"type": "WEBHOOK", "url": "https://example.com/", "headers": {"$encrypted": HEADER}},
    {
        "type": "ASKUI_WORKFLOW",
        "host": "https://example.com",
        "workflows": ["w"],
        "runner_tags": ["a"],
        "token": TOKEN,
    },
]


def read(store: Store, revision: AgentRevision, number: int | None = None) -> AgentRevision:
    with store.database.reading() as session:
        return agents.revision(session, revision.agent_id, number, cipher=store.cipher)


def apply(store: Store, agent: Agent) -> tuple[AgentRevision, bool]:
    with store.database.transaction() as session:
        return agents.apply(session, agent, cipher=store.cipher)


def test_an_agent_comes_back_as_it_was_stored(store: Store) -> None:
    agent = make_agent(
        destinations=DESTINATIONS,
        instructions="Read ✓",
        execution_types=[{"key": "a", "name": "A"}],
        failure_codes={"no_order": "No order."},
        email_trigger={"address": "in@example.com"},
    )
    stored = apply_agent(store, agent)
    assert stored.revision == 1
    assert read(store, stored).agent == agent


def test_applying_the_same_again_makes_no_revision(store: Store) -> None:
    agent = make_agent(destinations=DESTINATIONS)
    first, was_new = apply(store, agent)
    again, is_new = apply(store, agent)
    assert (was_new, is_new) == (True, False)
    assert again == first


def reordered() -> JsonObject:
    return {**SCHEMA, "properties": dict(reversed(SCHEMA["properties"].items()))}


def with_header(value: str) -> list[Any]:
    return [{"type": "WEBHOOK", "url": "https://example.com/", "headers": {"X-Key": value}}]


def with_flag(value: object) -> JsonObject:
    return {**SCHEMA, "properties": {"paid": {"const": value}}}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"instructions": "a"}, {"instructions": "b"}),
        ({}, {"status": AgentStatus.ARCHIVED}),
        ({"data_schema": SCHEMA}, {"data_schema": reordered()}),
        ({"data_schema": with_flag(1)}, {"data_schema": with_flag(True)}),
        ({"destinations": with_header("1")}, {"destinations": with_header("2")}),
    ],
    ids=["instructions", "status", "order of the fields", "1 and true", "a secret"],
)
def test_every_change_is_a_new_revision_and_the_old_one_stays(
    store: Store, before: dict[str, Any], after: dict[str, Any]
) -> None:
    old, new = make_agent(**before), make_agent(**after)
    first = apply_agent(store, old)
    second = apply_agent(store, new)
    assert (first.agent_id, second.revision) == (second.agent_id, 2)
    assert read(store, first, 1).agent.model_dump_json() == old.model_dump_json()
    assert read(store, first, 1).agent == old
    assert read(store, first).agent == new


def test_an_execution_keeps_the_revision_it_started_with(store: Store) -> None:
    execution_id = create_execution(store, make_agent(instructions="a"))
    apply_agent(store, make_agent(instructions="b"))
    with store.database.reading() as session:
        assert executions.get(session, execution_id).agent_revision == 1


def test_text_that_cannot_be_stored_makes_no_endless_revisions(store: Store) -> None:
    agent = make_agent(instructions="a\x00b")
    assert apply(store, agent)[1]
    assert not apply(store, agent)[1]


def test_of_two_that_apply_a_new_agent_at_once_both_succeed(store: Store) -> None:
    first, second = make_agent(instructions="a"), make_agent(instructions="b")
    with ThreadPoolExecutor() as pool:
        with store.database.transaction() as session:
            one, _ = agents.apply(session, first, cipher=store.cipher)
            # not committed yet: the other one finds neither workspace nor agent, and waits
            waiting = pool.submit(apply, store, second)
            wait([waiting], timeout=0.3)
        other, is_new = waiting.result(timeout=30)
    assert is_new
    assert (other.agent_id, other.revision) == (one.agent_id, 2)


def test_the_same_agents_applied_by_many_at_once_have_one_revision_each(store: Store) -> None:
    start = Barrier(8)

    def apply_all(_: int) -> list[bool]:
        start.wait()
        return [apply(store, make_agent(name))[1] for name in ("a", "b", "c")]

    with ThreadPoolExecutor(8) as pool:
        new = list(pool.map(apply_all, range(8)))
    assert [sum(column) for column in zip(*new, strict=True)] == [1, 1, 1]
    with store.database.reading() as session:
        stored = agents.every(session, cipher=store.cipher)
    assert [(entry.agent.name, entry.revision) for entry in stored] == [
        ("a", 1),
        ("b", 1),
        ("c", 1),
    ]


def test_an_agent_is_found_by_name_and_by_id_in_its_workspace(store: Store) -> None:
    here = apply_agent(store, make_agent())
    there = apply_agent(store, make_agent(workspace="other", instructions="there"))
    with store.database.reading() as session:
        assert agents.find(session, "invoice", cipher=store.cipher) == here
        assert agents.find(session, str(here.agent_id), cipher=store.cipher) == here
        found = agents.find(session, "invoice", workspace_name="other", cipher=store.cipher)
    assert found == there
    assert found.workspace_id != here.workspace_id


@pytest.mark.parametrize(
    "name", ["receipt", "2eb8aa08-aa98-41ea-b4aa-73b441d16380", "", "invoice\x00"]
)
def test_an_unknown_agent_is_refused_with_those_there_are(store: Store, name: str) -> None:
    apply_agent(store, make_agent())
    with (
        store.database.reading() as session,
        pytest.raises(NotFoundError, match="Known agents: invoice"),
    ):
        agents.find(session, name, cipher=store.cipher)


def test_a_revision_that_does_not_exist_is_refused(store: Store) -> None:
    stored = apply_agent(store, make_agent())
    with pytest.raises(NotFoundError, match="no revision 2"):
        read(store, stored, 2)


# -- secrets ----------------------------------------------------------------------------------


def test_no_secret_stands_in_the_database_file(tmp_path: Path) -> None:
    with opened_store(tmp_path) as store:
        apply_agent(store, make_agent(destinations=DESTINATIONS))
        create_execution(store, make_agent(destinations=DESTINATIONS))
    content = b"".join(path.read_bytes() for path in tmp_path.glob("signoff.db*"))
    assert b"example.com" in content
    for secret in (HEADER, SECRET, SECRET.removeprefix("whsec_"), TOKEN):
        assert secret.encode() not in content


def test_no_secret_is_shown_with_a_record(store: Store) -> None:
    stored = apply_agent(store, make_agent(destinations=DESTINATIONS))
    shown = "".join([repr(stored), str(stored), stored.model_dump_json(), repr(store)])
    for secret in (HEADER, SECRET, TOKEN):
        assert secret not in shown


def test_another_key_opens_no_secret_and_the_message_names_the_setting(store: Store) -> None:
    stored = apply_agent(store, make_agent(destinations=DESTINATIONS))
    other = Cipher(Fernet.generate_key().decode())
    with store.database.reading() as session, pytest.raises(ConfigurationError, match="SECRET_KEY"):
        agents.revision(session, stored.agent_id, cipher=other)


def test_a_schema_that_uses_our_mark_is_left_alone(store: Store) -> None:
    schema = SCHEMA | {"examples": [{"$encrypted": "not ours"}]}
    stored = apply_agent(store, make_agent(data_schema=schema))
    assert read(store, stored).agent.data_schema == schema
