"""Schemas as strict structured output takes them, and answers translated back."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema.validators import Draft202012Validator

from signoff.extraction.models.vendor_schema import translate

ALLOWED = {
    "object": {"type", "title", "description", "properties", "required", "additionalProperties"},
    "array": {"type", "title", "description", "items"},
    "string": {"type", "title", "description", "enum"},
    "number": {"type", "title", "description", "enum"},
    "integer": {"type", "title", "description", "enum"},
    "boolean": {"type", "title", "description", "enum"},
    "null": {"type", "title", "description"},
}


def check_strict(node: dict[str, Any], *, root: bool = False) -> None:
    """Fail when ``node`` has what strict mode does not take."""
    node = dict(node)
    if root:
        assert node["type"] == "object"
        for definition in node.pop("$defs", {}).values():
            check_strict(definition)
    if "$ref" in node:
        assert set(node) == {"$ref"}
    elif "anyOf" in node:
        assert set(node) <= {"anyOf", "title", "description"}
        assert node["anyOf"]
        for branch in node["anyOf"]:
            check_strict(branch)
    else:
        assert set(node) <= ALLOWED[node["type"]]
        if node["type"] == "object":
            assert node["additionalProperties"] is False
            assert sorted(node["required"]) == sorted(node["properties"])
            for sub in node["properties"].values():
                check_strict(sub)
        if node["type"] == "array":
            check_strict(node["items"])


# -- small strategies: a schema together with an instance that meets it -------------------------

Pair = tuple[dict[str, Any], Any]
NAMES = st.sampled_from(["total", "date", "Größe", "a/b", "x~y", "items", "properties", "$ref"])


def _annotated(pair: Pair, notes: dict[str, Any]) -> Pair:
    return {**notes, **pair[0]}, pair[1]


NOTES = st.fixed_dictionaries(
    {},
    optional={
        "title": st.just("A title"),
        "description": st.just("What it is"),
        "default": st.none(),
        "examples": st.just([1]),
        "$comment": st.just("c"),
    },
)
SCALARS: st.SearchStrategy[Pair] = st.one_of(
    st.tuples(st.just({"type": "string", "minLength": 1}), st.text(min_size=1)),
    st.tuples(st.just({"type": "string", "format": "date"}), st.just("2026-01-31")),
    st.tuples(st.just({"type": "string", "pattern": "^[A-Z]{3}$"}), st.just("EUR")),
    st.tuples(st.just({"type": "number", "minimum": 0}), st.floats(0, 1e9)),
    st.tuples(st.just({"type": "integer", "maximum": 9}), st.integers(max_value=9)),
    st.tuples(st.just({"type": "boolean"}), st.booleans()),
    st.tuples(st.just({"type": ["string", "null"]}), st.none() | st.text()),
    st.tuples(st.just({"enum": ["a", 1, None]}), st.sampled_from(["a", 1, None])),
    st.tuples(st.just({"const": "x"}), st.just("x")),
    st.tuples(st.just({"$ref": "#/$defs/money"}), st.just({"amount": 1.5})),
    st.tuples(st.just({"$ref": "#/$defs/money", "description": "Net"}), st.just({"amount": 2})),
    st.tuples(
        st.just({"$ref": "#/$defs/tree"}),
        st.sampled_from([{"name": "a"}, {"name": "a", "parts": [{"name": "b", "parts": []}]}]),
    ),
)
DEFS = {
    "money": {
        "type": "object",
        "properties": {"amount": {"type": "number"}, "currency": {"type": "string"}},
        "required": ["amount"],
    },
    "tree": {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "parts": {"type": "array", "items": {"$ref": "#/$defs/tree"}},
        },
        "required": ["name"],
    },
}


@st.composite
def objects(draw: st.DrawFn, members: st.SearchStrategy[Pair], min_size: int = 0) -> Pair:
    pairs = draw(st.dictionaries(NAMES, members, min_size=min_size, max_size=4))
    required = [name for name in pairs if draw(st.booleans())]
    instance = {
        name: value for name, (_, value) in pairs.items() if name in required or draw(st.booleans())
    }
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: sub for name, (sub, _) in pairs.items()},
        "required": required,
    }
    if not pairs or draw(st.booleans()):
        schema["additionalProperties"] = False
    return schema, instance


@st.composite
def unions(draw: st.DrawFn, members: st.SearchStrategy[Pair]) -> Pair:
    schema, instance = draw(members)
    other, _ = draw(members)
    branches = [schema, other] if draw(st.booleans()) else [other, schema]
    return {"anyOf": branches}, instance


def _array(pair: Pair, size: int) -> Pair:
    return {"type": "array", "items": pair[0], "maxItems": 5}, [pair[1]] * size


def _all_of(pair: Pair) -> Pair:
    return {"allOf": [pair[0]], "description": "Merged"}, pair[1]


def _one_of(pair: Pair) -> Pair:
    return {"oneOf": [pair[0]]}, pair[1]


def _composite(members: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    return st.one_of(
        objects(members),
        st.builds(_array, members, st.integers(0, 2)),
        unions(members),
        st.builds(_all_of, members),
        st.builds(_one_of, members),
    )


NODES = st.recursive(st.builds(_annotated, SCALARS, NOTES), _composite, max_leaves=8)


def _with_defs(pair: Pair) -> Pair:
    return {**pair[0], "$defs": DEFS}, pair[1]


SCHEMAS = objects(NODES, min_size=1).map(_with_defs)


def fill(schema: dict[str, Any], value: Any, root: dict[str, Any]) -> Any:
    """``value`` as a strict model would have to say it: null for every property it leaves out."""
    if "$ref" in schema:
        return fill(root["$defs"][schema["$ref"].rpartition("/")[2]], value, root)
    if "anyOf" in schema:
        for branch in schema["anyOf"]:
            filled = fill(branch, value, root)
            whole = _without_nulls(filled) == _without_nulls(value)
            branch = {**branch, "$defs": root.get("$defs", {})}
            if whole and Draft202012Validator(branch).is_valid(filled):
                return filled
        return value
    if schema.get("type") == "object" and isinstance(value, dict):
        return {
            name: fill(sub, value.get(name), root) for name, sub in schema["properties"].items()
        }
    if schema.get("type") == "array" and isinstance(value, list):
        return [fill(schema["items"], item, root) for item in value]
    return value


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SCHEMAS)
def test_translated_schema_has_only_what_strict_mode_takes(pair: Pair) -> None:
    schema, _ = pair
    Draft202012Validator.check_schema(schema)
    translated = translate(schema)
    if translated.strict:
        check_strict(translated.schema, root=True)
    else:
        assert translated.schema == schema


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SCHEMAS)
def test_any_valid_instance_survives_there_and_back(pair: Pair) -> None:
    schema, instance = pair
    original = Draft202012Validator(schema)
    assert original.is_valid(instance)
    translated = translate(schema)
    there = fill(translated.schema, instance, translated.schema) if translated.strict else instance
    Draft202012Validator(translated.schema).validate(there)
    back = translated.restore(there)
    assert original.is_valid(back)
    # an optional property that may itself be null cannot tell absent from null
    assert _without_nulls(back) == _without_nulls(instance)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SCHEMAS)
def test_restoring_a_valid_instance_changes_nothing(pair: Pair) -> None:
    schema, instance = pair
    assert translate(schema).restore(instance) == instance


def invoice(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def test_optional_property_becomes_nullable_and_its_null_is_removed() -> None:
    schema = invoice(total={"type": "number"}, note={"type": ["string", "null"]})
    translated = translate(schema)
    assert translated.schema["required"] == ["total", "note"]
    assert translated.schema["properties"]["total"] == {
        "anyOf": [{"type": "number"}, {"type": "null"}]
    }
    assert translated.restore({"total": None, "note": None}) == {"note": None}


def test_null_is_removed_also_where_another_value_is_wrong() -> None:
    line = {
        "type": "object",
        "properties": {"sku": {"type": "string"}, "on": {"type": "string", "pattern": "^2"}},
    }
    schema = invoice(
        line=line, lines={"type": "array", "items": {"anyOf": [line, {"type": "null"}]}}
    )
    answer = {"line": {"sku": None, "on": "1"}, "lines": [{"sku": None, "on": "1"}]}
    assert translate(schema).restore(answer) == {"line": {"on": "1"}, "lines": [{"on": "1"}]}


def test_constraints_are_told_in_the_description() -> None:
    schema = invoice(due={"type": "string", "format": "date", "description": "When to pay"})
    schema["required"] = ["due"]
    assert translate(schema).schema["properties"]["due"] == {
        "type": "string",
        "description": "When to pay (format date)",
    }


def test_a_format_that_vendors_do_not_know_is_told_in_the_description() -> None:
    schema = {"type": "object", "properties": {"iban": {"type": "string", "format": "iban"}}}
    sent = translate(schema)
    assert sent.strict
    assert sent.schema["properties"]["iban"]["anyOf"][0] == {"type": "string"}
    assert sent.schema["properties"]["iban"]["description"] == "(format iban)"


def test_examples_and_defaults_are_not_sent() -> None:
    schema = invoice(no={"type": "string", "examples": ["INV-1"], "default": "?"})
    assert "INV-1" not in str(translate(schema).schema)


@pytest.mark.parametrize(
    "sub",
    [
        {"type": "object"},
        {"type": "object", "additionalProperties": {"type": "number"}},
        {"type": "object", "patternProperties": {"^x": {"type": "string"}}},
        {"type": "array"},
        {},
        True,
        {"$ref": "https://example.com/other.json"},
        {"$ref": "#/$defs/nowhere"},
        {"allOf": [{"type": "string"}, {"type": "number"}]},
        {"enum": [{"a": 1}]},
        {"$ref": "#/$defs/loop"},
    ],
)
def test_what_strict_mode_cannot_say_is_sent_as_it_is(sub: Any) -> None:
    schema = {**invoice(x=sub, y={"type": "string"}), "$defs": {"loop": {"$ref": "#/$defs/loop"}}}
    translated = translate(schema)
    if translated.strict:
        check_strict(translated.schema, root=True)
    else:
        assert translated.schema is schema
    assert translated.restore({"x": None, "y": None}).get("y", "gone") in ("gone", None)


def test_all_of_with_reference_is_merged() -> None:
    schema = {
        **invoice(buyer={"allOf": [{"$ref": "#/$defs/party"}, {"required": ["vat"]}]}),
        "required": ["buyer"],
        "$defs": {"party": invoice(name={"type": "string"}, vat={"type": "string"})},
    }
    translated = translate(schema)
    check_strict(translated.schema, root=True)
    buyer = translated.schema["properties"]["buyer"]
    assert buyer["properties"]["vat"] == {"type": "string"}
    assert translated.restore({"buyer": {"name": None, "vat": "DE1"}}) == {"buyer": {"vat": "DE1"}}


def test_alternatives_at_the_root_become_properties() -> None:
    schema = {
        **invoice(kind={"type": "string"}),
        "oneOf": [
            {"properties": {"iban": {"type": "string"}}, "required": ["iban"]},
            {"properties": {"card": {"type": "string"}}, "required": ["card"]},
        ],
    }
    translated = translate(schema)
    check_strict(translated.schema, root=True)
    assert list(translated.schema["properties"]) == ["kind", "iban", "card"]
    answer = {"kind": "c", "iban": None, "card": "4111"}
    assert translated.restore(answer) == {"kind": "c", "card": "4111"}


def test_condition_that_brings_properties_is_not_strict() -> None:
    schema = {**invoice(kind={"type": "string"}), "then": invoice(extra={"type": "string"})}
    assert not translate(schema).strict


def test_root_reference_is_inlined() -> None:
    schema = {
        "type": "object",
        "$ref": "#/$defs/node",
        "properties": {"id": {"type": "string"}},
        "$defs": {
            "node": invoice(
                id={"type": "string"}, child={"$ref": "#/$defs/node"}, top={"$ref": "#"}
            )
        },
    }
    translated = translate(schema)
    check_strict(translated.schema, root=True)
    assert set(translated.schema["properties"]) == {"id", "child", "top"}


@pytest.mark.parametrize("depth", [11, 400])
def test_schema_beyond_the_vendors_limits_is_not_strict(depth: int) -> None:
    node: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        node = {"type": "object", "properties": {"x": node}}
    assert not translate(node).strict


def test_too_many_enum_values_are_not_strict() -> None:
    schema = invoice(sku={"enum": [str(number) for number in range(2000)]})
    assert not translate(schema).strict
