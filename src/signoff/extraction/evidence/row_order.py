"""Rows of a list to lines of the pages: the chain, downwards, that explains most values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from signoff.extraction.evidence.index import WordIndex
from signoff.extraction.evidence.lookup import Hit

MAX_LINES = 3_000
"""So many lines are considered for one row."""
NEARNESS = ((0.4, 1.0), (1.2, 0.6), (2.3, 0.4), (3.4, 0.25))
"""How much a value so many lines away says that a row stands on a line."""
ENOUGH = 0.5
"""The share of what its best line has, that another line must have for a row."""

_Floats = NDArray[np.float64]
_Integers = NDArray[np.int64]


class Place(NamedTuple):
    """A hit, and where it is: its page, its first and last line's heights, its edges."""

    hit: Hit
    page: int
    top: float
    bottom: float
    left: float
    right: float

    def distance(self, height: float) -> float:
        """How many lines it is away from a height."""
        return max(self.top - height, height - self.bottom, 0.0)


def place_of(hit: Hit, index: WordIndex) -> Place:
    """Where a hit is."""
    first, last = hit.tokens[0], hit.tokens[-1]
    return Place(
        hit,
        index.page_of(first),
        index.heights[first],
        index.heights[last],
        min(index.boxes[4 * token] for token in hit.tokens),
        max(index.boxes[4 * token + 2] for token in hit.tokens),
    )


class _Lines(NamedTuple):
    """Lines that may be a row's own, from top to bottom, and what speaks for each."""

    heights: _Floats
    gains: _Floats


def rows_in_order(rows: Sequence[Sequence[Sequence[Place]]]) -> list[float | None]:
    """The height of each row's line: one below the other, those left over where it fits.

    ``rows`` are the places of each row's values; a row may stay without a line.
    """
    known: dict[tuple[int, ...], _Lines] = {}
    options: list[_Lines] = []
    for row in rows:
        name = tuple(id(places) for places in row)
        if name not in known:
            known[name] = _lines(row)
        options.append(known[name])
    chain = _best_chain(options)
    taken = {height for height in chain if height is not None}
    for number, lines in enumerate(options):
        if chain[number] is None and len(lines.heights):
            free = [i for i in np.argsort(-lines.gains) if float(lines.heights[i]) not in taken]
            if free:
                chain[number] = float(lines.heights[free[0]])
                taken.add(float(lines.heights[free[0]]))
    return chain


def _lines(row: Sequence[Sequence[Place]]) -> _Lines:
    found = sorted((places for places in row if places), key=len)
    if not found:
        return _Lines(np.empty(0), np.empty(0))
    few = [places for places in found if len(places) <= 8 * len(found[0]) + 8]
    heights = np.unique([place.top for places in few for place in places])[:MAX_LINES]
    gains = np.zeros(len(heights))
    for places in found:
        tops = np.array([place.top for place in places])
        after = np.clip(np.searchsorted(tops, heights), 0, len(tops) - 1)
        before = np.clip(after - 1, 0, None)
        distance = np.minimum(np.abs(tops[after] - heights), np.abs(tops[before] - heights))
        near = np.select([distance <= limit for limit, _ in NEARNESS], [n for _, n in NEARNESS], 0)
        # what stands everywhere says little
        gains += near / (1 + np.log10(len(places)))
    # every row counts alike: one that says little must not lose its line to one that says much
    gains /= gains.max()
    kept = gains >= ENOUGH
    return _Lines(heights[kept], gains[kept])


def _best_chain(options: Sequence[_Lines]) -> list[float | None]:
    """Of all ways to give rows lines one below the other, the one with the greatest gain.

    Among equals the uppermost lines are taken.
    """
    chain: list[float | None] = [None] * len(options)
    heights = np.unique(np.concatenate([np.empty(0), *(lines.heights for lines in options)]))
    if not len(heights):
        return chain
    scores = np.zeros(len(heights) + 1)  # by the line last used; 0: none yet
    nodes = np.full(len(heights) + 1, -1, np.int64)
    steps: list[tuple[int, _Integers, _Integers]] = []
    count = 0
    places = np.arange(len(heights) + 1)
    for lines in options:
        slots = np.searchsorted(heights, lines.heights) + 1
        best = np.maximum.accumulate(scores)
        rises = np.concatenate([[True], scores[1:] > best[:-1]])
        origin = np.maximum.accumulate(np.where(rises, places, 0))
        totals = best[slots - 1] + lines.gains
        better = totals > scores[slots]
        steps.append((count, slots, nodes[origin[slots - 1]]))
        nodes[slots[better]] = count + np.flatnonzero(better)
        scores[slots[better]] = totals[better]
        count += len(slots)
    node = int(nodes[int(np.argmax(scores))])
    for row in range(len(options) - 1, -1, -1):
        first, slots, parents = steps[row]
        if first <= node < first + len(slots):
            chain[row] = float(heights[slots[node - first] - 1])
            node = int(parents[node - first])
    return chain
