"""Data held against an agent's schema: the one validation that model, form and API share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jsonschema.exceptions import ValidationError, relevance
from jsonschema.validators import Draft202012Validator

from signoff.executions.agents import JsonObject

MAX_MESSAGE = 300


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: ``pointer`` is a JSON pointer, empty for the whole."""

    pointer: str
    message: str

    def __str__(self) -> str:
        return f"{self.pointer or 'data'}: {self.message}"


def json_pointer(path: Iterable[str | int]) -> str:
    """The JSON pointer (RFC 6901) to ``path``."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def find_problems(schema: JsonObject, data: object) -> list[Problem]:
    """All places where ``data`` does not meet ``schema``, in document order; empty if it does.

    Formats (date, email, ...) are asserted, and an empty object is a problem: extracted and
    confirmed data is never empty.
    """
    if data == {}:
        return [Problem("", "is empty; at least one value is needed")]
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    errors = sorted(validator.iter_errors(data), key=lambda error: list(map(str, error.path)))
    return [_problem(error) for error in errors]


def _problem(error: ValidationError) -> Problem:
    # "is not valid under any of the given schemas" helps nobody: name the likeliest branch.
    # jsonschema's best_match would do, but it drops the siblings of the error it descends from.
    while error.context and error.validator in ("anyOf", "oneOf"):
        deepest = max(error.context, key=relevance)
        if deepest.validator == "type" and deepest.instance is not None:
            typed = [e for e in error.context if e.validator != "type"]
            deepest = max(typed, key=relevance, default=deepest)
        error = deepest
    message = error.message
    if error.validator == "format":
        message = f"{error.instance!r} is not a valid {error.validator_value}"
    if len(message) > MAX_MESSAGE:
        message = message[: MAX_MESSAGE - 1] + "…"
    return Problem(json_pointer(error.absolute_path), message)
