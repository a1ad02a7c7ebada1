"""How one document writes numbers and dates: what 1.234 and 03/04/2026 mean there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from signoff.extraction.offline.dates import find_dates, month_comes_first
from signoff.extraction.offline.found import language_of
from signoff.extraction.offline.numbers import decimal_mark

_NUMERIC = re.compile(r"(?<![\d/-])\d{1,2}\s?([/-])\s?\d{1,2}\s?\1\s?(?:\d{4}|\d{2})(?![\d/-])")
_MONTH_FIRST = re.compile(r"\$|\bUSD\b|\bU\.?S\.?A\b|United States|,\s[A-Z]{2}\s\d{5}\b")
_DAY_FIRST = re.compile(
    r"[€£₹]|\b(?:EUR|GBP|CHF|AUD|NZD|INR|MYR|SGD|ZAR|RM|Rs|VAT|GST|ABN|Ltd|Sdn|Bhd|Pvt)\b"
)


@dataclass(frozen=True)
class Habits:
    """What a document shows of how it writes numbers and dates.

    Attributes:
        mark: its decimal mark; empty where its numbers do not tell.
        order: ``day`` or ``month``, whichever comes first in its numeric dates; empty where
            nothing tells.
        proven: whether its own dates tell the order, not its language and currency.
    """

    mark: str = ""
    order: str = ""
    proven: bool = False


def habits_of(lines: Sequence[str]) -> Habits:
    """What a document's lines show."""
    marks = {decimal_mark(lines), decimal_mark([*lines, "0,01"])}
    order = _order_by_dates(lines)
    return Habits(
        mark=marks.pop() if len(marks) == 1 else "",
        order=order or _order_by_place(lines),
        proven=bool(order),
    )


def _order_by_dates(lines: Sequence[str]) -> str:
    """By dates such as 03/20/2026, or a day that is also written out with its month's name."""
    votes = {month_comes_first(lines, default=default) for default in (True, False)}
    if len(votes) == 1:
        return "month" if votes.pop() else "day"
    written = {
        found.value
        for line in lines
        for found in find_dates(line)
        if not _NUMERIC.search(line, found.start, found.end)
    }
    balance = 0
    for line in lines:
        for numeric in _NUMERIC.finditer(line):
            days, months = (
                {found.value for found in find_dates(numeric.group(), month_first=first)}
                for first in (False, True)
            )
            if days != months:
                balance += bool(days & written) - bool(months & written)
    return "day" if balance > 0 else "month" if balance < 0 else ""


def _order_by_place(lines: Sequence[str]) -> str:
    """By the language, and for English by the country that the currency points to."""
    if language_of(lines) != "en":
        return "day"
    american = sum(bool(_MONTH_FIRST.search(line)) for line in lines)
    others = sum(bool(_DAY_FIRST.search(line)) for line in lines)
    if american and american > others:
        return "month"
    return "day" if others > american else ""
