"""The prior: nothing that speaks for a value lowers its confidence, nothing against raises it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from signoff.executions.extractions import FieldSignals, MatchKind
from signoff.extraction.confidence import PRIOR, UNGROUNDED_CAP, ConfidenceModel, loaded
from signoff.extraction.confidence.features import FEATURES, vector_of

SHARE = st.floats(0, 1)
OPINION = st.sampled_from([None, True, False])
VALUES = st.one_of(
    st.text(max_size=20), st.floats(allow_nan=False), st.booleans(), st.just("2026-01-31")
)
SIGNALS = st.builds(
    FieldSignals,
    match=st.sampled_from([None, *MatchKind]),
    similarity=SHARE,
    word_confidence=st.none() | SHARE,
    places=st.integers(0, 100),
    offline_agrees=OPINION,
    challenger_agrees=OPINION,
    checks_passed=st.integers(0, 20),
    checks_failed=st.integers(0, 20),
    corrections=st.integers(0, 20),
    token_probability=st.none() | SHARE,
    self_rating=st.none() | SHARE,
)
SURE = FieldSignals(
    match=MatchKind.EXACT,
    similarity=1.0,
    word_confidence=1.0,
    places=1,
    offline_agrees=True,
    challenger_agrees=True,
    checks_passed=1,
    token_probability=0.999,
)


@dataclass(frozen=True)
class Better:
    """A change to one signal that speaks for the value, or at least not against it."""

    name: str
    worse: Any
    better: Any


STEPS = [
    Better("offline_agrees", None, True),
    Better("offline_agrees", False, None),
    Better("challenger_agrees", None, True),
    Better("challenger_agrees", False, None),
    Better("checks_failed", 1, 0),
    Better("checks_failed", 3, 1),
    Better("checks_passed", 0, 1),
    Better("checks_passed", 1, 9),
    Better("corrections", 2, 0),
    Better("token_probability", 0.4, 0.9),
    Better("token_probability", 0.1, 1.0),
    Better("word_confidence", 0.5, 0.95),
    Better("places", 40, 2),
    Better("self_rating", 0.2, 0.6),
]


@given(signals=SIGNALS, value=VALUES)
def test_confidence_is_a_probability(signals: FieldSignals, value: Any) -> None:
    assert 0 < PRIOR.score(signals, value) < 1


@given(signals=SIGNALS, value=VALUES, step=st.sampled_from(STEPS))
def test_what_speaks_for_a_value_never_lowers_it(
    signals: FieldSignals, value: Any, step: Better
) -> None:
    worse = PRIOR.score(signals.model_copy(update={step.name: step.worse}), value)
    better = PRIOR.score(signals.model_copy(update={step.name: step.better}), value)
    assert better >= worse


@given(signals=SIGNALS, value=VALUES)
def test_a_surer_match_never_lowers_it(signals: FieldSignals, value: Any) -> None:
    assume(signals.similarity >= 0.5)
    scores = [
        PRIOR.score(signals.model_copy(update={"match": match}), value)
        for match in (MatchKind.EXACT, MatchKind.VARIANT, MatchKind.FUZZY)
    ]
    assert scores == sorted(scores, reverse=True)


@given(signals=SIGNALS, value=st.text() | st.floats(allow_nan=False))
def test_what_stands_nowhere_is_never_confident(signals: FieldSignals, value: Any) -> None:
    lost = signals.model_copy(update={"match": None})
    assert PRIOR.score(lost, value) <= UNGROUNDED_CAP


def test_everything_for_it_is_as_good_as_certain() -> None:
    assert PRIOR.score(SURE, 12.5) > 0.99
    assert PRIOR.score(SURE, "2026-01-31") > 0.99
    assert PRIOR.score(SURE, "ACME GmbH") > 0.99


def test_a_value_that_was_found_and_no_more_is_likely_but_not_certain() -> None:
    alone = FieldSignals(match=MatchKind.EXACT, similarity=1.0, word_confidence=1.0, places=1)
    assert 0.85 < PRIOR.score(alone, 12.5) < 0.97


@pytest.mark.parametrize(
    "against",
    [
        {"challenger_agrees": False, "offline_agrees": None},
        {"checks_failed": 1, "checks_passed": 0},
        {"match": None},
        {"match": MatchKind.FUZZY, "similarity": 0.8, "word_confidence": 0.6},
    ],
)
def test_one_thing_against_it_is_felt_whatever_speaks_for_it(
    against: dict[str, Any],
) -> None:
    assert PRIOR.score(SURE.model_copy(update=against), 12.5) < 0.98
    alone = {"offline_agrees": None, "challenger_agrees": None} | against
    assert PRIOR.score(SURE.model_copy(update=alone), 12.5) < 0.9


def test_what_was_read_without_a_model_stays_low() -> None:
    offline = FieldSignals(
        match=MatchKind.EXACT, similarity=1, places=1, checks_passed=9, self_rating=1.0
    )
    assert PRIOR.score(offline, 12.5) <= 0.6


def test_a_yes_cannot_be_looked_up_and_is_not_held_against_it() -> None:
    assert PRIOR.score(FieldSignals(), True) > UNGROUNDED_CAP


def test_every_feature_has_a_weight() -> None:
    assert set(PRIOR.weights) == set(FEATURES)
    assert len(vector_of(SURE, "text")) == len(FEATURES)


@pytest.mark.parametrize(
    "stored",
    [
        None,
        {},
        {"bias": "much", "weights": {}},
        {"version": 0, "bias": 1.0, "weights": {}},
        {"bias": 1.0, "weights": {"phase_of_the_moon": 2.0}},
    ],
)
def test_weights_that_do_not_fit_leave_the_prior(stored: dict[str, Any] | None) -> None:
    assert loaded(stored) is PRIOR


def test_weights_come_back_from_json_as_they_were() -> None:
    model = ConfidenceModel(bias=0.5, weights={"fuzzy": -1.25})
    assert loaded(model.model_dump(mode="json")) == model
