"""Which place of a single value is meant: beside its label, near what belongs to it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Sequence

from signoff.extraction.evidence.index import Spot, WordIndex
from signoff.extraction.evidence.lookup import Hit
from signoff.extraction.evidence.row_order import Place, place_of
from signoff.extraction.evidence.wanted import Wanted
from signoff.extraction.offline.labels import role_labels
from signoff.extraction.offline.lexicon import Kind
from signoff.extraction.offline.targets import Path

BELOW = 3.5
"""A label may stand so many lines above its value."""
BLOCK = 9.0
"""What is said of a party stands within so many lines."""
MAX_OPTIONS = 400

_SAME_LINE = 0.7


class SinglePlacer:
    """Places values that are no part of a row."""

    def __init__(self, index: WordIndex, taken: Collection[tuple[int, ...]]) -> None:
        self._index = index
        self._in_rows = frozenset(taken)
        self._used: set[tuple[int, ...]] = set()
        self._near: dict[Path, list[Place]] = defaultdict(list)
        self._roles: dict[str, list[Spot]] = defaultdict(list)
        for label, role in role_labels().items():
            self._roles[role] += index.labels.get(label, ())

    def place(self, wanted: Sequence[Wanted], found: Sequence[list[Hit]]) -> list[Hit | None]:
        """The place of each value; equal items of one list get places of their own."""
        chosen: list[Hit | None] = [None] * len(wanted)
        # what stands in one place only says where the rest of its object is
        for number in sorted(range(len(wanted)), key=lambda n: (len(found[n]), n)):
            each, hits = wanted[number], found[number]
            if each.path and isinstance(each.path[-1], int):
                hits = [hit for hit in hits if hit.tokens not in self._used]
            if not hits:
                continue
            places = [place_of(hit, self._index) for hit in _outermost(hits)]
            best = max(places, key=lambda place: self._fit(each, place))
            chosen[number] = best.hit
            self._used.add(best.hit.tokens)
            if len(each.path) > 1:
                self._near[each.path[:-1]].append(best)
        return chosen

    def _fit(self, wanted: Wanted, place: Place) -> float:
        target = wanted.target
        fit = place.hit.similarity
        if place.hit.tokens in self._in_rows:
            fit -= 0.3
        if target is not None:
            fit += max(
                (
                    weight * _beside(spot, place)
                    for label, weight in target.labels.items()
                    for spot in self._index.labels.get(label, ())
                    if spot.page == place.page
                ),
                default=0.0,
            )
            if target.role is not None:
                spots = self._roles[target.role]
                fit += 0.5 * max((_under(spot, place) for spot in spots), default=0.0)
            if target.role == "seller":
                fit -= 0.1 * (place.top % 1000) / 60
        siblings = self._near.get(wanted.path[:-1], ()) if len(wanted.path) > 1 else ()
        fit += 0.3 * max((_together(other, place) for other in siblings), default=0.0)
        # documents say first what they are and last what they come to
        late = target is not None and target.kind is Kind.MONEY
        progress = place.top / (1000.0 * max(len(self._index.pages), 1))
        return fit + (0.02 if late else -0.02) * progress


def _outermost(hits: list[Hit]) -> list[Hit]:
    half = MAX_OPTIONS // 2
    return hits if len(hits) <= MAX_OPTIONS else [*hits[:half], *hits[-half:]]


def _beside(spot: Spot, place: Place) -> float:
    """How surely a label means a place: right of it on its line, or below it."""
    down = place.top - spot.height
    if abs(down) < _SAME_LINE:
        gap = place.left - spot.right
        return 1.0 - 0.5 * min(gap, 1.0) if gap > -0.01 else 0.2
    if 0 < down <= BELOW:
        overlap = place.left < spot.right + 0.02 and place.right > spot.left - 0.02
        return (0.85 - 0.1 * down) if overlap else 0.0
    return 0.0


def _under(spot: Spot, place: Place) -> float:
    """Whether a place is in the block that a party's label opens."""
    down = place.top - spot.height
    if place.page != spot.page or not -_SAME_LINE < down <= BLOCK:
        return 0.0
    aside = max(spot.left - place.right, place.left - spot.right, 0.0)
    return max(1.0 - 0.07 * max(down, 0.0) - 2.0 * aside, 0.0)


def _together(other: Place, place: Place) -> float:
    if other.page != place.page:
        return 0.0
    aside = max(other.left - place.right, place.left - other.right, 0.0)
    return math.exp(-abs(place.top - other.top) / 4 - 4 * aside)
