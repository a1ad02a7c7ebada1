"""Words in lines: where a page's tokens stand to each other."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import median
from typing import NamedTuple

from signoff.documents.model import Box, Page, Word

WORD_GAP = 1.25
"""Up to so many character widths apart, two tokens stand in one phrase and digits may group."""
PHRASE_GAP = 2.4
"""Beyond so many character widths, a new column begins."""
MAX_WORDS = 20_000
MAX_WORD = 200
BAND = 0.01
MAX_BANDS = 4
"""Tokens further apart than so many bands of the page's height are never on one line."""
_RULE = re.compile(r"[-_=*.~—–+]{3,}")
_RULES = re.compile(r"[|\[\]¦]+")


class Token(NamedTuple):
    """A word, or the part of one before or behind a colon.

    ``shift`` is how much lower it stands on the page, where a scan's rotation was taken out.
    """

    text: str
    left: float
    top: float
    right: float
    bottom: float
    confidence: float = 1.0
    shift: float = 0.0

    @property
    def middle(self) -> float:
        """Height on the page of the token's middle."""
        return (self.top + self.bottom) / 2

    @property
    def center(self) -> float:
        """Where across the page the token's middle is."""
        return (self.left + self.right) / 2


@dataclass(eq=False)
class Line:
    """Tokens side by side, from left to right."""

    tokens: list[Token]
    index: int = 0

    @cached_property
    def top(self) -> float:
        """The upper edge of the tallest token."""
        return min(token.top for token in self.tokens)

    @cached_property
    def bottom(self) -> float:
        """The lower edge of the lowest token."""
        return max(token.bottom for token in self.tokens)

    @cached_property
    def middle(self) -> float:
        """Height on the page."""
        return median(token.middle for token in self.tokens)

    @cached_property
    def height(self) -> float:
        """The usual height of the tokens."""
        return median(token.bottom - token.top for token in self.tokens)

    @cached_property
    def char_width(self) -> float:
        """The usual width of a character; never zero."""
        widths = [(t.right - t.left) / len(t.text) for t in self.tokens if len(t.text) > 1]
        widths = widths or [(t.right - t.left) / len(t.text) for t in self.tokens]
        return max(median(widths), 1e-4)

    def gap_before(self, position: int) -> float:
        """Character widths between a token and the one before; infinite for the first."""
        if position == 0:
            return math.inf
        gap = self.tokens[position].left - self.tokens[position - 1].right
        return gap / self.char_width

    @cached_property
    def phrases(self) -> list[tuple[int, int]]:
        """Runs of tokens without a column's gap between them, as (start, end) positions."""
        starts = [i for i in range(len(self.tokens)) if self.gap_before(i) > PHRASE_GAP]
        return list(zip(starts, [*starts[1:], len(self.tokens)], strict=True))

    def phrase_at(self, position: int) -> tuple[int, int]:
        """The phrase that the token at ``position`` is part of."""
        return next(p for p in self.phrases if p[0] <= position < p[1])

    def run(self, start: int = 0, end: int | None = None) -> Run:
        """The tokens from ``start`` to ``end`` as one text."""
        return Run(self, start, len(self.tokens) if end is None else end)

    @property
    def text(self) -> str:
        """The line as a text, columns set apart by tabs."""
        return self.run().text


class Run:
    """Tokens of one line as a text that remembers where its characters come from.

    Words of one phrase are joined by a space (digits may group across it), phrases by more.
    """

    def __init__(self, line: Line, start: int, end: int) -> None:
        self.line, self.start, self.end = line, start, end
        self._offsets: list[tuple[int, int]] = []
        parts: list[str] = []
        length = 0
        for position in range(start, end):
            if position > start:
                gap = line.gap_before(position)
                space = " " if gap <= WORD_GAP else "  " if gap <= PHRASE_GAP else " \t "
                parts.append(space)
                length += len(space)
            text = line.tokens[position].text
            self._offsets.append((length, length + len(text)))
            parts.append(text)
            length += len(text)
        self.text = "".join(parts)

    def positions(self, start: int, end: int) -> tuple[int, int]:
        """Positions in the line of the tokens that hold the characters from start to end."""
        held = [self.start + i for i, (a, b) in enumerate(self._offsets) if a < end and start < b]
        return (held[0], held[-1] + 1) if held else (self.start, self.start)


@dataclass(eq=False)
class Sheet:
    """One page, or a mail's headers, as lines from top to bottom.

    ``order`` counts the sheets kept; ``weight`` says how much a document counts: a mail's body
    less than its attachments. ``boxes`` is false where positions are made up.
    """

    document: int
    page: int
    pages: int
    lines: list[Line]
    weight: float = 1.0
    boxes: bool = True
    ocr: bool = False
    order: int = 0
    name: str = field(default="", repr=False)

    @cached_property
    def pitch(self) -> float:
        """The usual distance from one line to the next."""
        heights = [line.height for line in self.lines] or [0.01]
        height = max(median(heights), 1e-4)
        steps = [
            lower.middle - upper.middle
            for upper, lower in zip(self.lines, self.lines[1:], strict=False)
            if 0.8 * height <= lower.middle - upper.middle <= 3 * height
        ]
        return min(max(median(steps) if steps else 1.3 * height, height), 3 * height)

    def after(self, line: Line, *, steps: float) -> Iterable[Line]:
        """Lines below ``line`` that are at most so many line steps away."""
        for lower in self.lines[line.index + 1 :]:
            if lower.middle - line.middle > steps * self.pitch:
                return
            yield lower


