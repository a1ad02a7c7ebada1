"""Reading an agent's data schema piece by piece: references resolved, alternatives laid open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from jsonschema.validators import Draft202012Validator
from referencing import Registry
from referencing.exceptions import NoSuchResource, Unresolvable
from referencing.jsonschema import DRAFT202012

from signoff.executions.agents import JsonObject

Schema = JsonObject | bool

ANYTHING: JsonObject = {}
MAX_REFERENCES = 50
"""References that lead to references: longer chains are circles."""

_TYPE_OF_KEYWORD = {"properties": "object", "items": "array", "prefixItems": "array"}


def json_type(value: object) -> str:
    """The JSON Schema type of a Python value; an integral float is a ``number`` here."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def is_of_type(value: object, name: str) -> bool:
    """Whether ``value`` is of the JSON Schema type ``name``."""
    actual = json_type(value)
    if name == "number":
        return actual in ("integer", "number")
    if name == "integer":
        return actual == "integer" or (isinstance(value, float) and value.is_integer())
    return actual == name


@dataclass(frozen=True)
class Piece:
    """One piece of a schema, flat: no ``$ref``, no ``allOf``.

    Attributes:
        schema: the keywords, those beside a ``$ref`` winning over those behind it.
        references: what was looked up on the way here, to notice recursion.
    """

    schema: JsonObject
    references: frozenset[int] = field(default_factory=frozenset)

    @property
    def types(self) -> list[str]:
        """The types it declares or, failing that, the one its keywords imply."""
        declared = self.schema.get("type", [])
        if declared:
            return [declared] if isinstance(declared, str) else list(declared)
        if self.choices is not None:
            return [*dict.fromkeys(json_type(choice) for choice in self.choices)]
        return [name for keyword, name in _TYPE_OF_KEYWORD.items() if keyword in self.schema][:1]

    @property
    def choices(self) -> list[Any] | None:
        """The only values allowed (``enum``, ``const``), if they are listed."""
        if "const" in self.schema:
            return [self.schema["const"]]
        return self.schema.get("enum")

    @property
    def properties(self) -> dict[str, Schema]:
        """The declared properties."""
        return cast("dict[str, Schema]", self.schema.get("properties", {}))

    @property
    def required(self) -> frozenset[str]:
        """The required properties' names."""
        return frozenset(self.schema.get("required", []))

    @property
    def alternatives(self) -> list[Schema]:
        """The branches of ``anyOf`` or ``oneOf``, if the piece is nothing but a choice of them.

        Beside a ``type`` or ``properties`` they are constraints, not shapes.
        """
        if self.types:
            return []
        return [*self.schema.get("anyOf", []), *self.schema.get("oneOf", [])]


class AgentSchema:
    """An agent's data schema (Draft 2020-12), its references resolvable."""

    def __init__(self, schema: JsonObject) -> None:
        """Read ``schema``; nothing outside of it is ever fetched."""
        self.root = schema
        resource = DRAFT202012.create_resource(schema)
        registry: Registry[Any] = Registry()
        uri = resource.id() or ""
        self._resolver = registry.with_resource(uri, resource).resolver(uri)
        self._validator = Draft202012Validator(schema)

    def accepts(self, piece: Schema, value: object) -> bool:
        """Whether ``value`` meets ``piece``, a part of this schema."""
        try:
            return bool(self._validator.evolve(schema=piece).is_valid(value))
        except Unresolvable:
            return False

    def flatten(self, schema: Schema) -> Piece:
        """``schema`` without ``$ref`` and ``allOf``; anything at all where it cannot be had."""
        references: set[int] = set()
        flat = self._flatten(schema, references, MAX_REFERENCES)
        return Piece(flat, frozenset(references))

    def _flatten(self, schema: Schema, references: set[int], left: int) -> JsonObject:
        if not isinstance(schema, dict) or left == 0:
            return ANYTHING
        flat = {key: value for key, value in schema.items() if key not in ("$ref", "allOf")}
        if "$ref" in schema:
            try:
                target = self._resolver.lookup(schema["$ref"]).contents
            except (Unresolvable, NoSuchResource):
                return _annotations(flat)
            references.add(id(target))
            flat = _merged(self._flatten(target, references, left - 1), flat)
        for member in schema.get("allOf", []):
            flat = _merged(self._flatten(member, references, left - 1), flat)
        return flat

    def branch_for(self, piece: Piece, value: object) -> Piece:
        """The alternative that ``value`` is of, as the form chooses it; else ``piece`` itself."""
        branches = list(self.branches(piece))
        index = choose_branch(branches, value)
        return branches[index] if index is not None else piece

    def branches(self, piece: Piece) -> Iterator[Piece]:
        """The alternatives of ``piece``, flat; several types count as alternatives."""
        if piece.choices is not None:
            yield piece
        elif piece.alternatives:
            rest = _annotations(piece.schema)
            for branch in piece.alternatives:
                flat = self.flatten(branch)
                below = Piece(_merged(flat.schema, rest), flat.references | piece.references)
                # a nested choice, or several types in one branch
                yield from self.branches(below)
        elif len(piece.types) > 1:
            for name in piece.types:
                yield Piece({**piece.schema, "type": name}, piece.references)
        else:
            yield piece


def choose_branch(branches: list[Piece], value: object) -> int | None:
    """The branch that Prefect's form opens for ``value``.

    The first of its type; for an object the one that shares most keys with it.
    """
    fitting = [
        index
        for index, branch in enumerate(branches)
        if any(is_of_type(value, name) for name in branch.types)
    ]
    if isinstance(value, dict) and value:
        fitting.sort(key=lambda index: -len(value.keys() & branches[index].properties.keys()))
    return fitting[0] if fitting else None


def _annotations(schema: JsonObject) -> JsonObject:
    return {key: schema[key] for key in ("title", "description") if key in schema}


def _merged(below: JsonObject, above: JsonObject) -> JsonObject:
    merged = {**below, **above}
    if "properties" in below and "properties" in above:
        merged["properties"] = {**below["properties"], **above["properties"]}
    if "required" in below and "required" in above:
        merged["required"] = [*dict.fromkeys([*below["required"], *above["required"]])]
    return merged
