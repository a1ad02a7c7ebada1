"""Dates as people write them in seven languages, and which of two numbers is the month."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

_MONTHS = (
    "january jan januar jänner janvier janv janeiro enero ene gennaio gen januari",
    "february feb februar februari février fevrier févr fevr fév fevereiro fev febrero febbraio",
    "march mar märz maerz mrz mär mars março marco marzo maart mrt",
    "april apr avril avr abril abr aprile",
    "may mai maio mayo maggio mag mei",
    "june jun juni juin junho junio giugno giu",
    "july jul juli juillet juil julho julio luglio lug",
    "august aug août aout agosto ago augustus",
    "september sep sept septembre setembro set septiembre setiembre settembre",
    "october oct oktober okt octobre outubro out octubre ottobre ott",
    "november nov novembre novembro noviembre",
    "december dec dezember dez décembre decembre déc dezembro diciembre dic dicembre",
)
MONTHS = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
_NAME = "|".join(sorted(MONTHS, key=len, reverse=True))
_EDGE = r"(?<![\w./-])"
_NUMERIC = re.compile(
    rf"{_EDGE}(\d{{1,2}})\s?([./-])\s?(\d{{1,2}})\s?\2\s?(\d{{4}}|\d{{2}})(?!\d|[./-]\d)"
)
_ISO = re.compile(rf"{_EDGE}(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}})(?=T\d|\D|$)")
_DAY_FIRST = re.compile(
    rf"{_EDGE}(\d{{1,2}})(?:\.|er|st|nd|rd|th|º|°)?[\s/-]*(?:de\s+|of\s+)?({_NAME})\b\.?,?"
    rf"[\s/-]*(?:de\s+|del\s+)?(\d{{4}}|'?\d{{2}})(?![\d.,:]\d|\d)",
    re.IGNORECASE,
)
_MONTH_FIRST = re.compile(
    rf"{_EDGE}({_NAME})\b\.?\s*(\d{{1,2}})(?:st|nd|rd|th)?\s*,?\s*(\d{{4}})(?!\d)", re.IGNORECASE
)
_COMPACT = re.compile(r"(?<![\w.,/-])(20\d{2})(\d{2})(\d{2})(?![\w.,/-])")


@dataclass(frozen=True)
class FoundDate:
    """A date in a text, with the characters it was read from."""

    value: date
    start: int
    end: int


def month_comes_first(texts: Iterable[str], *, default: bool) -> bool:
    """Whether 03/04/2026 is in March here: decided by dates like 03/20/2026 or 20/03/2026."""
    votes = 0
    for text in texts:
        for match in _NUMERIC.finditer(text):
            if match[2] == ".":
                continue
            first, second = int(match[1]), int(match[3])
            votes += (second > 12 >= first) - (first > 12 >= second)
    return votes > 0 if votes else default


def find_dates(text: str, *, month_first: bool = False) -> Iterator[FoundDate]:
    """Every date in ``text``, in its order."""
    if not any(char.isdigit() for char in text):
        return
    found: list[FoundDate] = []
    for pattern, order in (
        (_ISO, (1, 3, 4)),
        (_DAY_FIRST, (3, 2, 1)),
        (_MONTH_FIRST, (3, 1, 2)),
        (_COMPACT, (1, 2, 3)),
    ):
        for match in pattern.finditer(text):
            _keep(found, match, [match[group] for group in order])
    for match in _NUMERIC.finditer(text):
        day, month = match[1], match[3]
        if month_first and match[2] != ".":
            day, month = month, day
        if int(month) > 12 >= int(day):
            day, month = month, day
        _keep(found, match, [match[4], month, day])
    yield from sorted(found, key=lambda each: each.start)


def _keep(found: list[FoundDate], match: re.Match[str], parts: list[str]) -> None:
    if any(match.start() < other.end and other.start < match.end() for other in found):
        return
    year, month, day = parts
    number = int(year.strip("'"))
    if number < 100:
        number += 2000
    try:
        value = date(number, MONTHS.get(month.casefold()) or int(month), int(day))
    except ValueError:
        return
    if 1950 <= value.year <= 2099:
        found.append(FoundDate(value, match.start(), match.end()))
