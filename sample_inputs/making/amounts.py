"""Exact sums, and numbers as different countries print them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Item:
    """A line of an order or invoice; ``price`` is what one costs."""

    article: str
    description: str
    quantity: Decimal
    unit: str
    price: Decimal

    @property
    def amount(self) -> Decimal:
        """Quantity times price, to the cent."""
        return rounded(self.quantity * self.price)


def item(article: str, description: str, quantity: str, unit: str, price: str) -> Item:
    """An item of numbers as text."""
    return Item(article, description, Decimal(quantity), unit, Decimal(price))


def rounded(value: Decimal) -> Decimal:
    """``value`` to the cent, half up as on invoices."""
    return value.quantize(CENT, ROUND_HALF_UP)


def total(items: Iterable[Item]) -> Decimal:
    """The sum of the items' amounts."""
    return sum((item.amount for item in items), Decimal(0))


def german(value: Decimal, places: int = 2) -> str:
    """1.234,56."""
    return english(value, places).translate(str.maketrans(",.", ".,"))


def english(value: Decimal, places: int = 2) -> str:
    """1,234.56."""
    return f"{value:,.{places}f}"


def spaced(value: Decimal, places: int = 2) -> str:
    """1 234,56, as in France and Portugal."""
    return english(value, places).translate(str.maketrans(",.", " ,"))


def plain(value: Decimal, mark: str = ",") -> str:
    """A quantity without superfluous zeros: 2 or 2,5."""
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace(".", mark)


def number(value: Decimal) -> int | float:
    """The JSON number for ``value``."""
    return int(value) if value == value.to_integral_value() else float(value)


def iban(country: str, account: str) -> str:
    """An IBAN, in groups of four, with the check digits that ``account`` calls for."""
    digits = "".join(str(int(char, 36)) for char in f"{account}{country}00")
    plain_iban = f"{country}{98 - int(digits) % 97:02}{account}"
    return " ".join(plain_iban[at : at + 4] for at in range(0, len(plain_iban), 4))
