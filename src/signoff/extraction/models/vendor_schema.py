"""An agent's schema as strict structured output takes it, and the answer translated back.

Strict modes want every property required and every object closed, and know few keywords. So an
optional property becomes one that may be null, constraints become descriptions, and on the way
back a null that only stood for "absent" is removed. What the translation admits too much is
found by the validation against the agent's own schema.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from jsonschema.validators import Draft202012Validator

from signoff.executions.agents import JsonObject
from signoff.extraction.models.sayable import constraints
from signoff.extraction.models.simple_schema import ANNOTATIONS, Node, NotSimpleError, SimpleSchema

NULL = {"type": "null"}
_TOLD = ("format", "pattern", "minLength", "maxLength", "minimum", "maximum") + (
    ("exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minItems", "maxItems", "uniqueItems")
)
# what the vendor that defined strict mode takes at the most
MAX_PROPERTIES = 5000
MAX_DEPTH = 10
MAX_ENUM_VALUES = 1000
MAX_NAME_CHARACTERS = 120_000


@dataclass(frozen=True)
class VendorSchema:
    """A schema to send.

    Attributes:
        schema: what to send as the answer's schema.
        constrained: the same with formats and patterns, for servers that hold answers to them.
        strict: whether it keeps to what strict modes take; if not it is the agent's own.
    """

    schema: JsonObject
    constrained: JsonObject
    strict: bool
    _original: JsonObject = field(repr=False)

    @property
    def is_constrained(self) -> bool:
        """Whether there is any format or pattern to hold an answer to."""
        return self.constrained != self.schema

    def restore(self, answer: JsonObject) -> JsonObject:
        """The answer as the agent's schema means it: nulls that say "absent" are gone."""
        try:
            return _Restorer(self._original).restore(answer)
        except (NotSimpleError, RecursionError):
            return answer


def translate(schema: JsonObject) -> VendorSchema:
    """Translate an agent's schema for strict structured output, as far as it can be said there."""
    try:
        translated = _Translator(schema).translate()
        constrained = _Translator(schema, constrain=True).translate()
    except (NotSimpleError, RecursionError):
        return VendorSchema(schema, schema, strict=False, _original=schema)
    if not _within_limits(translated):
        return VendorSchema(schema, schema, strict=False, _original=schema)
    return VendorSchema(translated, constrained, strict=True, _original=schema)


class _Walker:
    """What both directions need to know of the original."""

    def __init__(self, schema: JsonObject) -> None:
        self._simple = SimpleSchema(schema)
        self._root = self._simple.root()

    def _resolve(self, reference: str) -> Node:
        return self._root if reference == "#" else self._simple.resolve(reference)

    def _takes_null(self, node: Node, *, seen: frozenset[str] = frozenset()) -> bool:
        simple = self._simple.simplify(node)
        if "$ref" in simple:
            reference = simple["$ref"]
            return reference not in seen and self._takes_null(
                self._resolve(reference), seen=seen | {reference}
            )
        if "anyOf" in simple:
            return any(self._takes_null(branch, seen=seen) for branch in simple["anyOf"])
        return None in simple["enum"] if "enum" in simple else simple["type"] == "null"


class _Translator(_Walker):
    def __init__(self, schema: JsonObject, *, constrain: bool = False) -> None:
        super().__init__(schema)
        self._constrain = constrain
        self._names: dict[str, str] = {}
        self._defs: dict[str, JsonObject] = {}

    def translate(self) -> JsonObject:
        translated = self._object(self._root)
        return {**translated, "$defs": self._defs} if self._defs else translated

    def _node(self, node: Node) -> JsonObject:
        simple = self._simple.simplify(node)
        if "$ref" in simple:
            return {"$ref": self._reference(simple["$ref"])}
        if "anyOf" in simple:
            branches = [self._node(branch) for branch in simple["anyOf"]]
            return {**_notes(simple), "anyOf": branches}
        if "enum" in simple:
            return self._enum(simple)
        match simple["type"]:
            case "object":
                return self._object(simple)
            case "array":
                return self._array(simple)
            case "string" if self._constrain:
                return {"type": "string", **_notes(simple), **constraints(simple)}
            case kind:
                return {"type": kind, **_notes(simple)}

    def _object(self, node: JsonObject) -> JsonObject:
        properties: dict[str, Node] = node.get("properties") or {}
        others = node.get("additionalProperties", True)
        if node.get("patternProperties") or others not in (True, False, {}):
            raise NotSimpleError  # a map beside or instead of named properties
        if not properties and others is not False:
            raise NotSimpleError  # anything at all
        required = set(node.get("required", ()))
        if not required.issubset(properties):
            raise NotSimpleError
        translated = {
            name: self._node(sub) if name in required else self._optional(sub)
            for name, sub in properties.items()
            if sub is not False
        }
        return {
            "type": "object",
            **_notes(node),
            "properties": translated,
            "required": list(translated),
            "additionalProperties": False,
        }

    def _optional(self, node: Node) -> JsonObject:
        translated = self._node(node)
        if self._takes_null(node):
            return translated
        if "anyOf" in translated:
            return {**translated, "anyOf": [*translated["anyOf"], NULL]}
        notes = {key: translated.pop(key) for key in ANNOTATIONS if key in translated}
        return {**notes, "anyOf": [translated, NULL]}

    def _array(self, node: JsonObject) -> JsonObject:
        rest = node.get("items", False)
        members = [*node.get("prefixItems", ()), *([rest] if rest is not False else [])]
        if not members:
            raise NotSimpleError
        translated: list[JsonObject] = []
        for member in members:
            item = self._node(member)
            if item not in translated:
                translated.append(item)
        items = translated[0] if len(translated) == 1 else {"anyOf": translated}
        return {"type": "array", **_notes(node), "items": items}

    def _enum(self, node: JsonObject) -> JsonObject:
        kinds: dict[str, list[Any]] = {}
        for value in node["enum"]:
            kinds.setdefault(_kind(value), []).append(value)
        choices = [
            NULL if kind == "null" else {"type": kind, "enum": values}
            for kind, values in kinds.items()
        ]
        if len(choices) == 1:
            return {**choices[0], **_notes(node)}
        return {**_notes(node), "anyOf": choices}

    def _reference(self, reference: str) -> str:
        if reference == "#":
            return reference
        if reference not in self._names:
            wanted = re.sub(r"[^A-Za-z0-9_-]", "_", reference.rpartition("/")[2]) or "_"
            name, count = wanted, 1
            while name in self._defs:
                count += 1
                name = f"{wanted}_{count}"
            self._names[reference] = name
            self._defs[name] = {}  # taken, before a reference back to it asks
            self._defs[name] = self._node(self._resolve(reference))
        return f"#/$defs/{self._names[reference]}"


