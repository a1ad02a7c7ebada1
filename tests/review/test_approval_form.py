"""The form, held against Prefect's own schema tools and the rules of its UIs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prefect.utilities.schema_tools import ValidationError, hydrate, validate

from signoff.executions.agents import JsonObject
from signoff.executions.models import Decision
from signoff.executions.validation import find_problems
from signoff.review.answers import read_form_answer
from signoff.review.form import build_form
from signoff.review.form_fields import MAX_FIELDS

SCHEMA: JsonObject = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["number", "total", "lines"],
    "properties": {
        "number": {"type": "string", "title": "Invoice number", "description": "As printed"},
        "issued_on": {"type": "string", "format": "date"},
        "currency": {"type": "string", "enum": ["EUR", "USD"]},
        "paid": {"type": "boolean"},
        "total": {"type": "number", "minimum": 0},
        "seller": {"$ref": "#/$defs/party"},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
    },
    "$defs": {
        "party": {
            "type": "object",
            "required": ["name"],
            "properties": {"name": {"type": "string"}, "vat_id": {"type": ["string", "null"]}},
        },
        "line": {
            "type": "object",
            "required": ["text", "amount"],
            "properties": {"text": {"type": "string"}, "amount": {"type": "number"}},
        },
    },
}
DATA: JsonObject = {
    "number": "RE-1",
    "issued_on": "2026-02-28",
    "currency": "EUR",
    "paid": False,
    "total": 30.5,
    "seller": {"name": "ACME", "vat_id": None},
    "lines": [{"text": f"Item {number}", "amount": number} for number in range(1, 31)],
}


def form_for(schema: JsonObject, data: JsonObject, *, data_revision: int = 1) -> JsonObject:
    return build_form(agent_name="invoice", schema=schema, data=data, data_revision=data_revision)


def fields_of(schema: JsonObject, data: JsonObject) -> JsonObject:
    return dict(form_for(schema, data)["properties"]["data"]["properties"])


def submitted(form: JsonObject, **changes: Any) -> JsonObject:
    """What Prefect makes of the form when it is submitted as it opens, but for ``changes``."""
    values = {name: field["default"] for name, field in form["properties"].items()} | changes
    return hydrate(json.loads(json.dumps(values)))


def one_field(schema: Any, value: Any) -> JsonObject:
    fields = fields_of({"type": "object", "properties": {"x": schema}}, {"x": value, "y": 1})
    return dict(fields["x"])


def renders(field: JsonObject, *, row: bool = False) -> bool:
    """Whether both of Prefect's UIs draw ``field`` and all that is in it."""
    if field.keys() & {"$ref", "oneOf", "allOf", "blockTypeSlug", "block_type_slug"}:
        return False
    if "anyOf" in field:
        return not row and "type" not in field and all(map(renders, field["anyOf"]))
    match field.get("type"):
        case None:
            return True
        case "object":
            return bool(field["properties"]) and all(
                renders(sub) and sub["title"] for sub in field["properties"].values()
            )
        case "array":
            return renders(field["items"], row=True)
        case name:
            return name in ("string", "integer", "number", "boolean")


def test_a_review_id_alone_passes_the_server() -> None:
    form = form_for(SCHEMA, DATA)
    assert validate({"review_id": "0a"}, form, raise_on_error=True) == []


def test_the_form_as_it_opens_passes_and_gives_back_the_data() -> None:
    form = form_for(SCHEMA, DATA)
    values = submitted(form)
    assert validate(values, form, raise_on_error=True) == []
    answer = read_form_answer(values, schema=SCHEMA, data_revision=1, shown=DATA)
    assert answer.problems == []
    assert answer.data == DATA


