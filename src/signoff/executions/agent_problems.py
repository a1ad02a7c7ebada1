"""Pydantic's errors about an agent, in the words of the file that the user wrote."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from signoff.executions.agents import AGENT_NAME_PATTERN, Agent
from signoff.executions.review_policy import CONDITIONAL, PLAIN

_PATTERNS = {
    AGENT_NAME_PATTERN: (
        "takes letters, digits, spaces and - _ . +, at most 64, with a letter or digit at both ends"
    ),
    r"^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$": (
        "takes small letters, digits and hyphens, at most 64, with a letter or digit at both ends"
    ),
    r"^[^@\s]+@[^@\s]+$": "must be a mail address such as orders@example.com",
}


def describe_problems(error: ValidationError, data: object) -> Iterator[str]:
    """One line per problem: the field's path in ``data``, and what is wrong or would be right.

    No line repeats a value of ``data``: it may be a secret.
    """
    for problem in error.errors(include_url=False, include_input=False):
        loc = problem["loc"]
        if loc[0:1] in (("destinations",), ("checks",)) and len(loc) > 2:
            # Pydantic puts the discriminator's value into the path; the user wrote no such level.
            loc = loc[:2] + loc[3:]
        loc = tuple(part for part in loc if part not in (PLAIN, CONDITIONAL))
        path, message = _describe(problem, loc, data)
        field = ".".join(str(part) for part in path)
        yield from [f"{field}: {message}"] if field else message.splitlines()


def _describe(
    problem: ErrorDetails, loc: tuple[int | str, ...], data: object
) -> tuple[tuple[int | str, ...], str]:
    context: dict[str, Any] = problem.get("ctx", {})
    match problem["type"]:
        case "missing":
            return loc, "is missing"
        case "extra_forbidden":
            return loc, f"is no known field; {_suggestion(loc, data)}"
        case "union_tag_invalid":
            return (*loc, "type"), f"must be one of {context['expected_tags']}"
        case "union_tag_not_found":
            tags = sorted(field.default for field in _tag_fields(Agent, str(loc[0])))
            return (*loc, "type"), f"is missing; write one of {', '.join(tags)}"
        case "string_pattern_mismatch" if context.get("pattern") in _PATTERNS:
            return loc, _PATTERNS[context["pattern"]]
    return loc, problem["msg"].removeprefix("Value error, ")


def _suggestion(loc: tuple[int | str, ...], data: object) -> str:
    known = sorted({name for model in _models_at(loc[:-1], data) for name in model.model_fields})
    close = get_close_matches(str(loc[-1]).lower().replace("-", "_"), known, n=1)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"


def _models_at(loc: tuple[int | str, ...], data: Any) -> list[type[BaseModel]]:
    """The models whose fields may stand at ``loc``; a discriminator in ``data`` chooses."""
    models: list[type[BaseModel]] = [Agent]
    for part in loc:
        data = data[part]
        if isinstance(part, str):
            fields = [model.model_fields[part] for model in models if part in model.model_fields]
            models = [model for field in fields for model in _models_in(field.annotation)]
    tag = data.get("type") if isinstance(data, dict) else None
    return [
        model
        for model in models
        if (field := model.model_fields.get("type")) is None or field.default == tag
    ]


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _tag_fields(model: type[BaseModel], field: str) -> Iterator[Any]:
    for choice in _models_in(model.model_fields[field].annotation):
        yield choice.model_fields["type"]
