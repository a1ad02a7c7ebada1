"""Fitting confidence on reviews, and measuring it."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.executions.extractions import Extraction, FieldSignals, MatchKind
from signoff.extraction.confidence import PRIOR, UNGROUNDED_CAP
from signoff.extraction.confidence.fitting import (
    MIN_EXECUTIONS,
    MIN_LABELS,
    Label,
    fit,
    shortage,
)
from signoff.extraction.confidence.labels import labels_of
from signoff.extraction.confidence.report import measure

GOOD = FieldSignals(match=MatchKind.EXACT, similarity=1, word_confidence=1, places=1)
AGREED = GOOD.model_copy(update={"offline_agrees": True})
DENIED = GOOD.model_copy(update={"offline_agrees": False})
LOST = FieldSignals()


def reviews(
    *kinds: tuple[FieldSignals, float], executions: int = 40, each: int = 4, seed: int = 1
) -> list[Label]:
    """Labels of each kind of signals, left with the probability that goes with it."""
    chance = random.Random(seed)
    return [
        Label(number, signals, 12.5, chance.random() < share)
        for number in range(executions)
        for signals, share in kinds
        for _ in range(each)
    ]


def test_too_few_reviews_leave_the_prior() -> None:
    labels = reviews((GOOD, 0.5), executions=MIN_EXECUTIONS - 1, each=1)
    assert shortage(labels) == (MIN_LABELS - len(labels), 1)
    assert fit(labels).model is PRIOR
    assert fit([]).model is PRIOR


def test_a_fit_learns_what_the_prior_has_wrong() -> None:
    """With this agent's documents the offline reader errs and the model does not."""
    learnt = fit(reviews((AGREED, 0.6), (DENIED, 0.97)))
    assert learnt.strength > 0
    assert learnt.model.source == "reviews"
    assert learnt.model.score(AGREED, 12.5) == pytest.approx(0.6, abs=0.12)
    assert learnt.model.score(DENIED, 12.5) > 0.9
    assert PRIOR.score(AGREED, 12.5) > PRIOR.score(DENIED, 12.5)


def test_a_prior_that_is_right_changes_little() -> None:
    kinds = [(s, PRIOR.score(s, 12.5)) for s in (GOOD, AGREED, DENIED)]
    learnt = fit(reviews(*kinds, executions=60))
    for signals, share in kinds:
        assert learnt.model.score(signals, 12.5) == pytest.approx(share, abs=0.08)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_reviews_that_all_say_the_same_do_not_blow_up(share: float) -> None:
    learnt = fit(reviews((GOOD, share), (AGREED, share), (LOST, share), executions=50))
    assert all(math.isfinite(weight) for weight in learnt.model.weights.values())
    assert 0.001 <= learnt.model.score(GOOD, 12.5) <= 0.999
    assert measure(learnt.held_out, [bool(share)] * len(learnt.held_out)).auroc is None


@settings(max_examples=10, deadline=None)
@given(shares=st.tuples(*[st.floats(0, 1)] * 3), seed=st.integers(0, 99))
def test_no_fit_makes_confident_what_stands_nowhere(
    shares: tuple[float, float, float], seed: int
) -> None:
    kinds = zip((GOOD, DENIED, LOST), shares, strict=True)
    model = fit(reviews(*kinds, executions=12, each=2, seed=seed)).model
    assert model.score(LOST, 12.5) <= UNGROUNDED_CAP
    assert model.score(LOST.model_copy(update={"offline_agrees": True}), "x") <= UNGROUNDED_CAP


def test_scores_of_what_was_held_out_are_in_the_labels_order() -> None:
    labels = reviews((AGREED, 0.95), (DENIED, 0.1))
    scores = fit(labels).held_out
    agreed = [s for s, label in zip(scores, labels, strict=True) if label.signals is AGREED]
    denied = [s for s, label in zip(scores, labels, strict=True) if label.signals is DENIED]
    assert min(agreed) > max(denied)


# -- what a review says of each value -------------------------------------------------------------


def read(data: dict[str, Any], *pointers: str) -> Extraction:
    return Extraction(data=data, signals=dict.fromkeys(pointers, GOOD), model="m")


def left(extraction: Extraction, confirmed: dict[str, Any]) -> list[tuple[object, bool]]:
    return [(label.value, label.left) for label in labels_of(extraction, confirmed, group=1)]


def test_what_the_reviewer_changed_was_wrong() -> None:
    extraction = read({"number": "17", "total": 5}, "/number", "/total")
    assert left(extraction, {"number": "18", "total": 5.0}) == [("17", False), (5, True)]


def test_what_the_reviewer_took_away_was_wrong_and_what_was_added_says_nothing() -> None:
    extraction = read({"number": "17", "note": "x"}, "/number", "/note")
    assert left(extraction, {"number": "17", "date": "2026-01-01"}) == [("17", True), ("x", False)]


def test_rows_that_moved_up_are_left_and_the_one_removed_is_not() -> None:
    rows = [
        {"item": "Bolt", "amount": 1},
        {"item": "Nut", "amount": 2},
        {"item": "Pin", "amount": 3},
    ]
    extraction = read(
        {"rows": rows}, *(f"/rows/{i}/{name}" for i in range(3) for name in ("item", "amount"))
    )
    confirmed = {"rows": [rows[1], {"item": "Pin", "amount": 30}, {"item": "Nail", "amount": 4}]}
    assert left(extraction, confirmed) == [
        *[("Bolt", False), (1, False)],
        *[("Nut", True), (2, True)],
        *[("Pin", True), (3, False)],
    ]


def test_true_is_not_one() -> None:
    assert left(read({"paid": True}, "/paid"), {"paid": 1}) == [(True, False)]


def test_what_a_person_edited_before_the_review_was_not_left() -> None:
    edited = read({"number": "18"}, "/number").model_copy(update={"as_read": {"number": "17"}})
    assert left(edited, {"number": "18"}) == [("17", False)]


def test_values_without_signals_give_no_labels() -> None:
    assert left(read({"number": "17"}), {"number": "17"}) == []


# -- measuring ------------------------------------------------------------------------------------


def test_a_perfect_ranking_covers_what_is_right() -> None:
    quality = measure([0.9, 0.8, 0.7, 0.2], [True, True, True, False])
    assert quality.auroc == 1.0
    assert (quality.coverage, quality.threshold) == (0.75, 0.7)


def test_equal_scores_are_taken_together_or_not_at_all() -> None:
    quality = measure([0.9] * 10, [True] * 9 + [False])
    assert (quality.coverage, quality.threshold, quality.auroc) == (0.0, None, 0.5)


def test_one_error_in_a_hundred_is_within_the_precision() -> None:
    quality = measure([0.9] * 100, [True] * 99 + [False])
    assert quality.coverage == 1.0


def test_what_was_said_and_what_was_true_are_compared() -> None:
    quality = measure([0.8] * 10, [True] * 6 + [False] * 4)
    assert quality.ece == pytest.approx(0.2)
    assert [(each.count, each.right) for each in quality.bins] == [(10, 0.6)]
    assert quality.brier == pytest.approx(0.6 * 0.04 + 0.4 * 0.64)


def test_nothing_to_measure() -> None:
    assert measure([], []).auroc is None
