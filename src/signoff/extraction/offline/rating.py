"""How sure the reader is of a value: by how it was found, how legible it was, what else fits.

The numbers say little in themselves and stay low, but their order is meant: values that proved
right more often were given more, on documents made up for measuring.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from signoff.extraction.offline.found import Candidate

LOWEST, HIGHEST = 0.05, 0.6
_LABELLED = 0.95
_MIXED = re.compile(r"^[A-Z]{1,3}[-.]?\d{3,}\w*\s|\d[.,]\d{2}\b|\d\s?%")
# how often values found this way were right, roughly
_PRIORS = {
    "net and tax add up to gross": 1.0,
    "form field": 1.0,
    "the amounts' currency": 0.95,
    "by its shape": 0.9,
    "below its article": 0.9,
    "before its text": 0.85,
    "below its party's label": 0.85,
    "beside its label": 0.8,
    "from an address block": 0.8,
    "the sender's line": 0.8,
    "in its column": 0.8,
    "a date near the top": 0.75,
    "behind a number": 0.75,
    "in its line": 0.7,
    "what arithmetic leaves": 0.75,
    "a company's name": 0.65,
    "the sum of the taxes": 0.65,
    "the largest text on top": 0.6,
    "named somewhere": 0.5,
    "by its pattern": 0.5,
    "the account's holder": 0.5,
    "where the goods go": 0.5,
    "the mail's sender": 0.5,
    "behind its quantity": 0.5,
    "the total, as no tax is named": 0.35,
    "the VAT id's country": 0.1,
}


def rated(candidate: Candidate, others: Sequence[Candidate] = (), fit: float = 1.0) -> float:
    """The confidence in a candidate.

    Args:
        candidate: the one chosen.
        others: the other candidates for the same property, best first.
        fit: above 1 where arithmetic confirms the value, below where it contradicts.
    """
    strength = _PRIORS.get(candidate.how, _LABELLED) * (0.75 + 0.25 * min(candidate.score, 1.0))
    legibility = candidate.legibility
    if legibility < 1:
        legibility **= 1.5
        if isinstance(candidate.value, str):
            legibility *= 0.95  # a letter misread shows less than a digit misread
    if candidate.how in ("in its column", "in its line") and _ran_in(candidate.value):
        strength *= 0.7
    value = HIGHEST * strength * legibility * _clear(candidate, others) * fit
    return round(min(max(value, LOWEST), HIGHEST), 3)


def _clear(candidate: Candidate, others: Sequence[Candidate]) -> float:
    """Less than 1 where another value is nearly as likely."""
    rivals = (each.score for each in others if not _agree(each.value, candidate.value))
    closeness = min(max(rivals, default=0.0) / max(candidate.score, 1e-6), 1.0)
    return 1 - 0.6 * max(closeness - 0.5, 0)


def _ran_in(value: Any) -> bool:
    """Whether a row's text seems to hold the next column's code, count or amount."""
    return isinstance(value, str) and _MIXED.search(value) is not None


def _agree(value: Any, other: Any) -> bool:
    if isinstance(value, str) and isinstance(other, str):
        a, b = ("".join(each.casefold().split()) for each in (value, other))
        return a in b or b in a
    return bool(value == other)


def row_fit(quantity: float | None, price: float | None, amount: float | None) -> float:
    """How a row's arithmetic bears on the confidence in its values."""
    if quantity is None or price is None or amount is None:
        return 1.0
    # a discount may lie between
    return 1.2 if abs(quantity * price - amount) < 0.011 + 0.0005 * abs(amount) else 0.75
