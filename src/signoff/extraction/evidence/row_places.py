"""Which row of a page belongs to which row of a list: in order, and no place twice."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from signoff.extraction.equality import comparable
from signoff.extraction.evidence.index import WordIndex
from signoff.extraction.evidence.lookup import Hit
from signoff.extraction.evidence.row_order import Place, place_of, rows_in_order
from signoff.extraction.evidence.wanted import Row, Wanted
from signoff.extraction.offline.targets import Path

REACH = 3.4
"""So many lines from its row's own line a value still belongs to the row, if no row is nearer."""
TALLEST = 8.0
"""Rows may be so many lines tall."""
MOSTLY = 0.6
"""A column of which this share stands beside its rows has no values elsewhere."""
MANY = 3
ASIDE = 0.05
"""So far from its column, in widths of the page, a number may stand where no other column is."""

_OFF_COLUMN = 2.0
_IN_ANOTHER_TEXT = 1.5
_SAME_LINE = 0.5


@dataclass(frozen=True)
class _Band:
    """The lines that are a row's own."""

    top: float
    anchor: float
    bottom: float


class RowPlacer:
    """Places the rows of one list.

    First every row gets a line of its own, in the rows' order, near which most of its values
    stand; then every value the place nearest to that line, in its column, that is not taken.
    """

    def __init__(
        self, index: WordIndex, rows: Sequence[Row], found: Sequence[Sequence[list[Hit]]]
    ) -> None:
        self._index = index
        self._rows = rows
        known: dict[int, list[Place]] = {}
        for hits in (hits for row in found for hits in row):
            if id(hits) not in known:
                known[id(hits)] = [place_of(hit, index) for hit in hits]
        self._options = [[known[id(hits)] for hits in row] for row in found]
        self._chosen: list[list[Hit | None]] = [[None] * len(row) for row in rows]
        self._taken: set[tuple[int, ...]] = set()
        self._in_texts: set[int] = set()
        self._borrowed: set[tuple[int, int]] = set()
        self._columns: dict[tuple[Path, int], tuple[float, float]] = {}

    def place(self) -> list[list[Hit | None]]:
        """For each row the place of each value, ``None`` where it has none.

        A value that stands somewhere else only, while other rows have theirs beside them, is not
        this row's; and of identical rows no more are placed than the pages have.
        """
        anchors = rows_in_order(self._options)
        bands = _bands(anchors)
        self._learn_columns(bands)
        for reach in (_SAME_LINE, math.inf):
            for number, band in enumerate(bands):
                if band is not None:
                    self._place_beside(number, band, reach)
        self._place_elsewhere(bands)
        self._drop_repetitions()
        return self._chosen

    def _learn_columns(self, bands: Sequence[_Band | None]) -> None:
        """Where each column stands on each page, from rows that leave no doubt."""
        seen: dict[tuple[Path, int], list[Place]] = defaultdict(list)
        for row, options, band in zip(self._rows, self._options, bands, strict=True):
            for wanted, places in zip(row, options, strict=True):
                inside = list(_inside(places, band)) if band else []
                if len(inside) == 1:
                    seen[wanted.column, inside[0].page].append(inside[0])
        for name, places in seen.items():
            if len(places) >= MANY:
                left, right = (median(p.left for p in places), median(p.right for p in places))
                self._columns[name] = (left, right)

    def _place_beside(self, number: int, band: _Band, reach: float) -> None:
        row, chosen = self._rows[number], self._chosen[number]
        # texts first: a number inside of one is not a value of its own
        order = sorted(range(len(row)), key=lambda p: (-_words(self._options[number][p]), p))
        for position in order:
            if chosen[position] is not None:
                continue
            best = None
            for place in _inside(self._options[number][position], band):
                if place.distance(band.anchor) > reach or place.hit.tokens in self._taken:
                    continue
                cost = self._cost(row[position], place, band)
                if cost is not None and (best is None or cost < best[0]):
                    best = cost, place.hit
            if best is not None:
                self._take(number, position, best[1])

    def _cost(self, wanted: Wanted, place: Place, band: _Band) -> float | None:
        """How badly a place fits; ``None`` where a number stands in another column."""
        cost = place.distance(band.anchor) - place.hit.similarity
        aside = self._aside(wanted.column, place)
        if aside > 0:
            others = (name for name, page in self._columns if page == place.page)
            elsewhere = any(self._aside(other, place) <= 0 for other in others)
            if not isinstance(wanted.value, str) and (elsewhere or aside > ASIDE):
                return None
            cost += _OFF_COLUMN
        if len(place.hit.tokens) == 1 and place.hit.tokens[0] in self._in_texts:
            cost += _IN_ANOTHER_TEXT
        return cost

    def _aside(self, name: Path, place: Place) -> float:
        """How far beside a column a place is; 0 inside, and where the column is not known."""
        column = self._columns.get((name, place.page))
        return max(column[0] - place.right, place.left - column[1], 0.0) if column else 0.0

    def _take(self, number: int, position: int, hit: Hit) -> None:
        self._chosen[number][position] = hit
        self._taken.add(hit.tokens)
        if len(hit.tokens) > 1:
            self._in_texts.update(hit.tokens)

    def _place_elsewhere(self, bands: Sequence[_Band | None]) -> None:
        """What is said once for several rows stands beside none of them."""
        beside: Counter[Path] = Counter()
        total: Counter[Path] = Counter()
        for row, chosen, band in zip(self._rows, self._chosen, bands, strict=True):
            if band is not None:
                total.update(wanted.column for wanted in row)
                beside.update(w.column for w, hit in zip(row, chosen, strict=True) if hit)
        for number, (row, band) in enumerate(zip(self._rows, bands, strict=True)):
            for position, wanted in enumerate(row):
                places = self._options[number][position]
                if self._chosen[number][position] is not None or not places:
                    continue
                count = total[wanted.column]
                if count >= MANY and beside[wanted.column] >= MOSTLY * count:
                    continue
                free = [p for p in places if p.hit.tokens not in self._taken] or places
                anchor = band.anchor if band is not None else free[0].top
                nearest = min(free, key=lambda p: p.distance(anchor))
                self._chosen[number][position] = nearest.hit
                if nearest.hit.tokens in self._taken:
                    self._borrowed.add((number, position))

    def _drop_repetitions(self) -> None:
        """A row that is identical to others has places of its own, or is one too many."""
        rows: dict[tuple[object, ...], list[int]] = defaultdict(list)
        for number, row in enumerate(self._rows):
            rows[tuple((w.column, comparable(w.value)) for w in row)].append(number)
        for numbers in rows.values():
            used: set[tuple[int, ...]] = set()
            for number in numbers if len(numbers) > 1 else ():
                hits = {at: hit.tokens for at, hit in enumerate(self._chosen[number]) if hit}
                own = {
                    tokens
                    for at, tokens in hits.items()
                    if tokens not in used and (number, at) not in self._borrowed
                }
                if len(own) * 2 < len(hits) or not own:
                    self._chosen[number] = [None] * len(self._chosen[number])
                used |= own


