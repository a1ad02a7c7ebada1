"""IBANs, BICs, VAT ids, e-mail addresses and the numbers that documents go by."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_COUNTRIES_AND_LENGTHS = (
    "AD24 AT20 BE16 BG22 BR29 CH21 CY28 CZ24 DE22 DK18 EE20 ES24 FI18 FR27 GB22 GR27 HR21 "
    "HU28 IE22 IS26 IT27 LI21 LT20 LU20 LV21 MC27 MT31 NL18 NO15 PL28 PT25 RO24 SE24 SI19 "
    "SK24 SM27 TR26"
)
_IBAN_LENGTHS = {pair[:2]: int(pair[2:]) for pair in _COUNTRIES_AND_LENGTHS.split()}
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\s?\d{2}(?:\s{0,2}[A-Z0-9]){11,32}(?![A-Za-z0-9*])")
_LOOSE_IBAN = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:\s{0,2}\d[A-Z0-9]{1,11}){1,8}(?![A-Za-z0-9*])"
)
_BIC = re.compile(r"\b[A-Z]{4}\s?[A-Z]{2}\s?[A-Z0-9]{2}\s?(?:[A-Z0-9]{3})?(?![A-Za-z0-9])")
_VAT_SHAPES = {
    "AT": r"U\d{8}",
    "BE": r"[01]?\d{9}",
    "BG": r"\d{9,10}",
    "CY": r"\d{8}[A-Z]",
    "CZ": r"\d{8,10}",
    "DE": r"\d{9}",
    "DK": r"\d{8}",
    "EE": r"\d{9}",
    "EL": r"\d{9}",
    "ES": r"[A-Z0-9]\d{7}[A-Z0-9]",
    "FI": r"\d{8}",
    "FR": r"[A-Z0-9]{2}\d{9}",
    "GB": r"\d{9,12}",
    "HR": r"\d{11}",
    "HU": r"\d{8}",
    "IE": r"\d[A-Z0-9+*]\d{5}[A-Z]{1,2}",
    "IT": r"\d{11}",
    "LT": r"\d{9,12}",
    "LU": r"\d{8}",
    "LV": r"\d{11}",
    "MT": r"\d{8}",
    "NL": r"\d{9}B\d{2}",
    "NO": r"\d{9}",
    "PL": r"\d{10}",
    "PT": r"\d{9}",
    "RO": r"\d{2,10}",
    "SE": r"\d{12}",
    "SI": r"\d{8}",
    "SK": r"\d{10}",
    "XI": r"\d{9}",
}
_VAT_START = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(_VAT_SHAPES)})(?=[\s.-]?[A-Z0-9])")
_SWISS_VAT = re.compile(
    r"(?<![A-Za-z0-9])CHE[-\s]?\d{3}[.\s]?\d{3}[.\s]?\d{3}(?:\s?(?:MWST|TVA|IVA))?(?![A-Za-z0-9])"
)
_NATIONAL_VAT = re.compile(r"(?<![\w.,-])\d{3}[ .]?\d{3}[ .]?\d{3}(?:[ .]?\d{2,3})?(?![\w,-])")
# 12-3456789 of the United States, 27AAPFU0939F1ZV of India, 12.345.678/0001-95 of Brazil
_OTHER_TAX_ID = re.compile(
    r"(?<![\w.,-])(?:\d{2}-\d{7}|\d{2}[A-Z]{5}\d{4}[A-Z][A-Z0-9]Z[A-Z0-9]"
    r"|\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}|\d{3}-\d{3}-\d{2}-\d{2}|\d{8,15})(?![\w,-])"
)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_URL = re.compile(r"(?:https?://|www\.)[^\s<>|,;]+[^\s<>|,;.)]", re.IGNORECASE)
_PHONE = re.compile(r"(?<![\w.])(?:\+|00?|\()\d[\d\s()/.–-]{5,20}\d(?![\w.])")
_TIME = re.compile(
    r"(?<![\w:.])([01]?\d|2[0-3])[:hH]([0-5]\d)(?::([0-5]\d))?(?:\s?([AaPp]\.?[Mm])\b)?(?![\w:])"
)
_NO_PREFIX = frozenset({"NO", "NR", "ID", "DE", "DU", "VOM", "DATE", "PAGE", "EUR", "USD", "GBP"})
_PREFIX = re.compile(r"(?<![\w.])([A-Z]{2,4})\s$")
# an identifier's parts are joined only by characters that cannot end it
_IDENTIFIER = re.compile(r"[A-Za-z0-9](?:[\w./\-–+]*[A-Za-z0-9])?")


@dataclass(frozen=True)
class FoundText:
    """A piece of text of a known shape; ``sure`` when its check digits or shape prove it."""

    value: str
    start: int
    end: int
    sure: bool = True


def iban_is_valid(text: str) -> bool:
    """Whether ``text`` has an IBAN's length for its country and passes the mod 97 check."""
    compact = "".join(text.split()).upper()
    expected = _IBAN_LENGTHS.get(compact[:2])
    if not (compact.isascii() and compact.isalnum()) or not 15 <= len(compact) <= 34:
        return False
    if expected is not None and len(compact) != expected:
        return False
    rearranged = compact[4:] + compact[:4]
    return int("".join(str(int(char, 36)) for char in rearranged)) % 97 == 1