def test_titles_and_descriptions_are_kept_and_every_field_has_a_title() -> None:
    fields = fields_of(SCHEMA, DATA)
    assert fields["number"]["title"] == "Invoice number"
    assert fields["number"]["description"] == "As printed"
    assert fields["issued_on"]["title"] == "Issued on"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"total": -1}, "data.total"),
        ({"total": None}, "data.total"),
        ({"seller": {"vat_id": "X"}}, "data.seller"),
        ({"lines": [{"text": "no amount"}]}, "data.lines[0]"),
        ({"currency": "XXX"}, "data.currency"),
    ],
)
def test_the_server_refuses_wrong_input_with_the_fields_name(
    change: JsonObject, field: str
) -> None:
    form = form_for(SCHEMA, DATA)
    values = submitted(form, data=DATA | change)
    with pytest.raises(ValidationError) as refused:
        validate(values, form, raise_on_error=True)
    assert f"field '{field}'" in str(refused.value)


def test_data_that_is_wrong_can_be_canceled() -> None:
    wrong = {"total": "a lot", "lines": [{"amount": "12,50"}], "seller": {"vat_id": 1}}
    form = form_for(SCHEMA, wrong)
    canceled = submitted(form, decision="cancel")
    assert validate(canceled, form, raise_on_error=True) == []
    with pytest.raises(ValidationError):
        validate(submitted(form), form, raise_on_error=True)


def test_a_form_opened_before_an_edit_is_refused_by_the_server() -> None:
    opened = submitted(form_for(SCHEMA, DATA, data_revision=1))
    with pytest.raises(ValidationError, match="data_revision"):
        validate(opened, form_for(SCHEMA, DATA, data_revision=2), raise_on_error=True)


def test_blanks_of_the_form_pass_the_server() -> None:
    schema = {
        "type": "object",
        "required": ["a", "b", "c"],
        "properties": {
            "a": {"type": ["string", "null"]},
            "b": {"type": "array", "items": {"type": "string"}},
            "c": {"type": "string"},
            "d": {"type": "object", "required": ["e"], "properties": {"e": {"type": "string"}}},
            "f": {"type": "string"},
        },
    }
    form = form_for(schema, {"a": "x", "b": ["y"], "c": "z"})
    values = submitted(form, data={"c": "z", "d": {}, "f": None})
    assert validate(values, form, raise_on_error=True) == []
    answer = read_form_answer(values, schema=schema, data_revision=1)
    assert answer.problems == []
    assert answer.data == {"a": None, "b": [], "c": "z"}


@pytest.mark.parametrize(
    "hostile",
    [
        {"__prefect_kind": "jinja", "template": "{{ 7 * 7 }}"},
        {"__prefect_kind": "workspace_variable", "variable_name": "secret"},
        {"__prefect_kind": "json", "value": "{}"},
        {"__prefect_kind": "none", "value": 1},
        {"deep": [{"er": {"__prefect_kind": "jinja", "template": "{% raw %}"}}]},
        {"__proto__": {"polluted": True}},
        {"$ref": {"block_document_id": "0a"}},
    ],
)
def test_prefect_interprets_nothing_in_the_data(hostile: JsonObject) -> None:
    schema = {"type": "object", "properties": {"meta": {"type": "object"}}}
    data = {"meta": hostile, "extra": [hostile]} | hostile
    form = form_for(schema, data)
    answer = read_form_answer(submitted(form), schema=schema, data_revision=1, shown=data)
    assert answer.data == data


