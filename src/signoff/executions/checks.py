"""Checks: rules that data must meet beyond its schema, as an agent declares them.

What they say of data is found out by :mod:`signoff.extraction.checks`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from signoff.executions.data_paths import DataPath, lists_on, path_parts
from signoff.executions.equations import check_equation, parse_equation
from signoff.executions.expressions import compile_expression, expression_paths
from signoff.executions.numbers import find_number_format

MAX_CHECKS = 100


class OnFailure(StrEnum):
    """What a failed check leads to."""

    RETRY = "retry"  # goes back to the model
    REJECT = "reject"  # ends the extraction with ``validation_failed``
    FLAG = "flag"  # lowers confidence and is shown to the reviewer


class _Check(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: str = Field(min_length=1, max_length=100, description="Unique in the agent.")
    message: str | None = Field(
        default=None,
        min_length=1,
        max_length=500,
        description="What to tell the model and the reviewer; what was found is added to it.",
    )
    on_failure: OnFailure = OnFailure.RETRY


_Fields = Annotated[list[DataPath], Field(min_length=1, max_length=100)]


class EquationCheck(_Check):
    """Arithmetic over the data holds, within ``tolerance``.

    Without a tolerance as much is tolerated as rounding to cents explains: 0.01, more for many
    rows.
    """

    type: Literal["equation"] = "equation"
    equation: str = Field(description="For example: sum(lines.amount) == total_net")
    tolerance: float | None = Field(default=None, ge=0, allow_inf_nan=False)

    @field_validator("equation")
    @classmethod
    def _parsed(cls, text: str) -> str:
        parse_equation(text)
        return text


class DateOrderCheck(_Check):
    """Dates follow each other: none is earlier than one before it. Absent ones are left out."""

    type: Literal["date_order"] = "date_order"
    fields: Annotated[list[DataPath], Field(min_length=2, max_length=20)]


class OneOfCheck(_Check):
    """Each value is one of a list."""

    type: Literal["one_of"] = "one_of"
    fields: _Fields
    values: list[str | bool | int | float] = Field(min_length=1, max_length=10_000)
    ignore_case: bool = False


class FormatCheck(_Check):
    """Each value is a valid number of one of the formats: check digits, length, structure.

    A format is a module of python-stdnum: ``iban``, ``eu.vat``, ``de.vat``, ``isbn``, ``luhn``.
    """

    type: Literal["format"] = "format"
    fields: _Fields
    formats: list[str] = Field(min_length=1, max_length=20)

    @field_validator("formats")
    @classmethod
    def _known(cls, formats: list[str]) -> list[str]:
        for name in formats:
            find_number_format(name)
        return formats


class ExpressionCheck(_Check):
    """An expression in CEL (Common Expression Language) over ``data`` is true.

    ``fields`` says which values it is about, where that is not what it names.
    """

    type: Literal["expression"] = "expression"
    expression: str = Field(description="For example: !has(data.iban) || has(data.bic)")
    fields: list[DataPath] = Field(default_factory=list, max_length=100)

    @field_validator("expression")
    @classmethod
    def _compiled(cls, text: str) -> str:
        compile_expression(text)
        return text


class CallableCheck(_Check):
    """A Python function ``f(data)`` of a module that the operator allows.

    It returns ``True`` or ``None`` when all is well, else ``False`` or what is wrong, in words.
    """

    type: Literal["callable"] = "callable"
    function: str = Field(description="For example: our_checks.known_supplier")
    fields: list[DataPath] = Field(default_factory=list, max_length=100)

    @field_validator("function")
    @classmethod
    def _dotted(cls, path: str) -> str:
        if not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)+", path) or len(path) > 200:
            raise ValueError("must be a dotted path to a function, such as our_checks.is_known")
        return path


class GroundedCheck(_Check):
    """The values stand in the documents; without ``fields``, all of them."""

    type: Literal["grounded"] = "grounded"
    fields: list[DataPath] = Field(default_factory=list, max_length=100)


Check = Annotated[
    EquationCheck
    | DateOrderCheck
    | OneOfCheck
    | FormatCheck
    | ExpressionCheck
    | CallableCheck
    | GroundedCheck,
    Field(discriminator="type"),
]


def check_problems(checks: Sequence[Check], schema: dict[str, Any] | None) -> Iterator[str]:
    """What is wrong with checks of data shaped by ``schema``, a line each, the field first."""
    if checks and schema is None:
        yield "checks: need a data_schema that says what the data is"
        return
    for name, count in Counter(check.name for check in checks).items():
        if count > 1:
            yield f"checks: the name {name!r} appears {count} times"
    for number, check in enumerate(checks):
        for field, message in _unknown_fields(check, schema):
            yield f"checks.{number}.{field}: {message}"


def _unknown_fields(check: Check, schema: Any) -> Iterator[tuple[str, str]]:
    try:
        if isinstance(check, EquationCheck):
            check_equation(parse_equation(check.equation), schema)
        if isinstance(check, ExpressionCheck):
            expression_paths(check.expression, schema)
    except ValueError as error:
        yield check.type, str(error)
    if isinstance(check, EquationCheck):
        return
    for number, path in enumerate(check.fields):
        try:
            lists_on(schema, path_parts(path))
        except ValueError as error:
            yield f"fields.{number}", str(error)
