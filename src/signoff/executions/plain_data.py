"""YAML and JSON text as plain JSON values: nothing guessed, nothing dropped, nothing huge.

YAML is read by its 1.2 rules: ``2024-01-01``, ``no`` and ``12:30`` are strings, as they are in
the JSON Schemas that agents are made of, and keys are always strings.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import yaml

MAX_DEPTH = 100
MAX_SIZE = 1_000_000
"""Nodes and characters that aliases may expand to: a bomb is refused, not expanded."""


class PlainDataError(ValueError):
    """The text is no YAML or JSON that we take; the message names the line, never its text."""


def read_json(text: str) -> Any:
    """The value that the JSON ``text`` holds.

    Raises:
        PlainDataError: not JSON, a key twice in one object, or nested too deep.
    """
    if not text.strip():
        raise PlainDataError("is empty")
    try:
        value = json.loads(
            text,
            object_pairs_hook=_unique_pairs,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except json.JSONDecodeError as error:
        raise PlainDataError(
            f"is no JSON at line {error.lineno}, column {error.colno}: {error.msg}"
        ) from None  # the exception carries the whole text, secrets included
    except RecursionError:
        raise PlainDataError(_TOO_DEEP) from None
    except PlainDataError:
        raise
    except ValueError as error:  # an integer of more digits than Python converts
        raise PlainDataError(f"is no JSON that can be read: {error}") from None
    _check(value, MAX_DEPTH)
    return value


def read_yaml(text: str) -> Any:
    """The value that the one YAML document in ``text`` holds.

    Raises:
        PlainDataError: not YAML, a key twice in one mapping, an unknown tag, nested too deep,
            or aliases that multiply the content.
    """
    try:
        # Not the C loader: deep nesting makes it overflow the stack and end the process.
        node = yaml.compose(text, Loader=_Loader)
        if node is None:
            raise PlainDataError("is empty")
        size, _ = _measure(node, MAX_DEPTH, {})
        if size > max(MAX_SIZE, 4 * len(text)):
            raise PlainDataError("aliases multiply the content beyond reason")
        return _build(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        # from None: PyYAML's own message quotes the line, secrets included
        raise PlainDataError(f"is no YAML{place}: {_without_names(error)}") from None
    except yaml.YAMLError as error:
        place = f" at character {error.position}" if hasattr(error, "position") else ""
        raise PlainDataError(f"is no YAML{place}: unreadable characters") from None
    except RecursionError:
        raise PlainDataError(_TOO_DEEP) from None


_HALVES = re.compile("[\ud800-\udfff]")
_TAGGED = "the tag is not taken; put text that begins with ! in quotes"
_HALF_CHARACTER = "holds one half of a character (a lone surrogate), which is no text"
_TOO_DEEP = f"is nested deeper than {MAX_DEPTH} levels, or an alias refers to itself"


class _Loader(yaml.SafeLoader):
    """Composes nodes, with the implicit types of YAML 1.2's core schema only."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}


_TAG = "tag:yaml.org,2002:"
for _name, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
    ("merge", r"<<", ["<"]),
):
    _Loader.add_implicit_resolver(_TAG + _name, re.compile(rf"^(?:{_pattern})$"), _first)


def _measure(
    node: yaml.Node, depth: int, known: dict[yaml.Node, tuple[int, int]]
) -> tuple[int, int]:
    """What ``node`` holds with aliases expanded, in nodes and characters; and its height."""
    if node not in known:
        if depth == 0:
            raise PlainDataError(f"{_line(node)} {_TOO_DEEP}")
        size, height = 1, 0
        for child in _children(node):
            child_size, child_height = _measure(child, depth - 1, known)
            size, height = size + child_size, max(height, child_height)
        if isinstance(node, yaml.ScalarNode):
            size += len(node.value)
        known[node] = size, height + 1
    if known[node][1] > depth:
        raise PlainDataError(f"{_line(node)} {_TOO_DEEP}")
    return known[node]


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _build(node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
        return _mapping(node)
    if isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
        return [_build(child) for child in node.value]
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    raise PlainDataError(f"{_line(node)} {_TAGGED}")


def _mapping(node: yaml.MappingNode) -> dict[str, Any]:
    values: dict[str, Any] = {}
    merged: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise PlainDataError(f"{_line(key)} a key must be plain text")
        if key.tag == _TAG + "merge":
            merged = {**_merged(value), **merged}
        elif (name := _whole(key.value)) in values:
            raise PlainDataError(f"{_line(key)} the key {name!r} appears twice")
        else:
            values[name] = _build(value)
    return {**merged, **values}


def _merged(node: yaml.Node) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for part in node.value if isinstance(node, yaml.SequenceNode) else [node]:
        if not isinstance(part, yaml.MappingNode):
            raise PlainDataError(f"{_line(part)} << takes a mapping or a list of mappings")
        result = {**_build(part), **result}
    return result


def _scalar(node: yaml.ScalarNode) -> str | int | float | bool | None:
    text: str = node.value
    kind = node.tag.removeprefix(_TAG)
    try:
        if kind in ("str", "merge"):
            return _whole(text)
        if kind == "null":
            return None
        if kind == "bool":
            return {"true": True, "false": False}[text.lower()]
        if kind == "int":
            return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
        if kind == "float":
            return _finite(text)
    except PlainDataError as error:
        raise PlainDataError(f"{_line(node)} {error}") from None
    except (ValueError, KeyError):
        raise PlainDataError(f"{_line(node)} is no {kind} that can be read") from None
    raise PlainDataError(f"{_line(node)} {_TAGGED}")


def _without_names(error: yaml.MarkedYAMLError) -> str:
    """What is wrong, without names of aliases and tags: a secret without quotes may be one."""
    problem = error.problem or error.context or ""
    if problem.startswith("found undefined alias"):
        return "found an alias without its anchor; put text that begins with * in quotes"
    if problem.startswith("found undefined tag handle"):
        return _TAGGED
    return problem


def _whole(text: str) -> str:
    """``text`` with the halves of a character, as JSON escapes them, joined."""
    if not _HALVES.search(text):
        return text
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise PlainDataError(_HALF_CHARACTER) from None


def _line(node: yaml.Node) -> str:
    return f"line {node.start_mark.line + 1}:"


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise PlainDataError("holds a number that is too large for JSON")
    return number


def _refuse_constant(text: str) -> None:
    raise PlainDataError(f"holds {text}, which is no JSON")


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise PlainDataError(f"has the key {twice!r} twice in one object")
    return values


def _check(value: object, depth: int) -> None:
    if depth == 0:
        raise PlainDataError(_TOO_DEEP)
    if isinstance(value, str):
        _whole(value)
    elif isinstance(value, dict):
        for key, child in value.items():
            _whole(key)
            _check(child, depth - 1)
    elif isinstance(value, list):
        for child in value:
            _check(child, depth - 1)
