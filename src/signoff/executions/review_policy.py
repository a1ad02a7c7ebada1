"""Who signs off: a person, or the policy that an agent declares."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from signoff.executions.data_paths import DataPath, lists_on, path_parts

PLAIN, CONDITIONAL = "<true or false>", "<conditions>"
"""What Pydantic calls the two kinds of ``auto_confirm``; no user ever wrote these."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _as_path(value: Any) -> Any:
    """``total`` is short for ``/total``."""
    return f"/{value}" if isinstance(value, str) and value and value[0] != "/" else value


def _as_share(value: Any) -> Any:
    """``5%`` is 0.05."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*%\s*", value)
    if match is None:
        raise ValueError("must be a share such as 5% or 0.05")
    return float(match[1]) / 100


def _as_checks(value: Any) -> Any:
    if value != "all" and not isinstance(value, list):
        raise ValueError("must be all, or a list of the names of checks")
    return value


FieldPath = Annotated[DataPath, BeforeValidator(_as_path)]
Share = Annotated[
    float,
    BeforeValidator(_as_share),
    Field(ge=0, le=1, allow_inf_nan=False),
]


class Conditions(_Strict):
    """What must hold for the policy to sign off.

    Attributes:
        min_confidence: what each value that counts must reach.
        fields: the values that count, as paths: ``total``, ``/seller/name``, ``/lines/*/amount``;
            each must be there. Empty: every value that was read.
        checks: that none may have failed, those that only flag included; or the names of those
            that may not.
    """

    min_confidence: float = Field(default=0.97, ge=0, le=1, allow_inf_nan=False)
    fields: list[FieldPath] = Field(default_factory=list, max_length=200)
    checks: Annotated[Literal["all"] | list[str], BeforeValidator(_as_checks)] = "all"


class ConditionalSignOff(_Strict):
    """Sign off when the conditions hold."""

    when: Conditions


def _kind(value: Any) -> str:
    return CONDITIONAL if isinstance(value, dict | ConditionalSignOff) else PLAIN


AutoConfirm = Annotated[
    Annotated[bool, Tag(PLAIN)] | Annotated[ConditionalSignOff, Tag(CONDITIONAL)],
    Discriminator(_kind),
]


class ReviewPolicy(_Strict):
    """Who signs off: a person, or (``auto_confirm``) the policy.

    ``true`` signs off anything, unconditionally; ``{when: {...}}`` what meets the conditions.
    ``sample`` is the share of executions that a person reviews all the same, so that it stays
    known how often the policy is right.
    """

    auto_confirm: AutoConfirm = False
    sample: Share = 0.0

    @property
    def conditions(self) -> Conditions | None:
        """The conditions, if it depends on any."""
        return self.auto_confirm.when if isinstance(self.auto_confirm, ConditionalSignOff) else None

    def check_against(self, schema: Any, check_names: set[str]) -> None:
        """Hold the fields and checks named against what the agent has.

        Raises:
            ValueError: there is no such field or check.
        """
        conditions = self.conditions
        if conditions is None:
            return
        where = "review.auto_confirm.when"
        for path in conditions.fields if schema is not None else ():
            try:
                lists_on(schema, path_parts(path))
            except ValueError as error:
                raise ValueError(f"{where}.fields: {error}") from error
        for name in conditions.checks if isinstance(conditions.checks, list) else ():
            if name not in check_names:
                known = ", ".join(sorted(check_names)) or "none"
                raise ValueError(f"{where}.checks: there is no check {name!r}; known: {known}")
