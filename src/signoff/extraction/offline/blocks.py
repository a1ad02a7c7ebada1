"""Address blocks: short lines below each other, read as name, street, place, contact."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from signoff.extraction.offline.found import Corpus
from signoff.extraction.offline.labels import (
    Label,
    concept_labels,
    document_titles,
    key,
    role_labels,
    words_of,
)
from signoff.extraction.offline.layout import Line, Sheet, Token
from signoff.extraction.offline.lexicon import COUNTRIES, LEGAL_FORMS, Kind

_POSTAL = re.compile(
    r"(?P<code>(?<![\w/-])(?:(?P<country>[A-Z]{1,3})[-\s])?(?:\d{5}-\d{3}|\d{4}-\d{3}|\d{4,5}))"
    r",?\s+(?P<city>[A-ZÀ-Þ][\w'’.\-]+(?:[ ](?!\d)[\w'’().\-/]+)*)"
)
_POSTAL_AFTER = re.compile(
    r"(?P<city>[A-Z][\w'’.\- ]+?),?\s+(?P<region>[A-Z]{2,3})\.?,?\s+"
    r"(?P<code>\d{5}(?:-\d{4})?|\d{4})(?!\d)"
)
_POSTAL_UK = re.compile(
    r"(?:(?P<city>[A-Z][\w'’.\- ]+?),?\s+)?(?P<code>[A-Z]{1,2}\d[A-Z\d]?\s+\d[A-Z]{2})(?!\w)"
)
_COUNTRY_KEYS = frozenset(key(country) for country in COUNTRIES)
_LEGAL = re.compile(rf"(?<![\w.])(?:{LEGAL_FORMS})(?![\w])")
KEY_VALUE = re.compile(r"^\s*([^\W\d][\w .\-/']{1,28}?)\s*:\s*(.*)$")
MAX_NAME = 90
_STREET = re.compile(
    r"(?:str\.|stra(?:ß|ss)e|weg|platz|allee|gasse|\b(?:rue|avenue|boulevard|chemin|place|road"
    r"|street|lane|drive|blvd|ave|rua|avenida|praça|travessa)\b).*\d|^\d+\s?[,\s]",
    re.IGNORECASE,
)
_UNIT = re.compile(r"\D{0,12}\d+[A-Za-z]?,")
_PARTICLES = frozenset(
    {
        "&",
        "und",
        "and",
        "et",
        "e",
        "y",
        "de",
        "du",
        "des",
        "da",
        "do",
        "dos",
        "d",
        "la",
        "le",
        "les",
    }
    | {"von", "van", "of", "the", "für"}
)


@dataclass(eq=False)
class Entry:
    """One line of a block."""

    text: str
    line: Line
    start: int
    end: int

    @property
    def tokens(self) -> tuple[Token, ...]:
        """Its tokens."""
        return tuple(self.line.tokens[self.start : self.end])

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.tokens[-1].right

    @property
    def center(self) -> float:
        """Where across the page its middle is."""
        return (self.tokens[0].left + self.right) / 2


@dataclass(eq=False)
class Block:
    """Lines that stand below each other, aligned on the left."""

    sheet: Sheet
    entries: list[Entry] = field(default_factory=list)

    @property
    def top(self) -> float:
        """Its upper edge."""
        return self.entries[0].line.top

    @property
    def left(self) -> float:
        """Its left edge."""
        return self.entries[0].tokens[0].left

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(entry.text for entry in self.entries)


def heads_party(corpus: Corpus, entry: Entry) -> bool:
    """Whether a line is the heading of a party: "Bill to:"."""
    label = corpus.label_inside(entry.line, entry.start, entry.end)
    if label is None or label.key not in role_labels() or label.start != entry.start:
        return False
    return label.colon or ends_phrase(label)


def ends_phrase(label: Label) -> bool:
    """Whether nothing but punctuation follows a label in its phrase."""
    _, end = label.line.phrase_at(label.start)
    rest = label.line.tokens[label.end : end]
    return not any(char.isalnum() for token in rest for char in token.text)


def has_legal_form(text: str) -> bool:
    """Whether a company's legal form stands in ``text``."""
    return _LEGAL.search(text) is not None


def company_in(text: str) -> str | None:
    """The company's name that ends with a legal form in ``text``."""
    ends = [match.end() for match in _LEGAL.finditer(text)]
    if not ends:
        return None
    words = re.split(r"\s+", text[: ends[-1]].strip())
    name: list[str] = []
    for word in reversed(words):
        bare = word.strip(",.;:()|•·●–-")
        named = bare[:1].isupper() or bare[:1].isdigit() or word in _PARTICLES
        legal = _LEGAL.fullmatch(word) is not None or _LEGAL.fullmatch(bare) is not None
        if not named and not legal or len(name) >= 8 or (name and word.endswith((":", ";", "|"))):
            break
        if word.strip("|•·●–-") == "":
            break
        name.insert(0, word)
    while name and name[0] in _PARTICLES:
        name.pop(0)
    joined = " ".join(name).strip(" ,;:|•·●–-")
    if len(words_of(joined)) < 2 or len(joined) > MAX_NAME:
        return None
    return joined


