"""Two readings of the same documents, value beside value, whatever the order of their rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from signoff.executions.agents import JsonObject
from signoff.executions.pointers import enclosing, json_pointer
from signoff.executions.scalars import scalars
from signoff.extraction.equality import same_value
from signoff.extraction.rows import match_rows


class Beside(NamedTuple):
    """A value, and what the other reading has in its place; ``None`` is nothing.

    ``pointer`` leads into the first reading. What only the other one has is where it would stand
    there: rows of its own come after the last one, each as a whole.
    """

    pointer: str
    value: Any
    other: Any


def align(data: Any, other: Any, *, at: str = "") -> Iterator[Beside]:
    """Every scalar of ``data`` beside that of ``other``, and what ``other`` has beyond."""
    if isinstance(data, dict) and isinstance(other, dict):
        for name in dict.fromkeys([*data, *other]):
            yield from align(data.get(name), other.get(name), at=at + json_pointer([name]))
    elif isinstance(data, list) and isinstance(other, list):
        beyond = len(data)
        for mine, theirs in match_rows(data, other):
            if mine is None and theirs is not None:
                yield Beside(f"{at}/{beyond}", None, other[theirs])
                beyond += 1
            elif mine is not None:
                row = None if theirs is None else other[theirs]
                yield from align(data[mine], row, at=f"{at}/{mine}")
    elif isinstance(data, dict | list):
        for pointer, value in scalars(data, at=at):
            yield Beside(pointer, value, None)
    elif data is not None:
        yield Beside(at, data, other)
    else:
        for pointer, value in scalars(other, at=at):
            yield Beside(pointer, None, value)


def rows_left_out(aligned: Iterable[Beside]) -> dict[str, JsonObject]:
    """Rows that only the other reading has, by where they would stand in the first.

    Only of lists of which the other has every row too, with the same numbers: a reader that
    misread some may have split one in two.
    """
    beyond: dict[str, dict[str, JsonObject]] = defaultdict(dict)
    same: dict[str, bool] = {}
    for pointer, value, theirs in aligned:
        if value is None and isinstance(theirs, dict):
            beyond[pointer.rpartition("/")[0]][pointer] = theirs
        elif isinstance(value, int | float) and theirs is not None:
            agrees = same_value(value, theirs)
            for at in enclosing(pointer):
                same[at] = same.get(at, True) and agrees
    found: dict[str, JsonObject] = {}
    for rows, left_out in beyond.items():
        count = min(int(pointer.rpartition("/")[2]) for pointer in left_out)
        if count and all(same.get(f"{rows}/{number}") for number in range(count)):
            found |= left_out
    return found
