"""Changes of state are told to Prefect once each, in order, and again after a crash."""

from __future__ import annotations

from typing import Any

import pytest
from support.stores import confirmed, in_review, store

from signoff import prefect_runs
from signoff.announcements import announce
from signoff.prefect_runs import PrefectUnavailableError
from signoff.storage import events, reviews
from signoff.storage.store import Store

__all__ = ["store"]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What Prefect was told."""
    found: list[dict[str, Any]] = []
    monkeypatch.setattr(prefect_runs, "emit", found.extend)
    return found


def test_every_change_of_state_is_told_once_and_in_order(
    store: Store, told: list[dict[str, Any]]
) -> None:
    execution_id = confirmed(store)
    assert announce(store) == 3
    assert announce(store) == 0
    assert [event["event"] for event in told] == [
        "signoff.execution.PENDING_INPUTS",
        "signoff.execution.PENDING_DATA_EXTRACTION",
        "signoff.execution.CONFIRMED",
    ]
    assert {event["resource"]["prefect.resource.id"] for event in told} == {
        f"signoff.execution.{execution_id}"
    }
    assert len({event["id"] for event in told}) == 3


def test_an_edit_is_no_change_of_state(store: Store, told: list[dict[str, Any]]) -> None:
    execution_id = in_review(store)
    announce(store)
    with store.database.transaction() as session:
        reviews.edit(session, execution_id, {"number": "1"}, by=None)
    assert announce(store) == 0
    assert len(told) == 3


def test_what_was_not_taken_is_told_again_under_the_same_id(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_review(store)
    tried: list[list[str]] = []

    def away(described: list[dict[str, Any]]) -> None:
        tried.append([event["id"] for event in described])
        raise PrefectUnavailableError("Prefect is away.")

    monkeypatch.setattr(prefect_runs, "emit", away)
    for _ in range(2):
        with pytest.raises(PrefectUnavailableError):
            announce(store)
    assert tried[0] == tried[1]
    with store.database.reading() as session:
        assert len(events.waiting(session, limit=10)) == 3
