"""Pages and counts of executions: right for every filter, and never a walk over all rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from support.stores import (
    apply_agent,
    confirmed,
    create_execution,
    in_review,
    make_agent,
    opened_store,
    with_inputs,
)

from signoff.executions.models import Execution, Trigger
from signoff.executions.states import Status
from signoff.storage import executions, listing
from signoff.storage.executions import NewExecution
from signoff.storage.listing import Wanted
from signoff.storage.store import Store

AGENTS = ("one", "two", "three")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Three agents of a workspace with executions in several states, and another workspace's."""
    with opened_store(tmp_path_factory.mktemp("lists")) as store:
        for number in range(24):
            make = (create_execution, with_inputs, in_review, confirmed)[number % 4]
            make(store, make_agent(AGENTS[number % 3]))
        with_inputs(store, make_agent("one", workspace="other"))
        yield store


def everything(store: Store, workspace_id: UUID) -> list[Execution]:
    with store.database.reading() as session:
        found = executions.newest(session, limit=1000)
    return [execution for execution in found if execution.workspace_id == workspace_id]


def here(store: Store) -> UUID:
    workspace_id: UUID = apply_agent(store, make_agent("one")).workspace_id
    return workspace_id


def test_every_combination_of_filters_gives_what_a_walk_over_all_rows_gives(filled: Store) -> None:
    workspace_id = here(filled)
    rows = everything(filled, workspace_id)
    ids = [row.id for row in rows]
    agent_ids = sorted({row.agent_id for row in rows})
    some = st.lists(st.sampled_from([*agent_ids, uuid4()]), max_size=4)

    @settings(max_examples=150, deadline=None)
    @given(
        chosen_ids=st.none() | st.lists(st.sampled_from([*ids, uuid4()]), max_size=8),
        chosen_agents=st.none() | some,
        statuses=st.none() | st.lists(st.sampled_from(list(Status)), max_size=7),
        skip=st.integers(0, 30),
        limit=st.integers(1, 30),
    )
    def check(
        chosen_ids: list[UUID] | None,
        chosen_agents: list[UUID] | None,
        statuses: list[Status] | None,
        skip: int,
        limit: int,
    ) -> None:
        wanted = Wanted(workspace_id, chosen_ids, chosen_agents, statuses)
        expected = [
            row
            for row in rows
            if (chosen_ids is None or row.id in chosen_ids)
            and (chosen_agents is None or row.agent_id in chosen_agents)
            and (statuses is None or row.status in statuses)
        ]
        with filled.database.reading() as session:
            found = listing.page(session, wanted, skip=skip, limit=limit)
            total = listing.count(session, wanted)
        assert found == expected[skip : skip + limit]
        assert total == len(expected)

    check()


def test_another_workspaces_executions_are_not_among_them(filled: Store) -> None:
    mine, other = here(filled), apply_agent(filled, make_agent("one", workspace="other"))
    [theirs] = everything(filled, other.workspace_id)
    with filled.database.reading() as session:
        for wanted in (
            Wanted(mine, ids=[theirs.id]),
            Wanted(mine, agent_ids=[other.agent_id]),
            Wanted(mine, agent_ids=[other.agent_id], statuses=[theirs.status]),
        ):
            assert listing.page(session, wanted, skip=0, limit=10) == []
            assert listing.count(session, wanted) == 0


def test_counting_ends_at_a_hundred(store: Store) -> None:
    revision = apply_agent(store, make_agent("one"))
    workspace_id = revision.workspace_id
    with store.database.transaction() as session:
        for _ in range(151):
            executions.create(session, NewExecution(revision, trigger=Trigger.API))
    with store.database.reading() as session:
        assert listing.count(session, Wanted(workspace_id)) == 100
        assert listing.count(session, Wanted(workspace_id, statuses=list(Status)[:3])) == 100
        assert len(listing.page(session, Wanted(workspace_id), skip=140, limit=100)) == 11


@pytest.mark.parametrize("agents", [None, 1, 3])
@pytest.mark.parametrize("statuses", [None, 1, 3])
def test_no_query_of_a_list_scans_or_sorts_the_table(
    filled: Store, agents: int | None, statuses: int | None
) -> None:
    workspace_id = here(filled)
    agent_ids = sorted({row.agent_id for row in everything(filled, workspace_id)})
    wanted = Wanted(
        workspace_id,
        agent_ids=agent_ids[:agents] if agents else None,
        statuses=list(Status)[:statuses] if statuses else None,
    )
    seen: list[tuple[str, Any]] = []

    def note(_c: object, _cu: object, statement: str, parameters: object, *_: object) -> None:
        seen.append((statement, parameters))

    event.listen(filled.database.engine, "before_cursor_execute", note)
    try:
        with filled.database.reading() as session:
            listing.page(session, wanted, skip=0, limit=10)
            listing.count(session, wanted)
    finally:
        event.remove(filled.database.engine, "before_cursor_execute", note)
    queries = [entry for entry in seen if re.search("FROM executions\\s", entry[0])]
    assert queries
    with filled.database.reading() as session:
        for statement, parameters in queries:
            plan = session.connection().exec_driver_sql(
                f"EXPLAIN QUERY PLAN {statement}", parameters
            )
            steps = [row[3] for row in plan]
            scans = [step for step in steps if re.match("SCAN executions", step)]
            assert scans == [], (statement, steps)
            if agents in (None, 1) and statuses in (None, 1) and "updated_at DESC" in statement:
                assert not any("USE TEMP B-TREE" in step for step in steps), (statement, steps)
