"""Formats of numbers with check digits or a fixed structure, from python-stdnum."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module

EXAMPLES = "iban, bic, eu.vat, de.vat, isbn, isin, ean, luhn"

STRING_FORMATS = {
    "iban": "iban",
    "bic": "bic",
    "vat": "eu.vat",
    "isbn": "isbn",
    "issn": "issn",
    "isin": "isin",
    "lei": "lei",
    "ean": "ean",
    "luhn": "luhn",
}
"""What may stand as ``format`` in a data schema, beside JSON Schema's own, and is asserted."""


@lru_cache(maxsize=500)
def find_number_format(name: str) -> Callable[[str], bool]:
    """What tells valid numbers of a format: ``iban``, ``eu.vat``, ``de.vat``.

    Raises:
        ValueError: python-stdnum has no such format.
    """
    message = f"{name!r} is no format of python-stdnum; some of them are {EXAMPLES}"
    if not re.fullmatch(r"[a-z0-9_]{1,40}(\.[a-z0-9_]{1,40})?", name):
        raise ValueError(message)
    package, _, last = f"stdnum.{name}".rpartition(".")
    try:
        # de.vat is a module, fr.vat another name of fr.tva: both are attributes once imported
        parent = import_module(package)
        module = getattr(parent, last, None) or import_module(f"{package}.{last}")
    except ImportError as error:
        raise ValueError(message) from error
    is_valid = getattr(module, "is_valid", None)
    if not callable(is_valid):
        raise ValueError(message)

    def is_such_a_number(value: str) -> bool:
        return bool(is_valid(value))

    return is_such_a_number
