"""Rows that are missing because the sums say so.

Where the amounts of the rows that were read do not make a total that was read, and a line of the
page has the amount that is missing, in the rows' own column and named by nothing else, that line
is a row that was not read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from signoff.extraction.long_documents.merging import Row
from signoff.extraction.long_documents.page_lines import Cell, Line, Place
from signoff.extraction.long_documents.rows_seen import NEAR, fits
from signoff.extraction.offline.labels import STRONG, concept_labels, words_of
from signoff.extraction.offline.lexicon.money import MONEY_AND_TERMS
from signoff.extraction.offline.table_ends import CHARGES

MAX_TOTALS = 40
MOST = 1e12
MOSTLY = 0.6
ALIKE, MAX_ALIKE = 0.5, 20
"""How much of a row's columns a line must have, and of how many rows: a discount has an amount and
no more."""
MAX_LABEL_WORDS = 3

_WORD = re.compile(r"[^\W\d_]{3}")
_AMOUNT = re.compile(r"[-–−]?\d[\d.,'’ ]*")
_CENTS = re.compile(r"[.,]\s?\d{2}$")


class _Column(NamedTuple):
    """Where the amounts of the rows stand, what they come to in cents, and on which lines."""

    right: float
    total: int
    lines: tuple[Line, ...]


def unread_rows(
    lines: Sequence[Line], rows: Sequence[Row], totals: Collection[float]
) -> list[Line]:
    """The lines whose amount completes the rows' sum; none where it is complete.

    Args:
        lines: of all pages.
        rows: one list's rows that were read.
        totals: the numbers that were read beside the list: nets, taxes, totals.
    """
    column = _amounts(rows, lines)
    if column is None:
        return []
    cents = {round(100 * number) for number in list(totals)[:MAX_TOTALS]}
    # what the rows may come to: a total, or what a tax or a discount makes one
    wanted = cents | {one - other for one in cents for other in cents if one != other}
    if _meets(column.total, wanted):
        return []
    taken = {row.place for row in rows} | {line.place for line in column.lines}
    above = {line.place: other for other, line in zip(lines, lines[1:], strict=False)}
    free = [
        (line, amount)
        for line in lines
        if line.place not in taken and (amount := _amount_in(line, column.right)) is not None
        if amount not in cents and not _is_sum(line)
        if any(fits(line, row, share=ALIKE) for row in column.lines[:MAX_ALIKE])
        if _says(line) or (line.place in above and _says_beyond(above[line.place], taken))
    ]
    single = [line for line, amount in free if _meets(column.total + amount, wanted)]
    if single:
        return single if len(single) == 1 else []
    everything = column.total + sum(amount for _, amount in free)
    return [line for line, _ in free] if free and _meets(everything, wanted) else []


def numbers_beside(data: Any) -> Iterator[float]:
    """The numbers of an answer that are in no list."""
    if isinstance(data, dict):
        for value in data.values():
            yield from numbers_beside(value)
    elif data and _is_amount(data):
        yield data


def _is_amount(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and abs(value) < MOST


def _amounts(rows: Sequence[Row], lines: Sequence[Line]) -> _Column | None:
    """The rightmost column in which one property of most rows stands."""
    positions = {line.place: position for position, line in enumerate(lines)}
    found: dict[str, list[tuple[float, Line]]] = {}
    sums: Counter[str] = Counter()
    for row in rows:
        if not isinstance(row.value, dict):
            return None
        start = positions[row.place] if row.place else len(lines)
        for name, value in row.value.items():
            if not _is_amount(value):
                continue
            cents = round(100 * value)
            sums[name] += cents
            # on receipts an article's count and amount stand below its name
            for line in lines[start : start + 2]:
                if edges := [cell.right for cell in line.cells if _cents(cell) == cents]:
                    found.setdefault(name, []).append((edges[-1], line))
                    break
    columns = []
    for name, places in found.items():
        edges = [right for right, _ in places]
        if len(places) >= MOSTLY * len(rows) and max(edges) - min(edges) < 2 * NEAR:
            columns.append(_Column(max(edges), sums[name], tuple(line for _, line in places)))
    return max(columns, key=lambda column: column.right, default=None)


def _amount_in(line: Line, right: float) -> int | None:
    """What the line has in the column of amounts, beside something else."""
    for cell in line.cells if len(line.cells) > 1 else ():
        if cell.numeric and abs(cell.right - right) < NEAR:
            return _cents(cell)
    return None


def _says(line: Line) -> bool:
    return _WORD.search(line.text) is not None


def _says_beyond(line: Line, taken: Collection[Place | None]) -> bool:
    """Whether a line has the name of an article that was not read."""
    return line.place not in taken and _says(line) and not _is_sum(line)


def _cents(cell: Cell) -> int | None:
    if not cell.numeric:
        return None
    numbers = _AMOUNT.findall(cell.text)
    if not numbers:
        return None
    text = numbers[-1].strip()
    digits = "".join(char for char in text if char.isdigit())
    cents = int(digits[:15]) * (1 if _CENTS.search(text) else 100)
    return -cents if text[0] in "-–−" else cents


def _meets(total: int, wanted: Collection[int]) -> bool:
    return any(total + off in wanted for off in (0, 1, -1))


def _is_sum(line: Line) -> bool:
    """Whether the line begins with what a total, a tax or a charge is called."""
    words = [word for word in words_of(line.cells[0].text) if not word.isdigit()]
    openings = ("".join(words[:end]) for end in range(1, min(MAX_LABEL_WORDS, len(words)) + 1))
    return any(opening in _sums() for opening in openings) or not _charges().isdisjoint(words)


@cache
def _charges() -> frozenset[str]:
    return frozenset(
        label
        for label, uses in concept_labels().items()
        if any(name in CHARGES and weight == STRONG for name, weight in uses)
    )


@cache
def _sums() -> frozenset[str]:
    names = {concept.name for concept in MONEY_AND_TERMS}
    return frozenset(
        label for label, uses in concept_labels().items() if any(name in names for name, _ in uses)
    )
