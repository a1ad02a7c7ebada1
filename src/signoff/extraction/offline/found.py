"""Values found for a property, and what the documents as a whole say about reading them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from signoff.executions.extractions import Evidence, MatchKind
from signoff.extraction.offline.dates import find_dates, month_comes_first
from signoff.extraction.offline.identifiers import (
    find_bics,
    find_emails,
    find_ibans,
    find_identifiers,
    find_phones,
    find_times,
    find_urls,
    find_vat_ids,
)
from signoff.extraction.offline.labels import Label, Vocabulary
from signoff.extraction.offline.layout import Line, Run, Sheet, Token, union_box
from signoff.extraction.offline.lexicon import COUNTRIES, LANGUAGE_WORDS, Kind
from signoff.extraction.offline.numbers import (
    CURRENCY_CODES,
    CURRENCY_WORDS,
    counts_in_units,
    currency_code,
    decimal_mark,
    find_numbers,
)

MAX_QUOTE = 300

_CURRENCY_CODE = re.compile(r"\b[A-Z]{3}\b")
_CURRENCY_SIGN = re.compile(
    r"(?<![A-Z])(?:US|CA|AU|NZ|R|C|A)\$|[€$£¥₹₺]|\bs?Fr\.|\bRs\.?(?=\s*[-\d])|\bzł\b|\bKč\b|\bRM(?=\s?\d|\b)"
    r"|\bRp\.?(?=\s?\d)|[₱฿₫₩₪]|\b(?:S|HK|NT|MX)\$"
)
_CURRENCY_WORD = re.compile(rf"\b(?:{'|'.join(CURRENCY_WORDS)})\b", re.IGNORECASE)


@dataclass(frozen=True)
class Match:
    """A value of some kind inside a text. ``quality`` (0 to 1) says how well it looks the part."""

    value: Any
    start: int
    end: int
    quality: float = 1.0


@dataclass(frozen=True, eq=False)
class Candidate:
    """A value that a property may have, how likely it is, and the tokens it was read from.

    ``how`` names the way it was found, for the confidence and the explanation.
    """

    value: Any
    score: float
    how: str
    sheet: Sheet | None = None
    tokens: tuple[Token, ...] = ()
    proof: Evidence | None = None
    legible: float = 1.0

    @property
    def legibility(self) -> float:
        """OCR's confidence in the word that it was least sure of; 1 for a text layer."""
        return min((token.confidence for token in self.tokens), default=self.legible)

    def without_sheet(self) -> Candidate:
        """The same with its evidence made, so that the page need not stay in memory."""
        return Candidate(
            self.value, self.score, self.how, proof=self.evidence(), legible=self.legibility
        )

    def evidence(self) -> Evidence | None:
        """Where it was read; nothing for what was worked out."""
        if self.proof is not None:
            return self.proof
        if self.sheet is None or not self.tokens:
            return None
        quote = " ".join(token.text for token in self.tokens)[:MAX_QUOTE]
        exact = isinstance(self.value, str) and self.value in quote
        return Evidence(
            file=self.sheet.document,
            page=self.sheet.page,
            box=union_box(self.tokens) if self.sheet.boxes else None,
            quote=quote,
            match=MatchKind.EXACT if exact else MatchKind.VARIANT,
        )


