"""How long documents are divided: what is read in one call, and what in which."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from signoff.documents.model import Document
from signoff.extraction.long_documents.page_lines import Place, page_lines
from signoff.extraction.long_documents.room import Room
from signoff.extraction.long_documents.rows_seen import Pattern, find_patterns, fits, seen_rows
from signoff.extraction.prompts.page_budget import PAGE_TOKENS, page_text
from signoff.extraction.prompts.page_text import estimate_tokens

MAX_PATTERNS = 12

_NAME = re.compile(r"document (\d+), pages? (\d+)(?: to (\d+))?(?:, lines (\d+) to (\d+))?")


class Part(NamedTuple):
    """Pages of a document, or, where ``lines`` is set, some lines of its one page."""

    document: int
    first: int
    last: int
    lines: tuple[int, int] | None = None

    def __str__(self) -> str:
        pages = f"pages {self.first} to {self.last}"
        if self.first == self.last:
            pages = f"page {self.first}"
        lines = f", lines {self.lines[0] + 1} to {self.lines[1]}" if self.lines else ""
        return f"document {self.document}, {pages}{lines}"

    @classmethod
    def parse(cls, name: str) -> Part | None:
        """The part of that name; ``None`` when it is no part's."""
        match = _NAME.fullmatch(name)
        if not match:
            return None
        document, first, last, start, end = match.groups()
        lines = (int(start) - 1, int(end)) if start else None
        return cls(int(document), int(first), int(last or first), lines)

    def owns(self, place: Place) -> bool:
        """Whether the place is in the part itself, not in what it shares with its neighbours."""
        if self == WHOLE:
            return True
        if place.document != self.document or not self.first <= place.page <= self.last:
            return False
        return self.lines is None or self.lines[0] <= place.line < self.lines[1]


WHOLE = Part(0, 0, 0)
"""Everything, read in one call."""


DIVISIBLE_ROWS, DIVISIBLE_LINES = 6, 24
"""A page's part with fewer is not halved: with what is shown next to it, a half would be as long,
and the same would be asked again."""


@dataclass(frozen=True)
class PageFacts:
    """What planning needs to know of a page."""

    document: int
    number: int
    tokens: int
    lines: tuple[int, ...]
    rows: tuple[int, ...]

    @property
    def row_cost(self) -> float:
        """Tokens of the page's rows, to each of them; rows may have several lines."""
        if not self.rows:
            return 0.0
        lines = self.lines[self.rows[0] : self.rows[-1] + 1]
        return sum(lines) / len(self.rows)


def survey(documents: Sequence[Document], *, rows: bool = True) -> list[PageFacts]:
    """Size and, where ``rows`` are asked for, rows of every page; one page is in memory."""
    facts = []
    for document in documents:
        known: list[Pattern] = []
        for page in document.pages():
            lines = page_lines(page, document=document.info.number)
            seen = seen_rows(lines, known=known) if rows else []
            if len(known) < MAX_PATTERNS:
                known += find_patterns(
                    row for row in seen if not any(fits(row, other) for other in known)
                )
            facts.append(
                PageFacts(
                    document=document.info.number,
                    number=page.number,
                    tokens=estimate_tokens(page_text(page)) + PAGE_TOKENS,
                    lines=tuple(line.tokens for line in lines),
                    rows=tuple(row.place.line for row in seen),
                )
            )
    return facts


def plan(pages: Iterable[PageFacts], room: Room) -> list[Part]:
    """Runs of pages that each fit into one call, as evenly filled as they come."""
    runs: list[list[PageFacts]] = []
    for page in pages:
        run = runs[-1] if runs else None
        follows = run and run[-1].document == page.document and run[-1].number + 1 == page.number
        if run and follows and _fits([*run, page], room):
            run.append(page)
        else:
            runs.append([page])
    parts: list[Part] = []
    for run in runs:
        whole = Part(run[0].document, run[0].number, run[-1].number)
        if len(run) == 1 and not _fits(run, room):
            parts += _slices(run[0], room)
        else:
            parts.append(whole)
    return parts


def _fits(run: Sequence[PageFacts], room: Room) -> bool:
    tokens = sum(page.tokens for page in run)
    return tokens <= room.tokens and sum(len(page.rows) for page in run) <= room.rows


def _slices(page: PageFacts, room: Room) -> list[Part]:
    """A page too dense for one call, cut before rows."""
    slices: list[Part] = []
    start = tokens = rows = 0
    whole = Part(page.document, page.number, page.number)
    for line, cost in enumerate(page.lines):
        is_row = line in page.rows
        if line > start and (rows + is_row > room.rows or tokens + cost > room.tokens):
            slices.append(whole._replace(lines=(start, line)))
            start, tokens, rows = line, 0, 0
        tokens += cost
        rows += is_row
    return [*slices, whole._replace(lines=(start, len(page.lines)))] if slices else [whole]


def halves(part: Part, pages: Sequence[PageFacts]) -> list[Part]:
    """The part in two; itself alone when it is no longer divisible."""
    if part.first < part.last:
        middle = (part.first + part.last) // 2
        return [part._replace(last=middle), part._replace(first=middle + 1)]
    page = next(p for p in pages if (p.document, p.number) == (part.document, part.first))
    start, end = part.lines or (0, len(page.lines))
    rows = [row for row in page.rows if start <= row < end]
    if len(rows) >= DIVISIBLE_ROWS:
        middle = rows[len(rows) // 2]
    elif end - start >= DIVISIBLE_LINES:
        middle = (start + end) // 2
    else:
        return [part]
    return [part._replace(lines=(start, middle)), part._replace(lines=(middle, end))]


def rows_of(part: Part, pages: Sequence[PageFacts]) -> int:
    """How many rows are seen in the part."""
    return sum(
        part.owns(Place(page.document, page.number, row)) for page in pages for row in page.rows
    )


def divided(part: Part, pages: Sequence[PageFacts], *, rows: int) -> list[Part]:
    """The part in pieces of at most so many rows, as far as it is divisible."""
    pieces = [part] if rows_of(part, pages) <= rows else halves(part, pages)
    if len(pieces) == 1:
        return pieces
    return [each for piece in pieces for each in divided(piece, pages, rows=rows)]


def plan_rest(pages: Sequence[PageFacts], read: Sequence[Part], room: Room) -> list[Part]:
    """A plan for what none of the parts has read: pages, and lines of pages."""
    untouched: list[PageFacts] = []
    rest: list[Part] = []
    for page in pages:
        places = [Place(page.document, page.number, line) for line in range(len(page.lines))]
        touched = any(
            part.document == page.document and part.first <= page.number <= part.last
            for part in read
        )
        if not touched:
            untouched.append(page)
            continue
        missing = [p.line for p in places if not any(part.owns(p) for part in read)]
        for start, end in _runs(missing):
            lines = Part(page.document, page.number, page.number, (start, end))
            rest += divided(lines, pages, rows=room.rows)
    return [*plan(untouched, room), *rest]


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Runs of consecutive numbers, as the first and the one behind the last."""
    start = 0
    for index, number in enumerate(numbers):
        if index + 1 == len(numbers) or numbers[index + 1] != number + 1:
            yield numbers[start], number + 1
            start = index + 1
