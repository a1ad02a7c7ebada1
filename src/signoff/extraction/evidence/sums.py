"""Values that are not printed themselves, but are the sum of amounts that are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from signoff.extraction.evidence.index import WordIndex

MAX_PARTS = 5
APART = 4.0
"""So many lines one part may stand below the other."""

_CENT = Decimal("0.01")


class _Amount(NamedTuple):
    height: float
    left: float
    right: float
    value: Decimal
    tokens: tuple[int, ...]


class Sums:
    """Finds amounts, one below the other and with the same label, that add up."""

    def __init__(self, index: WordIndex) -> None:
        self._index = index

    @cached_property
    def _lines(self) -> dict[float, list[_Amount]]:
        """The numbers with two decimals of each line."""
        lines: dict[float, list[_Amount]] = defaultdict(list)
        for value, places in self._index.numbers.items():
            if value.as_tuple().exponent != -2:
                continue
            for place in places:
                first, last = place.start, place.end - 1
                amount = _Amount(
                    self._index.heights[first],
                    self._index.box(first)[0],
                    self._index.box(last)[2],
                    value,
                    tuple(range(first, place.end)),
                )
                if place.sure:
                    lines[amount.height].append(amount)
        return lines

    def of(self, value: Decimal, labels: Iterable[str]) -> list[tuple[int, ...]]:
        """The tokens of the parts, for each place where they add up to ``value``."""
        sums: dict[tuple[int, ...], None] = {}
        for label in labels:
            amounts = self._labelled(label)
            for start in range(len(amounts)):
                total, tokens = amounts[start].value, amounts[start].tokens
                for part in range(start + 1, min(start + MAX_PARTS, len(amounts))):
                    if amounts[part].height - amounts[part - 1].height > APART:
                        break
                    total += amounts[part].value
                    tokens += amounts[part].tokens
                    if abs(total - value) < _CENT:
                        sums[tokens] = None
        return list(sums)

    def _labelled(self, label: str) -> list[_Amount]:
        """On each line with the label the amount furthest to the right of it."""
        found: dict[float, _Amount] = {}
        for spot in self._index.labels.get(label, ()):
            beside = [a for a in self._lines.get(spot.height, ()) if a.left >= spot.right]
            if beside:
                found[spot.height] = max(beside, key=lambda amount: amount.right)
        return [found[height] for height in sorted(found)]
