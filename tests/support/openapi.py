"""Two descriptions of an API held against each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

SPECS = Path(__file__).parents[3] / "shared" / "specs"
TALK = ("description", "title", "example", "examples", "summary")


def specification(name: str) -> dict[str, Any]:
    """The OpenAPI document inside a page of ../shared/specs; skips where it is not there."""
    page = SPECS / name
    if not page.exists():
        pytest.skip(f"../shared/specs/{name} is not here")
    [text] = re.findall(r"^````yaml [^\n]*\n(.*?)^````", page.read_text(), re.M | re.S)
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def differences(theirs: dict[str, Any], ours: dict[str, Any]) -> list[str]:
    """What their description promises and ours does not, path by path; ours may promise more."""
    return list(_differences(theirs, ours))


def _differences(theirs: dict[str, Any], ours: dict[str, Any]) -> Iterator[str]:
    for path, operations in theirs["paths"].items():
        for method, wanted in operations.items():
            place = f"{method.upper()} {path}"
            found = ours["paths"].get(path, {}).get(method)
            if found is None:
                yield f"{place} is missing"
                continue
            if wanted.get("operationId") != found.get("operationId"):
                yield f"{place}: operationId {found.get('operationId')}"
            yield from _parameters(place, wanted, found)
            yield from _bodies(place, theirs, wanted, ours, found)
            if {tuple(entry) for entry in wanted["security"]} - {
                name for entry in found.get("security", []) for name in [tuple(entry)]
            }:
                yield f"{place}: security {found.get('security')}"


def _parameters(place: str, wanted: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    by_name = {(entry["in"], entry["name"]): entry for entry in found.get("parameters", [])}
    for entry in wanted.get("parameters", []):
        ours = by_name.get((entry["in"], entry["name"]))
        if ours is None:
            yield f"{place}: the parameter {entry['name']} is missing"
        elif entry["required"] != ours["required"] or _plain(entry["schema"]) != _plain(
            ours["schema"]
        ):
            yield f"{place}: {entry['name']} is {ours['schema']}"
    required = {name for (_, name), entry in by_name.items() if entry["required"]}
    extra = required - {entry["name"] for entry in wanted.get("parameters", [])}
    if extra:
        yield f"{place}: {extra} need not be given there"


def _bodies(
    place: str,
    theirs: dict[str, Any],
    wanted: dict[str, Any],
    ours: dict[str, Any],
    found: dict[str, Any],
) -> Iterator[str]:
    pairs = [("request", wanted.get("requestBody"), found.get("requestBody"))]
    for code, response in wanted["responses"].items():
        if code not in found["responses"]:
            yield f"{place}: the answer {code} is missing"
            continue
        pairs.append((code, response, found["responses"][code]))
    for name, one, other in pairs:
        for media_type, content in ((one or {}).get("content") or {}).items():
            other = other or {}
            if media_type not in other.get("content", {}):
                yield f"{place}: {name} is no {media_type}"
                continue
            expected = _plain(_resolved(theirs, content["schema"]))
            offered = _plain(_resolved(ours, other["content"][media_type]["schema"]))
            if expected != offered:
                yield f"{place}: {name} {media_type}: {_first(expected, offered)}"


def _resolved(document: dict[str, Any], schema: Any) -> Any:
    if isinstance(schema, list):
        return [_resolved(document, entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _resolved(document, document["components"]["schemas"][name])
    # the mapping of one document names schemas that are not in it
    kept = {key: value for key, value in schema.items() if key != "discriminator"}
    return {key: _resolved(document, value) for key, value in kept.items()}


def _plain(schema: Any, *, is_properties: bool = False) -> Any:
    """A schema without what is for people, its sets in order."""
    if isinstance(schema, list):
        return [_plain(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {
        key: _plain(value, is_properties=key == "properties")
        for key, value in schema.items()
        if is_properties or key not in TALK
    }
    for key in ("required", "enum"):
        if isinstance(kept.get(key), list):
            kept[key] = sorted(kept[key])
    for key in ("oneOf", "anyOf"):
        if isinstance(kept.get(key), list):
            kept[key] = sorted(kept[key], key=repr)
    return kept


def _first(expected: Any, offered: Any, place: str = "") -> str:
    """Where two plain schemas differ first."""
    if isinstance(expected, dict) and isinstance(offered, dict):
        for key in sorted(expected.keys() | offered.keys()):
            if expected.get(key) != offered.get(key):
                return _first(expected.get(key), offered.get(key), f"{place}/{key}")
    if isinstance(expected, list) and isinstance(offered, list) and len(expected) == len(offered):
        for index, (one, other) in enumerate(zip(expected, offered, strict=True)):
            if one != other:
                return _first(one, other, f"{place}/{index}")
    return f"{place}: {expected!r} there, {offered!r} here"
