"""Error bodies as FastAPI has them, for the dialects whose documents came from it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from signoff.api.problems import ApiError, FieldProblem


class ValidationError(BaseModel):
    """One thing that is wrong with a request, and where."""

    location: list[str | int] = Field(alias="loc", title="Location")
    message: str = Field(alias="msg", title="Message")
    kind: str = Field(alias="type", title="Error Type")


class HTTPValidationError(BaseModel):
    """Everything that is wrong with a request."""

    detail: list[ValidationError] = Field(default_factory=list)


class Refusal(BaseModel):
    """Why a request was refused."""

    detail: str


UNPROCESSABLE: dict[int | str, dict[str, Any]] = {
    422: {"model": HTTPValidationError, "description": "Validation Error"}
}


def render(error: ApiError) -> tuple[int, object]:
    """A refused request in FastAPI's words, which know 422 for what is too large, too."""
    if error.status_code not in (413, 422):
        return error.status_code, {"detail": error.message}
    problems = error.problems or (FieldProblem(("body",), error.message),)
    return 422, {
        "detail": [
            {"loc": list(problem.location), "msg": problem.message, "type": problem.kind}
            for problem in problems
        ]
    }
