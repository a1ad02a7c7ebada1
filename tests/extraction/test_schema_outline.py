"""The schema as a model is shown it: short, complete, and left as JSON where it says more."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema.validators import Draft202012Validator

from signoff.extraction.models.vendor_schema import translate
from signoff.extraction.prompts.page_text import estimate_tokens
from signoff.extraction.prompts.prompt import build_prompt
from signoff.extraction.prompts.schema_outline import outline
from signoff.extraction.prompts.shown_schema import without_examples

AGENTS = sorted((Path(__file__).parents[2] / "sample_inputs" / "agents").glob("*.yaml"))


def test_outline_has_the_shape_of_the_data() -> None:
    schema = {
        "type": "object",
        "description": "An invoice",
        "properties": {
            "number": {"type": "string", "title": "Number", "description": "Of the\ninvoice"},
            "date": {"type": ["string", "null"], "format": "date"},
            "kind": {"enum": ["a", "b", None]},
            "tax": {"anyOf": [{"type": "number", "minimum": 0}, {"type": "null"}]},
            "lines": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/line"}},
            "tags": {"type": "array", "items": {"type": "string", "description": "One tag"}},
        },
        "required": ["number"],
        "$defs": {
            "line": {
                "type": "object",
                "properties": {"amount": {"type": "number"}, "paid": {"type": "boolean"}},
                "required": ["amount", "paid"],
            }
        },
    }
    assert outline(schema) == (
        "// An invoice\n"
        "{\n"
        '"number": string, // Number; Of the invoice\n'
        '"date"?: string | null, // format "date"\n'
        '"kind"?: "a" | "b" | null,\n'
        '"tax"?: number | null, // minimum 0\n'
        '"lines"?: [{\n'
        '"amount": number,\n'
        '"paid": boolean\n'
        "}], // minItems 1\n"
        '"tags"?: [string /* One tag */]\n'
        "}"
    )


@pytest.mark.parametrize(
    "sub",
    [
        {"type": "object"},
        {"type": "object", "patternProperties": {"^x": {}}, "properties": {"a": {}}},
        {"type": "object", "properties": {"a": True}},
        {"type": "array"},
        {"oneOf": [{"type": "string"}]},
        {"not": {"type": "string"}},
        {"$ref": "#/properties/x"},
        {"$ref": "#/$defs/circle"},
        {},
        True,
    ],
)
def test_what_an_outline_cannot_say_stays_a_schema(sub: Any) -> None:
    circle = {"type": "object", "properties": {"in": {"$ref": "#/$defs/circle"}}}
    schema = {"type": "object", "properties": {"x": sub}, "$defs": {"circle": circle}}
    assert outline(schema) is None
    arguments: dict[str, Any] = {"instructions": "", "documents": (), "input_data": None}
    built = build_prompt(
        schema=schema,
        earlier=(),
        show_schema=True,
        context_tokens=10_000,
        output_tokens=1000,
        max_images=0,
        **arguments,
    )
    assert json.dumps(schema, separators=(",", ":")) in built.messages[0]["content"]


def test_schema_that_repeats_itself_without_end_takes_no_long() -> None:
    defs: dict[str, Any] = {"d0": {"type": "string"}}
    for level in range(1, 11):
        inner = {"$ref": f"#/$defs/d{level - 1}"}
        defs[f"d{level}"] = {"type": "object", "properties": {f"p{n}": inner for n in range(10)}}
    schema = {"type": "object", "properties": {"x": {"$ref": "#/$defs/d10"}}, "$defs": defs}
    assert outline(schema) is None


@pytest.mark.parametrize("path", AGENTS, ids=lambda path: path.stem)
def test_sample_agents_cost_half_the_tokens_and_lose_no_name(path: Path) -> None:
    schema = yaml.safe_load(path.read_text())["data_schema"]
    for shown in (schema, translate(schema).schema):
        short = outline(without_examples(shown))
        assert short is not None
        whole = json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
        assert estimate_tokens(short) < 0.65 * estimate_tokens(whole)
        assert all(f'"{name}"' in short for name in shown["properties"])


def test_examples_go_and_properties_of_these_names_stay() -> None:
    sub = {"type": "string", "examples": ["R-1"], "default": "R-0"}
    schema = {
        "type": "object",
        "properties": {"default": sub, "examples": {"type": "array", "items": sub}},
        "anyOf": [{"properties": {"example": sub}}],
        "$defs": {"default": sub},
        "default": {},
        "required": ["default"],
    }
    bare = {"type": "string"}
    assert without_examples(schema) == {
        "type": "object",
        "properties": {"default": bare, "examples": {"type": "array", "items": bare}},
        "anyOf": [{"properties": {"example": bare}}],
        "$defs": {"default": bare},
        "required": ["default"],
    }


def _tree(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.sampled_from(["a", "b", "default", "type"])
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["object", "array", "string", ["null", "number"]]),
            "properties": st.dictionaries(names, inner, max_size=2),
            "required": st.lists(names, max_size=2, unique=True),
            "items": inner,
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "$ref": st.sampled_from(["#", "#/$defs/a", "#/properties/x", "other.json", "#a"]),
            "enum": st.just([1, None, "x"]),
            "additionalProperties": inner,
            "title": st.text(max_size=5),
            "default": st.just({"type": "object"}),
        },
    )


@settings(max_examples=60, deadline=None)
@given(st.recursive(st.booleans(), _tree, max_leaves=8))
def test_any_valid_schema_can_be_shown(sub: Any) -> None:
    schema = {"type": "object", "properties": {"x": sub}, "$defs": {"a": sub}}
    Draft202012Validator.check_schema(schema)
    shown = without_examples(schema)
    Draft202012Validator.check_schema(shown)
    assert outline(shown) != ""
