"""Whether two values say the same: typed, so that 1.234,50 is 1234.5 and case does not matter.

What is compared are JSON scalars: two readers' answers, an answer and the truth, a value before
and after a review. Numbers and dates are never nearly equal.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from signoff.executions.agents import JsonObject
from signoff.extraction.offline.dates import find_dates
from signoff.extraction.offline.identifiers import find_ibans, find_vat_ids
from signoff.extraction.offline.lexicon import FALSE_WORDS, TRUE_WORDS
from signoff.extraction.offline.numbers import find_numbers

MAX_COMPARED = 100
"""Longer texts are no numbers, dates or identifiers, and are compared as texts only."""

_NOISE = Decimal("1e-9")
_EXACT = 10**15
_SOFT = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
_ALIKE = str.maketrans(
    {
        **dict.fromkeys("‐‑‒–—―−﹘﹣－", "-"),
        **dict.fromkeys("‘’‚‛′´`ʼ", "'"),
        **dict.fromkeys("“”„‟″«»‹›", '"'),
        "⁄": "/",
        "∕": "/",
    }
)
_BROKEN_WORD = re.compile(r"(?<=[^\W\d_])-\s*\n\s*(?=[^\W\d_])")
_AROUND_WORDS = re.compile(r"[.,;:!?\"'()\[\]]+(?=\s|$)|(?<!\S)[.,;:!?\"'()\[\]#]+")
_LEADING_ZERO = re.compile(r"[+-]?0\d")
_MONEY = re.compile(r"[.,]\d{2}(?!\d)")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:$|[T ])")
_NUMERIC_DATE = re.compile(r"(\d{1,2})\s?[/-]\s?(\d{1,2})\s?[/-]\s?(?:\d{4}|\d{2})")


def same_value(left: Any, right: Any, *, schema: JsonObject | None = None) -> bool:
    """Whether two JSON scalars are the same value, however they are written.

    Null and an empty text both mean that there is no value. A numeric date such as 03/04/2026
    could be two days: it is equal to none of them. ``schema`` is the value's own: a number where
    it asks for one, a text of digits (007 is not 7) where it asks for a text.
    """
    left, right = _present(left), _present(right)
    if left is None or right is None:
        return left is right
    if type(left) is type(right) and left == right:
        return True
    if isinstance(left, bool) or isinstance(right, bool):
        return _as_bool(left) is not None and _as_bool(left) == _as_bool(right)
    if isinstance(left, dict | list) or isinstance(right, dict | list):
        return bool(left == right)
    wants_number = _wants_number(schema)
    if not (isinstance(left, str) and isinstance(right, str)) or wants_number:
        return _same_number(left, right, as_text=not wants_number and schema is not None)
    return _same_text(left, right)


def plain_text(text: str) -> str:
    """``text`` with one form for each character, words as they are separated by one space.

    Compatibility forms, case, dashes, quotes, hyphenation at line ends, invisible characters and
    punctuation around words make no difference afterwards.
    """
    text = unicodedata.normalize("NFKC", text[:100_000]).translate(_SOFT).translate(_ALIKE)
    text = _BROKEN_WORD.sub("", text)
    text = _AROUND_WORDS.sub(" ", text.casefold())
    return " ".join(text.split())


def comparable(value: Any) -> tuple[str, Any]:
    """One key for all ways to write ``value``: equal keys mean, as a rule, the same value."""
    value = _present(value)
    if value is None or isinstance(value, bool):
        return ("", value)
    if isinstance(value, int | float):
        return ("number", value if abs(value) > _EXACT else round(float(value), 9))
    if not isinstance(value, str):
        return ("other", repr(value))
    if (day := whole_date(value)) is not None:
        return ("date", day)
    if not _LEADING_ZERO.match(value.strip()) and (numbers := set(whole_numbers(value))):
        return ("number", round(float(min(numbers)), 9))
    return ("text", plain_text(value).replace(" ", ""))


def whole_numbers(text: str) -> Iterator[Decimal]:
    """The numbers that ``text`` may be as a whole: 1,234 is two. Currency is left aside.

    A percentage is also its hundredth.
    """
    text = unicodedata.normalize("NFKC", text).strip()
    if not text or len(text) > MAX_COMPARED or not any(char.isdigit() for char in text):
        return
    with suppress(InvalidOperation):
        if text.isascii() and (number := Decimal(text)).is_finite():
            yield number
    for decimal in ".,":
        found = list(find_numbers(text, decimal=decimal))
        if len(found) != 1:
            continue
        rest = text[: found[0].start] + text[found[0].end :]
        if any(char.isalnum() for char in rest):
            continue
        yield found[0].value
        if found[0].percent:
            yield found[0].value / 100


def whole_date(text: str) -> date | None:
    """The one day that ``text`` is as a whole, its time of day aside; ``None`` for 03/04/2026."""
    text = unicodedata.normalize("NFKC", text).strip()
    if not 6 <= len(text) <= MAX_COMPARED or not any(char.isdigit() for char in text):
        return None
    if _ISO.match(text):
        with suppress(ValueError):
            return datetime.fromisoformat(text).date()
    found = list(find_dates(text))
    if len(found) != 1:
        return None
    rest = text[: found[0].start] + text[found[0].end :]
    # the weekday and the time of day may stand beside it
    if re.sub(r"\d{1,2}[:.]\d{2}(?:[:.]\d{2})?|[^\W\d_]+", "", rest).strip(" ,.:()-"):
        return None
    numeric = _NUMERIC_DATE.search(text[found[0].start : found[0].end])
    if numeric and int(numeric[1]) <= 12 and int(numeric[2]) <= 12 and numeric[1] != numeric[2]:
        return None
    return found[0].value


def _present(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _as_bool(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    word = value.strip().casefold() if isinstance(value, str) else ""
    return True if word in TRUE_WORDS else False if word in FALSE_WORDS else None


def _wants_number(schema: JsonObject | None) -> bool:
    types = (schema or {}).get("type", ())
    types = {types} if isinstance(types, str) else set(types)
    return bool(types & {"number", "integer"}) and "string" not in types


def _same_number(left: Any, right: Any, *, as_text: bool) -> bool:
    if as_text and any(isinstance(v, str) and _LEADING_ZERO.match(v) for v in (left, right)):
        return False
    others = list(_numbers(right))
    return any(_close(a, b) for a in _numbers(left) for b in others)


def _numbers(value: Any) -> Iterator[Decimal]:
    if isinstance(value, str):
        yield from whole_numbers(value)
    else:
        number = Decimal(str(value))
        if number.is_finite():
            yield number


def _close(left: Decimal, right: Decimal) -> bool:
    """Equal but for what binary fractions leave behind."""
    return abs(left - right) <= _NOISE * max(abs(left), abs(right), Decimal(1))


def _same_text(left: str, right: str) -> bool:
    plain = plain_text(left).replace(" ", ""), plain_text(right).replace(" ", "")
    if plain[0] == plain[1]:
        # nothing but punctuation remains: then the punctuation is the value
        return bool(plain[0]) or left.strip() == right.strip()
    if max(len(left), len(right)) > MAX_COMPARED:
        return False
    moments = _moment(left), _moment(right)
    if moments[0] is not None and moments[1] is not None:
        return moments[0] == moments[1]
    days = whole_date(left), whole_date(right)
    if days[0] is not None and days[1] is not None:
        return days[0] == days[1]
    if _is_amount(left) and _is_amount(right):
        return _same_number(left, right, as_text=False)
    identifier = _identifier(left)
    return identifier is not None and identifier == _identifier(right)


def _moment(text: str) -> datetime | None:
    """A date with a time other than midnight, which may stand for the day alone."""
    if not _ISO.match(text.strip()):
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if not (moment.hour or moment.minute or moment.second):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _is_amount(text: str) -> bool:
    """Whether ``text`` is money rather than a number that something goes by."""
    text = unicodedata.normalize("NFKC", text)
    if not (_MONEY.search(text) and any(whole_numbers(text))):
        return False
    return not _LEADING_ZERO.match(text.strip())


def _identifier(text: str) -> str | None:
    """An IBAN or VAT id without what stands between its characters."""
    text = unicodedata.normalize("NFKC", text).translate(_ALIKE).strip()
    compact = re.sub(r"[\s.]", "", text).upper()
    if not re.fullmatch(r"[A-Z]{2,3}-?[0-9A-Z+*]{5,32}", compact):
        return None
    for find in (find_ibans, find_vat_ids):
        for found in find(text.upper(), labelled=True):
            if found.end - found.start == len(text):
                return re.sub(r"[\s.\-]", "", found.value)
    return compact.replace("-", "") if sum(char.isdigit() for char in compact) >= 7 else None