@dataclass(eq=False)
class Corpus:
    """The sheets that fields are looked for on, with their labels."""

    sheets: Sequence[Sheet]
    vocabulary: Vocabulary
    form_fields: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    month_first: bool = False
    decimal: str = "."
    in_units: bool = False
    language: str = "en"

    @classmethod
    def of(
        cls,
        sheets: Sequence[Sheet],
        vocabulary: Vocabulary,
        form_fields: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Corpus:
        """Decide language, decimal mark and the order of day and month from the sheets."""
        texts = [line.text for sheet in sheets for line in sheet.lines]
        language = language_of(texts)
        american = language == "en" and any(
            re.search(r"\$|\bUSD\b|United States|,\s[A-Z]{2}\s\d{5}", text) for text in texts
        )
        return cls(
            sheets,
            vocabulary,
            form_fields or {},
            headers or {},
            month_first=month_comes_first(texts, default=american),
            decimal=decimal_mark(texts),
            in_units=counts_in_units(texts),
            language=language,
        )

    @cached_property
    def labels(self) -> dict[str, list[Label]]:
        """Every label on the sheets, by key."""
        table: dict[str, list[Label]] = {}
        for label in self._all_labels:
            table.setdefault(label.key, []).append(label)
        return table

    @cached_property
    def _all_labels(self) -> list[Label]:
        return [label for sheet in self.sheets for label in self.vocabulary.labels_in(sheet)]

    @cached_property
    def labels_by_line(self) -> dict[Line, list[Label]]:
        """The labels of each line, from left to right."""
        table: dict[Line, list[Label]] = {}
        for label in self._all_labels:
            table.setdefault(label.line, []).append(label)
        return table

    def find(self, kind: Kind, text: str, *, labelled: bool = True) -> list[Match]:
        """The values of a kind inside ``text``."""
        return list(self._find(kind, text, labelled=labelled))

    def _find(self, kind: Kind, text: str, *, labelled: bool) -> Iterator[Match]:
        if kind is Kind.DATE:
            for day in find_dates(text, month_first=self.month_first):
                yield Match(day.value, day.start, day.end)
        elif kind in (Kind.MONEY, Kind.NUMBER, Kind.PERCENT):
            yield from self._numbers(kind, text)
        elif kind is Kind.CURRENCY:
            yield from find_currencies(text)
        elif kind is Kind.IDENTIFIER:
            yield from self._identifiers(text)
        elif kind is Kind.COUNTRY:
            for name, code in COUNTRIES.items():
                if found := re.search(rf"\b{re.escape(name)}\b", text, re.IGNORECASE):
                    yield Match(code, found.start(), found.end())
        else:
            finders = {
                Kind.IBAN: lambda: find_ibans(text, labelled=labelled),
                Kind.BIC: lambda: find_bics(text),
                Kind.VAT_ID: lambda: find_vat_ids(text, labelled=labelled),
                Kind.EMAIL: lambda: find_emails(text),
                Kind.URL: lambda: find_urls(text),
                Kind.PHONE: lambda: find_phones(text),
                Kind.TIME: lambda: find_times(text),
            }
            if kind in finders:
                for piece in finders[kind]():
                    quality = 1.0 if piece.sure else 0.6
                    yield Match(piece.value, piece.start, piece.end, quality)

    def _numbers(self, kind: Kind, text: str) -> Iterator[Match]:
        for number in find_numbers(text, decimal=self.decimal):
            if number.percent != (kind is Kind.PERCENT):
                if kind is not Kind.PERCENT:
                    continue
                quality = 0.7
            elif kind is Kind.MONEY:
                whole = number.currency is None and number.decimals != 2
                quality = 0.55 if whole and number.decimals == 0 else 0.75 if whole else 1.0
                if self.in_units and re.search(r"\d[.,' ]\d{3}", text[number.start : number.end]):
                    quality = 1.0
            else:
                quality = 1.0
            yield Match(number.value, number.start, number.end, quality)

    def _identifiers(self, text: str) -> Iterator[Match]:
        days = list(find_dates(text, month_first=self.month_first))
        for piece in find_identifiers(text):
            in_date = any(piece.start < day.end and day.start < piece.end for day in days)
            if in_date and not re.search(r"[A-Za-z]{2}", piece.value):
                continue
            quality = 1.0 if len(piece.value) > 3 else 0.7 if len(piece.value) > 1 else 0.4
            yield Match(piece.value, piece.start, piece.end, quality)

    def next_label(self, line: Line, position: int) -> Label | None:
        """The first label at or behind a position in a line."""
        for label in self.labels_by_line.get(line, ()):
            if label.start >= position:
                return label
        return None

    def label_inside(self, line: Line, start: int, end: int) -> Label | None:
        """A label among the tokens from start to end."""
        for label in self.labels_by_line.get(line, ()):
            if label.start < end and start < label.end:
                return label
        return None

    @cached_property
    def numbers_on(self) -> dict[Decimal, list[tuple[Sheet, Run, Match]]]:
        """Every amount on the sheets, by value: to find what arithmetic expects."""
        table: dict[Decimal, list[tuple[Sheet, Run, Match]]] = {}
        for sheet in self.sheets:
            for line in sheet.lines:
                run = line.run()
                for match in self.find(Kind.MONEY, run.text):
                    table.setdefault(match.value, []).append((sheet, run, match))
        return table

    @cached_property
    def currencies(self) -> Counter[str]:
        """How often each currency is named, next to a number counting most."""
        counts: Counter[str] = Counter()
        for sheet in self.sheets:
            for line in sheet.lines:
                text = line.text
                for number in find_numbers(text, decimal=self.decimal):
                    if number.currency:
                        counts[number.currency] += 3
                for match in find_currencies(text):
                    counts[match.value] += 1
        return counts


def find_currencies(text: str) -> Iterator[Match]:
    """Currencies named in ``text`` by code, sign or name."""
    for found in _CURRENCY_CODE.finditer(text):
        if found.group() in CURRENCY_CODES:
            yield Match(found.group(), found.start(), found.end())
    for found in _CURRENCY_SIGN.finditer(text):
        if code := currency_code(found.group()):
            yield Match(code, found.start(), found.end(), 0.9)
    if not _CURRENCY_WORD.search(text):
        return
    for name, code in CURRENCY_WORDS.items():
        for found in re.finditer(rf"\b{name}\b", text, re.IGNORECASE):
            yield Match(code, found.start(), found.end(), 0.8)


def language_of(texts: Iterable[str]) -> str:
    """The language whose frequent words these texts use most."""
    words = Counter(word for text in texts for word in re.findall(r"\w+", text.casefold()))
    scores = {
        language: sum(words[word] for word in set(frequent.split()))
        for language, frequent in LANGUAGE_WORDS.items()
    }
    return max(scores, key=lambda language: scores[language])


def as_json(value: Any, target_types: frozenset[str], json_format: str) -> Any:
    """A found value in the JSON type that its property asks for."""
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00Z" if json_format == "date-time" else value.isoformat()
    if isinstance(value, Decimal):
        if "number" in target_types or "integer" in target_types:
            whole = value == value.to_integral_value()
            if "number" not in target_types:
                return int(value) if whole else None
            return float(value)
        return str(value)
    if isinstance(value, str) and "string" not in target_types:
        return None
    return value
