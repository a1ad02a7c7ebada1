"""The extract step: judged data on record, the policy's decision with its reason, restarts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from support.pages import document_of, page_of
from support.stores import make_agent, opened_store, take_lease, with_inputs

from signoff.executions.models import Execution, TrailEntry
from signoff.executions.states import Status
from signoff.extraction.confidence import PRIOR
from signoff.extraction.reader import Reader, Reading, ReadRequest
from signoff.extraction.readers import Readers
from signoff.storage import calibrations, executions
from signoff.storage.leases import Lease
from signoff.storage.store import Store
from tasks import extract

DOCUMENT = document_of(page_of("Number: 2024-17", "Total: 12,50"))
RIGHT = {"number": "2024-17", "total": 12.5}
AGREEING = {"auto_confirm": {"when": {"min_confidence": 0.95}}}


class Scripted:
    """A reader that answers from a list."""

    limits = None
    offline = False

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = list(answers)

    def read(self, request: ReadRequest) -> Reading:
        return Reading(model="m", data=self.answers.pop(0))


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    with opened_store(tmp_path / "home") as opened:
        monkeypatch.setattr(extract, "get_store", lambda: opened)
        monkeypatch.setattr(extract, "open_documents", lambda store, infos: [DOCUMENT])
        monkeypatch.setattr(extract, "iterations_shown", lambda log, number: nullcontext(log))
        yield opened


def run(
    lease: Lease, monkeypatch: pytest.MonkeyPatch, reader: Reader, challenger: Reader | None = None
) -> None:
    readers = Readers(reader, challenger, None)
    monkeypatch.setattr(extract, "open_readers", lambda *_, **__: readers)
    extract.extract_data.fn(lease)


def start(store: Store, **agent: Any) -> Lease:
    lease: Lease = take_lease(store, with_inputs(store, make_agent(**agent)))
    return lease


def found(store: Store, execution_id: UUID) -> tuple[Execution, TrailEntry]:
    with store.database.reading() as session:
        trail = [entry for entry in executions.trail(session, execution_id) if entry.to_status]
        return executions.get(session, execution_id), trail[-1]


def test_data_that_meets_the_conditions_is_signed_off(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = start(store, review=AGREEING)
    run(lease, monkeypatch, Scripted(RIGHT), Scripted(RIGHT))
    execution, last = found(store, lease.execution_id)
    assert execution.status is Status.CONFIRMED
    assert (last.by, last.note[:24]) == ("policy", "Signed off by the policy")
    assert execution.extraction is not None
    assert execution.extraction.evidence["/total"].quote == "12,50"


def test_data_on_which_two_models_differ_goes_to_a_person_who_is_told_why(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = start(store, review=AGREEING)
    run(lease, monkeypatch, Scripted(RIGHT), Scripted({**RIGHT, "total": 21.5}))
    execution, last = found(store, lease.execution_id)
    assert execution.status is Status.PENDING_REVIEW
    assert last.note.startswith("Not signed off by the policy: /total 0.")


def test_a_run_killed_before_the_extraction_was_recorded_calls_no_model_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = start(store, review=AGREEING)
    with monkeypatch.context() as killed:

        def kill(*_: Any, **__: Any) -> None:
            raise KeyboardInterrupt

        killed.setattr(executions, "record_extraction", kill)
        with pytest.raises(KeyboardInterrupt):
            run(lease, monkeypatch, Scripted(RIGHT), Scripted(RIGHT))
    run(lease, monkeypatch, Scripted(), Scripted())
    execution, _ = found(store, lease.execution_id)
    assert execution.status is Status.CONFIRMED
    with store.database.reading() as session:
        assert len(executions.iterations(session, lease.execution_id)) == 2


def test_a_best_attempt_goes_to_a_person_with_what_speaks_against_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = start(store, max_corrections=0, review={"auto_confirm": True})
    run(lease, monkeypatch, Scripted({"number": "2024-71", "total": "a lot"}))
    execution, _ = found(store, lease.execution_id)
    assert execution.status is Status.PENDING_REVIEW
    assert execution.failure is not None
    assert execution.failure.code == "max_retries_exceeded"
    assert execution.extraction is not None
    assert "/number" in execution.extraction.ungrounded


def test_the_agents_newest_calibration_is_used(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = start(store)
    with store.database.transaction() as session:
        agent_id = executions.get(session, lease.execution_id).agent_id
        for bias in (9.0, -2.0):
            model = PRIOR.model_copy(update={"source": "reviews", "bias": bias})
            calibrations.save(session, agent_id, model=model.model_dump(mode="json"), report={})
    run(lease, monkeypatch, Scripted(RIGHT))
    execution, _ = found(store, lease.execution_id)
    assert execution.extraction is not None
    assert execution.extraction.confidence["/total"] < 0.2
