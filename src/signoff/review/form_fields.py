"""An agent's data schema as the fields of Prefect's form, filled with data.

Prefect 3.8.8 has two UIs (``/`` and ``/v2``, which its front page leads to); both were tried.
What they do, and what this module makes of it:

- They resolve ``$ref`` only to ``#/definitions/<name>``, one step deep, and show nothing at all
  when one is missing: references are resolved here, recursive ones as deep as the data goes.
- A list of types makes them fail; ``anyOf`` renders as a row of buttons, but not within a list;
  ``oneOf`` does not render. A field that may be null is shown as one that may be left blank.
- A boolean without a value is sent as ``false``: where there is none, a choice of true and false
  that may stay open takes the switch's place.
- The date picker shows a date it cannot read as empty, and the time picker drops fractions of
  seconds: such values are shown as text.
- They show nothing for a value of the wrong type, and JavaScript rounds integers beyond 2**53:
  such values, and whatever has no known shape, get a JSON editor.
- V2 labels a field that has no title with its type: every field has one.
- Prefect interprets objects with the key ``__prefect_kind``, in the browser and on the server
  (one kind is a Jinja template). Data with such a key is shown in a JSON editor: its text is
  data to Prefect, which does not interpret what comes out of it.
- V1 checks answers by the fields below as they are typed; V2 leaves that to the server.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from jsonschema.validators import Draft202012Validator

from signoff.executions.agents import JsonObject
from signoff.review.agent_schema import AgentSchema, Piece, Schema, choose_branch, json_type

MAX_FIELDS = 2000
"""Fields in one form; what is beyond is edited as JSON."""

MAX_SAFE_INTEGER = 2**53 - 1
"""The largest integer that every one below is exact in JavaScript."""

_PICKED_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)", re.ASCII)
_WORD_BREAK = re.compile(r"[_\s-]+|(?<=[a-z])(?=[A-Z])")
_UNSAFE_KEYS = ("__prefect_kind", "__proto__", "$ref")
_MISSING = object()


def is_json_editor(field: JsonObject) -> bool:
    """Whether the form shows ``field`` as JSON text."""
    return not field.keys() & {"type", "enum", "anyOf"}


def prefill(field: JsonObject, value: object) -> object:
    """What the form starts from to show ``value`` in ``field``; nulls are left blank."""
    filled = _prefill(field, value)
    return None if filled is _MISSING else filled


def _prefill(field: JsonObject, value: object) -> object:
    if is_json_editor(field):
        text = json.dumps(value, ensure_ascii=False, indent=2)
        return {"__prefect_kind": "json", "value": text}
    if value is None:
        return _MISSING
    if "anyOf" in field:
        branches = [Piece(branch) for branch in field["anyOf"]]
        index = choose_branch(branches, value)
        return value if index is None else _prefill(field["anyOf"][index], value)
    if isinstance(value, dict):
        filled = {key: _prefill(field["properties"][key], item) for key, item in value.items()}
        return {key: item for key, item in filled.items() if item is not _MISSING}
    if isinstance(value, list):
        return [_prefill(field["items"], item) for item in value]
    return value


class FormFields:
    """Translates one agent's schema; one instance per form."""

    def __init__(self, schema: AgentSchema) -> None:
        """Start a form for ``schema``."""
        self._schema = schema
        self._left = MAX_FIELDS

    def for_data(self, data: JsonObject) -> JsonObject:
        """The field that holds all of ``data``."""
        return self._field(self._schema.root, [data], in_rows=False, above=frozenset())

    def _field(
        self, schema: Schema, values: list[Any], *, in_rows: bool, above: frozenset[int]
    ) -> JsonObject:
        """The field for ``schema``.

        Args:
            schema: a piece of the agent's schema.
            values: what the data holds at this place: one value, or one for each row of a list.
            in_rows: whether this is within a list, whose rows share one field.
            above: the references that led here.
        """
        piece = self._schema.flatten(schema)
        values = [value for value in values if value is not None]
        self._left -= 1
        if self._left < 0 or (not values and piece.references & above):
            return _described({}, piece)
        above = above | piece.references
        if piece.choices is not None:
            return _described(_choice(piece.choices, values), piece)
        if not piece.types and not piece.alternatives:
            # the schema does not say: what is there tells
            piece = replace(piece, schema={**piece.schema, "type": _common_type(values)})
        branches = [b for b in self._schema.branches(piece) if b.types != ["null"]]
        chosen: list[list[Any]] = [[] for _ in branches]
        for value in values:
            index = choose_branch(branches, value)
            if index is None:
                return _described({}, piece)
            chosen[index].append(value)
        fields = [
            self._typed(branch, of_it, in_rows=in_rows, above=above | branch.references)
            for branch, of_it in zip(branches, chosen, strict=True)
        ]
        if len(fields) == 1:
            return _described(fields[0], piece)
        if not fields or any(map(is_json_editor, fields)):
            return _described({}, piece)
        named = [_described(field, branch) for field, branch in zip(fields, branches, strict=True)]
        return _described({"anyOf": named}, piece)

    def _typed(
        self, piece: Piece, values: list[Any], *, in_rows: bool, above: frozenset[int]
    ) -> JsonObject:
        match piece.types:
            case ["object"]:
                return self._object(piece, values, in_rows=in_rows, above=above)
            case ["array"]:
                return self._array(piece, values, above=above)
            case ["string"]:
                return _string(piece.schema.get("format"), values)
            case ["boolean"]:
                return {"type": "boolean"} if values and not in_rows else {"enum": [True, False]}
            case ["integer" | "number" as name]:
                exact = all(abs(value) <= MAX_SAFE_INTEGER for value in values)
                return {"type": name} if exact else {}
            case _:
                return {}

    def _object(
        self, piece: Piece, values: list[JsonObject], *, in_rows: bool, above: frozenset[int]
    ) -> JsonObject:
        # what the schema allows without naming it must be seen all the same
        extra = piece.schema.get("additionalProperties", True)
        patterns = piece.schema.get("patternProperties", {})
        properties = dict(piece.properties)
        for key in dict.fromkeys(key for value in values for key in value):
            if key not in properties:
                matching = [sub for pattern, sub in patterns.items() if re.search(pattern, key)]
                properties[key] = [*matching, extra][0]
        if not properties or any(key in properties for key in _UNSAFE_KEYS):
            return {}
        fields = {
            key: {
                "title": _title(key),
                **self._field(
                    sub, [v[key] for v in values if key in v], in_rows=in_rows, above=above
                ),
            }
            for key, sub in properties.items()
        }
        required = [
            key
            for key in properties
            if key in piece.required and self._may_require(key, properties[key], values, in_rows)
        ]
        return {"type": "object", "properties": fields, "required": required}

    def _may_require(
        self, key: str, schema: Schema, values: list[JsonObject], in_rows: bool
    ) -> bool:
        """Whether the form may insist on ``key``.

        The form as it opens must always pass, or a reviewer could not cancel: an answer that
        confirms is held against the whole schema elsewhere.
        """
        if self._schema.accepts(schema, None) or self._schema.accepts(schema, []):
            return False
        return all(value.get(key) is not None for value in values) if values else in_rows

    def _array(self, piece: Piece, values: list[list[Any]], *, above: frozenset[int]) -> JsonObject:
        rows = [row for value in values for row in value]
        if "prefixItems" in piece.schema or None in rows:
            return {}
        items = self._field(piece.schema.get("items", {}), rows, in_rows=True, above=above)
        if is_json_editor(items) or "anyOf" in items:
            return {}
        return {"type": "array", "items": items}


