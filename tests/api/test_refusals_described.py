"""What the server itself refuses, before any endpoint, is in every operation's description."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from support.api_server import ApiServer

from signoff.api.app import create_app

DESCRIPTION: dict[str, Any] = create_app().openapi()
OPERATIONS = [
    (method, path, operation)
    for path, operations in DESCRIPTION["paths"].items()
    for method, operation in operations.items()
]


def check(path: str, method: str, status: int, body: object) -> None:
    """Fail unless the description of this answer allows ``body``."""
    answer = DESCRIPTION["paths"][path][method]["responses"][str(status)]
    schema = answer["content"]["application/json"]["schema"]
    jsonschema.Draft202012Validator(schema | {"components": DESCRIPTION["components"]}).validate(
        body
    )


def test_too_large_a_head_and_too_slow_a_body_are_answers_of_every_operation() -> None:
    for method, path, operation in OPERATIONS:
        assert "431" in operation["responses"], (method, path)
        assert ("408" in operation["responses"]) == ("requestBody" in operation), (method, path)


@pytest.mark.parametrize(
    ("path", "scheme"),
    [
        ("/healthz", "Bearer"),
        ("/api/v1/agents", "Bearer"),
        ("/api/agentic-executions/", "Token"),
    ],
)
def test_a_head_that_is_refused_is_answered_as_described(
    api: ApiServer, path: str, scheme: str
) -> None:
    headers = {f"X-{number}": "x" for number in range(101)}
    answer = api.call("GET", path, authorization=f"{scheme} {api.token}", headers=headers)
    assert answer.status_code == 431
    check(path, "get", 431, answer.json())
