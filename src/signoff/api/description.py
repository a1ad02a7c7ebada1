"""``/openapi.json``: what FastAPI gathers, and what only a dialect's document knows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from signoff.api.dialects import Dialect, dialect_of

REFERENCE = "#/components/schemas/"


def describe(app: FastAPI, dialects: Sequence[Dialect]) -> None:
    """Have the application describe itself in the words of its dialects' documents."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = get_openapi(
                title=app.title, version=app.version, summary=app.summary, routes=app.routes
            )
            for dialect in dialects:
                found["components"]["schemas"].update(dialect.components)
                found = _renamed(found, dialect)
                _leave_out_answers(found, dialect)
                for name, example in dialect.examples.items():
                    found["components"]["schemas"][name]["example"] = example
            _add_answers_of_limits(found, dialects)
            app.openapi_schema = found
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _renamed(description: dict[str, Any], dialect: Dialect) -> dict[str, Any]:
    text = json.dumps(description)
    for ours, theirs in dialect.renamed.items():
        text = text.replace(f'"{REFERENCE}{ours}"', f'"{REFERENCE}{theirs}"')
    renamed: dict[str, Any] = json.loads(text)
    schemas = renamed["components"]["schemas"]
    for ours, theirs in dialect.renamed.items():
        schemas[theirs] = schemas.pop(ours)
    return renamed


def _leave_out_answers(description: dict[str, Any], dialect: Dialect) -> None:
    for path, operations in description["paths"].items():
        if dialect.covers(path):
            for operation in operations.values():
                for status in dialect.never:
                    operation["responses"].pop(status, None)


def _add_answers_of_limits(description: dict[str, Any], dialects: Sequence[Dialect]) -> None:
    """What may be answered before any endpoint is asked (:mod:`signoff.api.limits`)."""
    for path, operations in description["paths"].items():
        schema = {"$ref": f"{REFERENCE}{dialect_of(path, dialects).refusal}"}
        for operation in operations.values():
            answers = {"431": "Too many headers, or too large ones"}
            if "requestBody" in operation:
                answers["408"] = "The body came too slowly"
            for status, meaning in answers.items():
                content = {"application/json": {"schema": schema}}
                operation["responses"][status] = {"description": meaning, "content": content}
