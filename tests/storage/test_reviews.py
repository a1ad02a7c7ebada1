"""Review rounds: which answer counts, and what becomes of the others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
from support.stores import DATA, in_review, make_agent, with_inputs

from signoff.errors import AnswerRefusedError, NotFoundError, TransitionNotAllowedError
from signoff.executions.extractions import Disagreement, Evidence, Extraction, FieldSignals
from signoff.executions.models import (
    AnswerOutcome,
    Canceled,
    Confirmed,
    Decision,
    Execution,
    FieldChange,
    PendingReview,
    ReviewAnswer,
)
from signoff.executions.states import Status
from signoff.storage import executions, reviews
from signoff.storage.leases import locked
from signoff.storage.store import Store
from signoff.storage.tables import ExecutionRow

CORRECTED = {"number": "2024-18", "total": 12.5}


def submit(store: Store, execution_id: UUID, **answer: Any) -> ReviewAnswer:
    given: dict[str, Any] = {
        "decision": Decision.CONFIRM,
        "data": CORRECTED,
        "comment": "",
        "source": "cli",
        "answered_by": "ada",
    }
    with store.database.transaction() as session:
        return reviews.submit(session, execution_id, **(given | answer))


def accept(store: Store, answer: ReviewAnswer, changes: list[FieldChange] | None = None) -> None:
    with store.database.transaction() as session:
        reviews.accept(session, answer.id, changes=changes or [])


def refuse(store: Store, answer: ReviewAnswer, *problems: str) -> None:
    with store.database.transaction() as session:
        reviews.refuse(session, answer.id, reason="; ".join(problems), problems=list(problems))


def edit(store: Store, execution_id: UUID, data: dict[str, Any]) -> int:
    with store.database.transaction() as session:
        return reviews.edit(session, execution_id, data, by="ada")


def get(store: Store, execution_id: UUID) -> Execution:
    with store.database.reading() as session:
        return executions.get(session, execution_id)


def outcomes(store: Store, execution_id: UUID) -> list[AnswerOutcome]:
    with store.database.reading() as session:
        return [answer.outcome for answer in reviews.answers(session, execution_id)]


def test_an_accepted_answer_is_the_confirmed_data_and_the_extracted_data_stays(
    store: Store,
) -> None:
    execution_id = in_review(store)
    change = FieldChange(
        pointer="/number", before="2024-17", after="2024-18", by="ada", at=datetime.now(UTC)
    )
    accept(store, submit(store, execution_id, comment="misread"), [change])
    state = get(store, execution_id).state
    assert isinstance(state, Confirmed)
    assert state.data_confirmed == CORRECTED
    assert state.data_extracted == DATA
    with store.database.reading() as session:
        assert reviews.changes(session, execution_id) == [change]
        last = executions.trail(session, execution_id)[-1]
    assert (last.by, last.note) == ("ada", "cli: misread")


def test_a_cancel_is_an_answer_too(store: Store) -> None:
    execution_id = in_review(store)
    accept(store, submit(store, execution_id, decision=Decision.CANCEL, data=None))
    state = get(store, execution_id).state
    assert isinstance(state, Canceled)
    assert state.data_extracted == DATA


def test_accepting_an_accepted_answer_again_does_nothing(store: Store) -> None:
    execution_id = in_review(store)
    answer = submit(store, execution_id)
    accept(store, answer)
    before = get(store, execution_id)
    accept(store, answer)
    assert get(store, execution_id) == before


def test_the_first_accepted_answer_wins_and_the_others_are_kept_as_superseded(
    store: Store,
) -> None:
    execution_id = in_review(store)
    late, first = submit(store, execution_id, data=DATA), submit(store, execution_id)
    accept(store, first)
    with pytest.raises(AnswerRefusedError, match="Another answer came first"):
        accept(store, late)
    assert outcomes(store, execution_id) == [AnswerOutcome.SUPERSEDED, AnswerOutcome.ACCEPTED]
    with store.database.reading() as session:
        assert reviews.get(session, late.id).data == DATA
        assert reviews.pending(session, execution_id) is None
    state = get(store, execution_id).state
    assert isinstance(state, Confirmed)
    assert state.data_confirmed == CORRECTED


def test_of_100_answers_at_once_exactly_one_counts(store: Store) -> None:
    execution_id = in_review(store)
    start = Barrier(100)

    def answer(number: int) -> str:
        start.wait()
        cancel = number % 2 == 1
        try:
            given = submit(
                store,
                execution_id,
                decision=Decision.CANCEL if cancel else Decision.CONFIRM,
                data=None if cancel else {"number": str(number)},
            )
            accept(store, given)
        except AnswerRefusedError:
            return ""
        return "canceled" if cancel else str(number)

    with ThreadPoolExecutor(100) as pool:
        winners = [winner for winner in pool.map(answer, range(100)) if winner]
    assert len(winners) == 1
    state = get(store, execution_id).state
    if winners == ["canceled"]:
        assert isinstance(state, Canceled)
    else:
        assert isinstance(state, Confirmed)
        assert state.data_confirmed == {"number": winners[0]}
    found = outcomes(store, execution_id)
    assert found.count(AnswerOutcome.ACCEPTED) == 1
    assert found.count(AnswerOutcome.SUPERSEDED) == len(found) - 1
    with store.database.reading() as session:
        trail = executions.trail(session, execution_id)
    signed_off = [
        entry for entry in trail if entry.to_status in (Status.CONFIRMED, Status.CANCELED)
    ]
    assert len(signed_off) == 1


def test_an_answer_that_waits_for_another_ones_acceptance_is_told_so(store: Store) -> None:
    execution_id = in_review(store)
    first, second = submit(store, execution_id), submit(store, execution_id)
    with ThreadPoolExecutor() as pool:
        with store.database.transaction() as session:
            reviews.accept(session, first.id, changes=[])
            session.flush()
            waiting = pool.submit(accept, store, second)
            wait([waiting], timeout=0.3)
        with pytest.raises(AnswerRefusedError, match="Another answer came first"):
            waiting.result(timeout=30)


def test_nothing_can_be_answered_that_waits_for_no_review(store: Store) -> None:
    with pytest.raises(AnswerRefusedError, match="waits for no review"):
        submit(store, with_inputs(store))
    execution_id = in_review(store)
    accept(store, submit(store, execution_id))
    with pytest.raises(AnswerRefusedError, match="waits for no review"):
        submit(store, execution_id)


def test_the_same_answer_recorded_again_is_one_answer_also_after_it_counted(store: Store) -> None:
    execution_id, answer_id = in_review(store), uuid4()
    first = submit(store, execution_id, answer_id=answer_id)
    assert submit(store, execution_id, answer_id=answer_id, data=DATA) == first
    accept(store, first)
    again = submit(store, execution_id, answer_id=answer_id)
    assert (again.id, again.outcome) == (answer_id, AnswerOutcome.ACCEPTED)
    assert outcomes(store, execution_id) == [AnswerOutcome.ACCEPTED]


def test_the_id_of_another_executions_answer_is_refused(store: Store) -> None:
    answer = submit(store, in_review(store))
    with pytest.raises(AnswerRefusedError, match="another execution"):
        submit(store, in_review(store), answer_id=answer.id)


def test_a_refused_answer_opens_a_new_round_that_says_why(store: Store) -> None:
    execution_id = in_review(store)
    refuse(store, submit(store, execution_id), "/number: is missing")
    assert get(store, execution_id).review_round == 2
    with store.database.reading() as session:
        assert reviews.problems(session, execution_id) == ["/number: is missing"]
    corrected = submit(store, execution_id)
    assert corrected.round == 2
    accept(store, corrected)
    assert outcomes(store, execution_id) == [AnswerOutcome.REFUSED, AnswerOutcome.ACCEPTED]


def test_a_refused_answer_cannot_be_accepted_and_a_settled_one_not_refused(store: Store) -> None:
    execution_id = in_review(store)
    answer = submit(store, execution_id)
    refuse(store, answer, "no")
    with pytest.raises(AnswerRefusedError, match="no"):
        accept(store, answer)
    refuse(store, answer, "again")
    assert get(store, execution_id).review_round == 2
    second = submit(store, execution_id)
    accept(store, second)
    refuse(store, second, "too late")
    assert outcomes(store, execution_id) == [AnswerOutcome.REFUSED, AnswerOutcome.ACCEPTED]


def test_an_edit_replaces_the_extracted_data_and_overtakes_answers_to_the_old(
    store: Store,
) -> None:
    execution_id = in_review(store)
    stale = submit(store, execution_id)
    assert edit(store, execution_id, {"number": "edited"}) == 2
    read = get(store, execution_id)
    assert isinstance(read.state, PendingReview)
    assert read.state.data_extracted == {"number": "edited"}
    with pytest.raises(AnswerRefusedError, match="revision 1.*revision 2"):
        accept(store, stale)
    assert get(store, execution_id).status is Status.PENDING_REVIEW
    fresh = submit(store, execution_id)
    assert fresh.data_revision == 2
    accept(store, fresh)


def test_a_cancel_counts_whatever_was_edited(store: Store) -> None:
    execution_id = in_review(store)
    stale = submit(store, execution_id, decision=Decision.CANCEL, data=None)
    edit(store, execution_id, {"number": "edited"})
    accept(store, stale)
    assert get(store, execution_id).status is Status.CANCELED


def test_only_data_in_review_is_edited(store: Store) -> None:
    with pytest.raises(TransitionNotAllowedError):
        edit(store, with_inputs(store), {"number": "x"})
    execution_id = in_review(store)
    accept(store, submit(store, execution_id))
    with pytest.raises(TransitionNotAllowedError):
        edit(store, execution_id, {"number": "x"})


@pytest.mark.parametrize("data", [None, {}])
def test_nothing_is_never_confirmed(store: Store, data: dict[str, Any] | None) -> None:
    execution_id = in_review(store)
    with pytest.raises(AnswerRefusedError, match="holds no data"):
        accept(store, submit(store, execution_id, data=data))
    assert get(store, execution_id).status is Status.PENDING_REVIEW


def test_answers_come_back_in_the_order_they_were_given(store: Store) -> None:
    execution_id = in_review(store)
    given = [submit(store, execution_id, comment=str(number)).id for number in range(5)]
    with store.database.reading() as session:
        assert [answer.id for answer in reviews.answers(session, execution_id)] == given
        oldest = reviews.pending(session, execution_id)
    assert oldest is not None
    assert oldest.id == given[0]


def test_an_answer_is_found_only_with_its_execution(store: Store) -> None:
    execution_id, other = in_review(store, make_agent()), in_review(store, make_agent("other"))
    answer = submit(store, execution_id)
    with store.database.reading() as session:
        assert reviews.find(session, execution_id, str(answer.id)) == answer
        assert reviews.find(session, other, str(answer.id)) is None
        assert reviews.find(session, execution_id, "nonsense") is None
        with pytest.raises(NotFoundError):
            reviews.get(session, uuid4())
        with pytest.raises(NotFoundError):
            reviews.problems(session, uuid4())


def test_the_problems_are_read_while_someone_answers(store: Store) -> None:
    execution_id = in_review(store)
    with store.database.transaction() as answering:
        locked(answering, execution_id).review_problems = ["new"]
        answering.flush()
        with store.database.reading() as session:
            assert reviews.problems(session, execution_id) == []


def test_an_edit_takes_away_what_was_found_out_about_the_values_that_it_changes(
    store: Store,
) -> None:
    execution_id = in_review(store, data={"number": "17", "total": 1, "lines": [{"amount": 5}]})
    at = ("/number", "/total", "/lines/0/amount")
    with store.database.transaction() as session:
        row = session.get_one(ExecutionRow, get(store, execution_id).number)
        read = Extraction.model_validate(row.extraction).model_copy(
            update={
                "confidence": dict.fromkeys(at, 0.5),
                "evidence": {pointer: Evidence(file=1, page=1, quote="17") for pointer in at},
                "signals": {pointer: FieldSignals(places=1) for pointer in at},
                "ungrounded": ["/number", "/total"],
                "disagreements": [
                    Disagreement(pointer="/number", reader="offline", value="18"),
                    Disagreement(pointer="/lines/0", reader="offline", value=None),
                ],
            }
        )
        row.extraction = read.model_dump(mode="json", exclude_defaults=True)
    edit(store, execution_id, {"number": "18", "total": 1.0, "lines": [{"amount": 6}]})
    edited = get(store, execution_id).extraction
    assert edited is not None
    assert edited.confidence == {"/total": 0.5}
    assert edited.evidence.keys() == {"/total"}
    assert edited.ungrounded == ["/total"]
    assert edited.disagreements == []
    assert edited.signals.keys() == set(at)  # of what was read: confidence is learnt from it