def postal_match(text: str) -> re.Match[str] | None:
    """A postal code with its town in ``text``."""
    for pattern in (_POSTAL, _POSTAL_AFTER, _POSTAL_UK):
        if match := pattern.search(text):
            return match
    return None


def _before_title(corpus: Corpus, line: Line, start: int, end: int) -> int:
    """Where a phrase ends when a document's title runs on from a name."""
    for label in corpus.labels_by_line.get(line, ()):
        if start < label.start and label.end == end and label.key in document_titles():
            return label.start
    return end


def blocks_on(corpus: Corpus, sheet: Sheet, *, until: float = 0.55) -> list[Block]:
    """The blocks in a page's upper part, from the top."""
    blocks: list[Block] = []
    for line in sheet.lines:
        if line.middle > until:
            break
        for start, end in line.phrases:
            end = _before_title(corpus, line, start, end)
            entry = Entry(line.run(start, end).text, line, start, end)
            home = _home(blocks, entry, sheet)
            if home is None:
                blocks.append(Block(sheet, [entry]))
            else:
                home.entries.append(entry)
    return blocks


def _home(blocks: Sequence[Block], entry: Entry, sheet: Sheet) -> Block | None:
    centered: Block | None = None
    for block in reversed(blocks):
        last = block.entries[-1]
        step = (entry.line.middle - last.line.middle) / sheet.pitch
        # behind its postal code, a block ends with the next gap
        ended = any(postal_match(each.text) for each in block.entries)
        contact = any(_is_contact(each.text) for each in block.entries)
        reach = 1.3 if ended or contact else 1.9 if len(block.entries) > 3 else 3.0
        if not 0 < step <= reach or (ended and len(block.entries) == 1):
            continue  # too far, or a sender's whole address in one line
        if abs(last.tokens[0].left - entry.tokens[0].left) < 0.012:
            return block
        # a letterhead may be centered, or set to the right
        middle = all(abs(each.center - entry.center) < 0.02 for each in block.entries)
        flush = all(abs(each.right - entry.right) < 0.006 for each in block.entries)
        flush &= entry.right > 0.6
        if centered is None and (middle or flush) and step <= 1.9:
            centered = block
    return centered


def _is_contact(text: str) -> bool:
    return "@" in text or "www." in text or KEY_VALUE.match(text) is not None


def block_below(corpus: Corpus, sheet: Sheet, line: Line, *, left: float, right: float) -> Block:
    """The lines below a heading that spans from left to right, up to a gap or another heading."""
    block = Block(sheet)
    previous = line
    for lower in sheet.after(line, steps=14):
        if lower.middle - previous.middle > 2.6 * sheet.pitch or len(block.entries) >= 10:
            break
        phrase = _phrase_in_column(lower, left, right)
        if phrase is None:
            continue
        start, end = phrase
        label = corpus.label_inside(lower, start, end)
        heading = label is not None and (label.colon or label.end == end)
        if label is not None and heading and label.key in role_labels() and label.start == start:
            break
        following = next((p for p in lower.phrases if p[0] >= end), None)
        if following is not None:
            # "Name:    ACME" and "Name    : ACME" stand in two phrases
            opens = lower.tokens[following[0]].text.startswith(":")
            closes = lower.tokens[following[1] - 1].text.endswith(":")
            if opens or (lower.tokens[end - 1].text.endswith(":") and not closes):
                end = following[1]
        entry = Entry(lower.run(start, end).text, lower, start, end)
        block.entries.append(entry)
        previous = lower
    return block


def _phrase_in_column(line: Line, left: float, right: float) -> tuple[int, int] | None:
    for start, end in line.phrases:
        if abs(line.tokens[start].left - left) < 0.02:
            return (start, end)
    for start, end in line.phrases:
        overlap = min(line.tokens[end - 1].right, right) - max(line.tokens[start].left, left)
        if overlap > 0.6 * (right - left) and line.tokens[start].left > left - 0.05:
            return (start, end)
    return None


def is_name(text: str, corpus: Corpus) -> bool:
    """Whether ``text`` can be what somebody is called."""
    text = text.strip()
    letters = sum(char.isalpha() for char in text)
    if letters < 2 or len(text) > MAX_NAME or letters < 0.5 * len(text.replace(" ", "")):
        return False
    if "@" in text or "www." in text or text.endswith(":") or ": " in text or text[:1] == "(":
        return False
    name = key(text)
    if corpus.vocabulary.knows(name) or name in concept_labels(lines=True) or name in _COUNTRY_KEYS:
        return False
    if (_STREET.search(text) or _UNIT.match(text)) and not has_legal_form(text):
        return False
    return postal_match(text) is None and not corpus.find(Kind.DATE, text)