def test_an_agents_property_named_like_prefects_own_is_no_form_field() -> None:
    field = one_field({"type": "object", "properties": {"__prefect_kind": {}}}, {})
    assert "properties" not in field


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ({"type": ["string", "null"]}, None, {"type": "string"}),
        ({"anyOf": [{"type": "number"}, {"type": "null"}]}, 1.5, {"type": "number"}),
        ({"type": "string", "format": "date"}, "2026-01-31", {"type": "string", "format": "date"}),
        ({"type": "string", "format": "date"}, "31.01.2026", {"type": "string"}),
        (
            {"type": "string", "format": "date-time"},
            "2026-01-31T10:00:00+02:00",
            {"type": "string", "format": "date-time"},
        ),
        (
            {"type": "string", "format": "date-time"},
            "2026-01-31T10:00:00.123Z",
            {"type": "string"},
        ),
        ({"type": "string", "format": "password"}, "x", {"type": "string"}),
        ({"type": "string", "format": "iban"}, "DE1", {"type": "string"}),
        ({"type": "string", "format": "our-number"}, "1", {"type": "string"}),
        ({"type": "boolean"}, True, {"type": "boolean"}),
        ({"type": "boolean"}, None, {"enum": [True, False]}),
        ({"type": "string", "enum": ["a", "b"]}, "c", {"type": "string", "enum": ["a", "b", "c"]}),
        ({"type": "number", "enum": [0, 7, 19]}, 7, {"enum": [0, 7, 19]}),
        ({"enum": ["a", 1, None]}, None, {"enum": ["a", 1]}),
        ({"const": "invoice"}, "invoice", {"type": "string", "enum": ["invoice"]}),
        ({"type": "integer"}, 2**53 + 1, {}),
        ({"type": "number"}, "12,50", {}),
        ({"type": ["string", "number"]}, 1, {"anyOf": [{"type": "string"}, {"type": "number"}]}),
        ({"oneOf": [{"type": "string"}, {"type": "null"}]}, "x", {"type": "string"}),
        ({"type": "array", "items": {"type": ["string", "number"]}}, ["x", 1], {}),
        ({"type": "array", "items": {"type": "string"}}, ["x", None], {}),
        ({}, "x", {"type": "string"}),
        (True, 12, {"type": "integer"}),
    ],
)
def test_each_kind_of_value_gets_its_field(schema: Any, value: Any, expected: JsonObject) -> None:
    field = one_field(schema, value)
    field.pop("title")
    assert field == expected
    assert renders(field)


def test_values_the_schema_does_not_name_are_shown_too() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "patternProperties": {"^d_": {"type": "string", "format": "date"}},
        "additionalProperties": {"type": "number"},
    }
    fields = fields_of(schema, {"a": "x", "b": 1, "d_c": "2026-01-01"})
    assert fields["b"]["type"] == "number"
    assert fields["d_c"]["format"] == "date"


def test_a_recursive_schema_is_a_form_as_deep_as_its_data() -> None:
    node = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "parts": {"type": "array", "items": {"$ref": "#/$defs/node"}},
            "next": {"$ref": "#/$defs/node"},
        },
    }
    schema = {
        "type": "object",
        "properties": {"x": {"$ref": "#/$defs/node"}},
        "$defs": {"node": node},
    }
    data = {"x": {"name": "a", "parts": [{"name": "b", "parts": [{"name": "c"}]}]}}
    form = form_for(schema, data)
    assert renders(form["properties"]["data"])
    assert validate(submitted(form), form, raise_on_error=True) == []
    answer = read_form_answer(submitted(form), schema=schema, data_revision=1, shown=data)
    assert answer.data == data


def test_references_of_all_sorts_are_resolved() -> None:
    schema = {
        "$id": "https://example.com/invoice",
        "type": "object",
        "properties": {
            "a": {"$ref": "#/$defs/one", "title": "Mine"},
            "b": {"$ref": "#/properties/a"},
            "c": {"$ref": "#anchored"},
            "d": {"$ref": "https://example.com/invoice#/$defs/one"},
            "e": {"$ref": "https://example.com/elsewhere"},
        },
        "$defs": {
            "one": {"$ref": "#/$defs/two", "title": "One"},
            "two": {"type": "integer", "$anchor": "anchored"},
        },
    }
    fields = fields_of(schema, {"a": 1})
    assert [fields[key].get("type") for key in "abcde"] == ["integer"] * 4 + [None]
    assert fields["a"]["title"] == "Mine"


def test_the_references_of_an_agents_schema_do_not_lead_into_the_form() -> None:
    schema = {
        "type": "object",
        "required": ["decision"],
        "properties": {"decision": {"type": "integer"}, "again": {"$ref": "#/properties/decision"}},
    }
    form = form_for(schema, {"decision": 1, "again": 2})
    assert validate(submitted(form), form, raise_on_error=True) == []
    with pytest.raises(ValidationError, match="data.again"):
        validate(
            submitted(form, data={"decision": 1, "again": "cancel"}), form, raise_on_error=True
        )