class _Restorer(_Walker):
    def __init__(self, schema: JsonObject) -> None:
        super().__init__(schema)
        self._validator = Draft202012Validator(schema)

    def restore(self, answer: JsonObject) -> JsonObject:
        return self._object(self._root, answer)

    def _node(self, node: Node, value: Any) -> Any:
        if not isinstance(value, dict | list):
            return value
        try:
            simple = self._simple.simplify(node)
        except NotSimpleError:
            return value
        if "$ref" in simple:
            return self._node(self._resolve(simple["$ref"]), value)
        if "anyOf" in simple:
            return self._likeliest(simple["anyOf"], value)
        if isinstance(value, dict) and simple.get("type") == "object":
            return self._object(simple, value)
        if isinstance(value, list) and simple.get("type") == "array":
            prefix, rest = simple.get("prefixItems", ()), simple.get("items", True)
            return [
                self._node(prefix[index] if index < len(prefix) else rest, item)
                for index, item in enumerate(value)
            ]
        return value

    def _object(self, node: JsonObject, value: JsonObject) -> JsonObject:
        properties: dict[str, Node] = node.get("properties") or {}
        required = node.get("required", ())
        return {
            name: self._node(properties[name], item) if name in properties else item
            for name, item in value.items()
            if not (
                item is None
                and name in properties
                and name not in required
                and not self._may_be_null(properties[name])
            )
        }

    def _may_be_null(self, node: Node) -> bool:
        try:
            return self._takes_null(node)
        except NotSimpleError:
            return True

    def _likeliest(self, branches: list[Node], value: Any) -> Any:
        """``value`` restored by the branch it fits, or comes nearest to."""
        tried = []
        for branch in branches:
            restored = self._node(branch, value)
            # evolve keeps the root for references to resolve against
            errors = list(islice(self._validator.evolve(schema=branch).iter_errors(restored), 50))
            if not errors:
                return restored
            other_type = any(error.validator == "type" and not error.path for error in errors)
            tried.append((other_type, len(errors), restored))
        return min(tried, key=lambda attempt: attempt[:2])[2]


def _notes(node: JsonObject) -> JsonObject:
    """The annotations, and in the description the constraints that strict modes do not take."""
    notes = {key: node[key] for key in ANNOTATIONS if key in node}
    told = [f"{key} {_plain(node[key])}" for key in _TOLD if key in node]
    if told:
        described = notes.get("description", "")
        notes["description"] = f"{described} ({'; '.join(told)})".strip()
    return notes


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case _:
            return "integer" if isinstance(value, int) else "number"


def _within_limits(schema: JsonObject) -> bool:
    properties = enum_values = characters = 0
    stack: list[tuple[Any, int]] = [(schema, 0)]
    while stack:
        node, depth = stack.pop()
        if depth > MAX_DEPTH:
            return False
        named = {**node.get("properties", {}), **node.get("$defs", {})}
        properties += len(node.get("properties", ()))
        enum_values += len(node.get("enum", ()))
        characters += sum(map(len, named)) + sum(len(str(v)) for v in node.get("enum", ()))
        deeper = depth + (node.get("type") in ("object", "array"))
        stack.extend((sub, deeper) for sub in node.get("properties", {}).values())
        stack.extend((sub, 0) for sub in node.get("$defs", {}).values())
        stack.extend((sub, depth) for sub in node.get("anyOf", ()))
        if "items" in node:
            stack.append((node["items"], deeper))
    return (
        properties <= MAX_PROPERTIES
        and enum_values <= MAX_ENUM_VALUES
        and characters <= MAX_NAME_CHARACTERS
    )
