"""The workspaces dialect's description, held against the API's own documents."""

from __future__ import annotations

import pytest
from support.openapi import differences, specification

from signoff.api.app import create_app

DOCUMENTS = (
    "askui-create-agent-execution.md",
    "askui-list-agent-executions.md",
    "askui-update-agent-execution.md",
)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_parameter_schema_and_answer_of_the_document_is_there(document: str) -> None:
    theirs, ours = specification(document), create_app().openapi()
    assert differences(theirs, ours) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_schema_of_the_document_bears_its_name(document: str) -> None:
    theirs, ours = specification(document), create_app().openapi()
    missing = theirs["components"]["schemas"].keys() - ours["components"]["schemas"].keys()
    assert missing == set()
    schemes = ours["components"]["securitySchemes"]
    for name, scheme in theirs["components"]["securitySchemes"].items():
        assert scheme.items() <= schemes[name].items()
