"""``submit``: handing in data, which is held against the schema and then the checks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from signoff.errors import InvalidAgentError
from signoff.executions.agents import JsonObject
from signoff.executions.checks import Check, GroundedCheck, OnFailure
from signoff.executions.extractions import CheckResult, CheckStatus
from signoff.executions.validation import Problem, find_problems
from signoff.extraction.checks import run_checks
from signoff.extraction.evidence import Grounding

MAX_PROBLEMS_SHOWN = 20

REJECTED = "Rejected: "
"""How the observation of data begins that a check rejects without another try."""


@dataclass(frozen=True)
class Verdict:
    """What schema and checks say of submitted data."""

    problems: Sequence[Problem] = ()
    failed: Sequence[CheckResult] = ()

    @property
    def observation(self) -> str:
        """What the model is told; empty when the data passed, however many checks flag it."""
        if self.problems:
            return describe_problems(self.problems)
        if rejecting := self._failed(OnFailure.REJECT):
            return REJECTED + "\n".join(rejecting)
        return "\n".join(self._failed(OnFailure.RETRY))

    @property
    def rank(self) -> tuple[int, int]:
        """Problems, then failed checks: the less the better."""
        return len(self.problems), len(self.failed)

    def _failed(self, outcome: OnFailure) -> list[str]:
        return [
            f"- {result.name}: {result.message}"
            for result in self.failed
            if result.on_failure is outcome
        ]


class Submit:
    """Judges what is handed in."""

    def __init__(
        self,
        schema: JsonObject,
        checks: Sequence[Check] = (),
        *,
        grounding: Callable[[JsonObject], Grounding],
    ) -> None:
        """Judge by ``schema`` and ``checks``; ``grounding`` says where values stand."""
        self._schema, self._checks, self._grounding = schema, checks, grounding
        self._grounds = any(isinstance(check, GroundedCheck) for check in checks)

    def judge(self, data: JsonObject) -> Verdict:
        """Hold ``data`` against the schema, and against the checks where it meets that.

        Raises:
            InvalidAgentError: the schema cannot be applied to any data.
        """
        try:
            problems = find_problems(self._schema, data)
        except Exception as error:
            # a schema can be valid and yet not applicable: jsonschema lets through whatever a
            # bad regular expression, an unresolvable reference or a circle of references raises
            raise InvalidAgentError(
                f"The agent's data schema cannot be applied: {error}. Correct it in the agent."
            ) from error
        if not problems and not has_value(data):
            problems = [Problem("", "holds no value at all; at least one is needed")]
        if problems or not self._checks:
            return Verdict(problems)
        ungrounded: Sequence[str] = ()
        if self._grounds:
            ungrounded = self._grounding(data).ungrounded
        results = run_checks(self._checks, data, ungrounded=ungrounded)
        return Verdict(failed=[r for r in results if r.status is CheckStatus.FAILED])


def describe_problems(problems: Sequence[Problem]) -> str:
    """What is wrong with submitted data, as text a model can act on: one line per problem."""
    lines = [f"- {problem}" for problem in problems[:MAX_PROBLEMS_SHOWN]]
    if len(problems) > MAX_PROBLEMS_SHOWN:
        lines.append(f"- and {len(problems) - MAX_PROBLEMS_SHOWN} more problems like these")
    return "\n".join(lines)


def has_value(data: Any) -> bool:
    """Whether ``data`` holds anything at all besides null and empty text."""
    if isinstance(data, dict):
        return any(map(has_value, data.values()))
    if isinstance(data, list):
        return any(map(has_value, data))
    return data is not None and data != ""
