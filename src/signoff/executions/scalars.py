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
