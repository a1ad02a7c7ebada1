"""Paths, credentials and error bodies of the execute dialect."""

from __future__ import annotations

from fastapi import APIRouter, Security
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict

from signoff.api.dialects import Dialect
from signoff.api.problems import ApiError, FieldProblem
from signoff.api.strict_json import StrictRoute
from signoff.settings import MIB

MAX_JSON_BYTES = 32 * MIB
"""A body is read as a whole: larger files are named by URL."""

_bearer = HTTPBearer(scheme_name="Bearer", auto_error=False, description="The token.")


class Refusal(BaseModel):
    """Why a request was refused."""

    model_config = ConfigDict(
        title="ExecuteRefusal", json_schema_extra={"example": {"detail": "Agent not found"}}
    )

    detail: str


def render(error: ApiError) -> tuple[int, object]:
    """A refused request in this dialect's words; it knows 422 for what is too large, too."""
    if error.status_code not in (413, 422):
        return error.status_code, {"detail": error.message}
    problems = error.problems or (FieldProblem(("body",), error.message),)
    return 422, {
        "detail": [
            {"loc": list(problem.location), "msg": problem.message, "type": problem.kind}
            for problem in problems
        ]
    }


DIALECT = Dialect(
    name="execute",
    prefixes=("/api/v1/ai/agents",),
    schemes=("bearer", "token"),
    challenges=('Bearer realm="signoff"',),
    render=render,
    max_json_bytes=MAX_JSON_BYTES,
)


def new_router() -> APIRouter:
    """A router whose endpoints have this dialect's credentials and answers."""
    return APIRouter(
        tags=["execute"],
        route_class=StrictRoute,
        dependencies=[Security(_bearer)],
        responses={401: {"model": Refusal, "description": "No valid token"}},
    )
