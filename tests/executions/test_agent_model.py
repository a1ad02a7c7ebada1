"""What an agent is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from signoff.executions.agents import (
    MAX_SCHEMA_BYTES,
    Agent,
    EmailTrigger,
    WebhookDestination,
    check_object_schema,
)


def schema(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties or {"a": {"type": "string"}}}


def problems(**definition: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        Agent.model_validate({"name": "invoice", **definition})
    return str(caught.value)


def padded(size: int) -> dict[str, Any]:
    """A schema of exactly ``size`` bytes."""
    empty = schema() | {"description": ""}
    return empty | {"description": "ü" + "x" * (size - len(json.dumps(empty)) - 2)}


def test_a_name_is_all_an_agent_needs() -> None:
    agent = Agent(name="invoice")
    assert agent.workspace == "default"
    assert agent.data_schema is None
    assert not agent.review.auto_confirm
    assert agent.file_uploads


@pytest.mark.parametrize("name", ["a", "Invoice 2.0", "a-b_c.d+e", "x" * 64])
def test_names_are_short_and_plain(name: str) -> None:
    assert Agent(name=name).name == name


@pytest.mark.parametrize(
    "name", ["", " a", "a ", "a/b", "../a", "a\n", "ä", "x" * 65, "-a", "a\x00"]
)
def test_other_names_are_refused(name: str) -> None:
    assert "name" in problems(name=name)


def test_a_schema_of_exactly_the_limit_is_taken_and_one_byte_more_is_not() -> None:
    check_object_schema(padded(MAX_SCHEMA_BYTES))
    with pytest.raises(ValueError, match="is 15,728,641 bytes; at most 15,728,640 are taken"):
        check_object_schema(padded(MAX_SCHEMA_BYTES + 1))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"properties": {"a": {}}}, 'needs "type": "object" at its root'),
        ({"type": "array", "items": {}}, 'needs "type": "object" at its root'),
        ({"type": "object"}, "needs at least one entry under properties"),
        ({"type": "object", "properties": {}}, "needs at least one entry under properties"),
        (schema(a={"type": "text"}), "at properties/a/type"),
        (schema(a={"type": "string", "pattern": "("}), "at properties/a/pattern"),
        (schema(a={"items": [{}]}), "at properties/a/items"),
        (schema(a={"properties": {"b": {"minimum": "1"}}}), "at properties/a/properties/b/minimum"),
        (schema() | {"required": "a"}, "at required"),
    ],
)
def test_a_wrong_schema_is_refused_at_its_place(wrong: dict[str, Any], message: str) -> None:
    assert message in problems(data_schema=wrong)
    with pytest.raises(ValueError, match="."):
        check_object_schema(wrong)


@pytest.mark.parametrize(
    "reference",
    [
        "#/$defs/lines",
        "#lines",
        "other.json",
        "https://example.com/line.json",
        "file:///etc/passwd",
    ],
)
def test_a_schema_that_refers_to_something_outside_itself_is_refused(reference: str) -> None:
    message = problems(data_schema=schema(lines={"items": {"$ref": reference}}))
    assert repr(reference) in message
    assert "$defs" in message


def test_a_schema_may_refer_to_its_own_parts_however_they_are_named() -> None:
    line = {"$anchor": "line", "$id": "https://example.com/line", "type": "object"}
    check_object_schema(
        schema(
            one={"$ref": "#/$defs/line"},
            two={"$ref": "https://example.com/line"},
            three={"$ref": "https://example.com/line#line"},
            tree={"$ref": "#"},
        )
        | {"$defs": {"line": line}}
    )


def test_a_property_may_be_called_like_a_keyword() -> None:
    named = {"$ref": {"type": "string"}, "properties": {"type": "object"}, "type": {}}
    check_object_schema({"type": "object", "properties": named})


def test_input_schemas_need_no_properties_but_must_be_objects() -> None:
    kind = {"key": "monthly", "name": "Monthly"}
    agent = Agent.model_validate({"name": "a", "execution_types": [kind]})
    assert agent.execution_types[0].input_schema == {"type": "object"}
    wrong = kind | {"input_schema": {"type": "string"}}
    message = problems(execution_types=[wrong])
    assert "execution_types.0.input_schema" in message


def test_execution_types_are_found_by_their_key_and_the_first_is_the_default() -> None:
    kinds = [{"key": "a", "name": "A"}, {"key": "b", "name": "B"}]
    agent = Agent.model_validate({"name": "x", "execution_types": kinds})
    assert [agent.execution_type(key) for key in (None, "a", "b")] == [
        agent.execution_types[0],
        agent.execution_types[0],
        agent.execution_types[1],
    ]
    with pytest.raises(KeyError):
        agent.execution_type("c")
    assert Agent(name="x").execution_type(None) is None


def test_a_key_used_twice_is_refused() -> None:
    kinds = [{"key": "a", "name": "A"}, {"key": "a", "name": "B"}]
    assert "the key 'a' appears twice" in problems(execution_types=kinds)


@pytest.mark.parametrize(
    "definition",
    [
        {"nmae": "x"},
        {"review": {"auto": True}},
        {"destinations": [{"type": "FTP", "url": "ftp://example.com"}]},
        {"destinations": [{"type": "WEBHOOK", "url": "not a url"}]},
        {"destinations": [{"type": "WEBHOOK", "url": "https://example.com", "secret": "whsec_%"}]},
        {
            "destinations": [
                {"type": "ASKUI_WORKFLOW", "host": "https://example.com", "workflows": []}
            ]
        },
        {"checks": [{"kind": "sum"}]},
        {"max_corrections": 21},
        {"failure_codes": {"x" * 65: "too long"}},
        {"email_trigger": {"address": "nobody"}},
    ],
)
def test_what_is_not_known_is_refused(definition: dict[str, Any]) -> None:
    assert str(next(iter(definition))) in problems(**definition)


def test_secrets_are_not_shown() -> None:
    destination = WebhookDestination.model_validate(
        {"url": "https://example.com", "secret": "whsec_c2VjcmV0", "headers": {"X": "hush"}}
    )
    shown = repr(destination) + destination.model_dump_json()
    assert "c2VjcmV0" not in shown
    assert "hush" not in shown


# -- mail -------------------------------------------------------------------------------------


def allows(sender: str, *allowed: str) -> bool:
    return EmailTrigger(address="in@example.com", allowed_senders=list(allowed)).allows(sender)


def test_an_empty_list_of_senders_allows_anyone() -> None:
    assert allows("anyone@anywhere.example")


def test_an_address_allows_itself_in_any_case() -> None:
    assert allows("Ann@Example.COM", "ann@example.com")
    assert allows("ann@example.com", "bob@example.com", "ANN@example.com")
    assert not allows("joann@example.com", "ann@example.com")
    assert not allows("ann@example.com.evil.example", "ann@example.com")


def test_a_domain_allows_its_addresses_and_no_others() -> None:
    assert allows("ann@example.com", "@example.com")
    assert allows("ANN@EXAMPLE.COM", "@example.com")
    for sender in ("ann@sub.example.com", "ann@notexample.com", "ann@example.com.evil.example", ""):
        assert not allows(sender, "@example.com")


@pytest.mark.parametrize("entry", ["example.com", "", "@", "a b@example.com"])
def test_an_entry_that_could_never_match_is_refused(entry: str) -> None:
    with pytest.raises(ValidationError, match="allowed_senders"):
        EmailTrigger(address="in@example.com", allowed_senders=[entry])
