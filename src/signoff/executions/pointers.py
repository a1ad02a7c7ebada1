"""JSON pointers (RFC 6901): how a value inside data is named everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def json_pointer(path: Iterable[str | int]) -> str:
    """The JSON pointer (RFC 6901) to ``path``."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def enclosing(pointer: str) -> Iterator[str]:
    """The pointer itself, then those to all that it lies in; the whole, ``""``, is left out."""
    while pointer:
        yield pointer
        pointer = pointer.rpartition("/")[0]
