"""Labels on a page: which words name which concept, however they are written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property

from signoff.extraction.offline.layout import PHRASE_GAP, Line, Sheet
from signoff.extraction.offline.lexicon import (
    CONCEPTS,
    DOCUMENT_TITLES,
    LINE_CONCEPTS,
    NUMBER_WORDS,
    ROLES,
    STOP_WORDS,
    Concept,
)

MAX_LABEL_WORDS = 6
COMPOUND = re.compile(r"[a-z]{3,}rechnung$")
MIN_FUZZY = 7
STRONG, WEAK = 0.95, 0.5

_NUMBER_SIGN = re.compile(r"\bn\s?[°º.]\s?[°º]?(?=\W|$|\d)|№|#|\bn[ºo°]\b", re.IGNORECASE)
_WORDS = re.compile(r"[a-z0-9]+")


def words_of(text: str) -> list[str]:
    """``text`` in plain lower-case words: no accents, no articles, one word for "number"."""
    text = text.casefold()
    if not text.isascii() or "n" in text or "#" in text:
        text = _NUMBER_SIGN.sub(" nr ", text)
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
        text = "".join(char for char in text if not unicodedata.combining(char))
    return [_word(word) for word in _WORDS.findall(text) if word not in STOP_WORDS]


def _word(word: str) -> str:
    if word in NUMBER_WORDS:
        return "nr"
    if word.endswith("nummer") and len(word) > 6:
        return word[:-6] + "nr"
    return word


def key(text: str) -> str:
    """What labels are compared by: the words of ``text`` run together."""
    return "".join(words_of(text))


def phrases(text: str) -> list[str]:
    """The phrases of one of the lexicon's lists."""
    return [phrase.strip() for phrase in text.replace("\n", " ").split("|") if phrase.strip()]


@cache
def concept_labels(*, lines: bool = False) -> Mapping[str, tuple[tuple[str, float], ...]]:
    """Label key to the concepts it may mean, with weights."""
    table: dict[str, dict[str, float]] = {}
    for concept in LINE_CONCEPTS if lines else CONCEPTS:
        for text, weight in ((concept.strong, STRONG), (concept.weak, WEAK)):
            for phrase in phrases(text):
                words = words_of(phrase)
                for label in {"".join(words), "".join(_number_moved(words))} - {""}:
                    table.setdefault(label, {}).setdefault(concept.name, weight)
    return {label: tuple(uses.items()) for label, uses in table.items()}


@cache
def labels_of(concept: str) -> Mapping[str, float]:
    """The keys of what may mean a concept, with weights."""
    return {
        label: weight
        for label, uses in concept_labels().items()
        for name, weight in uses
        if name == concept
    }


def _number_moved(words: list[str]) -> list[str]:
    """The words with "number" at their other end: "facture n°" is "n° facture"."""
    if words[:1] == ["nr"]:
        return [*words[1:], "nr"]
    return ["nr", *words[:-1]] if words[-1:] == ["nr"] else words


@cache
def role_labels() -> Mapping[str, str]:
    """Label key to the party it introduces."""
    return {key(phrase): role for role, text in ROLES.items() for phrase in phrases(text)}


@cache
def document_titles() -> frozenset[str]:
    """The keys of what documents call themselves."""
    return frozenset(key(phrase) for text in DOCUMENT_TITLES.values() for phrase in phrases(text))


@cache
def concepts_by_name(*, lines: bool = False, numeric: bool = False) -> Mapping[str, Concept]:
    """What a schema may call a concept, as a key, to the concept; only those with numbers."""
    table: dict[str, Concept] = {}
    concepts = [c for c in (LINE_CONCEPTS if lines else CONCEPTS) if not numeric or c.numeric]
    for texts in (
        [(c, c.name.replace("_", " ")) for c in concepts],
        [(c, c.names) for c in concepts],
        [(c, c.strong) for c in concepts],
        [(c, c.weak) for c in concepts],
    ):
        for concept, text in texts:
            for phrase in phrases(text):
                table.setdefault(key(phrase), concept)
    table.pop("", None)
    return table


@dataclass(frozen=True, eq=False)
class Label:
    """Words on a page that name something.

    ``opens`` says that a phrase begins with it, ``colon`` that a colon follows.
    """

    sheet: Sheet
    line: Line
    start: int
    end: int
    key: str
    opens: bool
    colon: bool

    @property
    def left(self) -> float:
        """Its left edge."""
        return self.line.tokens[self.start].left

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.line.tokens[self.end - 1].right


