"""What the API says of its agentic and execute dialects, held against their documents."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from signoff.api.app import create_app

SPECS = Path(__file__).parents[3] / "shared" / "specs"
OURS: dict[str, Any] = create_app().openapi()
EXECUTE = "/api/v1/ai/agents/instances/{instance_id}/execute"
TYPES = {"string", "integer", "number", "boolean", "object"}


def document(name: str) -> str:
    page = SPECS / name
    if not page.exists():
        pytest.skip(f"../shared/specs/{name} is not here")
    return page.read_text()


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = OURS["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def answer(path: str, method: str, code: str) -> dict[str, Any]:
    content = OURS["paths"][path][method]["responses"][code]["content"]
    return resolved(content["application/json"]["schema"])


# -- the execute dialect: a page of names, each with `required` and its type below it --------------


def table(lines: list[str]) -> dict[str, tuple[bool, bool, str, str]]:
    """Each field of a page: whether it is required, whether it may be null, type and format."""
    found = {}
    for at, name in enumerate(lines):
        if not re.fullmatch(r"[a-z_-]+", name) or name in TYPES | {"required"}:
            continue
        rest = lines[at + 1 :]
        required = rest[:1] == ["required"]
        for line in rest[required : required + 5]:
            kind, _, more = line.partition(" ")
            if kind in TYPES or line.startswith("Array"):
                null = "Any of:" in rest[: required + 2]
                found[name] = (required, null, kind, more.removeprefix("format: "))
                break
    return found


def shape(schema: dict[str, Any]) -> tuple[bool, str, str]:
    """Whether a field may be null, its type, its format."""
    schema = resolved(schema)
    options = schema.get("anyOf", [schema])
    kinds = [resolved(option) for option in options if option.get("type") != "null"]
    [kind] = kinds
    name = "Array" if kind["type"] == "array" else kind["type"]
    return len(options) > len(kinds), name, kind.get("format", "")


def test_every_parameter_and_field_of_the_execute_document_is_there() -> None:
    page = [line.strip() for line in document("execute-agent.md").splitlines() if line.strip()]
    inputs = table(page[page.index("instance_id") : page.index("Input Data")])
    ours = {entry["name"]: entry for entry in OURS["paths"][EXECUTE]["post"]["parameters"]}
    for name, (required, null, kind, _) in inputs.items():
        assert ours[name]["required"] == required, name
        assert shape(ours[name]["schema"]) == (null, kind, ""), name
    assert inputs.keys() == {
        "instance_id",
        "context_type",
        "context_id",
        "async_execution",
        "x-tenant-id",
    }
    begin, end = page.index("AgentExecutionResponse"), page.index("Validation Error")
    fields = table(page[begin:end])
    response = answer(EXECUTE, "post", "200")
    turn = resolved(response["properties"]["iterations"]["items"])
    assert len(fields) == 30
    of_a_turn = 0
    for name, (required, null, kind, form) in fields.items():
        assert required
        found = [schema for schema in (response, turn) if name in schema["properties"]]
        assert found, name
        assert name in found[0]["required"], name
        theirs = (null, kind.partition("<")[0], form)
        assert {shape(schema["properties"][name]) for schema in found} == {theirs}, name
        of_a_turn += found[0] is turn
    assert of_a_turn == 6  # iteration, thought, action, action_input, observation, timestamp


@pytest.mark.parametrize("name", ["ExecutionTriggerEnum", "ExecutionStatusEnum"])
def test_the_execute_documents_enums_are_ours(name: str) -> None:
    text = document("execute-agent.md")
    [values] = re.findall(rf"{name}.*?Allowed values: ([a-z ]+)", text, re.S)
    assert OURS["components"]["schemas"][name]["enum"] == values.split()


def test_the_execute_dialects_422_is_the_documents() -> None:
    document("execute-agent.md")
    error = answer(EXECUTE, "post", "422")
    assert error["title"] == "HTTPValidationError"
    entry = resolved(error["properties"]["detail"]["items"])
    assert set(entry["required"]) == {"loc", "msg", "type"}


# -- the agentic dialect: a page of requests, and of answers as JSON ------------------------------


def examples(page: str) -> list[Any]:
    """All JSON in the page, in its order."""
    decoder, found, at = json.JSONDecoder(), [], 0
    while match := re.compile(r"^[\[{]$", re.M).search(page, at):
        value, at = decoder.raw_decode(page, match.start())
        found.append(value)
    return found


def test_every_path_of_the_agentic_document_is_there() -> None:
    page = document("enthusiast-agentic-executions.md")
    paths = set(re.findall(r"^(GET|POST) (\S+)$", page, re.M))
    assert len(paths) == 4
    for method, path in paths:
        assert method.lower() in OURS["paths"][path], path
        operation = OURS["paths"][path][method.lower()]
        assert "422" not in operation["responses"]
        assert operation["security"] == [{"Token": []}]
    names = {
        entry["name"] for entry in OURS["paths"]["/api/agentic-executions/"]["get"]["parameters"]
    }
    assert {"agent_id", "status", "dataset_id", "page"} == names


@pytest.mark.parametrize(
    ("name", "value"), [("status", "failed"), ("agent_id", 7), ("dataset_id", 7)]
)
def test_a_filter_may_be_left_empty_and_the_description_says_so(name: str, value: object) -> None:
    parameters = OURS["paths"]["/api/agentic-executions/"]["get"]["parameters"]
    [schema] = [entry["schema"] for entry in parameters if entry["name"] == name]
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid(value)
    assert validator.is_valid("")
    assert not validator.is_valid("other")


def test_the_agentic_documents_own_answers_meet_our_schemas_and_have_their_fields() -> None:
    definitions, body, *executions = examples(document("enthusiast-agentic-executions.md"))
    assert len(executions) == 4
    schemas = OURS["components"]["schemas"]
    rules = {"components": OURS["components"]}
    validate = jsonschema.Draft202012Validator
    reference = {"$ref": "#/components/schemas/ExecutionDefinition"}
    validate(reference | rules).validate(definitions[0])
    assert set(schemas["ExecutionDefinition"]["required"]) == set(definitions[0])
    validate({"$ref": "#/components/schemas/StartAgenticExecution"} | rules).validate(body)
    for execution in executions:
        validate({"$ref": "#/components/schemas/AgenticExecution"} | rules).validate(execution)
        assert set(schemas["AgenticExecution"]["required"]) == set(execution)
        assert set(schemas["ExecutionFile"]["required"]) == set(execution["files"][0])
    post = OURS["paths"]["/api/agents/{agent_id}/agentic-executions/"]["post"]
    assert {"202", "400", "401", "404"} <= post["responses"].keys()
    assert post["requestBody"]["content"].keys() == {"application/json", "multipart/form-data"}


# -- both -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["AgenticExecution", "AgenticExecutionPage", "ExecutionDefinition", "AgentExecutionResponse"],
)
def test_our_own_examples_meet_their_schemas(name: str) -> None:
    schema = OURS["components"]["schemas"][name]
    rules = {"$ref": f"#/components/schemas/{name}", "components": OURS["components"]}
    jsonschema.Draft202012Validator(rules).validate(schema["example"])


def test_each_operation_has_a_name_of_its_own() -> None:
    names = [
        operation["operationId"]
        for operations in OURS["paths"].values()
        for operation in operations.values()
    ]
    assert len(names) == len(set(names))