def test_a_schema_whose_references_multiply_stays_a_form_of_limited_size() -> None:
    defs: JsonObject = {"n0": {"type": "string"}}
    for level in range(1, 40):
        below = {"$ref": f"#/$defs/n{level - 1}"}
        defs[f"n{level}"] = {"type": "object", "properties": {"l": below, "r": below}}
    schema = {"type": "object", "properties": {"x": {"$ref": "#/$defs/n39"}}, "$defs": defs}
    form = form_for(schema, {"y": "z"})
    assert len(json.dumps(form)) < MAX_FIELDS * 200


def test_text_that_cannot_be_stored_does_not_keep_the_form_from_being_written() -> None:
    schema = {"type": "object", "properties": {"x": {"type": "string"}}}
    json.dumps(form_for(schema, {"x": "\ud800"}), ensure_ascii=False).encode()


# -- any schema, any data -------------------------------------------------------------------

KEYS = st.sampled_from(["a", "b_c", "DueDate", "total", "__prefect_kind", "$ref", "type", "x/y~z"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SCALARS: list[tuple[JsonObject, st.SearchStrategy[Any]]] = [
    ({"type": "string"}, TEXTS.filter(bool)),
    ({"type": "string", "format": "date"}, st.dates().map(str)),
    ({"type": "string", "format": "date-time"}, st.datetimes().map(lambda t: t.isoformat() + "Z")),
    ({"type": "string", "enum": ["a", "b"]}, st.sampled_from(["a", "b"])),
    ({"type": "integer"}, st.integers(-(2**60), 2**60)),
    ({"type": "number"}, st.floats(allow_nan=False, allow_infinity=False)),
    ({"type": "number", "enum": [0, 7, 19]}, st.sampled_from([0, 7, 19])),
    ({"type": "boolean"}, st.booleans()),
    ({"type": ["string", "null"]}, st.none() | TEXTS.filter(bool)),
    ({"anyOf": [{"type": "number"}, {"type": "string"}]}, st.integers(0, 9) | TEXTS.filter(bool)),
    ({"oneOf": [{"type": "boolean"}, {"type": "null"}]}, st.none() | st.booleans()),
    ({"type": "object"}, st.dictionaries(KEYS, st.integers(0, 9), min_size=1)),
    ({}, st.none() | st.booleans() | st.integers(0, 9) | st.lists(TEXTS, max_size=2)),
]
SHAPES = st.sampled_from(SCALARS).flatmap(lambda pair: st.tuples(st.just(pair[0]), pair[1]))


def lists_of(shape: tuple[JsonObject, Any]) -> tuple[JsonObject, Any]:
    return {"type": "array", "items": shape[0]}, [shape[1], shape[1]]


def objects_of(shapes: dict[str, tuple[JsonObject, Any]]) -> tuple[JsonObject, Any]:
    schema = {
        "type": "object",
        "properties": {key: shape[0] for key, shape in shapes.items()},
        "required": list(shapes)[::2],
    }
    return schema, {key: shape[1] for key, shape in shapes.items()}


SHAPED = st.recursive(
    SHAPES,
    lambda below: (
        below.map(lists_of) | st.dictionaries(KEYS, below, min_size=1, max_size=4).map(objects_of)
    ),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(KEYS, SHAPED, min_size=1, max_size=4).map(objects_of))
def test_any_data_survives_the_form(shape: tuple[JsonObject, JsonObject]) -> None:
    schema, data = shape
    if find_problems(schema, data):
        return
    form = form_for(schema, data)
    assert renders(form["properties"]["data"])
    values = submitted(form)
    assert validate(values, form, raise_on_error=True) == []
    answer = read_form_answer(values, schema=schema, data_revision=1, shown=data)
    assert answer.problems == []
    assert answer.decision is Decision.CONFIRM
    assert answer.data == data
