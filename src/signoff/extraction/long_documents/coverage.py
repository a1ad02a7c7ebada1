"""Rows read, held against the rows that the pages show: a gap is seen, never a silent loss.

What a row looks like is learned from the lines on which rows were found. A line that looks the
same and on which none was found is a row that was not read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from signoff.extraction.long_documents.merging import Row, same_row
from signoff.extraction.long_documents.page_lines import Line, Place
from signoff.extraction.long_documents.part_schema import Path
from signoff.extraction.long_documents.rows_seen import (
    LEAST_ROWS,
    begins,
    find_patterns,
    fits,
    seen_rows,
)
from signoff.extraction.long_documents.unread_amounts import unread_rows

SAME_SHARE = 0.75
"""How much of a row's cells a line must have in the same columns to be taken for an unread row."""
TABLE_CELLS = 3
"""With fewer columns a sum looks like a row."""
PLACED_SHARE = 0.7
"""When fewer rows than this share were found on the pages, lines without one say nothing."""
SAMPLE = 100
MANY_ROWS = 8
QUOTE = 60
MAX_NOTES = 20


@dataclass(frozen=True)
class Gap:
    """A page that shows rows which were not read."""

    document: int
    page: int
    seen: int
    missing: tuple[Line, ...]

    @property
    def note(self) -> str:
        """What the reviewer is told."""
        quote = " ".join(self.missing[0].text.split())
        quote = quote if len(quote) <= QUOTE else f"{quote[:QUOTE]}…"
        which = "missing is" if len(self.missing) == 1 else "among those missing is"
        return (
            f"Page {self.page} of document {self.document} shows {self.seen} rows,"
            f" {self.seen - len(self.missing)} were read; {which}: {quote}"
        )


def compare(
    pages: Iterable[Sequence[Line]],
    rows: Mapping[Path, Sequence[Row]],
    *,
    totals: Collection[float] = (),
    tables: bool = True,
) -> tuple[list[Gap], list[str]]:
    """The pages with rows that were not read, and what the reviewer is told of it.

    Args:
        pages: each page's lines.
        rows: of each list, the rows that were read.
        totals: the numbers that were read beside the lists.
        tables: whether a table on the pages is to be read although no row was.
    """
    gaps = find_gaps(pages, rows, totals=totals, tables=tables)
    doubled = [row for found in rows.values() for row in surplus(found)]
    return gaps, notes_of(gaps, doubled)


def find_gaps(
    pages: Iterable[Sequence[Line]],
    rows: Mapping[Path, Sequence[Row]],
    *,
    totals: Collection[float],
    tables: bool,
) -> list[Gap]:
    """The pages with rows that were not read."""
    taken = {row.place for found in rows.values() for row in found if row.place}
    read = sum(map(len, rows.values()))
    kept = list(pages)
    if read and len(taken) < PLACED_SHARE * read:
        return []
    if not taken:
        return _nothing_read(kept) if tables else []
    lines = [line for page in kept for line in page if line.place in taken]
    sample = lines[:: max(1, len(lines) // SAMPLE)]
    patterns = find_patterns(sample, least=min(LEAST_ROWS, max(2, len(sample) // 20)))
    patterns = [pattern for pattern in patterns if len(pattern.cells) >= TABLE_CELLS]
    unread = _begun(kept, patterns, taken)
    every = [line for page in kept for line in page]
    for found in rows.values():
        unread |= {line.place for line in unread_rows(every, found, totals)} - taken
    gaps = []
    for page in kept:
        missing = tuple(
            line
            for line in page
            if line.place in unread
            or line.place not in taken
            and any(fits(line, pattern, share=SAME_SHARE) for pattern in patterns)
        )
        if missing:
            count = sum(line.place in taken for line in page)
            place = missing[0].place
            gaps.append(Gap(place.document, place.page, count + len(missing), missing))
    return gaps


def _begun(
    pages: Sequence[Sequence[Line]], patterns: Sequence[Line], taken: Collection[Place]
) -> set[Place]:
    """Lines with a row's first columns only, where the next row found is another one.

    The rest of such a row stands on the next page.
    """
    begun: set[Place] = set()
    waiting: Place | None = None
    for line in (line for page in pages for line in page):
        if line.place in taken:
            if waiting and any(begins(line, pattern) for pattern in patterns):
                begun.add(waiting)
            waiting = None
        elif line.cells[0].numeric and any(begins(line, pattern) for pattern in patterns):
            waiting = line.place
    return begun


def _nothing_read(pages: Sequence[Sequence[Line]]) -> list[Gap]:
    """A list that was not read at all, although a page shows a long table."""
    gaps = []
    for page in pages:
        rows = [row for row in seen_rows(page) if len(row.cells) > TABLE_CELLS]
        if len(rows) >= MANY_ROWS:
            place = rows[0].place
            gaps.append(Gap(place.document, place.page, len(rows), tuple(rows)))
    return gaps


def surplus(rows: Sequence[Row]) -> list[Row]:
    """Rows beyond those that the pages show: equal to one that was found, with no line left."""
    placed = [row for row in rows if row.place]
    if not placed or len(placed) < PLACED_SHARE * len(rows):
        return []
    loose = [row for row in rows if row.place is None]
    return [row for row in loose if any(same_row(row.value, other.value) for other in placed)]


def notes_of(gaps: Sequence[Gap], doubled: Sequence[Row]) -> list[str]:
    """What the reviewer is told of rows missing and rows too many."""
    notes = [gap.note for gap in gaps[:MAX_NOTES]]
    if len(gaps) > MAX_NOTES:
        left = sum(len(gap.missing) for gap in gaps[MAX_NOTES:])
        notes.append(f"On {len(gaps) - MAX_NOTES} more pages {left} rows were not read.")
    if doubled:
        rows = "One row is" if len(doubled) == 1 else f"{len(doubled)} rows are"
        notes.append(f"{rows} listed more often than the pages show.")
    return notes
