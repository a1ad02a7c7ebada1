"""What an entry of the lexicon is."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What a value looks like."""

    TEXT = "text"
    NAME = "name"
    IDENTIFIER = "identifier"
    DATE = "date"
    MONEY = "money"
    NUMBER = "number"
    PERCENT = "percent"
    CURRENCY = "currency"
    IBAN = "iban"
    BIC = "bic"
    VAT_ID = "vat_id"
    EMAIL = "email"
    URL = "url"
    PHONE = "phone"
    TIME = "time"
    COUNTRY = "country"
    BOOLEAN = "boolean"
    CHOICE = "choice"


class Concept(NamedTuple):
    """One thing that documents name. ``names`` are what schemas call it besides its labels."""

    name: str
    kind: Kind
    strong: str
    weak: str = ""
    names: str = ""

    @property
    def numeric(self) -> bool:
        """Whether its values are numbers."""
        return self.kind in (Kind.MONEY, Kind.NUMBER, Kind.PERCENT)
