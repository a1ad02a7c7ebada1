"""Every word of a set of documents, indexed once: by its letters, as numbers, as dates.

Pages are opened one at a time; what is kept of a word is its text, its box and where it stands.
"""

from __future__ import annotations

import re
import sys
from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from signoff.documents.model import Document, Page, TextSource
from signoff.extraction.evidence.habits import Habits, habits_of
from signoff.extraction.evidence.letters import atoms
from signoff.extraction.offline.dates import find_dates
from signoff.extraction.offline.found import find_currencies
from signoff.extraction.offline.labels import Vocabulary
from signoff.extraction.offline.layout import PHRASE_GAP, Line, Sheet, Token, sheet_of
from signoff.extraction.offline.numbers import find_numbers

MAX_TOKENS = 1_000_000
"""Words beyond these are not looked at; so long are several thousand pages."""
LABELLED_PAGES = 8
"""So many first and last pages of a document are searched for labels."""

_STEPS = 1000.0
_LONGEST_RUN = 60
_BREAK = "\n"
_LINE_BELOW = 2.2
_ABREAST = 60
_AMBIGUOUS = re.compile(r"(?<![\d/-])(\d{1,2})\s?([/-])\s?(\d{1,2})\s?\2\s?\d{2}")
_UNIT = re.compile(r"[-–−]?(\d[\d.,'’]*)[^\W\d_]{1,6}\.?")
# thousands set apart by more than a space, as justified text and some fonts have them
_WIDE = re.compile(r"(?<![\d.,'’-])\d{1,3}(?: {1,2}\d{3})+[.,]\d{2}(?![\d.,])")
# the decimal mark is a speck: OCR takes it for other specks, and for two
_SPECK = re.compile(
    r"(?<![\d.,:])(\d{1,3}(?:[.,' ]\d{3})+|\d+)\s?[.,:;'’]{1,2}\s?(\d{2})(?![\d.,:])"
)
_DIGIT_LIKE = str.maketrans("oOQDIl|!iSsBZzG", "000011111558226")
_ONES = ("l", "I", "i")
_NUMBER_LIKE = re.compile(r"[-–−+€$£]?\d[\d.,'’]*[€%-]?")


class Occurrence(NamedTuple):
    """A number, date or currency on a page: the first token, and the one behind the last.

    ``reading`` says under which order of day and month, or by which decimal mark, it is that
    value: empty under any. ``sure`` is false where letters or specks that OCR read were taken for
    digits or a decimal mark.
    """

    start: int
    end: int
    reading: str = ""
    sure: bool = True


class Spot(NamedTuple):
    """Where a label stands: its page, its height in lines, its edges."""

    page: int
    height: float
    left: float
    right: float


@dataclass(eq=False)
class Stream:
    """Letters and digits of all words in one order, without anything between them."""

    text: str = ""
    starts: array[int] = field(default_factory=lambda: array("I"))
    tokens: array[int] = field(default_factory=lambda: array("I"))
    """Of each atom: where in the text it starts, and the token it belongs to."""
    _parts: list[str] = field(default_factory=list)
    _length: int = 0

    def add(self, atom: str, token: int) -> None:
        """Append an atom."""
        self.starts.append(self._length)
        self.tokens.append(token)
        self._parts.append(atom)
        self._length += len(atom)

    def cut(self) -> None:
        """Nothing is found across this place."""
        self._parts.append(_BREAK)
        self._length += 1

    def close(self) -> None:
        """Make the text."""
        self.text = "".join(self._parts)
        self._parts = []

    def atom_at(self, offset: int) -> int:
        """The number of the atom that holds the character at ``offset``."""
        return bisect_right(self.starts, offset) - 1

    def end_of(self, atom: int) -> int:
        """Where in the text the atom ends."""
        end = self.starts[atom + 1] if atom + 1 < len(self.starts) else len(self.text)
        return end - (self.text[end - 1] == _BREAK)

    @property
    def length(self) -> int:
        """Characters so far."""
        return self._length


class PageSpan(NamedTuple):
    """One indexed page: which tokens and which part of the streams are its own."""

    file: int
    page: int
    boxes: bool
    scanned: bool
    first: int
    end: int
    across: tuple[int, int]
    down: tuple[int, int]


