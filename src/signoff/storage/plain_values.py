"""Text and JSON as both databases take them.

PostgreSQL takes no NUL characters, lone surrogates fit into no UTF-8, NaN and the infinities are
no JSON, and SQLite does not hold anyone to a column's length. Text that was read from documents
contains all of that. What cannot be stored is replaced here, in the one place that every value
passes through, so that both databases hold the same.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

REPLACEMENT = "\ufffd"

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def plain_text(text: str) -> str:
    """``text`` with every character that cannot be stored replaced by U+FFFD."""
    return _UNSTORABLE.sub(REPLACEMENT, text)


def dump_json(value: Any) -> str:
    """``value`` as JSON text that both databases store: see the module's description."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        if "\\u0000" not in text and not _UNSTORABLE.search(text):
            return text
    except ValueError:
        pass  # NaN or an infinity
    return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    match value:
        case str():
            return plain_text(value)
        case float() if not math.isfinite(value):
            return None
        case dict():
            return {plain_text(str(key)): _plain(entry) for key, entry in value.items()}
        case list() | tuple():
            return [_plain(entry) for entry in value]
        case _:
            return value


class PlainText(TypeDecorator[str]):
    """Text of any length and any origin."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Replace what cannot be stored."""
        return None if value is None else plain_text(value)


class PlainString(TypeDecorator[str]):
    """Text of limited length: names and keys that have been checked before."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Replace what cannot be stored."""
        return None if value is None else plain_text(value)


class Label(PlainString):
    """Text for people (who it was, which model): what is too long for the column is cut."""

    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Replace what cannot be stored, and cut."""
        limit: int = getattr(self.impl_instance, "length", 0)
        if value is not None and len(value) > limit:
            value = value[: limit - 1] + "…"
        return super().process_bind_param(value, dialect)
