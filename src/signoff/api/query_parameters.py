"""Query parameters that count once: of one given twice nobody would know which is meant."""

from __future__ import annotations

from typing import Any

from fastapi import Depends, Request

from signoff.api.problems import ApiError, FieldProblem


def given_once(*names: str) -> Any:
    """For an endpoint's ``dependencies``: refuse these parameters when they come twice."""

    def check(request: Request) -> None:
        given = [name for name, _ in request.query_params.multi_items()]
        message = "Give it once."
        problems = [
            FieldProblem(("query", name), message) for name in names if given.count(name) > 1
        ]
        if problems:
            raise ApiError(422, message, problems=problems)

    return Depends(check)