@dataclass(frozen=True)
class Vocabulary:
    """All labels that matter for one reading: the lexicon's and the schema's, as keys."""

    own: frozenset[str] = frozenset()

    @classmethod
    def of(cls, labels: Iterable[str]) -> Vocabulary:
        """The lexicon's labels together with the schema's (as keys)."""
        return cls(frozenset(labels) - _lexicon() - {""})

    def knows(self, label: str) -> bool:
        """Whether it is the key of a label."""
        return label in _lexicon() or label in self.own

    def match(self, text: str, *, fuzzy: bool) -> str | None:
        """The label that ``text`` (a key) is; with ``fuzzy`` also one OCR mistake away."""
        if self.knows(text):
            return text
        if fuzzy and len(text) >= MIN_FUZZY:
            if label := self._misread(text):
                return label
            for variant in _one_less(text):
                if self.knows(variant):
                    return variant
                if (label := self._misread(variant)) and len(label) == len(text):
                    return label
        return None

    def _misread(self, text: str) -> str | None:
        """The label that ``text`` is when a character of it was not read."""
        return _misread_lexicon().get(text) or self._misread_own.get(text)

    @cached_property
    def _misread_own(self) -> Mapping[str, str]:
        return _without_one(self.own)

    def labels_in(self, sheet: Sheet) -> Iterator[Label]:
        """The labels on a sheet: from the left, the longest first, none inside another."""
        for line in sheet.lines:
            yield from self._labels_in_line(sheet, line)

    def _labels_in_line(self, sheet: Sheet, line: Line) -> Iterator[Label]:
        words = ["".join(words_of(token.text)) for token in line.tokens]
        start = 0
        while start < len(words):
            found = self._longest(line, words, start, fuzzy=sheet.ocr) if words[start] else None
            if found is None:
                start += 1
                continue
            label, end = found
            tail = line.tokens[end - 1].text
            following = line.tokens[end].text if end < len(line.tokens) else ""
            colon = ":" in tail or following.startswith(":")
            phrase_start, _ = line.phrase_at(start)
            # "19 % VAT": a number before it leaves a label the first word
            opens = not any(char.isalpha() for word in words[phrase_start:start] for char in word)
            yield Label(sheet, line, start, end, label, opens, colon)
            start = end

    def _longest(
        self, line: Line, words: list[str], start: int, *, fuzzy: bool
    ) -> tuple[str, int] | None:
        joined, opened = "", 0
        best: tuple[str, int] | None = None
        for end in range(start + 1, min(start + MAX_LABEL_WORDS, len(words)) + 1):
            if end - start > 1:
                if line.gap_before(end - 1) > PHRASE_GAP * 1.6 or ":" in line.tokens[end - 2].text:
                    break
                if not words[end - 1]:
                    continue
            token = line.tokens[end - 1].text
            if any(char.isdigit() for char in token):
                break
            joined += words[end - 1]
            opened += token.count("(") - token.count(")")
            if opened > 0:
                continue  # "Total (VAT incl.)" is no total of VAT
            if label := self.match(joined, fuzzy=fuzzy):
                best = (label, end)
            elif end - start == 1 and COMPOUND.search(joined):
                best = ("rechnung", end)  # Stornorechnung, Kostenrechnung
            elif end - start == 1 and "/" in token:
                # "Käufer/Leistungsempfänger", "BIC/SWIFT"
                for part in token.split("/"):
                    if self.knows(label := key(part)):
                        best = (label, end)
                        break
        return best


@cache
def _lexicon() -> frozenset[str]:
    """All labels that the lexicon knows."""
    return frozenset({*concept_labels(), *role_labels(), *document_titles()} - {""})


@cache
def _misread_lexicon() -> Mapping[str, str]:
    return _without_one(_lexicon())


def _without_one(labels: Iterable[str]) -> dict[str, str]:
    """What is left of each long label when one of its characters was not read, to the label."""
    table: dict[str, str] = {}
    for label in sorted(labels):
        if len(label) >= MIN_FUZZY:
            for variant in _one_less(label):
                table.setdefault(variant, label)
    return table


def _one_less(text: str) -> Iterator[str]:
    """``text`` with one character left out, each in turn."""
    for index in range(len(text)):
        yield text[:index] + text[index + 1 :]
