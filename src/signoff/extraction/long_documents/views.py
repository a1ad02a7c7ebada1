"""What a part is shown: its pages, and the rows next to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from signoff.documents.model import Document, Page
from signoff.extraction.long_documents.page_lines import Line, page_lines
from signoff.extraction.long_documents.parts import PageFacts, Part

OVERLAP_ROWS = 2
OVERLAP_LINES = 10
"""Of a page on which no rows are seen."""


class Shown(NamedTuple):
    """A document as a part shows it, the pages that are shown, and their lines."""

    document: Document
    pages: tuple[int, int, int]
    lines: list[Line]


def shown(part: Part, document: Document, pages: Sequence[PageFacts]) -> Shown:
    """The part with the rows next to it, so that a row on a page break is whole in one of them."""
    by_number = {page.number: page for page in pages if page.document == part.document}
    spans: dict[int, tuple[int, int]] = {}
    for number in range(part.first, part.last + 1):
        spans[number] = part.lines or (0, len(by_number[number].lines))
    if part.lines:
        page, (start, end) = by_number[part.first], part.lines
        start, end = _start_before(page, start), _end_behind(page, end)
        spans[part.first] = (start, end)
    if spans[part.first][0] == 0 and (before := by_number.get(part.first - 1)):
        spans[before.number] = (_start_before(before, len(before.lines)), len(before.lines))
    last = by_number[part.last]
    if spans[part.last][1] == len(last.lines) and (after := by_number.get(part.last + 1)):
        spans[after.number] = (0, _end_behind(after, 0))

    def load_page(number: int) -> Page:
        page = document.load_page(number)
        span = spans.get(number, (0, len(by_number[number].lines)))
        return page if span == (0, len(by_number[number].lines)) else _sliced(page, *span)

    lines = []
    for number in sorted(spans):
        start, end = spans[number]
        on_page = page_lines(document.load_page(number), document=part.document)
        lines += [line for line in on_page if start <= line.place.line < end]
    view = replace(document, load_page=load_page)
    return Shown(view, (part.document, min(spans), max(spans)), lines)


def _start_before(page: PageFacts, line: int) -> int:
    rows = [row for row in page.rows if row < line]
    return rows[-OVERLAP_ROWS:][0] if rows else max(line - OVERLAP_LINES, 0)


def _end_behind(page: PageFacts, line: int) -> int:
    rows = [row for row in page.rows if row >= line]
    if len(rows) > OVERLAP_ROWS:
        return rows[OVERLAP_ROWS]
    return len(page.lines) if rows else min(line + OVERLAP_LINES, len(page.lines))


def _sliced(page: Page, start: int, end: int) -> Page:
    texts = [text for text in page.text.split("\n") if text.strip()]
    counts = [len(text.split()) for text in texts]
    words = page.words
    if sum(counts) == len(words):
        words = words[sum(counts[:start]) : sum(counts[:end])]
    marks = ["[the lines before these are read apart]"] if start else []
    marks_below = ["[the lines behind these are read apart]"] if end < len(texts) else []
    text = "\n".join([*marks, *texts[start:end], *marks_below])
    # a picture would show the whole page
    return page.model_copy(update={"text": text, "words": words, "has_image": False})
