"""The schema as a model is shown it."""

from __future__ import annotations

from typing import Any

from signoff.executions.agents import JsonObject

_COPIED = ("default", "examples", "example")
"""Keywords whose values small models copy into their answer; none of them restricts data."""

_MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLE = (
    "items",
    "additionalProperties",
    "propertyNames",
    "contains",
    "not",
    "if",
    "then",
    "else",
    "unevaluatedItems",
    "unevaluatedProperties",
)


def without_examples(schema: JsonObject) -> JsonObject:
    """``schema`` without examples and defaults; properties of these names stay."""
    shown: JsonObject = _without(schema)
    return shown


def _without(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    shown = {key: value for key, value in schema.items() if key not in _COPIED}
    for key in _MAPS:
        if isinstance(shown.get(key), dict):
            shown[key] = {name: _without(sub) for name, sub in shown[key].items()}
    for key in _LISTS:
        if isinstance(shown.get(key), list):
            shown[key] = [_without(sub) for sub in shown[key]]
    for key in _SINGLE:
        if key in shown:
            shown[key] = _without(shown[key])
    return shown