def _described(field: JsonObject, piece: Piece) -> JsonObject:
    texts = {key: piece.schema.get(key) for key in ("title", "description")}
    return {**{key: text for key, text in texts.items() if isinstance(text, str)}, **field}


def _title(key: str) -> str:
    # the newer UI labels a field without a title with its type
    words = _WORD_BREAK.sub(" ", key).strip() or key
    return words[:1].upper() + words[1:]


def _choice(choices: list[Any], values: list[Any]) -> JsonObject:
    # a value that is none of them stays visible as one more choice
    offered = [choice for choice in choices if choice is not None]
    offered += [value for value in values if not any(_same(value, choice) for choice in offered)]
    if any(isinstance(choice, dict | list) for choice in offered):
        return {}
    if all(isinstance(choice, str) for choice in offered):
        return {"type": "string", "enum": [*dict.fromkeys(offered)]}
    return {"enum": offered}


def _common_type(values: list[Any]) -> str | list[str]:
    types = {json_type(value) for value in values}
    if types == {"integer", "number"}:
        return "number"
    return types.pop() if len(types) == 1 else []


def _same(one: object, other: object) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _string(format_name: str | None, values: list[str]) -> JsonObject:
    checker = Draft202012Validator.FORMAT_CHECKER
    # the UI's validator may know no other formats, and refuses schemas with unknown ones
    if format_name not in checker.checkers:
        return {"type": "string"}
    shown = all(checker.conforms(value, format_name) for value in values)
    if format_name == "date-time":
        shown = all(_PICKED_TIME.fullmatch(value) for value in values)
    return {"type": "string", "format": format_name} if shown else {"type": "string"}
