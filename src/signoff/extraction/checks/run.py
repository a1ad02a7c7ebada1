"""All of an agent's checks, held against data."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence

from signoff.executions.agents import JsonObject
from signoff.executions.checks import (
    CallableCheck,
    Check,
    DateOrderCheck,
    EquationCheck,
    ExpressionCheck,
    FormatCheck,
    OneOfCheck,
    OnFailure,
)
from signoff.executions.extractions import CheckResult, CheckStatus
from signoff.extraction.checks.equation import check_equation
from signoff.extraction.checks.expression import Evaluations, check_expression, evaluate
from signoff.extraction.checks.function import check_function
from signoff.extraction.checks.values import (
    check_date_order,
    check_format,
    check_grounded,
    check_one_of,
)
from signoff.extraction.checks.verdict import UnusableCheckError, Verdict

logger = logging.getLogger(__name__)

MAX_MESSAGE = 1000
MAX_POINTERS = 1000


def run_checks(
    checks: Sequence[Check], data: JsonObject, *, ungrounded: Collection[str] = ()
) -> list[CheckResult]:
    """What each check says of ``data``, in the order of ``checks``; never raises.

    A check that cannot be run fails as a flag, whatever it says of failures: neither the model nor
    the data is to blame.

    Args:
        checks: the agent's.
        data: what was read.
        ungrounded: JSON pointers to the values that are nowhere in the documents.
    """
    expressions = [check.expression for check in checks if isinstance(check, ExpressionCheck)]
    evaluations = evaluate(expressions, data) if expressions else {}
    return [_result(check, data, ungrounded, evaluations) for check in checks]


def _result(
    check: Check, data: JsonObject, ungrounded: Collection[str], evaluations: Evaluations
) -> CheckResult:
    try:
        verdict = _verdict(check, data, ungrounded, evaluations)
    except Exception as error:
        if not isinstance(error, UnusableCheckError):
            logger.exception("The check %r failed to run", check.name)
        reason = f"{error}" or type(error).__name__
        return CheckResult(
            name=check.name,
            status=CheckStatus.FAILED,
            on_failure=OnFailure.FLAG,
            message=_cut(f"The check itself could not be run: {reason}"),
        )
    message = verdict.details
    if verdict.status is CheckStatus.FAILED:
        message = " ".join(part for part in (_own(check.message), verdict.details) if part)
    return CheckResult(
        name=check.name,
        status=verdict.status,
        on_failure=check.on_failure,
        message=_cut(message),
        pointers=list(verdict.pointers[:MAX_POINTERS]),
    )


def _verdict(
    check: Check, data: JsonObject, ungrounded: Collection[str], evaluations: Evaluations
) -> Verdict:
    match check:
        case EquationCheck():
            return check_equation(check, data)
        case DateOrderCheck():
            return check_date_order(check, data)
        case OneOfCheck():
            return check_one_of(check, data)
        case FormatCheck():
            return check_format(check, data)
        case ExpressionCheck():
            return check_expression(check, data, evaluations)
        case CallableCheck():
            return check_function(check, data)
        case _:
            return check_grounded(check, data, ungrounded)


def _own(message: str | None) -> str:
    """The agent's own message, as a sentence."""
    if not message:
        return ""
    message = message.strip()
    return message if message.endswith((".", "!", "?")) else f"{message}."


def _cut(message: str) -> str:
    return message if len(message) <= MAX_MESSAGE else message[: MAX_MESSAGE - 1] + "…"
