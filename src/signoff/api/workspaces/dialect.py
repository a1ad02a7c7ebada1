"""Paths, credentials and error bodies of the workspaces dialect."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Security
from fastapi.security import APIKeyHeader, HTTPBearer
from pydantic import BaseModel, Field

from signoff.api.dialects import Dialect
from signoff.api.problems import ApiError, FieldProblem
from signoff.api.strict_json import StrictRoute
from signoff.api.workspaces.schemas import RENAMED
from signoff.documents.validation import MEDIA_TYPES

PREFIXES = ("/api/v1/agent-executions", "/api/v1/agents")

UPLOAD = "Body_create_agent_execution_api_v1_agent_executions_post"
FILES = "input_files"
_UPLOAD = {
    "title": UPLOAD,
    "type": "object",
    "required": [FILES],
    "properties": {
        FILES: {
            "title": "Input Files",
            "type": "array",
            "minItems": 1,
            "items": {"type": "string", "format": "binary"},
            "description": f"Files to extract data from: {', '.join(MEDIA_TYPES)}; at most 100 MiB"
            " together. Of an .eml the texts and the supported attachments are read.",
        }
    },
}

_bearer = HTTPBearer(scheme_name="Bearer", auto_error=False, description="The token.")
_basic = APIKeyHeader(
    name="Authorization",
    scheme_name="Basic",
    auto_error=False,
    description="`Basic` and, in base64, the token alone or as the password of any user.",
)


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
    name="workspaces",
    prefixes=PREFIXES,
    schemes=("bearer", "basic"),
    challenges=('Bearer realm="signoff"', 'Basic realm="signoff", charset="UTF-8"'),
    render=render,
    components={UPLOAD: _UPLOAD},
    renamed=RENAMED,
)

UNPROCESSABLE: dict[int | str, dict[str, Any]] = {
    422: {"model": HTTPValidationError, "description": "Validation Error"}
}


def new_router(tag: str) -> APIRouter:
    """A router whose endpoints have this dialect's credentials and answers."""
    return APIRouter(
        tags=[tag],
        route_class=StrictRoute,
        dependencies=[Security(_bearer), Depends(_basic)],
        responses={401: {"model": Refusal, "description": "No valid token"}},
    )
