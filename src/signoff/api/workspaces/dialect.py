"""Paths, credentials and error bodies of the workspaces dialect."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Security
from fastapi.security import APIKeyHeader, HTTPBearer

from signoff.api.dialects import Dialect
from signoff.api.fastapi_errors import Refusal, render
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

DIALECT = Dialect(
    name="workspaces",
    prefixes=PREFIXES,
    schemes=("bearer", "basic"),
    challenges=('Bearer realm="signoff"', 'Basic realm="signoff", charset="UTF-8"'),
    render=render,
    components={UPLOAD: _UPLOAD},
    renamed=RENAMED,
)


def new_router(tag: str) -> APIRouter:
    """A router whose endpoints have this dialect's credentials and answers."""
    return APIRouter(
        tags=[tag],
        route_class=StrictRoute,
        dependencies=[Security(_bearer), Depends(_basic)],
        responses={401: {"model": Refusal, "description": "No valid token"}},
    )
