"""Paths to values: JSON pointers in which ``*`` stands for every row of a list.

``/lines/*/amount`` is the amount of each line. A list that a path walks through without saying
``*`` or an index is walked row by row too, so that ``lines.amount`` of an equation means the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import AfterValidator

from signoff.executions.pointers import json_pointer

EACH = "*"
MAX_PARTS = 20

Parts = tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """A value that a path leads to.

    ``value`` is ``None`` where nothing stands. ``rows`` are the pointers of the list entries
    passed on the way, the outermost first.
    """

    pointer: str
    value: Any
    rows: tuple[str, ...] = ()


def path_parts(path: str) -> Parts:
    """The parts of ``path``, unescaped.

    Raises:
        ValueError: it is no such path.
    """
    if not path.startswith("/") or path == "/":
        raise ValueError(
            f"{path!r} is no path; write a JSON pointer such as /total, with * for each row of"
            " a list: /lines/*/amount"
        )
    parts = tuple(part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/"))
    if len(parts) > MAX_PARTS:
        raise ValueError(f"{path!r} has more than {MAX_PARTS} parts")
    return parts


def _checked(path: str) -> str:
    path_parts(path)
    return path


DataPath = Annotated[str, AfterValidator(_checked)]


def find_values(data: Any, parts: Parts) -> list[Found]:
    """Where ``parts`` lead in ``data``, in document order: one entry, or one for each row.

    An absent value is an entry too; the rows of an absent list are not.
    """
    return list(_walk(data, parts, (), ()))


def _walk(
    value: Any, parts: Parts, path: tuple[str | int, ...], rows: tuple[str, ...]
) -> Iterator[Found]:
    if isinstance(value, list) and parts:
        if parts[0].isdecimal() and parts[0].isascii():
            index = int(parts[0][:9])
            inner = value[index] if index < len(value) else None
            yield from _walk(inner, parts[1:], (*path, index), rows)
            return
        rest = parts[1:] if parts[0] == EACH else parts
        for index, inner in enumerate(value):
            place = (*path, index)
            yield from _walk(inner, rest, place, (*rows, json_pointer(place)))
    elif not parts:
        yield Found(json_pointer(path), value, rows)
    elif parts[0] == EACH:  # an absent list, or what should be one
        return
    else:
        inner = value.get(parts[0]) if isinstance(value, dict) else None
        yield from _walk(inner, parts[1:], (*path, parts[0]), rows)


def lists_on(schema: Any, parts: Parts) -> tuple[str, ...]:
    """The lists that a path passes, as paths.

    Raises:
        ValueError: the schema knows no such value; the message names the part.
    """
    lists: list[str] = []
    walked: list[str] = []
    rest = list(parts)
    branches = _branches(schema, schema)
    while rest:
        rows = [row for branch in branches for row in _row_schemas(branch)]
        fields = [branch.get("properties", {}) for branch in branches]
        if rows and not any(rest[0] in field for field in fields):
            indexed = rest[0].isdecimal()
            if not indexed:
                lists.append(json_pointer(walked))
            part = rest.pop(0) if indexed or rest[0] == EACH else EACH
            inner = rows
        else:
            part = rest.pop(0)
            inner = [field[part] for field in fields if part in field]
            if not inner:
                if _takes_any(branches):
                    break
                known = [name for field in fields for name in field]
                raise ValueError(_unknown(json_pointer([*walked, part]), part, known))
        walked.append(part)
        branches = [branch for part_schema in inner for branch in _branches(schema, part_schema)]
    return tuple(lists)


def _unknown(path: str, part: str, known: list[str]) -> str:
    close = get_close_matches(part, known, n=1)
    names = ", ".join(known[:20])
    hint = f"did you mean {close[0]}?" if close else f"known there: {names or 'nothing'}"
    return f"the data schema knows no {path}; {hint}"


def _branches(root: Any, schema: Any) -> list[dict[str, Any]]:
    """``schema`` and whatever its references and unions stand for."""
    found: list[dict[str, Any]] = []
    waiting, seen = [schema], set[int]()
    while waiting:
        branch = waiting.pop()
        if not isinstance(branch, dict) or id(branch) in seen:
            continue
        seen.add(id(branch))
        found.append(branch)
        for keyword in ("allOf", "anyOf", "oneOf"):
            waiting.extend(branch.get(keyword, ()))
        waiting.extend(branch[word] for word in ("then", "else") if word in branch)
        if isinstance(target := branch.get("$ref"), str):
            waiting.append(_resolve(root, target))
    return found


def _resolve(root: Any, target: str) -> Any:
    """What a reference stands for; something that takes any field when that is not plain."""
    if target != "#" and not target.startswith("#/"):
        return {"additionalProperties": {}}
    for part in target.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        root = root.get(key) if isinstance(root, dict) else None
    return root


def _row_schemas(branch: dict[str, Any]) -> Iterator[Any]:
    if "items" in branch:
        yield branch["items"]
    yield from branch.get("prefixItems", ())


def _takes_any(branches: list[dict[str, Any]]) -> bool:
    """Whether fields may stand there that the schema does not name."""
    words = ("patternProperties", "$dynamicRef")
    if not branches or any(word in branch for branch in branches for word in words):
        return True
    if any(isinstance(branch.get("additionalProperties"), dict) for branch in branches):
        return True
    types = [kind for branch in branches for kind in _list(branch.get("type", "object"))]
    return "object" in types and not any("properties" in branch for branch in branches)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
