"""Numbers as documents print them: exact decimals that know how far they may be rounded."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import Any

CONTEXT = Context(prec=60, traps=[InvalidOperation, DivisionByZero, Overflow])
CENT = Decimal("0.01")
MAX_DIGITS = 400

_NUMBER = re.compile(r"[+-]?[0-9]{1,100}(\.[0-9]{1,100})?")


@dataclass(frozen=True)
class Amount:
    """A number; ``error`` is how far off the true one rounding may have put it.

    ``fixed`` numbers do not come from the data: constants, and absent values that count as 0.
    """

    value: Decimal
    error: Decimal = Decimal(0)
    fixed: bool = False


def read_amount(value: Any) -> Amount | None:
    """The number that a value of the data is, also as a string; ``None`` when it is none.

    Fractions count as rounded: to cents, or to as many decimals as they have, if more.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    if isinstance(value, int) and value.bit_length() > MAX_DIGITS * 3:
        return None
    text = str(value)
    if isinstance(value, str) and not _NUMBER.fullmatch(text):
        return None
    number = Decimal(text)
    if not number.is_finite() or abs(number.adjusted()) > MAX_DIGITS:
        return None
    if number == number.to_integral_value():
        return Amount(number)
    decimals = max(2, -int(number.normalize(CONTEXT).as_tuple().exponent))
    return Amount(number, Decimal(5).scaleb(-decimals - 1))


def add_up(amounts: Sequence[Amount]) -> Amount:
    """The sum. Of many independent roundings most cancel out: the error grows with the root."""
    value = error = squares = Decimal(0)
    for amount in amounts:
        value = CONTEXT.add(value, amount.value)
        error = CONTEXT.add(error, amount.error)
        squares = CONTEXT.add(squares, CONTEXT.multiply(amount.error, amount.error))
    return Amount(value, min(error, 2 * CONTEXT.sqrt(squares)))


def combine(left: Amount, operator: ast.operator, right: Amount) -> Amount:
    """``left operator right``.

    Raises:
        ArithmeticError: there is no such number.
    """
    a, b, fixed = left.value, right.value, left.fixed and right.fixed
    products = CONTEXT.add(
        CONTEXT.multiply(abs(a), right.error), CONTEXT.multiply(abs(b), left.error)
    )
    match operator:
        case ast.Add():
            return Amount(CONTEXT.add(a, b), CONTEXT.add(left.error, right.error), fixed)
        case ast.Sub():
            return Amount(CONTEXT.subtract(a, b), CONTEXT.add(left.error, right.error), fixed)
        case ast.Mult():
            return Amount(CONTEXT.multiply(a, b), products, fixed)
        case _:
            quotient = CONTEXT.divide(a, b)
            error = CONTEXT.divide(products, CONTEXT.multiply(b, b))
            return Amount(quotient, error, fixed)


def number_text(number: Decimal) -> str:
    """A number as messages show it: 118.50, 40, 0.0299."""
    if abs(number.adjusted()) > 30:
        return f"{number:.6g}"
    if number == number.to_integral_value():
        return f"{number:.0f}"
    text = f"{round(number, 6):f}".rstrip("0").rstrip(".")
    decimals = len(text.partition(".")[2])
    return text if decimals >= 2 else f"{number:.2f}"