@dataclass(eq=False)
class WordIndex:
    """All words of the documents, and the ways to find a value among them.

    ``across`` holds them line by line over the page's width, ``down`` column by column: what is
    wrapped within a column stands together there.
    """

    pages: list[PageSpan] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    boxes: array[float] = field(default_factory=lambda: array("f"))
    confidences: array[float] = field(default_factory=lambda: array("f"))
    heights: array[float] = field(default_factory=lambda: array("d"))
    segments: array[int] = field(default_factory=lambda: array("I"))
    across: Stream = field(default_factory=Stream)
    down: Stream = field(default_factory=Stream)
    words: dict[str, array[int]] = field(default_factory=dict)
    numbers: dict[Decimal, list[Occurrence]] = field(default_factory=lambda: defaultdict(list))
    dates: dict[date, list[Occurrence]] = field(default_factory=lambda: defaultdict(list))
    currencies: dict[str, list[Occurrence]] = field(default_factory=lambda: defaultdict(list))
    labels: dict[str, list[Spot]] = field(default_factory=lambda: defaultdict(list))
    habits: dict[int, Habits] = field(default_factory=dict)
    """How each file writes numbers and dates."""

    @classmethod
    def of(cls, documents: Iterable[Document], vocabulary: Vocabulary) -> WordIndex:
        """Open every page once. Mail headers and form fields count as words without a place."""
        index = cls()
        for document in documents:
            info = document.info
            own: list[str] = []
            stated = [f"{name}: {value}" for name, value in {**info.headers, **info.fields}.items()]
            if stated:
                page = Page(
                    number=1, width=0, height=0, source=TextSource.TEXT, text="\n".join(stated)
                )
                own += index._add(page, info.number, info.page_count, vocabulary)
            for page in document.pages():
                own += index._add(page, info.number, info.page_count, vocabulary)
            index.habits[info.number] = habits_of(own)
        for stream in (index.across, index.down):
            stream.close()
        return index

    def page_of(self, token: int) -> int:
        """The number, among all pages, of the page that the token is on."""
        return int(self.heights[token] // _STEPS)

    def box(self, token: int) -> tuple[float, float, float, float]:
        """The token's edges on its page."""
        left, top, right, bottom = self.boxes[4 * token : 4 * token + 4]
        return left, top, right, bottom

    def _add(self, page: Page, file: int, pages: int, vocabulary: Vocabulary) -> list[str]:
        """Index one page; returns its lines, of pages amid a long document those with digits."""
        sheet = sheet_of(page, document=file, pages=pages)
        first, across, down = len(self.texts), self.across.length, self.down.length
        if first > MAX_TOKENS:
            return []
        number = len(self.pages)
        outer = page.number <= LABELLED_PAGES or page.number > pages - LABELLED_PAGES
        numbered: dict[int, int] = {}
        lines: list[str] = []
        for line in sheet.lines:
            base = len(self.texts)
            self._add_line(line, number, sheet, numbered)
            for text in self._add_values(line, base, scanned=sheet.ocr):
                if outer or any(char.isdigit() for char in text):
                    lines.append(text)
        self._add_columns(sheet, numbered)
        if outer:
            self._add_labels(sheet, number, vocabulary)
        self.across.cut()
        self.pages.append(
            PageSpan(
                file,
                page.number,
                sheet.boxes,
                sheet.ocr,
                first,
                len(self.texts),
                (across, self.across.length),
                (down, self.down.length),
            )
        )
        return lines

    def _add_line(self, line: Line, page: int, sheet: Sheet, numbered: dict[int, int]) -> None:
        segment = self.segments[-1] if self.segments else 0
        for position, token in enumerate(line.tokens):
            if line.gap_before(position) > PHRASE_GAP:
                segment += 1
            number = len(self.texts)
            numbered[id(token)] = number
            self.texts.append(token.text)
            top, bottom = token.top + token.shift, token.bottom + token.shift
            self.boxes.extend(
                min(max(edge, 0.0), 1.0) for edge in (token.left, top, token.right, bottom)
            )
            self.confidences.append(token.confidence)
            self.heights.append(_height(page, line.middle, sheet))
            self.segments.append(segment)
            # an empty atom keeps signs such as "&" in the quote
            for atom in atoms(token.text) or [""]:
                atom = sys.intern(atom)
                self.across.add(atom, number)
                places = self.words.get(atom)
                if places is None:
                    places = self.words[atom] = array("I")
                places.append(number)

    def _add_values(self, line: Line, base: int, *, scanned: bool) -> Iterator[str]:
        for start in range(0, len(line.tokens), _LONGEST_RUN):
            run = line.run(start, min(start + _LONGEST_RUN, len(line.tokens)))
            for code in find_currencies(run.text):
                self.currencies[code.value].append(_at(run.positions(code.start, code.end), base))
            yield run.text
            if not any(char.isdigit() for char in run.text):
                continue
            days = [
                (order, day)
                for order in ("day", "month")
                for day in find_dates(run.text, month_first=order == "month")
            ]
            for order, day in days:
                numeric = _AMBIGUOUS.match(run.text, day.start)
                unsure = numeric and int(numeric[1]) <= 12 and int(numeric[3]) <= 12
                unsure = unsure and numeric and numeric[1] != numeric[3]
                if unsure or order == "day":
                    reading = order if unsure else ""
                    place = _at(run.positions(day.start, day.end), base, reading)
                    self.dates[day.value].append(place)
            read: dict[str, set[tuple[int, int, Decimal]]] = {}
            for mark in ".,":
                read[mark] = {
                    (found.start, found.end, found.value / 100 if percent else found.value)
                    for found in find_numbers(run.text, decimal=mark)
                    for percent in ((False, True) if found.percent else (False,))
                }
            for mark, other in (".,", ",."):
                for start_, end, value in sorted(read[mark]):
                    both = (start_, end, value) in read[other]
                    if not both or mark == ".":
                        place = _at(run.positions(start_, end), base, "" if both else mark)
                        self.numbers[value].append(self._digits_of(place))
            for wide in _WIDE.finditer(run.text):
                if "  " in wide.group():
                    value = Decimal(re.sub(r"\s", "", wide.group()).replace(",", "."))
                    place = _at(run.positions(*wide.span()), base)
                    self.numbers[value].append(place)
            for speck in _SPECK.finditer(run.text) if scanned else ():
                value = Decimal(re.sub(r"\D", "", speck[1]) + "." + speck[2])
                place = _at(run.positions(*speck.span()), base)
                self.numbers[value].append(place._replace(sure=False))
        for position, token in enumerate(line.tokens):
            self._add_token(token, base + position, scanned=scanned)

    def _add_token(self, token: Token, number: int, *, scanned: bool) -> None:
        """Numbers with a unit or a tax class stuck to them, and what OCR took for letters."""
        text = token.text
        if scanned and text in _ONES:
            self.numbers[Decimal(1)].append(Occurrence(number, number + 1, sure=False))
        if not any(char.isdigit() for char in text) or text[-1:].isdigit() and not scanned:
            return
        if unit := _UNIT.fullmatch(text):
            for mark in ".,":
                for found in find_numbers(unit[1], decimal=mark):
                    self.numbers[found.value].append(Occurrence(number, number + 1, mark))
        if scanned and any(char.isalpha() or char in "|!" for char in text):
            text = text.translate(_DIGIT_LIKE)
            for found_day in find_dates(text):
                self.dates[found_day.value].append(Occurrence(number, number + 1, sure=False))
            if _NUMBER_LIKE.fullmatch(text):
                for mark in ".,":
                    for found in find_numbers(text, decimal=mark):
                        place = Occurrence(number, number + 1, mark, sure=False)
                        self.numbers[found.value].append(place)

    def _digits_of(self, place: Occurrence) -> Occurrence:
        """Without the currency before and behind."""
        start, end = place.start, place.end
        while start < end - 1 and not any(char.isdigit() for char in self.texts[start]):
            start += 1
        while end > start + 1 and not any(char.isdigit() for char in self.texts[end - 1]):
            end -= 1
        return place._replace(start=start, end=end)

    def _add_columns(self, sheet: Sheet, numbered: dict[int, int]) -> None:
        for column in _columns(sheet):
            for token in column:
                for atom in atoms(token.text) or [""]:
                    self.down.add(atom, numbered[id(token)])
            self.down.cut()

    def _add_labels(self, sheet: Sheet, page: int, vocabulary: Vocabulary) -> None:
        for label in vocabulary.labels_in(sheet):
            height = _height(page, label.line.middle, sheet)
            self.labels[label.key].append(Spot(page, height, label.left, label.right))


def _at(positions: tuple[int, int], base: int, reading: str = "") -> Occurrence:
    return Occurrence(base + positions[0], base + positions[1], reading)


def _height(page: int, middle: float, sheet: Sheet) -> float:
    """How many lines down a place is, counted over all pages so that no two pages are near."""
    return page * _STEPS + min(max(middle / max(sheet.pitch, 0.002), 0.0), _STEPS / 2)


@dataclass(eq=False)
class _Column:
    """Tokens below one another, and where the last row of them is."""

    tokens: list[Token]
    left: float
    right: float
    middle: float


def _columns(sheet: Sheet) -> Iterator[list[Token]]:
    """Phrases that stand below one another, each column of them as one list of tokens."""
    above: list[_Column] = []
    for line in sheet.lines:
        near = []
        for column in above:
            if line.middle - column.middle < _LINE_BELOW * sheet.pitch:
                near.append(column)
            else:
                yield column.tokens
        current = []
        for start, end in line.phrases:
            phrase = line.tokens[start:end]
            column = _Column(phrase, phrase[0].left, phrase[-1].right, line.middle)
            for number in range(len(near) - 1, max(len(near) - _ABREAST, 0) - 1, -1):
                if _continues(near[number], column, sheet.pitch, 2 * line.char_width):
                    column.tokens = near.pop(number).tokens + phrase
                    break
            current.append(column)
        above = near + current
    for column in above:
        yield column.tokens


def _continues(above: _Column, below: _Column, pitch: float, reach: float) -> bool:
    """Whether a phrase begins, ends, or has its middle below the column's last one."""
    if below.middle - above.middle < 0.3 * pitch:
        return False
    left, right = below.left - above.left, below.right - above.right
    return min(abs(left), abs(right), abs(left + right) / 2) <= reach
