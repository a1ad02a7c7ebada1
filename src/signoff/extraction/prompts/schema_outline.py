"""A JSON Schema as a model reads it best: short, in the shape of the data itself.

    {
    "number": string, // The invoice's number
    "date": string | null, // format date
    "lines": [{
      "amount": number
    }]
    }

A third of the tokens of the schema itself, which small models have few of. Whatever cannot be
said so is left as JSON Schema.
"""

from __future__ import annotations

import json
from typing import Any

from signoff.executions.agents import JsonObject

_NOTED = (
    "format",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "uniqueItems",
    "examples",
    "default",
)
_SAID = {
    "type",
    "title",
    "description",
    "properties",
    "required",
    "items",
    "enum",
    "const",
    "anyOf",
}
_SILENT = {"$schema", "$id", "$comment", "$defs", "definitions", "additionalProperties"}
_SILENT |= {"readOnly", "writeOnly", "deprecated"}
MAX_DEPTH = 12
MAX_NODES = 2000
"""References may lead to the same place again and again, and in circles."""


class _NotSimpleError(Exception):
    """The schema says something that has no place in an outline."""


def outline(schema: JsonObject) -> str | None:
    """The data that ``schema`` wants; ``None`` where only the schema itself can say it."""
    try:
        shape, note = _Outline(schema).node(schema, depth=0)
    except _NotSimpleError:
        return None
    return f"// {note}\n{shape}" if note else shape


class _Outline:
    def __init__(self, root: JsonObject) -> None:
        self._root = root
        self._nodes = 0

    def node(self, node: Any, *, depth: int) -> tuple[str, str]:
        """The shape of a value, and what is to be noted beside it."""
        self._nodes += 1
        if not isinstance(node, dict) or depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise _NotSimpleError
        if "$ref" in node:
            beside = {key: value for key, value in node.items() if key != "$ref"}
            return self.node({**self._resolved(node["$ref"]), **beside}, depth=depth + 1)
        if not node.keys() <= _SAID | _SILENT | set(_NOTED):
            raise _NotSimpleError
        if node.get("additionalProperties") not in (None, True, False):
            raise _NotSimpleError
        note = _note(node)
        if "const" in node:
            return _json(node["const"]), note
        if "enum" in node:
            return " | ".join(_json(value) for value in node["enum"]), note
        if "anyOf" in node:
            if "properties" in node or "items" in node:
                raise _NotSimpleError
            branches = [self.node(branch, depth=depth + 1) for branch in node["anyOf"]]
            notes = [note, *(inner for _, inner in branches)]
            return " | ".join(shape for shape, _ in branches), "; ".join(filter(None, notes))
        kinds = node.get("type")
        names = kinds if isinstance(kinds, list) else [kinds]
        shapes = [self._typed(name, node, depth=depth) for name in names]
        return " | ".join(shapes), note

    def _typed(self, name: Any, node: JsonObject, *, depth: int) -> str:
        match name:
            case "object" if node.get("properties"):
                return self._object(node, depth=depth)
            case "array" if "items" in node:
                shape, note = self.node(node["items"], depth=depth + 1)
                return f"[{shape}]" if not note else f"[{shape} /* {note.replace('*/', '')} */]"
            case "string" | "number" | "integer" | "boolean" | "null":
                return str(name)
        raise _NotSimpleError

    def _object(self, node: JsonObject, *, depth: int) -> str:
        required = node.get("required", ())
        lines = []
        properties = node["properties"].items()
        for position, (name, sub) in enumerate(properties, start=1):
            shape, note = self.node(sub, depth=depth + 1)
            optional = "" if name in required else "?"
            comma = "," if position < len(properties) else ""
            lines.append(
                f"{_json(name)}{optional}: {shape}{comma}" + (f" // {note}" if note else "")
            )
        return "{\n" + "\n".join(lines) + "\n}"

    def _resolved(self, reference: Any) -> JsonObject:
        parts = str(reference).split("/")
        if len(parts) != 3 or parts[:2] not in (["#", "$defs"], ["#", "definitions"]):
            raise _NotSimpleError
        target = self._root.get(parts[1], {}).get(parts[2])
        if not isinstance(target, dict):
            raise _NotSimpleError
        return target


def _note(node: JsonObject) -> str:
    words = [" ".join(str(node[key]).split()) for key in ("title", "description") if key in node]
    words += [f"{key} {_json(node[key])}" for key in _NOTED if key in node]
    return "; ".join(words)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
