"""Amounts and quantities as people write them: 1.234,56, 1,234.56, 1 234,56, 1'234.56."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

CURRENCY_SIGNS = {
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY",
    "₹": "INR",
    "₺": "TRY",
    "₽": "RUB",
    "R$": "BRL",
    "US$": "USD",
    "C$": "CAD",
    "CA$": "CAD",
    "A$": "AUD",
    "AU$": "AUD",
    "NZ$": "NZD",
    "$": "USD",
    "Fr.": "CHF",
    "SFr.": "CHF",
    "sFr.": "CHF",
    "Rs.": "INR",
    "Rs": "INR",
    "RM": "MYR",
    "Rp.": "IDR",
    "Rp": "IDR",
    "S$": "SGD",
    "HK$": "HKD",
    "NT$": "TWD",
    "MX$": "MXN",
    "₱": "PHP",
    "฿": "THB",
    "₫": "VND",
    "₩": "KRW",
    "₪": "ILS",
    "zł": "PLN",
    "Kč": "CZK",
    "Ft": "HUF",
    "kr": "SEK",
    "kr.": "DKK",
}
_CODES = (
    "AED AUD BGN BRL CAD CHF CLP CNY COP CZK DKK EUR GBP HKD HUF IDR ILS INR ISK JPY KRW MAD "
    "MXN MYR NOK NZD PEN PHP PLN RON RSD RUB SAR SEK SGD THB TND TRY TWD UAH USD VND ZAR"
)
CURRENCY_CODES = frozenset(_CODES.split())
CURRENCY_WORDS = {
    "euro": "EUR",
    "euros": "EUR",
    "us dollars": "USD",
    "us dollar": "USD",
    "pounds sterling": "GBP",
    "schweizer franken": "CHF",
    "francs suisses": "CHF",
    "reais": "BRL",
}
_SIGN = "|".join(re.escape(sign) for sign in sorted(CURRENCY_SIGNS, key=len, reverse=True))
_CURRENCY = rf"(?:{_SIGN}|(?:{'|'.join(sorted(CURRENCY_CODES))})(?![A-Za-z]))"
_GROUP_MARKS = ".,'’ \u00a0\u202f"
_NUMBER = re.compile(
    rf"""(?<![\w.,/:'’\-−–°#])
    (?P<open>\()?
    (?P<sign>[-–−+]\s{{0,2}})?
    (?P<before>{_CURRENCY}\s{{0,2}}(?P<inner>[-–−]\s{{0,2}})?)?
    (?P<digits>\d{{1,3}}(?:[{_GROUP_MARKS}]\d{{2,3}})+(?:[.,]\d{{1,4}})?
        |\d+(?:[.,]\d{{1,4}})?(?:[-–]{{2}})?)
    (?P<trail>-)?
    (?![.,'’]?\d|[/:]\d|\w)
    (?:\s{{0,2}}(?P<after>{_CURRENCY}))?
    (?P<close>\))?
    (?P<percent>\s?%)?
    (?!\w)""",
    re.VERBOSE,
)
_PLAIN = re.compile(r"\d+")
_THOUSANDS = re.compile(r"(?<![\d.,:/-])\d{1,3}(?:([.,])\d{3})+(?![\d.,:/-]?\d)")
_STYLE = re.compile(r"(?<![\d.,])(?:\d{1,3}(?:[.,' ]\d{3})*|\d+)([.,])\d{2}(?![\d.,])")


@dataclass(frozen=True)
class Number:
    """A number found in a text, with the characters it was read from.

    ``decimals`` counts the digits behind the decimal mark: money usually has two.
    """

    value: Decimal
    start: int
    end: int
    currency: str | None = None
    percent: bool = False
    decimals: int = 0


def currency_code(text: str) -> str | None:
    """The ISO 4217 code that a sign, a code or a name stands for."""
    text = text.strip()
    if text.upper() in CURRENCY_CODES:
        return text.upper()
    return CURRENCY_SIGNS.get(text) or CURRENCY_WORDS.get(text.casefold())


def decimal_mark(texts: Iterable[str]) -> str:
    """The decimal mark that these texts use: the one before two final digits most often.

    Where there is none, it is the one that does not group thousands: 45.000 rupiahs.
    """
    texts = list(texts)
    seen = Counter(match[1] for text in texts for match in _STYLE.finditer(text))
    if not seen:
        grouped = Counter(match[1] for text in texts for match in _THOUSANDS.finditer(text))
        return "," if grouped["."] > grouped[","] else "."
    return "," if seen[","] > seen["."] else "."


def counts_in_units(texts: Iterable[str]) -> bool:
    """Whether amounts have no cents here: thousands are grouped, and two final digits are not."""
    texts = list(texts)
    cents = sum(bool(_STYLE.search(text)) for text in texts)
    return cents == 0 and sum(bool(_THOUSANDS.search(text)) for text in texts) > 1


def find_numbers(text: str, *, decimal: str = ".") -> Iterator[Number]:
    """Every number in ``text``; ``decimal`` decides what 1.234 means.

    Digits inside dates, times, identifiers, fractions and words are no numbers.
    """
    position = 0
    while match := _NUMBER.search(text, position):
        found = _number(match, decimal)
        position = max(match.end(), match.start() + 1)
        if found is not None:
            yield found
        elif (inner := _PLAIN.search(text, match.start())) is not None:
            # "12 345 67" is no grouping: go on behind its first part
            position = max(inner.end(), match.start() + 1)


def parse_number(text: str, *, decimal: str = ".") -> Decimal | None:
    """The one number that ``text`` is, currency and percent signs aside."""
    found = list(find_numbers(text, decimal=decimal))
    return found[0].value if len(found) == 1 else None


def _number(match: re.Match[str], decimal: str) -> Number | None:
    # "250--" says that there are no cents
    parsed = _decimal(match["digits"].rstrip("-–"), decimal)
    if parsed is None:
        return None
    value, decimals = parsed
    sign = (match["sign"] or "").strip()
    bracketed = bool(match["open"] and match["close"])
    if sign in ("-", "–", "−") or match["inner"] or match["trail"] or bracketed:
        value = -value
    currency = match["before"] or match["after"]
    if currency is not None:
        currency = currency_code(currency.strip(" -–−\t\u00a0"))
    # an opening bracket without its partner belongs to the sentence around the number
    start = match.start() + (1 if match["open"] and not match["close"] else 0)
    return Number(value, start, match.end(), currency, bool(match["percent"]), decimals)


def _decimal(digits: str, decimal: str) -> tuple[Decimal, int] | None:
    whole, fraction = digits, ""
    last = max(digits.rfind("."), digits.rfind(","))
    if last >= 0:
        mark, tail = digits[last], digits[last + 1 :]
        head = digits[:last]
        grouped = any(char in _GROUP_MARKS for char in head)
        if mark in head:  # the same mark twice groups thousands
            is_fraction = False
        elif grouped or len(tail) != 3 or head in ("", "0"):
            is_fraction = True
        else:
            is_fraction = mark == decimal
        if is_fraction:
            whole, fraction = head, tail
    groups = re.split(f"[{_GROUP_MARKS}]", whole)
    if len(groups) > 1:
        # thousands in threes, or the Indian way: 1,00,000
        if len(groups[-1]) != 3 or len({c for c in whole if not c.isdigit()}) > 1:
            return None
        middle = {len(group) for group in groups[1:-1]}
        if middle - {3} and (middle != {2} or "," not in whole):
            return None
    plain = "".join(groups)
    # what \d takes for digits goes beyond 0 to 9; "0.00'00" is no fraction
    if not (plain + fraction).isascii() or not (plain + fraction).isdigit() or not plain:
        return None
    return Decimal(f"{plain}.{fraction}" if fraction else plain), len(fraction)
