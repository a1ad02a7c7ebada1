"""``calculate``: exact decimal arithmetic, since models add up badly.

Python's own parser reads the expression; only numbers, the operators below and the functions
below are then walked, nothing is ever evaluated as Python. There is no power, and digits and
exponents are bounded, so that no expression takes long.
"""

from __future__ import annotations

import ast
import decimal
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal

from pydantic import BaseModel, Field

from signoff.executions.agents import JsonObject
from signoff.extraction.reader import Observation
from signoff.extraction.tools.inputs import UnusableInputError, tool_spec

MAX_NODES = 2000
MAX_PLACES = 20
_FUNCTIONS = "sum, min, max, round, abs"

# its own: decimal's default context belongs to the thread, and others may change it
_CONTEXT = decimal.Context(
    prec=50,
    rounding=ROUND_HALF_UP,
    Emin=-100,
    Emax=100,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)

_OPERATORS: dict[type[ast.operator], Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: _CONTEXT.add,
    ast.Sub: _CONTEXT.subtract,
    ast.Mult: _CONTEXT.multiply,
    ast.Div: _CONTEXT.divide,
    ast.Mod: _CONTEXT.remainder,
}


class CalculateInput(BaseModel):
    """What to calculate."""

    expression: str = Field(
        min_length=1,
        max_length=4000,
        description=(
            "Numbers with a point before the decimals, + - * / and % (the remainder), parentheses,"
            f" and {_FUNCTIONS}: round(sum(19.99, 5) * 0.19, 2)"
        ),
    )


class Calculate:
    """Arithmetic."""

    spec = tool_spec("calculate", "Calculate exactly, for example a total.", CalculateInput)

    def run(self, arguments: JsonObject) -> Observation:
        """The value of the expression."""
        expression = CalculateInput.model_validate(arguments).expression
        return Observation(f"= {_plain(calculate(expression))}")


def calculate(expression: str) -> Decimal:
    """The exact value of ``expression``, 50 digits at the most.

    Raises:
        UnusableInputError: it is no arithmetic; the message says what is not understood.
    """
    expression = expression.strip()
    try:
        tree = ast.parse(expression, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UnusableInputError(
            "expression: is not understood. Write numbers like 1234.50, operators + - * / % and"
            f" parentheses, or {_FUNCTIONS}."
        ) from error
    if sum(1 for _ in ast.walk(tree)) > MAX_NODES:
        raise UnusableInputError("expression: is too long; calculate parts of it.")
    try:
        return _Walker(expression).value(tree.body)
    except decimal.DivisionByZero as error:
        raise UnusableInputError("expression: divides by zero.") from error
    except (decimal.InvalidOperation, decimal.Overflow) as error:
        raise UnusableInputError("expression: has no finite value of that size.") from error
    except RecursionError as error:
        raise UnusableInputError("expression: is nested too deep.") from error


class _Walker:
    def __init__(self, expression: str) -> None:
        self._expression = expression

    def value(self, node: ast.expr) -> Decimal:
        match node:
            case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
                return self._number(node)
            case ast.BinOp(op=op) if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](self.value(node.left), self.value(node.right))
            case ast.UnaryOp(op=ast.USub()):
                return _CONTEXT.minus(self.value(node.operand))
            case ast.UnaryOp(op=ast.UAdd()):
                return self.value(node.operand)
            case ast.Call(func=ast.Name(id=name), keywords=[]):
                return self._call(name, node.args)
        raise UnusableInputError(f"expression: {self._source(node)} is not understood.")

    def _number(self, node: ast.Constant) -> Decimal:
        # as it is written: Python's float would have lost digits
        try:
            return _CONTEXT.create_decimal(self._source(node))
        except decimal.InvalidOperation as error:
            raise UnusableInputError(
                f"expression: {self._source(node)} is no decimal number."
            ) from error

    def _call(self, name: str, nodes: list[ast.expr]) -> Decimal:
        if len(nodes) == 1 and isinstance(nodes[0], ast.List | ast.Tuple):
            nodes = nodes[0].elts
        values = [self.value(node) for node in nodes]
        match name, values:
            case "sum", _:
                total = Decimal(0)
                for value in values:
                    total = _CONTEXT.add(total, value)
                return total
            case "min", [_, *_]:
                return min(values)
            case "max", [_, *_]:
                return max(values)
            case "abs", [value]:
                return _CONTEXT.abs(value)
            case "round", [value]:
                return _rounded(value, Decimal(0))
            case "round", [value, places]:
                return _rounded(value, places)
        raise UnusableInputError(
            f"expression: {name} with {len(values)} values is not known; there are {_FUNCTIONS}."
        )

    def _source(self, node: ast.AST) -> str:
        return (ast.get_source_segment(self._expression, node) or "it")[:80]


def _rounded(value: Decimal, places: Decimal) -> Decimal:
    """Half away from zero, as businesses round."""
    if places != places.to_integral_value() or abs(places) > MAX_PLACES:
        raise UnusableInputError(f"expression: round takes -{MAX_PLACES} to {MAX_PLACES} places.")
    rounded: Decimal = value.quantize(Decimal((0, (1,), -int(places))), context=_CONTEXT)
    return rounded


def _plain(value: Decimal) -> str:
    return f"{value:f}" if abs(value.adjusted()) <= 30 else str(value)
