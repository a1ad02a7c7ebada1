"""When a run that is silent counts as dead."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from support.stores import opened_store

from signoff.executions.reconciliation import Action, decide
from signoff.executions.states import Status
from signoff.prefect_runs import Run, RunState
from signoff.reconciler import facts
from signoff.storage.store import Store
from signoff.storage.unsettled import Unsettled


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened_store(tmp_path / "home") as opened:
        yield opened


def decision(store: Store, state: RunState, *, since: float, expired: float | None) -> Action:
    """What is decided on a run in ``state`` since so long, its lease expired so long ago.

    Both in lengths of a lease.
    """
    now, lease = datetime.now(UTC), timedelta(seconds=store.settings.lease_seconds)
    execution = Unsettled(
        id=uuid4(),
        status=Status.PENDING_DATA_EXTRACTION,
        flow_run_id=uuid4(),
        updated_at=now - lease * since,
        failed=False,
        at_work=expired is not None and expired < 0,
        held_until=None if expired is None else now - lease * expired,
        delivered=False,
    )
    return decide(facts(store, execution, Run(uuid4(), state, now - lease * since)))


@pytest.mark.parametrize(
    ("state", "since", "expired", "action"),
    [
        (RunState.RUNNING, 100, -0.5, Action.NOTHING),
        # renewed late, on a machine out of breath
        (RunState.RUNNING, 100, 0.4, Action.NOTHING),
        (RunState.RUNNING, 100, 0.6, Action.RESTART_RUN),
        # it let go of its lease and has not told Prefect yet
        (RunState.RUNNING, 0.9, None, Action.NOTHING),
        (RunState.RUNNING, 1.1, None, Action.RESTART_RUN),
        # its process is starting
        (RunState.PENDING, 1.9, None, Action.NOTHING),
        (RunState.PENDING, 2.1, None, Action.RESTART_RUN),
    ],
)
def test_a_run_is_restarted_when_nobody_can_be_at_work_any_more(
    store: Store, state: RunState, since: float, expired: float | None, action: Action
) -> None:
    assert decision(store, state, since=since, expired=expired) is action


@pytest.mark.parametrize(
    ("deleted", "since", "action"),
    [
        # whoever recorded the execution is about to create its run
        (False, 0.2, Action.NOTHING),
        (False, 0.3, Action.CREATE_RUN),
        (True, 0.2, Action.CREATE_RUN),
    ],
)
def test_a_run_is_created_in_place_of_whoever_did_not_live_to_do_it(
    deleted: bool, since: float, action: Action, store: Store
) -> None:
    lease = timedelta(seconds=store.settings.lease_seconds)
    execution = Unsettled(
        id=uuid4(),
        status=Status.PENDING_DATA_EXTRACTION,
        flow_run_id=uuid4() if deleted else None,
        updated_at=datetime.now(UTC) - lease * since,
        failed=False,
        at_work=False,
        held_until=None,
        delivered=False,
    )
    assert decide(facts(store, execution, None)) is action