def find_ibans(text: str, *, labelled: bool = False) -> Iterator[FoundText]:
    """IBANs in ``text``; where a label promises one, also such that fail the check."""
    found = False
    for match in _IBAN.finditer(text):
        raw = match.group()
        country = _IBAN_LENGTHS.get(raw[:2])
        if country is None:
            continue
        end, count = 0, 0
        for end, char in enumerate(raw, 1):  # noqa: B007
            count += not char.isspace()
            if count == country:
                break
        if iban_is_valid(raw[:end]):
            found = True
            compact = "".join(raw[:end].split())
            yield FoundText(compact, match.start(), match.start() + end)
    if labelled and not found:
        for match in _LOOSE_IBAN.finditer(text):
            compact = "".join(match.group().split())
            if sum(char.isdigit() for char in compact) >= 8:
                yield FoundText(compact, match.start(), match.end(), sure=False)


def find_bics(text: str) -> Iterator[FoundText]:
    """BICs in ``text``: eight or eleven characters."""
    for match in _BIC.finditer(text):
        yield FoundText("".join(match.group().split()), match.start(), match.end())


def find_vat_ids(text: str, *, labelled: bool = False) -> Iterator[FoundText]:
    """VAT ids in ``text``; where a label promises one, also a bare national number."""
    found = False
    for swiss in _SWISS_VAT.finditer(text):
        found = True
        yield FoundText(" ".join(swiss.group().split()), swiss.start(), swiss.end())
    for start in _VAT_START.finditer(text):
        country = start.group()
        shape = r"[\s.-]{0,2}".join(_spread(_VAT_SHAPES[country]))
        full = re.compile(rf"{country}[\s.-]{{0,2}}{shape}(?![A-Za-z0-9])")
        if match := full.match(text, start.start()):
            found = True
            compact = re.sub(r"[\s.-]", "", match.group())
            yield FoundText(compact, match.start(), match.end())
    if labelled and not found:
        for bare in (*_NATIONAL_VAT.finditer(text), *_OTHER_TAX_ID.finditer(text)):
            compact = re.sub(r"[\s.]", "", bare.group())
            yield FoundText(compact, bare.start(), bare.end(), sure=False)
            break


def _spread(shape: str) -> list[str]:
    r"""``\d{9}`` as nine single parts, so that spaces may stand between the digits."""
    parts: list[str] = []
    for atom, low, high in re.findall(r"(\\d|\[[^\]]+\]\??|[A-Z])(?:\{(\d+)(?:,(\d+))?\})?", shape):
        parts += [atom] * int(low or 1)
        if high:
            parts += [atom + "?"] * (int(high) - int(low))
    return parts


def find_emails(text: str) -> Iterator[FoundText]:
    """E-mail addresses in ``text``."""
    for match in _EMAIL.finditer(text):
        yield FoundText(match.group(), match.start(), match.end())


def find_urls(text: str) -> Iterator[FoundText]:
    """Web addresses in ``text``."""
    for match in _URL.finditer(text):
        yield FoundText(match.group(), match.start(), match.end())


def find_phones(text: str) -> Iterator[FoundText]:
    """Phone numbers in ``text``."""
    for match in _PHONE.finditer(text):
        yield FoundText(" ".join(match.group().split()), match.start(), match.end())


def find_times(text: str) -> Iterator[FoundText]:
    """Times of day in ``text``, as hours and minutes of 24 hours, seconds where given."""
    for match in _TIME.finditer(text):
        hours = int(match[1])
        if match[4]:
            hours = hours % 12 + (12 if match[4][0] in "pP" else 0)
        value = f"{hours:02}:{match[2]}" + (f":{match[3]}" if match[3] else "")
        yield FoundText(value, match.start(), match.end())


def find_identifiers(text: str) -> Iterator[FoundText]:
    """Numbers that things go by: words with at least one digit, brackets left out."""
    plain = re.sub(r"\([^)]*\)", lambda match: " " * len(match.group()), text)
    for match in _IDENTIFIER.finditer(plain):
        value = match.group()
        if any(char.isdigit() for char in value):
            # "FT 2026/117": the series belongs to the number
            prefix = _PREFIX.search(plain[: match.start()]) if value[0].isdigit() else None
            if prefix is not None and prefix[1] not in _NO_PREFIX:
                value = f"{prefix[1]} {value}"
                yield FoundText(value, prefix.start(), match.end())
            else:
                yield FoundText(value, match.start(), match.end())
