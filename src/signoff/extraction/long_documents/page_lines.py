"""Pages as lines of cells: what rows are counted by and found on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from signoff.documents.model import Document, Page
from signoff.extraction.prompts.page_text import estimate_tokens

_CELL = re.compile(r"\S+(?: {1,2}\S+)*")
_PLAIN_CELL = re.compile(r"\S+(?: \S+)*")
_KEY = re.compile(r"[^\W_]+")
CHARACTER = 0.008
"""A character's share of the page's width where the words' boxes are not known."""


class Place(NamedTuple):
    """A line of a document; places sort in reading order."""

    document: int
    page: int
    line: int


class Cell(NamedTuple):
    """What stands between two wide gaps of a line; edges in fractions of the page's width."""

    text: str
    left: float
    right: float
    numeric: bool


@dataclass(frozen=True)
class Line:
    """A line that is not empty."""

    place: Place
    text: str
    cells: tuple[Cell, ...]

    @cached_property
    def tokens(self) -> int:
        """What it costs, its end included."""
        return estimate_tokens(" ".join(self.text.split())) + 1

    @cached_property
    def keys(self) -> frozenset[str]:
        """Its words, and its numbers as digits only, to look values up in."""
        return frozenset(keys_of(self.text))


def lines_of(document: Document) -> Iterator[list[Line]]:
    """Each page's lines; pages are loaded one at a time."""
    for page in document.pages():
        yield page_lines(page, document=document.info.number)


def page_lines(page: Page, *, document: int) -> list[Line]:
    """The page's lines, counted from 0, empty ones left out."""
    texts = [text for text in page.text.split("\n") if text.strip()]
    # the words are in the text's order, unless a parser had reasons of its own
    words = iter(page.words)
    boxed = sum(len(text.split()) for text in texts) == len(page.words)
    plain = page.width == 0
    lines = []
    for index, text in enumerate(texts):
        # the iterator second: zip must not take a word that it then drops
        edges = [
            (word.box.left, word.box.right) for _, word in zip(text.split(), words, strict=False)
        ]
        cells = []
        taken = 0
        for match in (_PLAIN_CELL if plain else _CELL).finditer(text):
            count = len(match[0].split())
            if boxed and len(edges) >= taken + count:
                left, right = edges[taken][0], edges[taken + count - 1][1]
            else:
                left, right = match.start() * CHARACTER, match.end() * CHARACTER
            taken += count
            cells.append(Cell(match[0], left, right, _is_numeric(match[0])))
        lines.append(Line(Place(document, page.number, index), text, tuple(cells)))
    return lines


def keys_of(text: str) -> Iterator[str]:
    """What a text is looked up by: its words in lower case, numbers without marks."""
    previous = ""
    for word in text.split():
        parts = _KEY.findall(word.casefold())
        key = "".join(parts)
        if not key:
            continue
        yield key
        if len(parts) > 1:
            yield from parts
        if key.isdigit() and previous.isdigit() and len(previous) <= 3 <= len(key):
            yield previous + key  # 1 234,50
        previous = key


def _is_numeric(text: str) -> bool:
    marks = sum(char.isdigit() for char in text)
    return marks > 0 and marks * 2 >= sum(char.isalnum() for char in text)
