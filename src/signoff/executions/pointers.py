"""JSON pointers (RFC 6901): how a value inside data is named everywhere."""

from __future__ import annotations

from collections.abc import Iterable


def json_pointer(path: Iterable[str | int]) -> str:
    """The JSON pointer (RFC 6901) to ``path``."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
