"""What of a string's format and pattern servers can hold an answer to while it is written.

What they take differs: the vendors' strict modes, llama.cpp's grammars and the libraries behind
other servers agree on four formats, and on patterns from one end to the other that are made of
plain characters, classes, groups and counts. Only that is asked for. The rest is said in the
description, as all of it is, and validated afterwards.
"""

from __future__ import annotations

import re
from typing import Any

from signoff.executions.agents import JsonObject

FORMATS = frozenset({"date", "time", "date-time", "uuid"})
MAX_PATTERN = 200
MAX_COUNT = 100

_CLASSES = {"d": "0-9", "w": "A-Za-z0-9_", "s": " "}
_PIECE = re.compile(
    r"\\(?P<cls>[dws])"
    r"|\\(?P<escaped>[.\-/+()\[\]{}*?|^$])"
    r"|\[(?P<members>(?:\\[dws]|\\[.\-/+()\[\]{}*?|^$]|[A-Za-z0-9 _.,:;/+*()&#=@!%'-])+)\]"
    r"|(?P<group>\((?:\?:)?)"
    r"|(?P<close>\))"
    r"|(?P<bar>\|)"
    r"|(?P<count>[?*+]|\{(?P<least>\d{1,3})(?:(?P<comma>,)(?P<most>\d{1,3})?)?\})"
    r"|(?P<plain>[A-Za-z0-9 _,:;/#=@!%&'-])"
)


def constraints(node: JsonObject) -> JsonObject:
    """The keywords of a string's schema that are asked for; none where there are none."""
    if node.get("format") in FORMATS:
        return {"format": node["format"]}
    pattern = plain_pattern(node.get("pattern"))
    return {"pattern": pattern} if pattern else {}


def plain_pattern(pattern: Any) -> str | None:
    """``pattern`` with shorthands written out; ``None`` when it says more than all understand."""
    if not isinstance(pattern, str) or len(pattern) > MAX_PATTERN:
        return None
    if len(pattern) < 3 or pattern[0] != "^" or pattern[-1] != "$" or pattern[-2] == "\\":
        return None
    written: list[str] = []
    at, end, depth, countable = 1, len(pattern) - 1, 0, False
    while at < end:
        piece = _PIECE.match(pattern, at, end)
        if piece is None:
            return None
        at = piece.end()
        if piece["count"]:
            counts = [int(piece[name]) for name in ("least", "most") if piece[name]]
            if not countable or max(counts, default=0) > MAX_COUNT:
                return None  # nothing to count, or a lazy one
            written.append(piece["count"])
            countable = False
            continue
        depth += bool(piece["group"]) - bool(piece["close"])
        if depth < 0 or (piece["bar"] and not depth):
            return None
        written.append(_written(piece))
        countable = not (piece["group"] or piece["bar"])
    return f"^{''.join(written)}$" if depth == 0 else None


def _written(piece: re.Match[str]) -> str:
    if piece["cls"]:
        return f"[{_CLASSES[piece['cls']]}]"
    if piece["members"]:
        members = re.sub(r"\\([dws])", lambda found: _CLASSES[found[1]], piece["members"])
        return f"[{members}]"
    return "(" if piece["group"] else piece[0]
