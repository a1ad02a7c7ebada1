"""Paths, credentials and error bodies of the execute dialect."""

from __future__ import annotations

from fastapi import APIRouter, Security
from fastapi.security import HTTPBearer

from signoff.api.dialects import Dialect
from signoff.api.execute.examples import EXAMPLES
from signoff.api.fastapi_errors import Refusal, render
from signoff.api.strict_json import StrictRoute
from signoff.settings import MIB

MAX_JSON_BYTES = 32 * MIB
"""A body is read as a whole: larger files are named by URL."""

_bearer = HTTPBearer(scheme_name="Bearer", auto_error=False, description="The token.")

DIALECT = Dialect(
    name="execute",
    prefixes=("/api/v1/ai/agents",),
    schemes=("bearer",),
    challenges=('Bearer realm="signoff"',),
    render=render,
    max_json_bytes=MAX_JSON_BYTES,
    examples=EXAMPLES,
)


def new_router() -> APIRouter:
    """A router whose endpoints have this dialect's credentials and answers."""
    return APIRouter(
        tags=["execute"],
        route_class=StrictRoute,
        dependencies=[Security(_bearer)],
        responses={401: {"model": Refusal, "description": "No valid token"}},
    )