def sheet_of(page: Page, *, document: int, pages: int, weight: float = 1.0) -> Sheet:
    """A parsed page as lines of tokens. Words without letters or sane boxes are left out."""
    words = page.words or words_of_text(page.text)
    tokens = [part for word in words[:MAX_WORDS] for part in _tokens(word)]
    scanned = any(token.confidence < 1 for token in tokens)
    lines = group_lines(_straightened(tokens) if scanned else tokens)
    return Sheet(
        document=document,
        page=page.number,
        pages=pages,
        lines=lines,
        weight=weight,
        boxes=bool(page.words),
        ocr=scanned,
    )


def words_of_text(text: str) -> list[Word]:
    """Words of a plain text with boxes by line and column."""
    rows = [row.expandtabs(8) for row in text.splitlines()[:5000]]
    width = max([len(row) for row in rows] + [80])
    height = max(len(rows), 60)
    words: list[Word] = []
    for index, row in enumerate(rows):
        column = 0
        for part in row.split(" "):
            if part.strip():
                box = Box(
                    column / width,
                    (index + 0.1) / height,
                    (column + len(part)) / width,
                    (index + 0.9) / height,
                )
                words.append(Word(part, box))
            column += len(part) + 1
    return words


def _tokens(word: Word) -> Iterable[Token]:
    # a lone surrogate cannot be written as UTF-8, nor shown
    text = word.text[:MAX_WORD].encode("utf-8", "ignore").decode().replace("\x00", "").strip()
    box = word.box
    if not text or not all(math.isfinite(edge) for edge in box) or _RULE.fullmatch(text):
        return
    left, right = sorted((box.left, box.right))
    top, bottom = sorted((box.top, box.bottom))
    token = Token(
        text, left, top, max(right, left + 1e-4), max(bottom, top + 1e-4), word.confidence
    )
    if word.confidence < 1 and (parts := _RULES.split(text)) != [text]:
        yield from _without_rules(token, parts)
        return
    colon = text.find(":")
    label = text[: max(colon, 0)].replace(".", "").replace("-", "")
    # "Nr.:4711" is a label and its value; "12:30" and "https://" are not
    if label.isalpha() and colon < len(text) - 1 and not text.startswith("//", colon + 1):
        cut = left + (token.right - left) * (colon + 1) / len(text)
        yield token._replace(text=text[: colon + 1], right=cut)
        yield token._replace(text=text[colon + 1 :], left=min(cut, token.right - 1e-5))
    else:
        yield token


def _without_rules(token: Token, parts: list[str]) -> Iterable[Token]:
    """What OCR read around a table's vertical lines, which it takes for letters."""
    width = (token.right - token.left) / len(token.text)
    offset = 0
    for part in parts:
        offset = token.text.index(part, offset)
        if part.strip("_—=~"):
            left = token.left + offset * width
            yield token._replace(text=part, left=left, right=left + len(part) * width)
        offset += len(part)


def _straightened(tokens: list[Token]) -> list[Token]:
    """The tokens with a scan's slight rotation taken out."""
    lines = [line for line in group_lines(tokens) if len(line.tokens) >= 4]
    slopes = []
    for line in lines:
        first, last = line.tokens[0], line.tokens[-1]
        if last.right - first.left > 0.25:
            slopes.append((last.middle - first.middle) / (last.center - first.center))
    if len(slopes) < 3 or not 0.002 < abs(slope := median(slopes)) < 0.06:
        return tokens
    return [
        t._replace(
            top=t.top - slope * t.center,
            bottom=t.bottom - slope * t.center,
            shift=slope * t.center,
        )
        for t in tokens
    ]


def group_lines(tokens: Sequence[Token]) -> list[Line]:
    """Tokens as lines: each joins the line whose last token to its left is at its height."""
    groups: list[list[Token]] = []
    bands: dict[int, set[int]] = {}  # lines by where their last token stands
    for token in sorted(tokens, key=lambda t: (t.left, t.top)):
        height = token.bottom - token.top
        best, distance = None, math.inf
        band = int(token.middle / BAND)
        reached = range(band - MAX_BANDS, band + MAX_BANDS + 1)
        for number in sorted(n for each in reached for n in bands.get(each, ())):
            last = groups[number][-1]
            other = last.bottom - last.top
            off = abs(last.middle - token.middle)
            # a comma or a dash is flat: it stands within the line's height, not at its middle
            reach = 0.5 * max(min(height, other), 0.6 * max(height, other))
            if off < reach and off < distance and token.left > last.left:
                best, distance = number, off
        if best is None:
            best = len(groups)
            groups.append([])
        else:
            bands[int(groups[best][-1].middle / BAND)].discard(best)
        groups[best].append(token)
        bands.setdefault(band, set()).add(best)
    lines = [Line(group) for group in groups]
    lines.sort(key=lambda line: (line.middle, line.tokens[0].left))
    for index, line in enumerate(lines):
        line.index = index
    return lines


def union_box(tokens: Sequence[Token]) -> tuple[float, float, float, float]:
    """The smallest box around the tokens, within the page."""
    edges = (
        min(token.left for token in tokens),
        min(token.top + token.shift for token in tokens),
        max(token.right for token in tokens),
        max(token.bottom + token.shift for token in tokens),
    )
    left, top, right, bottom = (min(max(edge, 0.0), 1.0) for edge in edges)
    return (left, top, right, bottom)