def _words(places: Sequence[Place]) -> int:
    return len(places[0].hit.tokens) if places else 0


def _inside(places: Sequence[Place], band: _Band) -> Iterator[Place]:
    """The places within a band; ``places`` are from top to bottom."""
    low, high = 0, len(places)
    while low < high:
        middle = (low + high) // 2
        if places[middle].top < band.top - TALLEST:
            low = middle + 1
        else:
            high = middle
    for place in places[low:]:
        if place.top > band.bottom:
            return
        if place.bottom >= band.top:
            yield place


def _bands(anchors: Sequence[float | None]) -> list[_Band | None]:
    """How far up and down from its own line each row reaches."""
    heights = sorted({anchor for anchor in anchors if anchor is not None})
    gaps = [b - a for a, b in zip(heights, heights[1:], strict=False) if b - a < 2 * TALLEST]
    usual = median(gaps) if gaps else REACH
    bands: dict[float, _Band] = {}
    for number, anchor in enumerate(heights):
        above = anchor - heights[number - 1] if number else usual
        below = heights[number + 1] - anchor if number + 1 < len(heights) else usual
        if below > 2 * TALLEST:
            below = usual
        up = min(REACH, 0.6 * min(above, 2 * usual))
        down = min(max(below - 0.35, 0.3), TALLEST)
        bands[anchor] = _Band(anchor - up, anchor, anchor + down)
    return [bands[anchor] if anchor is not None else None for anchor in anchors]
