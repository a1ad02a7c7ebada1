"""Equations of checks: arithmetic over the names of fields, written as in Python.

``sum(lines.amount) == total_net or total_net is absent`` is more than it can say:
numbers, fields, ``+ - * /``, comparisons, ``and``, ``or``, and a few functions. Nothing of it is
ever run as Python: the parsed tree is walked, and whatever is not on this list is refused.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from signoff.executions.data_paths import Parts, lists_on, path_parts

MAX_LENGTH = 500

FUNCTIONS = {
    "sum": "the values of all rows added up",
    "optional": "the value, or 0 where it is absent",
    "abs": "the value without its sign",
}

_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div)
_COMPARISONS = (ast.Eq, ast.LtE, ast.GtE, ast.Lt, ast.Gt)


@dataclass(frozen=True)
class Equation:
    """A parsed equation; ``tree`` holds only what this module's description names."""

    text: str
    tree: ast.expr

    def paths(self) -> list[Parts]:
        """The paths of all fields in it."""
        return [field_parts(node) for node in _fields(self.tree)]


@lru_cache(maxsize=1000)
def parse_equation(text: str) -> Equation:
    """Parse an equation.

    Raises:
        ValueError: it is none; the message says what is wrong and where.
    """
    if len(text) > MAX_LENGTH:
        raise ValueError(f"has {len(text)} characters; at most {MAX_LENGTH} are taken")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        hint = "; write == for equal" if "==" not in text and "=" in text else ""
        raise ValueError(f"cannot be read at character {error.offset}{hint}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"cannot be read: {error}") from error
    _check_condition(tree)
    if not any(_fields(tree)):
        raise ValueError("names no field")
    return Equation(text.strip(), tree)


def check_equation(equation: Equation, schema: Any) -> None:
    """Refuse fields that ``schema`` does not know, and rows of different lists side by side.

    Raises:
        ValueError: with the field's name.
    """
    for parts in equation.paths():
        lists_on(schema, parts)
    _rows(equation.tree, schema)


def field_parts(node: ast.expr) -> Parts:
    """The path of a field: ``lines.amount``, or a quoted JSON pointer."""
    match node:
        case ast.Constant(value=str() as pointer):
            return path_parts(pointer)
        case ast.Name(id=name):
            return (name,)
        case ast.Attribute(value=inner, attr=name):
            return (*field_parts(inner), name)
    raise ValueError(f"{ast.unparse(node)} is no field")


def is_field(node: ast.expr) -> bool:
    """Whether ``node`` is the name of a field."""
    match node:
        case ast.Attribute(value=inner):
            return is_field(inner) and not isinstance(inner, ast.Constant)
        case ast.Name() | ast.Constant(value=str()):
            return True
    return False


def _check_condition(node: ast.expr) -> None:
    match node:
        case ast.BoolOp(values=parts):
            for part in parts:
                _check_condition(part)
        case ast.Compare(left=left, ops=operators, comparators=others):
            for operator in operators:
                if not isinstance(operator, _COMPARISONS):
                    raise ValueError("compares with == <= >= < > only")
            for side in (left, *others):
                _check_number(side)
        case _:
            raise ValueError(
                f"{_shown(node)} is no comparison; write, for example,"
                " sum(lines.amount) == total_net"
            )


def _check_number(node: ast.expr) -> None:
    if is_field(node):
        field_parts(node)
        return
    match node:
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() | float()):
            return
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            return _check_number(operand)
        case ast.BinOp(left=left, op=operator, right=right) if isinstance(operator, _OPERATORS):
            _check_number(left)
            return _check_number(right)
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in FUNCTIONS:
            if name == "optional" and not is_field(argument):
                raise ValueError(f"{_shown(node)}: optional() takes one field")
            return _check_number(argument)
        case ast.Call():
            raise ValueError(
                f"{_shown(node)}: the functions are {', '.join(FUNCTIONS)}, each with one argument"
            )
    raise ValueError(f"{_shown(node)} is neither a number, a field nor arithmetic with + - * /")


def _fields(node: ast.expr) -> Iterator[ast.expr]:
    if is_field(node):
        yield node
        return
    children = node.args if isinstance(node, ast.Call) else ast.iter_child_nodes(node)
    for child in children:
        if isinstance(child, ast.expr):
            yield from _fields(child)


def _rows(node: ast.expr, schema: Any) -> tuple[str, ...]:
    """The lists over whose rows ``node`` runs."""
    if is_field(node):
        return lists_on(schema, field_parts(node))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "sum":
        _rows(node.args[0], schema)
        return ()
    children = node.args if isinstance(node, ast.Call) else ast.iter_child_nodes(node)
    longest: tuple[str, ...] = ()
    for child in children:
        if not isinstance(child, ast.expr):
            continue
        lists = _rows(child, schema)
        shared = min(len(lists), len(longest))
        if lists[:shared] != longest[:shared]:
            raise ValueError(
                f"{_shown(node)} puts rows of {longest[-1]} beside rows of {lists[-1]}; add them"
                " up with sum()"
            )
        longest = max(longest, lists, key=len)
    return longest


def _shown(node: ast.expr) -> str:
    text = ast.unparse(node)
    return repr(text if len(text) <= 60 else text[:59] + "…")
