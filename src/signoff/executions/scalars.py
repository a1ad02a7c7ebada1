"""The scalar values of JSON data, by JSON pointer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def scalars(data: Any, *, at: str = "") -> Iterator[tuple[str, Any]]:
    """(pointer, value) of each text, number and truth value, in document order; nulls are none."""
    if isinstance(data, dict):
        for name, value in data.items():
            escaped = str(name).replace("~", "~0").replace("/", "~1")
            yield from scalars(value, at=f"{at}/{escaped}")
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from scalars(value, at=f"{at}/{index}")
    elif data is not None:
        yield at, data


def changed(before: Any, after: Any) -> set[str]:
    """Pointers to the scalars that one of the two has and the other has not, or not the same."""
    old, new = dict(scalars(before)), dict(scalars(after))
    return {
        pointer
        for pointer in old.keys() | new.keys()
        if not same(old.get(pointer), new.get(pointer))
    }


def same(before: Any, after: Any) -> bool:
    """Whether two scalars are one value: to JSON 1 and 1.0 are, and true is none of them."""
    return isinstance(before, bool) == isinstance(after, bool) and bool(before == after)
