"""Equations over data: exact, row by row where they name fields of rows."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any, TypeVar

from signoff.executions.checks import EquationCheck
from signoff.executions.data_paths import Found, find_values
from signoff.executions.equations import field_parts, is_field, parse_equation
from signoff.extraction.checks.arithmetic import (
    CENT,
    Amount,
    add_up,
    combine,
    number_text,
    read_amount,
)
from signoff.extraction.checks.verdict import Verdict, failed, passed, skipped, unique

Row = tuple[str, ...]
"""The pointers of the list entries that a value belongs to; empty outside lists."""


_T = TypeVar("_T")


class _Missing(Enum):
    ALL = "all"  # none of the fields is there
    SOME = "some"  # a part of them, so that nothing can be computed


_Values = dict[Row, Amount | _Missing]


@dataclass(frozen=True)
class _Outcome:
    """Whether a condition holds in one row (``None``: not to be told), and why it does not."""

    holds: bool | None
    why: tuple[str, ...] = ()


def check_equation(check: EquationCheck, data: Any) -> Verdict:
    """Whether the equation holds, in each row if it is about rows."""
    calculation = _Calculation(data, check.tolerance)
    outcomes = calculation.condition(parse_equation(check.equation).tree)
    wrong = {row: outcome for row, outcome in outcomes.items() if outcome.holds is False}
    if wrong:
        details = [why for outcome in wrong.values() for why in outcome.why]
        return failed(details, calculation.pointers(wrong))
    told = [row for row, outcome in outcomes.items() if outcome.holds]
    if told:
        return passed(calculation.pointers(told))
    return skipped(calculation.missing() or "there is no row", calculation.pointers(outcomes))


class _Calculation:
    def __init__(self, data: Any, tolerance: float | None) -> None:
        self._data = data
        self._tolerance = None if tolerance is None else Decimal(str(tolerance))
        self._found: dict[str, list[Found]] = {}
        self._values: dict[int, _Values] = {}

    def condition(self, node: ast.expr) -> dict[Row, _Outcome]:
        """What ``node``, a comparison or several, says in each row."""
        if isinstance(node, ast.BoolOp):
            join = _any if isinstance(node.op, ast.Or) else _all
            parts = [self.condition(value) for value in node.values]
        else:
            assert isinstance(node, ast.Compare)
            join = _all
            sides = [node.left, *node.comparators]
            parts = [
                self._comparison(left, operator, right)
                for left, operator, right in zip(sides, node.ops, sides[1:], strict=False)
            ]
        return {
            row: join([_at(part, row) or _Outcome(None) for part in parts])
            for row in _rows_of(parts)
        }

    def pointers(self, rows: Iterable[Row]) -> list[str]:
        """The values of all fields that have to do with ``rows``."""
        wanted = set(rows)
        prefixes = {row[:length] for row in wanted for length in range(len(row) + 1)}
        return unique(
            found.pointer
            for values in self._found.values()
            for found in values
            if found.value is not None
            and (
                found.rows in prefixes
                or any(found.rows[:length] in wanted for length in range(len(found.rows)))
            )
        )

    def missing(self) -> str:
        """Which fields kept it from being told."""
        reasons = []
        for values in self._found.values():
            for found in values:
                if found.value is None:
                    reasons.append(f"{found.pointer} is absent")
                elif read_amount(found.value) is None:
                    reasons.append(f"{found.pointer} is no number")
        return ", ".join(reasons[:3]) + (", …" if len(reasons) > 3 else "")

    def _comparison(
        self, left: ast.expr, operator: ast.cmpop, right: ast.expr
    ) -> dict[Row, _Outcome]:
        values = [self._evaluate(left), self._evaluate(right)]
        return {row: self._compare(left, operator, right, row) for row in _rows_of(values)}

    def _compare(self, left: ast.expr, operator: ast.cmpop, right: ast.expr, row: Row) -> _Outcome:
        a, b = _at(self._evaluate(left), row), _at(self._evaluate(right), row)
        if not isinstance(a, Amount) or not isinstance(b, Amount):
            return _Outcome(None)
        tolerance = self._tolerance
        if tolerance is None:
            tolerance = max(CENT, a.error + b.error)
        difference = a.value - b.value
        match operator:
            case ast.Eq():
                holds = abs(difference) <= tolerance
            case ast.LtE():
                holds = difference <= tolerance
            case ast.GtE():
                holds = difference >= -tolerance
            case ast.Lt():
                holds = difference < 0
            case _:
                holds = difference > 0
        if holds:
            return _Outcome(True)
        here = f"{row[-1]}: " if row else ""
        size = f"{number_text(abs(difference))} {'more' if difference > 0 else 'less'} than"
        if not isinstance(operator, ast.Eq):
            size = f"not {_SIGNS[type(operator)]}"
        why = f"{here}{self._side(left, row)} is {size} {self._side(right, row)}"
        if not row:  # for each of many rows, it would look at all of them
            why += self._suspect(left, right, abs(difference))
        return _Outcome(False, (why,))

    def _side(self, node: ast.expr, row: Row) -> str:
        value = _at(self._evaluate(node), row)
        assert isinstance(value, Amount)
        steps = [ast.unparse(node), self._filled_in(node, row), number_text(value.value)]
        return " = ".join(unique(steps))

    def _filled_in(self, node: ast.expr, row: Row) -> str:
        """``node`` with numbers in place of fields and sums."""
        match node:
            case ast.BinOp(left=left, op=operator, right=right):
                sides = []
                for side in (left, right):
                    text = self._filled_in(side, row)
                    sides.append(f"({text})" if isinstance(side, ast.BinOp) else text)
                return f"{sides[0]} {_SIGNS[type(operator)]} {sides[1]}"
        value = _at(self._evaluate(node), row)
        return number_text(value.value) if isinstance(value, Amount) else "?"

    def _suspect(self, left: ast.expr, right: ast.expr, difference: Decimal) -> str:
        """A row whose value is just what a sum is off by: read twice, or none of its addends."""
        for side in (left, right):
            for node in ast.walk(side):
                if not (isinstance(node, ast.Call) and ast.unparse(node.func) == "sum"):
                    continue
                for row, value in self._evaluate(node.args[0]).items():
                    if row and isinstance(value, Amount) and abs(value.value) == difference:
                        return f"; that is what {row[-1]} has"
        return ""

    def _evaluate(self, node: ast.expr) -> _Values:
        if id(node) not in self._values:
            self._values[id(node)] = self._computed(node)
        return self._values[id(node)]

    def _computed(self, node: ast.expr) -> _Values:
        if is_field(node):
            return self._read(node)
        match node:
            case ast.Constant(value=number):
                return {(): Amount(Decimal(str(number)), fixed=True)}
            case ast.UnaryOp(op=operator, operand=operand):
                sign = -1 if isinstance(operator, ast.USub) else 1
                return _each(
                    self._evaluate(operand),
                    lambda amount: Amount(sign * amount.value, amount.error, amount.fixed),
                )
            case ast.BinOp(left=left, op=operator, right=right):
                sides = self._evaluate(left), self._evaluate(right)
                return {
                    row: _combined(_at(sides[0], row), operator, _at(sides[1], row))
                    for row in _rows_of(sides)
                }
            case ast.Call(func=ast.Name(id="sum"), args=[argument]):
                return {(): _summed(self._evaluate(argument))}
            case ast.Call(func=ast.Name(id="optional"), args=[argument]):
                zero = Amount(Decimal(0), fixed=True)
                values = self._evaluate(argument)
                return {
                    row: zero if value is _Missing.ALL else value for row, value in values.items()
                }
            case ast.Call(args=[argument]):
                return _each(
                    self._evaluate(argument),
                    lambda amount: Amount(abs(amount.value), amount.error, amount.fixed),
                )
        raise AssertionError(ast.dump(node))

    def _read(self, node: ast.expr) -> _Values:
        name = ast.unparse(node)
        if name not in self._found:
            self._found[name] = find_values(self._data, field_parts(node))
        return {
            found.rows: _Missing.ALL
            if found.value is None
            else read_amount(found.value) or _Missing.SOME
            for found in self._found[name]
        }


_SIGNS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.LtE: "<=",
    ast.GtE: ">=",
    ast.Lt: "<",
    ast.Gt: ">",
}


def _combined(
    left: Amount | _Missing | None, operator: ast.operator, right: Amount | _Missing | None
) -> Amount | _Missing:
    present = [side for side in (left, right) if isinstance(side, Amount)]
    if isinstance(left, Amount) and isinstance(right, Amount):
        try:
            return combine(left, operator, right)
        except ArithmeticError:
            return _Missing.SOME
    if _Missing.SOME in (left, right) or any(not side.fixed for side in present):
        return _Missing.SOME
    return _Missing.ALL


def _summed(values: _Values) -> Amount | _Missing:
    """A row in which nothing is there adds nothing; one in which a part is makes it unknown."""
    amounts = [value for value in values.values() if isinstance(value, Amount)]
    if _Missing.SOME in values.values():
        return _Missing.SOME
    try:
        return add_up(amounts) if amounts else _Missing.ALL
    except ArithmeticError:
        return _Missing.SOME


def _each(values: _Values, change: Any) -> _Values:
    return {
        row: change(value) if isinstance(value, Amount) else value for row, value in values.items()
    }


def _rows_of(parts: Iterable[dict[Row, Any]]) -> list[Row]:
    """The rows in which values of all ``parts`` meet: those of the innermost list."""
    rows = [row for part in parts for row in part]
    if not all(parts) or not rows:
        return []
    depth = max(map(len, rows))
    return list(dict.fromkeys(row for row in rows if len(row) == depth))


def _at(values: dict[Row, _T], row: Row) -> _T | None:
    """The value for ``row``: its own, or that of a row around it, or the one outside all rows."""
    for length in range(len(row), -1, -1):
        if (value := values.get(row[:length])) is not None:
            return value
    return None


def _all(outcomes: list[_Outcome]) -> _Outcome:
    wrong = [outcome for outcome in outcomes if outcome.holds is False]
    if wrong:
        return _Outcome(False, tuple(why for outcome in wrong for why in outcome.why))
    return _Outcome(None if any(outcome.holds is None for outcome in outcomes) else True)


def _any(outcomes: list[_Outcome]) -> _Outcome:
    if any(outcome.holds for outcome in outcomes):
        return _Outcome(True)
    if any(outcome.holds is None for outcome in outcomes):
        return _Outcome(None)
    return _Outcome(False, (", and ".join(why for outcome in outcomes for why in outcome.why),))
