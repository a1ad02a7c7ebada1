"""The schema of a part: what a few pages of a long document can be asked for."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from signoff.executions.agents import JsonObject

NOTHING = "nothing_on_these_pages"
"""A property of parts, so that pages without any value have an answer too."""

_WHOLE = (
    "required",
    "minProperties",
    "dependentRequired",
    "dependentSchemas",
    "minItems",
    "maxItems",
    "contains",
    "minContains",
    "maxContains",
    "if",
    "then",
    "else",
)
"""What only the whole document can meet."""

Path = tuple[str, ...]


def part_schema(schema: JsonObject) -> JsonObject:
    """The agent's schema without what only the whole can meet; rows stay as they are."""
    relaxed = copy.deepcopy(schema)
    for node in _objects_and_lists(relaxed):
        for keyword in _WHOLE:
            node.pop(keyword, None)
    flag = {
        "type": "boolean",
        "description": "true if none of the values asked for stands on these pages",
    }
    relaxed["properties"] = {**relaxed.get("properties", {}), NOTHING: flag}
    relaxed["required"] = [NOTHING]
    return relaxed


def list_paths(schema: JsonObject) -> list[Path]:
    """Where the schema has lists that are in no other list, the ones of objects first."""
    found: list[tuple[bool, Path]] = []
    for path, node in _walk(schema, schema, (), frozenset()):
        if "items" in node or node.get("type") == "array":
            items = _resolved(node.get("items"), schema)
            found.append(("properties" not in items, path))
    return [path for _, path in sorted(found, key=lambda entry: entry[0])]


def row_names(schema: JsonObject, path: Path) -> list[str]:
    """The names of a row's properties, of the rows in it too: each is written with every row."""
    for found, node in _walk(schema, schema, (), frozenset()):
        if found == path:
            items = _resolved(node.get("items"), schema)
            return [step for names, _ in _walk(items, schema, (), frozenset()) for step in names]
    return []


def has_table(schema: JsonObject) -> bool:
    """Whether some list's rows have several values, a number among them: a table on the page."""
    for _, node in _walk(schema, schema, (), frozenset()):
        row = _resolved(node.get("items"), schema).get("properties") or {}
        kinds = [str(_resolved(value, schema).get("type")) for value in row.values()]
        if len(kinds) > 1 and any("number" in kind or "integer" in kind for kind in kinds):
            return True
    return False


def _objects_and_lists(schema: JsonObject) -> list[JsonObject]:
    return [node for _, node in _walk(schema, schema, (), frozenset())]


def _walk(
    node: JsonObject, root: JsonObject, path: Path, seen: frozenset[int]
) -> Iterator[tuple[Path, JsonObject]]:
    """A node and all that is below it without going through a list."""
    if id(node) in seen:
        return
    seen |= {id(node)}
    yield path, node
    for name, sub in (node.get("properties") or {}).items():
        if isinstance(sub, dict):
            yield from _walk(_resolved(sub, root), root, (*path, name), seen)
    for keyword in ("allOf", "anyOf", "oneOf"):
        for branch in node.get(keyword) or ():
            if isinstance(branch, dict):
                yield from _walk(_resolved(branch, root), root, path, seen)


def _resolved(node: Any, root: JsonObject) -> JsonObject:
    """What a local reference refers to."""
    for _ in range(20):
        if not isinstance(node, dict):
            return {}
        reference = node.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#"):
            return node
        target: Any = root
        for step in reference.removeprefix("#").split("/")[1:]:
            step = step.replace("~1", "/").replace("~0", "~")
            target = target.get(step) if isinstance(target, dict) else None
        node = target
    return {}
