"""What is known of a value, as numbers of about one that a linear model can weigh."""

from __future__ import annotations

import math
from datetime import date
from typing import Any, Literal

from signoff.executions.extractions import FieldSignals, MatchKind

Kind = Literal["text", "number", "date", "truth"]

VERSION = 1
"""Raised whenever a feature changes its meaning: weights fitted before are of no use then."""

FEATURES = (
    "ungrounded",
    "variant",
    "fuzzy",
    "dissimilarity",
    "word_doubt",
    "many_places",
    "offline_agrees",
    "offline_disagrees",
    "challenger_agrees",
    "challenger_disagrees",
    "checks_passed",
    "checks_failed",
    "corrections",
    "token_doubt",
    "offline_reader",
    "self_rating",
    "text",
    "date",
    "truth",
)

FEW_PLACES = 3
MOST_DOUBT = 3.0


def kind_of(value: Any) -> Kind:
    """What sort of value it is, told from the value alone: reviews of any revision compare."""
    match value:
        case bool():
            return "truth"
        case int() | float():
            return "number"
        case str() if _is_date(value):
            return "date"
        case _:
            return "text"


def features_of(signals: FieldSignals, kind: Kind) -> dict[str, float]:
    """The features of one value, by name; those that are left out are 0.

    Everything that is not known (no challenger, no token probabilities) is 0: it speaks neither
    for a value nor against it.
    """
    found: dict[str, float] = {}
    if signals.match is None:
        # whether a "yes" stands in the document cannot be looked up
        found["ungrounded"] = float(kind != "truth")
    else:
        found["variant"] = float(signals.match is MatchKind.VARIANT)
        found["fuzzy"] = float(signals.match is MatchKind.FUZZY)
        found["dissimilarity"] = 1 - _share(signals.similarity)
        if signals.word_confidence is not None:
            found["word_doubt"] = 1 - _share(signals.word_confidence)
        # a "1" that stands in thirty places proves little
        more = math.log2(max(signals.places, FEW_PLACES) / FEW_PLACES)
        found["many_places"] = min(more / 4, 1.0)
    if signals.offline_agrees is not None:
        found["offline_agrees"] = float(signals.offline_agrees)
        found["offline_disagrees"] = float(not signals.offline_agrees)
    if signals.challenger_agrees is not None:
        found["challenger_agrees"] = float(signals.challenger_agrees)
        found["challenger_disagrees"] = float(not signals.challenger_agrees)
    found["checks_passed"] = min(math.log2(1 + signals.checks_passed), 2.0)
    found["checks_failed"] = math.log2(1 + signals.checks_failed)
    found["corrections"] = math.log2(1 + signals.corrections)
    if signals.token_probability is not None:
        probability = max(_share(signals.token_probability), math.exp(-MOST_DOUBT))
        found["token_doubt"] = -math.log(probability)
    if signals.self_rating is not None:
        found["offline_reader"] = 1.0
        found["self_rating"] = _share(signals.self_rating)
    if kind != "number":
        found[kind] = 1.0
    return found


def vector_of(signals: FieldSignals, kind: Kind) -> list[float]:
    """The features in the order of :data:`FEATURES`."""
    found = features_of(signals, kind)
    return [found.get(name, 0.0) for name in FEATURES]


def _share(value: float) -> float:
    # NaN, which a server may send, compares with nothing: it becomes 0
    return min(value, 1.0) if value > 0 else 0.0


def _is_date(text: str) -> bool:
    if len(text) < 10 or text[4:5] != "-":
        return False
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        return False
    return len(text) == 10 or text[10] in "T "
