"""Which rows of two lists are the same row: the best assignment by what they have in common."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.fuzz import ratio
from rapidfuzz.process import cdist
from scipy.optimize import linear_sum_assignment

from signoff.extraction.equality import comparable, plain_text

MIN_SIMILARITY = 0.2
"""Rows with less in common are two rows, of which each list lacks one."""
MAX_PAIRS = 2_500_000
"""Beyond so many pairs of rows, equal ones are paired first and the rest part by part."""
MAX_TEXT = 200
MAX_NESTING = 20
ALIKE = 0.6
"""Texts less alike than this have nothing in common."""

_ORDER = 1e-3
_Scores = NDArray[np.float32]
Pair = tuple[int | None, int | None]


def match_rows(left: Sequence[Any], right: Sequence[Any]) -> list[Pair]:
    """The pairs of rows, objects or scalars, that make the two lists most alike.

    Every row of either list is in one pair, with ``None`` where the other list has no such row.
    Pairs come in the order of ``left``; then the rows that only ``right`` has. Among rows that
    are equally alike, those at the same place of their lists belong together.
    """
    before = [dict(_fields(row)) for row in left]
    after = [dict(_fields(row)) for row in right]
    pairs: dict[int, int] = {}
    lefts, rights = list(range(len(before))), list(range(len(after)))
    if len(lefts) * len(rights) > MAX_PAIRS:
        pairs = _equal_rows(before, after)
        taken = set(pairs.values())
        lefts = [i for i in lefts if i not in pairs]
        rights = [j for j in rights if j not in taken]
    for some, others in _parts(lefts, rights):
        scores = _similarity([before[i] for i in some], [after[j] for j in others])
        for i, j in _best(scores):
            pairs[some[i]] = others[j]
    taken = set(pairs.values())
    matched: list[Pair] = [(i, pairs.get(i)) for i in range(len(before))]
    return matched + [(None, j) for j in range(len(after)) if j not in taken]


def _fields(row: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, tuple[str, Any]]]:
    """The scalars of a row by their path, in a form in which equal values are equal."""
    if isinstance(row, dict | list) and depth < MAX_NESTING:
        for key, value in row.items() if isinstance(row, dict) else enumerate(row):
            yield from _fields(value, f"{name}/{key}", depth + 1)
    elif (key := comparable(row))[1] is not None:
        yield name, key


def _equal_rows(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> dict[int, int]:
    places: dict[Hashable, deque[int]] = defaultdict(deque)
    for j, row in enumerate(after):
        places[frozenset(row.items())].append(j)
    pairs = {}
    for i, row in enumerate(before):
        if same := places.get(frozenset(row.items())):
            pairs[i] = same.popleft()
    return pairs


def _parts(lefts: list[int], rights: list[int]) -> Iterator[tuple[list[int], list[int]]]:
    """The lists, cut into as many parts as keep each small."""
    count = 1
    while (len(lefts) // count + 1) * (len(rights) // count + 1) > MAX_PAIRS:
        count *= 2
    for part in range(count):
        some = lefts[len(lefts) * part // count : len(lefts) * (part + 1) // count]
        others = rights[len(rights) * part // count : len(rights) * (part + 1) // count]
        if some and others:
            yield some, others


def _similarity(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> _Scores:
    """For each pair of rows, the share of their fields that are equal, or alike for texts."""
    names = {name for row in (*before, *after) for name in row}
    shape = (len(before), len(after))
    total = np.zeros(shape, np.float32)
    fields = np.zeros(shape, np.float32)
    for name in sorted(names):
        columns = [[row.get(name) for row in rows] for rows in (before, after)]
        codes: dict[Any, int] = {None: -1}
        numbered = [
            np.array([codes.setdefault(value, len(codes)) for value in column], np.int32)
            for column in columns
        ]
        present = (numbered[0][:, None] >= 0, numbered[1][None, :] >= 0)
        equal = (numbered[0][:, None] == numbered[1][None, :]) & present[0]
        fields += present[0] | present[1]
        total += np.maximum(equal, _alike(*columns))
    empty = fields == 0
    return np.where(empty, 1.0, total / np.maximum(fields, 1)).astype(np.float32)


def _alike(left: list[Any], right: list[Any]) -> _Scores | float:
    """How alike the texts of two columns are; nothing for other values."""
    texts = [
        [_text(value) if value is not None and value[0] == "text" else "" for value in column]
        for column in (left, right)
    ]
    if not (any(texts[0]) and any(texts[1])):
        return 0.0
    scores = cdist(texts[0], texts[1], scorer=ratio, score_cutoff=100 * ALIKE, dtype=np.float32)
    for axis, column in enumerate(texts):
        absent = [index for index, text in enumerate(column) if not text]
        if axis == 0:
            scores[absent, :] = 0
        else:
            scores[:, absent] = 0
    # short of equality, so that an equal row is always the better one
    return np.asarray(scores * (0.9 / 100), np.float32)


def _text(value: tuple[str, Any]) -> str:
    return plain_text(str(value[1]))[:MAX_TEXT]


def _best(scores: _Scores) -> Iterator[tuple[int, int]]:
    rows, columns = scores.shape
    size = max(rows, columns)
    # the square makes pairs that cross dearer than pairs in order
    apart = (np.arange(rows)[:, None] - np.arange(columns)[None, :]) / size
    value = scores.astype(np.float64) - _ORDER * np.square(apart)
    # a pair too weak to count must not cost a good one its row
    value[scores < MIN_SIMILARITY] = -_ORDER
    for i, j in zip(*linear_sum_assignment(value, maximize=True), strict=True):
        if scores[i, j] >= MIN_SIMILARITY:
            yield int(i), int(j)
