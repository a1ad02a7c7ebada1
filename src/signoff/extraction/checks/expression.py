"""Checks in CEL: evaluated in a child process with limits, since agents may come over HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from signoff.executions.checks import ExpressionCheck
from signoff.executions.data_paths import Found, find_values, path_parts
from signoff.executions.expressions import expression_paths
from signoff.extraction.checks.verdict import (
    UnusableCheckError,
    Verdict,
    failed,
    passed,
    shown,
    skipped,
)

SECONDS = 30.0

Evaluations = dict[str, dict[str, Any]]
"""What the child said of each expression: ``holds``, ``absent`` or ``error``."""


def evaluate(expressions: Sequence[str], data: Any) -> Evaluations:
    """Evaluate ``expressions`` over ``data``; those that did not end have an ``error``."""
    try:
        request = json.dumps({"data": data, "expressions": list(expressions)}, default=str)
    except (ValueError, RecursionError) as error:
        return {expression: {"error": f"the data: {error}"} for expression in expressions}
    child = Path(__file__).with_name("cel_child.py")
    try:
        # nobody but the child writes to it: no file of the working folder may be imported
        ended = subprocess.run(
            [sys.executable, "-I", str(child)],
            input=request.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
        output = ended.stdout
    except subprocess.TimeoutExpired as error:
        output = error.stdout or b""
    answers = [
        json.loads(line) for line in output.splitlines(keepends=True) if line.endswith(b"\n")
    ]
    unfinished = {"error": "it needs too much time or memory; walk long lists only once"}
    missing = len(expressions) - len(answers)
    return dict(zip(expressions, [*answers, *[unfinished] * missing], strict=True))


def check_expression(check: ExpressionCheck, data: Any, evaluations: Evaluations) -> Verdict:
    """Whether the expression is true.

    Raises:
        UnusableCheckError: it could not be evaluated, or gives neither true nor false.
    """
    answer = evaluations[check.expression]
    if "error" in answer:
        raise UnusableCheckError(answer["error"])
    paths = [path_parts(path) for path in check.fields] or expression_paths(check.expression, {})
    found = [value for path in paths for value in find_values(data, path)]
    # of a list and the fields of its rows, the fields
    present = [value for value in found if value.value is not None]
    scalars = [value for value in present if not isinstance(value.value, dict | list)]
    pointers = [value.pointer for value in scalars or present]
    if "absent" in answer:
        return skipped(f"the data has no {answer['absent']}", pointers)
    if answer["holds"]:
        return passed(pointers)
    values = _described(found)
    rule = "" if check.message else f"This must be true: {check.expression}"
    details = [part for part in (rule, values) if part]
    return failed(["; ".join(details)] if details else [], pointers)


def _described(found: Sequence[Found]) -> str:
    parts = [
        f"{value.pointer} is {'absent' if value.value is None else shown(value.value)}"
        for value in found
        if not isinstance(value.value, dict | list)
    ]
    return ", ".join(parts[:5]) + (", …" if len(parts) > 5 else "")
