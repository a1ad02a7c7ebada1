"""A JSON Schema node brought to one of few simple forms, whatever way its author wrote it.

Vendors' strict modes know a small part of JSON Schema. :class:`SimpleSchema` rewrites one node
at a time into what they know, so that translating a schema and translating an answer back walk
over the very same forms. Where a rewrite changes the meaning it only ever admits more: answers
are validated against the agent's own schema afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from signoff.executions.agents import JsonObject

Node = JsonObject | bool

ANNOTATIONS = ("title", "description")
_IGNORED = frozenset(
    {"$schema", "$id", "$anchor", "$dynamicAnchor", "$comment", "$vocabulary", "$defs"}
    | {"definitions", "default", "examples", "deprecated", "readOnly", "writeOnly"}
)
# narrow a node's values in ways that no strict mode can say: dropped, validated afterwards
_UNSAYABLE = frozenset(
    {"not", "if", "then", "else", "dependentRequired", "dependentSchemas", "dependencies"}
    | {"unevaluatedProperties", "unevaluatedItems", "contains", "minContains", "maxContains"}
    | {"propertyNames", "contentEncoding", "contentMediaType", "contentSchema"}
)
_TYPE_OF_KEYWORD = {
    "object": ("properties", "required", "additionalProperties", "patternProperties")
    + ("minProperties", "maxProperties"),
    "array": ("items", "prefixItems", "minItems", "maxItems", "uniqueItems"),
    "string": ("pattern", "format", "minLength", "maxLength"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
_STRUCTURE = frozenset({"type", "enum", "const", "$ref", "anyOf", "oneOf", "allOf"}) | {
    keyword for keywords in _TYPE_OF_KEYWORD.values() for keyword in keywords
}


class NotSimpleError(Exception):
    """This node cannot be said in simple forms."""


class SimpleSchema:
    """A whole schema, simplified node by node."""

    def __init__(self, root: JsonObject) -> None:
        self._root = root

    def root(self) -> JsonObject:
        """The root as one object: references inlined, alternatives merged into its properties.

        Raises:
            NotSimpleError: it cannot be.
        """
        node = self._flatten(self._root)
        for branch in node.pop("anyOf", ()):
            # a strict root is no union: what a branch demands becomes what there may be
            parts = {key: value for key, value in _as_dict(branch).items() if key != "required"}
            node = _merge([node, self._flatten(parts)], loose=True)
        if "anyOf" in node:
            raise NotSimpleError
        return node

    def simplify(self, node: Node) -> JsonObject:
        """``node`` as one of the simple forms.

        They are ``{"$ref": ...}``, ``{"anyOf": [...]}``, ``{"enum": [...]}`` of plain values, or
        one ``type`` with its own keywords; all but the first may carry annotations.

        Raises:
            NotSimpleError: it cannot be.
        """
        if isinstance(node, bool):
            raise NotSimpleError
        if "$ref" in node and not _STRUCTURE.intersection(node) - {"$ref"}:
            reference = {"$ref": node["$ref"]}
            notes = _annotations(node)
            return {"anyOf": [reference], **notes} if notes else reference
        flat = self._flatten(node)
        branches = flat.pop("anyOf", None)
        if branches is not None:
            return self._alternatives(flat, branches)
        return _one_type(flat)

    def resolve(self, reference: str) -> Node:
        """What a local reference points at.

        Raises:
            NotSimpleError: it points outside of the schema, or nowhere.
        """
        fragment = reference.removeprefix("#")
        if fragment == reference or (fragment and not fragment.startswith("/")):
            raise NotSimpleError
        target: Any = self._root
        for part in fragment.split("/")[1:]:
            key = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(target, dict) and key in target:
                target = target[key]
            elif isinstance(target, list) and key.isdecimal() and int(key) < len(target):
                target = target[int(key)]
            else:
                raise NotSimpleError
        if not isinstance(target, dict | bool):
            raise NotSimpleError
        return target

    def _flatten(self, node: JsonObject, *, seen: tuple[str, ...] = ()) -> JsonObject:
        """``node`` without $ref, allOf, oneOf and const, and without what is ignored anyway."""
        _check_conditions(node)
        parts: list[JsonObject] = []
        own = {
            key: value
            for key, value in node.items()
            if key not in _IGNORED and key not in _UNSAYABLE
        }
        reference = own.pop("$ref", None)
        if reference is not None:
            if reference in seen:
                raise NotSimpleError
            target = _as_dict(self.resolve(reference))
            parts.append(self._flatten(target, seen=(*seen, reference)))
        parts.extend(self._flatten(_as_dict(member), seen=seen) for member in own.pop("allOf", ()))
        if "const" in own:
            own["enum"] = [own.pop("const")]
        if "oneOf" in own:
            if "anyOf" in own:
                raise NotSimpleError
            own["anyOf"] = own.pop("oneOf")
        # the node's own annotations win over those of what it refers to
        return _merge([own, *parts])

    def _alternatives(self, base: JsonObject, branches: Iterable[Node]) -> JsonObject:
        notes = _annotations(base)
        base = {key: value for key, value in base.items() if key not in notes}
        kept = [branch for branch in branches if branch is not False]
        if base and not any(_has_structure(branch) for branch in kept):
            # alternatives that only say what is required: left to the validation
            return _one_type({**notes, **base})
        if any(branch is True for branch in kept) or not kept:
            raise NotSimpleError
        if base:
            kept = [_merge([self._flatten(_as_dict(branch)), base]) for branch in kept]
        return {"anyOf": kept, **notes}


def _check_conditions(node: JsonObject) -> None:
    """Conditions are left to the validation, unless they bring properties of their own."""
    conditional = [node.get("then"), node.get("else")]
    conditional.extend((node.get("dependentSchemas") or {}).values())
    known = node.get("properties") or {}
    for part in conditional:
        if isinstance(part, dict) and not set(part.get("properties") or ()).issubset(known):
            raise NotSimpleError


def _one_type(node: JsonObject) -> JsonObject:
    types = _types(node)
    if "enum" in node:
        values = [value for value in node["enum"] if _has_type(value, types)]
        if not values or any(isinstance(value, dict | list) for value in values):
            raise NotSimpleError
        return _annotations(node) | {"enum": values}
    if len(types) == 1:
        return {**node, "type": types[0]}
    if not types:
        raise NotSimpleError
    notes = _annotations(node)
    return {"anyOf": [_of_type(node, kind) for kind in types], **notes}


def _annotations(node: JsonObject) -> JsonObject:
    return {key: node[key] for key in ANNOTATIONS if key in node}


def _has_structure(branch: Node) -> bool:
    return isinstance(branch, dict) and any(
        key not in _IGNORED and key not in _UNSAYABLE and key not in ("required", *ANNOTATIONS)
        for key in branch
    )


def _types(node: JsonObject) -> list[str]:
    declared = node.get("type")
    if isinstance(declared, str):
        return [declared]
    if declared is not None:
        return list(declared)
    return [
        kind
        for kind, keywords in _TYPE_OF_KEYWORD.items()
        if any(keyword in node for keyword in keywords)
    ]


def _merge(nodes: list[JsonObject], *, loose: bool = False) -> JsonObject:
    """One node for what all ``nodes`` say; ``loose``: for what any of them may say."""
    merged: JsonObject = {}
    for node in nodes:
        for key, value in node.items():
            merged[key] = _both(key, merged[key], value, loose=loose) if key in merged else value
    return merged


def _both(key: str, first: Any, second: Any, *, loose: bool) -> Any:
    if first == second or key in ANNOTATIONS:
        return first
    if key == "properties":
        either = "anyOf" if loose else "allOf"
        shared = {
            name: {either: [first[name], second[name]]}
            for name in first
            if name in second and first[name] != second[name]
        }
        return {**first, **second, **shared}
    if key == "required":
        return list(dict.fromkeys([*first, *second]))
    if key == "items" and not loose:
        return {"allOf": [first, second]}
    if key == "type" and not loose:
        return _common_types(first, second)
    if key == "enum" and not loose:
        return [value for value in first if value in second]
    if key == "additionalProperties" and False in (first, second):
        return False
    if key in ("anyOf", "type", "enum", "items", "prefixItems", "additionalProperties"):
        raise NotSimpleError
    if key == "patternProperties":
        raise NotSimpleError
    # a bound: either admits what both admit
    return first


def _as_dict(node: Node) -> JsonObject:
    if node is True:
        return {}
    if node is False:
        raise NotSimpleError
    return node


def _common_types(first: str | list[str], second: str | list[str]) -> list[str]:
    ours = [first] if isinstance(first, str) else first
    theirs = [second] if isinstance(second, str) else second
    common = [
        kind
        for kind in dict.fromkeys([*ours, *theirs])
        if (kind in ours or (kind == "integer" and "number" in ours))
        and (kind in theirs or (kind == "integer" and "number" in theirs))
    ]
    if not common:
        raise NotSimpleError
    return common


def _of_type(node: JsonObject, kind: str) -> JsonObject:
    """The part of a node of several types that concerns one of them."""
    family = "number" if kind == "integer" else kind
    foreign = {
        keyword
        for other, keywords in _TYPE_OF_KEYWORD.items()
        if other != family
        for keyword in keywords
    }
    kept = {key: value for key, value in node.items() if key not in foreign.union(ANNOTATIONS)}
    return {**kept, "type": kind}


def _has_type(value: object, types: list[str]) -> bool:
    if not types:
        return True
    match value:
        case None:
            names = {"null"}
        case bool():
            names = {"boolean"}
        case int():
            names = {"integer", "number"}
        case float():
            names = {"integer", "number"} if value.is_integer() else {"number"}
        case str():
            names = {"string"}
        case list():
            names = {"array"}
        case _:
            names = {"object"}
    return not names.isdisjoint(types)
