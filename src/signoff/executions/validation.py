"""Data held against an agent's schema: the one validation that model, form and API share."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from jsonschema import FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import Draft202012Validator, extend
from referencing import Registry
from referencing.exceptions import Unresolvable

from signoff.errors import InvalidAgentError
from signoff.executions.agents import JsonObject
from signoff.executions.numbers import STRING_FORMATS, find_number_format
from signoff.executions.pointers import json_pointer as json_pointer

MAX_MESSAGE = 300
MAX_DEPTH = 100


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: ``pointer`` is a JSON pointer, empty for the whole."""

    pointer: str
    message: str

    def __str__(self) -> str:
        return f"{self.pointer or 'data'}: {self.message}"


def find_problems(schema: JsonObject, data: object, *, may_be_empty: bool = False) -> list[Problem]:
    """All places where ``data`` does not meet ``schema``, in document order; empty if it does.

    Formats (date, email, ...) are asserted, and an empty object is a problem, unless it
    ``may_be_empty``: extracted and confirmed data is never empty, input data may be.

    Raises:
        InvalidAgentError: the schema, though valid, cannot be applied.
    """
    if data == {} and not may_be_empty:
        return [Problem("", "is empty; at least one value is needed")]
    if _depth(data) > MAX_DEPTH:
        return [Problem("", f"is nested deeper than {MAX_DEPTH} levels")]
    # with a registry of its own, an empty one, jsonschema never fetches what a $ref names
    validator = _Validator(schema, format_checker=_FORMATS, registry=Registry())
    try:
        not_json = [
            Problem(json_pointer(path), "is no number that JSON knows")
            for path in _not_finite(data, ())
        ]
        errors = sorted(
            validator.iter_errors(data), key=lambda error: _position(data, error.absolute_path)
        )
        problems = [problem for error in errors for problem in _problems(error)]
    except Unresolvable as error:
        raise InvalidAgentError(
            f"The agent's schema refers to {error.ref!r}, which is not in it."
        ) from error
    except re.error as error:
        raise InvalidAgentError(
            f"The agent's schema holds a pattern that cannot be used: {error}."
        ) from error
    except RecursionError as error:
        raise InvalidAgentError("The agent's schema refers to itself without end.") from error
    return list(dict.fromkeys(not_json + problems))


def _problems(error: ValidationError) -> Iterator[Problem]:
    # "is not valid under any of the given schemas" helps nobody: descend into what was meant.
    if error.validator not in ("anyOf", "oneOf") or not error.context:
        yield Problem(json_pointer(error.absolute_path), _message(error))
        return
    branches: dict[object, list[ValidationError]] = {}
    for inner in error.context:
        branches.setdefault(inner.schema_path[0], []).append(inner)
    meant = [branch for branch in branches.values() if not any(map(_is_of_other_type, branch))]
    if meant:
        for inner in min(meant, key=_distance):
            yield from _problems(inner)
        return
    types = [inner for branch in branches.values() for inner in branch if _is_of_other_type(inner)]
    names = dict.fromkeys(str(name) for inner in types for name in _list(inner.validator_value))
    message = f"{error.instance!r} is not of type {' or '.join(names)}"
    yield Problem(json_pointer(error.absolute_path), _short(message))


def _is_of_other_type(error: ValidationError) -> bool:
    """Whether the value as a whole is of another type than a branch of anyOf takes."""
    return error.validator == "type" and not error.relative_path


def _distance(branch: list[ValidationError]) -> tuple[bool, int]:
    # what tells the members of a union apart is a constant: a wrong one was not meant
    return any(error.validator == "const" for error in branch), len(branch)


def _message(error: ValidationError) -> str:
    if error.validator == "format":
        return _short(f"{error.instance!r} is not a valid {error.validator_value}")
    return _short(error.message)


def _short(message: str) -> str:
    return message if len(message) <= MAX_MESSAGE else message[: MAX_MESSAGE - 1] + "…"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _position(data: Any, path: Iterable[str | int]) -> list[int]:
    """Where in the document a path leads, as something to sort by."""
    position = []
    for part in path:
        position.append(list(data).index(part) if isinstance(data, dict) else int(part))
        data = data[part]
    return position


def _depth(value: object) -> int:
    """How many objects and lists lie inside each other; without recursion."""
    depth, level = 0, [value]
    while level := [entry for entry in level if isinstance(entry, dict | list)]:
        depth += 1
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return depth


def _not_finite(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, float) and not math.isfinite(value):
        yield path
    entries = enumerate(value) if isinstance(value, list) else ()
    for key, entry in value.items() if isinstance(value, dict) else entries:
        yield from _not_finite(entry, (*path, key))


def _multiple_of(
    validator: Any, divisor: float, instance: Any, schema: object
) -> Iterator[ValidationError]:
    # jsonschema divides floats: 19.99 would be no multiple of 0.01
    if not validator.is_type(instance, "number") or not math.isfinite(instance):
        return
    if (Fraction(str(instance)) / Fraction(str(divisor))).denominator != 1:
        yield ValidationError(f"{instance!r} is not a multiple of {divisor}")


def _is_email(value: object) -> bool:
    return not isinstance(value, str) or re.fullmatch(r"[^@\s]+@[^@\s]+", value) is not None


def _number_check(name: str) -> Callable[[object], bool]:
    is_valid = find_number_format(name)
    return lambda value: not isinstance(value, str) or is_valid(value)


_Validator = extend(Draft202012Validator, {"multipleOf": _multiple_of})  # type: ignore[no-untyped-call]
_FORMATS = FormatChecker(formats=())
_FORMATS.checkers = Draft202012Validator.FORMAT_CHECKER.checkers | {
    # jsonschema takes anything with an @ in it
    "email": (_is_email, ()),
    "idn-email": (_is_email, ()),
    **{name: (_number_check(stdnum), ()) for name, stdnum in STRING_FORMATS.items()},
}
