"""Paths, credentials and error bodies of the agentic dialect."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Security
from fastapi.security import APIKeyHeader
from pydantic import BaseModel, RootModel

from signoff.api.agentic.examples import EXAMPLES
from signoff.api.agentic.schemas import FORM, START, StartExecution, StartForm
from signoff.api.dialects import Dialect
from signoff.api.fastapi_errors import UNPROCESSABLE
from signoff.api.problems import ApiError

NOT_FOUND = "Not found."

_token = APIKeyHeader(
    name="Authorization",
    scheme_name="Token",
    auto_error=False,
    description="`Token` and the token.",
)

Number = Annotated[int, Path()]


class Detail(BaseModel):
    """Why a request was refused."""

    detail: str


class FieldErrors(RootModel[dict[str, list[str]]]):
    """What is wrong with each field."""


def render(error: ApiError) -> tuple[int, object]:
    """A refused request as Django's REST framework words it.

    It knows 400 for whatever is wrong with a request, and 404 for a number that is none.
    """
    locations = [problem.location for problem in error.problems]
    if any(location[:1] == ("path",) for location in locations):
        return 404, {"detail": NOT_FOUND}
    if any(location == ("query", "page") for location in locations):
        return 404, {"detail": "Invalid page."}
    if error.status_code not in (413, 422):
        return error.status_code, {"detail": error.message}
    fields: dict[str, list[str]] = {}
    for problem in error.problems:
        if len(problem.location) < 2:
            return 400, {"detail": problem.message}
        fields.setdefault(str(problem.location[1]), []).append(problem.message)
    return 400, fields or {"detail": error.message}


DIALECT = Dialect(
    name="agentic",
    prefixes=("/api/agents", "/api/agentic-executions", "/media/conversations"),
    schemes=("token",),
    challenges=('Token realm="signoff"',),
    render=render,
    refusal=Detail.__name__,
    components={
        START: StartExecution.model_json_schema(),
        FORM: StartForm.model_json_schema(),
    },
    examples=EXAMPLES,
    never=("422",),
)

MISSING: dict[int | str, dict[str, Any]] = {404: {"model": Detail, "description": "Not found"}}
INVALID: dict[int | str, dict[str, Any]] = {
    400: {"model": FieldErrors | Detail, "description": "Not valid"}
}


def new_router() -> APIRouter:
    """A router whose endpoints have this dialect's credentials and answers."""
    return APIRouter(
        tags=["agentic-executions"],
        dependencies=[Security(_token)],
        responses={
            401: {"model": Detail, "description": "No valid token"},
            # never answered, and left out of the description: without it FastAPI adds its own
            **UNPROCESSABLE,
        },
    )
