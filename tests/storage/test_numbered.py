"""Agents, executions and files by number: inside their workspace only, on both databases."""

from __future__ import annotations

from uuid import uuid4

import pytest
from support.stores import (
    apply_agent,
    confirmed,
    create_execution,
    in_review,
    make_agent,
    take_lease,
    with_inputs,
)

from signoff.errors import NotFoundError
from signoff.executions.phases import Phase
from signoff.storage import idempotency, numbered
from signoff.storage.idempotency import Claimed
from signoff.storage.leases import locked
from signoff.storage.numbered import Wanted
from signoff.storage.store import Store
from signoff.storage.transitions import set_failure


def fail(store: Store, execution_id) -> None:
    with store.database.transaction() as session:
        set_failure(session, locked(session, execution_id), code="timeout", explanation="")


def test_numbers_are_found_in_their_own_workspace_only(store: Store) -> None:
    mine, other = make_agent(), make_agent(workspace="other")
    here, there = apply_agent(store, mine), apply_agent(store, other)
    execution_id = with_inputs(store, mine)
    with store.database.reading() as session:
        [execution] = numbered.page(session, Wanted(here.workspace_id), skip=0, limit=5)
        assert execution.id == execution_id
        assert execution.agent_number == here.agent_number
        [file] = execution.files
        numbers = {"execution_number": execution.number, "file_number": file.number}
        found = numbered.agent(session, here.workspace_id, here.agent_number, cipher=store.cipher)
        assert found.agent_id == here.agent_id
        assert numbered.execution(session, here.workspace_id, execution.number) == execution
        assert numbered.file(session, here.workspace_id, **numbers) == file
        for number in (here.agent_number, 0, -1, 2**63, 10**30):
            with pytest.raises(NotFoundError):
                numbered.agent(session, there.workspace_id, number, cipher=store.cipher)
        for number in (execution.number, 0, -1, 2**63, 10**30):
            with pytest.raises(NotFoundError):
                numbered.execution(session, there.workspace_id, number)
        with pytest.raises(NotFoundError):
            numbered.file(session, there.workspace_id, **numbers)
        with pytest.raises(NotFoundError):
            numbered.file(session, here.workspace_id, **(numbers | {"file_number": 10**30}))
        assert numbered.page(session, Wanted(there.workspace_id), skip=0, limit=5) == []


def test_every_phase_is_listed_and_counted_the_newest_first(store: Store) -> None:
    agent = apply_agent(store, make_agent())
    workspace_id = agent.workspace_id
    failed = with_inputs(store)
    fail(store, failed)
    begun = with_inputs(store)
    take_lease(store, begun)
    corrected = in_review(store)
    fail(store, corrected)
    undelivered = confirmed(store)
    fail(store, undelivered)
    expected = {
        Phase.PENDING: [with_inputs(store), create_execution(store)],
        Phase.IN_PROGRESS: [begun, corrected],
        Phase.FINISHED: [undelivered, confirmed(store)],
        Phase.FAILED: [failed],
    }
    with store.database.reading() as session:
        for phase, ids in expected.items():
            for number in (None, agent.agent_number):
                wanted = Wanted(workspace_id, phase=phase, agent_number=number)
                found = numbered.page(session, wanted, skip=0, limit=10)
                assert [execution.id for execution in found] == ids[::-1]
                assert {execution.phase for execution in found} == {phase}
                assert numbered.count(session, wanted) == len(ids)
        everything = Wanted(workspace_id)
        assert numbered.count(session, everything) == 7
        paged = [
            execution.number
            for skip in range(0, 8, 3)
            for execution in numbered.page(session, everything, skip=skip, limit=3)
        ]
        assert paged == sorted(paged, reverse=True)
        assert len(paged) == 7


def test_settled_are_those_that_go_no_further_by_themselves(store: Store) -> None:
    waiting = [with_inputs(store), create_execution(store)]
    failed = with_inputs(store)
    fail(store, failed)
    settled = {in_review(store), confirmed(store), failed}
    with store.database.reading() as session:
        assert numbered.settled(session, [*waiting, *settled, uuid4()]) == settled
        assert numbered.settled(session, []) == set()


def test_what_was_begun_under_a_key_and_abandoned_is_gone_on_with_at_once(store: Store) -> None:
    workspace_id = apply_agent(store, make_agent()).workspace_id
    one, two = uuid4(), uuid4()

    def claim(execution_id):
        with store.database.transaction() as session:
            return idempotency.claim(
                session,
                workspace_id=workspace_id,
                key="one",
                fingerprint="a",
                execution_id=execution_id,
                seconds=600,
            )

    assert claim(one).outcome is Claimed.OURS
    assert claim(two).outcome is Claimed.RUNNING
    with store.database.transaction() as session:
        idempotency.abandon(session, workspace_id=workspace_id, key="one")
    again = claim(two)
    assert (again.outcome, again.execution_id) == (Claimed.OURS, one)
