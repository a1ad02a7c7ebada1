"""Where in the documents one value stands: as it is, in another format, or nearly so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from signoff.executions.extractions import MatchKind
from signoff.extraction.equality import whole_date, whole_numbers
from signoff.extraction.evidence.index import Occurrence, Stream, WordIndex
from signoff.extraction.evidence.letters import atoms, boundaries
from signoff.extraction.evidence.nearly import NearMatcher
from signoff.extraction.evidence.sums import Sums
from signoff.extraction.offline.lexicon import COUNTRIES, Kind
from signoff.extraction.offline.numbers import currency_code
from signoff.extraction.offline.targets import Target

MAX_HITS = 5_000
"""A value that stands in more places is told from others by none of them."""
SHORT = 4
"""Texts of fewer letters must be parted as they are in the value."""
MAX_LETTERS = 5_000
"""Of a longer text only the beginning is looked up."""
PRESUMED = 0.8
"""How sure a day is whose order of day and month the document's language suggests, not its dates;
a number of which OCR read a digit as a letter; and a sum that is not printed itself."""

_AMOUNT = re.compile(r"(?:^|\D)\d{1,3}(?:[.,' ]\d{3})*[.,]\d{1,4}(?:\D|$)|[€$£¥₹]")
_TAX_ID = re.compile(r"([A-Z]{2})([\dA-Z]{7,13})")
_TIME = re.compile(r"(\d{2}):(\d{2})(?::(\d{2}))?(?:\.0+)?(?:Z|[+-]\d{2}:\d{2})?")
_GAP = 3.0


class Hit(NamedTuple):
    """One place of a value: its tokens in reading order, and how well they show it."""

    tokens: tuple[int, ...]
    match: MatchKind
    similarity: float = 1.0


class Lookup:
    """Finds values in an index; asks for the same value again cost nothing."""

    def __init__(self, index: WordIndex) -> None:
        self._index = index
        self._near = NearMatcher(index)
        self._sums = Sums(index)
        self._known: dict[tuple[Any, ...], list[Hit]] = {}

    def sums(self, value: Any, target: Target | None) -> list[Hit]:
        """Amounts with one of the value's labels, one below the other, that add up to it.

        Two rates of tax are often stated without their sum.
        """
        if isinstance(value, str) or target is None or target.kind is not Kind.MONEY:
            return []
        parts = self._sums.of(Decimal(str(round(value, 9))), target.labels)
        return [Hit(tokens, MatchKind.VARIANT, PRESUMED) for tokens in parts]

    def hits(self, value: Any, target: Target | None) -> list[Hit]:
        """Every place of a scalar, in the order of the pages; the surest kind of match only."""
        kind = target.kind if target is not None else None
        name = (type(value).__name__, value, kind, *sorted(target.choices if target else ()))
        if name not in self._known:
            found = self._number(value) if not isinstance(value, str) else self._text(value, target)
            self._known[name] = found[:MAX_HITS]
        return self._known[name]

    def _number(self, value: int | float | Decimal) -> list[Hit]:
        number = Decimal(str(round(value, 9)))
        return self._surest(self._number_hits(number, str(value)))

    def _number_hits(self, number: Decimal, written: str) -> Iterator[Hit]:
        for place in self._index.numbers.get(number, ()):
            habits = self._index.habits[self._file(place)]
            if habits.mark and place.reading not in ("", habits.mark):
                continue
            yield self._hit(place, written)

    def _date(self, day: date, written: str) -> list[Hit]:
        return self._surest(self._date_hits(day, written))

    def _date_hits(self, day: date, written: str) -> Iterator[Hit]:
        for place in self._index.dates.get(day, ()):
            habits = self._index.habits[self._file(place)]
            if place.reading and place.reading != habits.order:
                continue
            hit = self._hit(place, written)
            if place.reading and not habits.proven:
                hit = hit._replace(similarity=PRESUMED)
            yield hit

    def _hit(self, place: Occurrence, written: str) -> Hit:
        tokens = tuple(range(place.start, place.end))
        if not place.sure:
            return Hit(tokens, MatchKind.FUZZY, PRESUMED)
        quote = self.quote(tokens).strip(".,;:()")
        return Hit(tokens, MatchKind.EXACT if quote == written else MatchKind.VARIANT)

    def _surest(self, hits: Iterable[Hit]) -> list[Hit]:
        """Without what OCR may have meant, where it is also read plainly; no place twice."""
        found: dict[tuple[int, ...], Hit] = {}
        for hit in sorted(hits, key=lambda hit: hit.match is MatchKind.FUZZY):
            found.setdefault(hit.tokens, hit)
        plain = [hit for hit in found.values() if hit.match is not MatchKind.FUZZY]
        return sorted(plain or found.values())

    def _text(self, value: str, target: Target | None) -> list[Hit]:
        text = value.strip()
        json_format = target.schema.get("format") if target is not None else None
        day = whole_date(text)
        if day is not None and (json_format in ("date", "date-time") or text[:4].isdigit()):
            return self._date(day, text)
        found = self._written(text)
        if not found and day is not None:
            found = self._date(day, text)
        if not found and _AMOUNT.search(text):
            found = self._surest(
                hit for number in set(whole_numbers(text)) for hit in self._number_hits(number, "")
            )
        if not found:
            found = self._otherwise(text, target)
        return found or [Hit(*near) for near in self._near.hits(text)]

    def _otherwise(self, text: str, target: Target | None) -> list[Hit]:
        """Under other names: a currency's sign, a country's name, a choice's synonyms."""
        code = currency_code(text)
        if code is not None and (places := self._index.currencies.get(code)):
            return self._surest(
                Hit(tuple(range(p.start, p.end)), MatchKind.VARIANT) for p in places
            )
        found: list[Hit] = []
        for other in _synonyms(text, target):
            found += self._written(other)
        return self._surest(hit._replace(match=MatchKind.VARIANT) for hit in found)

    def _written(self, text: str) -> list[Hit]:
        parts = atoms(text)
        wanted = "".join(parts)[:MAX_LETTERS]
        if not wanted:
            return self._signs(text)
        found: list[tuple[int, ...]] = []
        if wanted == parts[0]:
            found = [(token,) for token in dict.fromkeys(self._index.words.get(wanted, ()))]
            if len(text) == 2 and text.isupper():
                # "DE" is a country, "de" is a word
                found = [place for place in found if text in self._index.texts[place[0]]]
        if not found and (len(parts) > 1 or len(wanted) >= SHORT):
            for stream in (self._index.across, self._index.down):
                found += self._in_stream(stream, wanted, parts)
                if len(found) > MAX_HITS:
                    break
        return sorted(self._as_hit(tokens, text) for tokens in dict.fromkeys(found))

    def _as_hit(self, tokens: tuple[int, ...], text: str) -> Hit:
        exact = " ".join(text.split()) in self.quote(tokens)
        return Hit(tokens, MatchKind.EXACT if exact else MatchKind.VARIANT)

    def _signs(self, text: str) -> list[Hit]:
        """A value without letters or digits is only found as a word of its own."""
        places = [n for n, word in enumerate(self._index.texts) if word == text]
        return [Hit((place,), MatchKind.EXACT) for place in places]

    def _in_stream(
        self, stream: Stream, wanted: str, parts: Sequence[str]
    ) -> Iterator[tuple[int, ...]]:
        inner = boundaries(parts)
        offset = stream.text.find(wanted)
        count = 0
        while offset >= 0 and count < MAX_HITS:
            count += 1
            first, last = stream.atom_at(offset), stream.atom_at(offset + len(wanted) - 1)
            whole = stream.starts[first] == offset and stream.end_of(last) == offset + len(wanted)
            if len(wanted) < SHORT:
                # "1-2" is not 12
                ends = {stream.end_of(atom) - offset for atom in range(first, last + 1)}
                whole = whole and ends == inner
            if whole and self._is_sound(stream, first, last, inner):
                yield tuple(dict.fromkeys(stream.tokens[first : last + 1]))
            offset = stream.text.find(wanted, offset + 1)

    def _is_sound(self, stream: Stream, first: int, last: int, inner: set[int]) -> bool:
        """Whether columns and lines are crossed only between words, or behind a hyphen."""
        index = self._index
        start = stream.starts[first]
        for atom in range(first + 1, last + 1):
            before, token = stream.tokens[atom - 1], stream.tokens[atom]
            if index.segments[before] == index.segments[token]:
                continue
            if abs(index.heights[token] - index.heights[before]) > _GAP:
                return False
            between_words = stream.starts[atom] - start in inner
            if not between_words and not index.texts[before].endswith(("-", "‐", "\u00ad")):
                return False
        return True

    def quote(self, tokens: Sequence[int]) -> str:
        """The tokens as the page has them."""
        return " ".join(self._index.texts[token] for token in tokens)

    def _file(self, place: Occurrence) -> int:
        return self._index.pages[self._index.page_of(place.start)].file


def _synonyms(text: str, target: Target | None) -> Iterator[str]:
    code = text if text in COUNTRIES.values() else COUNTRIES.get(text.casefold())
    if code is not None:
        yield from (name for name, other in COUNTRIES.items() if other == code)
        if code != text:
            yield code
    if target is not None and target.kind in (Kind.CHOICE, Kind.CURRENCY):
        yield from (label for label, value in target.choices.items() if value == text)
    compact = re.sub(r"[\s.\-]", "", text)
    if (tax_id := _TAX_ID.fullmatch(compact)) and sum(c.isdigit() for c in compact) >= 7:
        yield tax_id[2]
    elif re.fullmatch(r"\d{8,12}", compact):
        yield from (f"{country}{compact}" for country in sorted(set(COUNTRIES.values())))
    if time := _TIME.fullmatch(text):
        hours, minutes = int(time[1]), time[2]
        yield f"{hours:02}:{minutes}"
        yield f"{hours}:{minutes}"
        yield f"{hours % 12 or 12}:{minutes} {'pm' if hours >= 12 else 'am'}"
