"""Where on the pages each row of a list stands.

Rows and lines are in the same order, so rows are set to lines as a whole: identical rows go to
identical lines one after the other, and never two to the same line.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from signoff.extraction.long_documents.page_lines import Line, Place, keys_of

BELOW = 3
"""Lines below a row's first that may still be its own."""
LEAST_SCORE = 0.5
"""The share of a row's values that must stand on its line for the row to be there."""
BEYOND = 0.5
"""What a value is worth that stands next to the line."""
MAX_VALUES = 30
MANY_VALUES = 4
MAX_PAIRS = 400_000


def place_rows(rows: Sequence[Any], lines: Sequence[Line]) -> list[Place | None]:
    """The place of each row; ``None`` for one that stands nowhere, or whose line is taken."""
    index: dict[str, list[int]] = defaultdict(list)
    for position, line in enumerate(lines):
        for key in line.keys:
            index[key].append(position)
    near = _Neighbours(lines)
    pairs: list[tuple[int, int, float]] = []
    for number, row in enumerate(rows):
        values = list(_values(row))
        for position in _candidates(values, index):
            score = _score(values, lines[position].keys, near.keys(position))
            if score >= LEAST_SCORE:
                pairs.append((number, position, score))
        if len(pairs) > MAX_PAIRS:
            return [None] * len(rows)
    chosen = _best_chain(pairs, len(lines))
    return [lines[chosen[n]].place if n in chosen else None for n in range(len(rows))]


class _Neighbours:
    """The words above and below a line, made when first asked for."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines
        self._made: dict[int, frozenset[str]] = {}

    def keys(self, position: int) -> frozenset[str]:
        if position not in self._made:
            around = self._lines[max(position - 1, 0) : position + BELOW + 1]
            self._made[position] = frozenset().union(*(line.keys for line in around))
        return self._made[position]


Value = tuple[bool, tuple[str, ...]]
"""Whether any of the keys will do, or all should be there; and the keys."""


def _values(row: Any) -> Iterator[Value]:
    stack = [row]
    count = 0
    while stack and count < MAX_VALUES:
        value = stack.pop()
        if isinstance(value, dict):
            stack.extend(reversed(value.values()))
        elif isinstance(value, list):
            stack.extend(reversed(value))
        elif value is not None and not isinstance(value, bool) and (keys := _keys(value)):
            count += 1
            yield keys


def _keys(value: Any) -> Value | None:
    if isinstance(value, int | float):
        return True, tuple(_number_keys(value))
    text = str(value)
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        keys = tuple(dict.fromkeys(keys_of(text)))
        return (False, keys) if keys else None
    forms = ("%d%m%Y", "%m%d%Y", "%Y%m%d", "%d%m%y", "%m%d%y")
    return True, tuple(day.strftime(form) for form in forms)


def _number_keys(value: float) -> Iterator[str]:
    value = abs(value)
    yield f"{value:.2f}".replace(".", "")
    for text in (f"{value:.10g}", f"{value:.1f}", f"{value:.3f}", f"{value:.4f}"):
        yield text.replace(".", "")
    if value < 1:  # 0.19 stands on the page as 19 %
        yield f"{value * 100:.10g}".replace(".", "")


def _candidates(values: Sequence[Value], index: dict[str, list[int]]) -> list[int]:
    """The lines with some of the values; of rows with many values, two at least."""
    found: Counter[int] = Counter()
    for any_will_do, keys in values:
        known = [key for key in keys if key in index]
        if any_will_do:
            found.update({position for key in known for position in index[key]})
        elif known:  # a text's rarest word finds its line
            found.update(index[min(known, key=lambda key: len(index[key]))])
    least = 2 if len(values) >= MANY_VALUES else 1
    return sorted(position for position, count in found.items() if count >= least)


def _score(values: Sequence[Value], here: frozenset[str], near: frozenset[str]) -> float:
    total = 0.0
    on_line = False
    for any_will_do, keys in values:
        if any_will_do:
            hit = any(key in here for key in keys)
            on_line |= hit
            total += 1.0 if hit else BEYOND * any(key in near for key in keys)
        else:
            share = sum(key in here for key in keys) / len(keys)
            on_line |= share > 0
            total += share + BEYOND * (sum(key in near for key in keys) / len(keys) - share)
    return total / len(values) if values and on_line else 0.0


def _best_chain(pairs: Sequence[tuple[int, int, float]], lines: int) -> dict[int, int]:
    """Row to line, both rising, with the highest sum of scores (a Fenwick tree of maxima)."""
    best: list[tuple[float, int]] = [(0.0, -1)] * (lines + 1)
    previous: list[int] = []
    start = 0
    while start < len(pairs):
        end = start
        sums: list[tuple[float, int]] = []
        while end < len(pairs) and pairs[end][0] == pairs[start][0]:
            _, position, score = pairs[end]
            before, at = 0.0, -1
            place = position  # lines before this one
            while place > 0:
                if best[place][0] > before:
                    before, at = best[place]
                place -= place & -place
            previous.append(at)
            sums.append((before + score, end))
            end += 1
        # a row's own pairs must not see each other: they are entered together
        for total, pair in sums:
            place = pairs[pair][1] + 1
            while place <= lines:
                if total > best[place][0] + 1e-9:
                    best[place] = (total, pair)
                place += place & -place
        start = end
    total, pair = max(best, default=(0.0, -1))
    chosen: dict[int, int] = {}
    while pair >= 0:
        chosen[pairs[pair][0]] = pairs[pair][1]
        pair = previous[pair]
    return chosen
