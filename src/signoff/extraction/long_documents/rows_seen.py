"""Which lines of a page look like rows of a table, by the page's geometry alone.

A row is a line whose cells stand where those of other lines stand: numbers below numbers, texts
below texts. Headings, carried-forward sums and totals have other columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from signoff.extraction.long_documents.page_lines import Line

NEAR = 0.012
"""How far edges of one column may be apart, in widths of the page."""
LEAST_CELLS = 2
LEAST_ROWS = 3
SHARE = 0.6
"""How many of a row's cells must stand in the pattern's columns, and the reverse."""
MAX_PATTERNS = 12
MAX_LINES = 400
"""Lines of a page that are compared with each other."""

_ITEM = re.compile(r"\s*(?:\d{1,5}[.)]?|[-•*·–])\s+\S")

Pattern = Line
"""A line stands for all that have its columns."""


def seen_rows(lines: Sequence[Line], *, known: Sequence[Pattern] = ()) -> list[Line]:
    """The lines of one page that look like rows.

    Args:
        lines: the page's.
        known: rows of other pages, so that the last two rows of a list are seen too.
    """
    candidates = [line for line in lines[:MAX_LINES] if _may_be_row(line)]
    others = [line for line in candidates if not any(fits(line, pattern) for pattern in known)]
    patterns = find_patterns(others)
    new = {line.place for line in others if any(fits(line, pattern) for pattern in patterns)}
    strange = {line.place for line in others} - new
    rows = [line for line in candidates if line.place not in strange]
    if rows:
        return rows
    # a list without columns: every line begins with a number or a bullet
    items = [line for line in lines if _ITEM.match(line.text)]
    return items if len(items) >= LEAST_ROWS else []


def find_patterns(lines: Iterable[Line], *, least: int = LEAST_ROWS) -> list[Pattern]:
    """Lines that stand for groups of at least ``least`` lines with the same columns."""
    left = [line for line in lines if _may_be_row(line)]
    patterns: list[Pattern] = []
    while len(left) >= least and len(patterns) < MAX_PATTERNS:
        groups = [[other for other in left if fits(other, line)] for line in left[:MAX_LINES]]
        best = max(range(len(groups)), key=lambda index: len(groups[index]))
        if len(groups[best]) < least:
            break
        patterns.append(left[best])
        gone = {line.place for line in groups[best]}
        left = [line for line in left if line.place not in gone]
    return patterns


def fits(line: Line, pattern: Pattern, *, share: float = SHARE) -> bool:
    """Whether the line's cells stand in the pattern's columns, at least one number among them."""
    matched = numeric = 0
    for cell in line.cells:
        for other in pattern.cells:
            same_edge = abs(cell.left - other.left) < NEAR or abs(cell.right - other.right) < NEAR
            if cell.numeric == other.numeric and same_edge:
                matched += 1
                numeric += cell.numeric
                break
    most = max(len(line.cells), len(pattern.cells))
    return matched >= LEAST_CELLS and numeric >= 1 and matched >= share * most


def begins(line: Line, pattern: Pattern) -> bool:
    """Whether the line's cells stand in the pattern's first columns, two of them at least."""
    pairs = list(zip(line.cells, pattern.cells, strict=False))
    return 2 <= len(line.cells) <= len(pattern.cells) and all(
        cell.numeric == other.numeric
        and (abs(cell.left - other.left) < NEAR or abs(cell.right - other.right) < NEAR)
        for cell, other in pairs
    )


def _may_be_row(line: Line) -> bool:
    return len(line.cells) >= LEAST_CELLS and any(cell.numeric for cell in line.cells)
