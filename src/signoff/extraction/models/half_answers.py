"""What there is of a JSON object whose end was cut off: all that is whole for certain.

Members and rows before the cut are kept, the row that was being written is not: half of it may
belong to the next one. Neither is a number at the very end, of which digits may be missing. What
is wrong before its end is no half answer but no answer.
"""

from __future__ import annotations

import json
import re
from typing import Any

from signoff.executions.agents import JsonObject

_OPENING = re.compile(r"(?:```[a-zA-Z0-9]*\s*)?(?=\{)")
_SPACE = " \t\n\r"
_LONGEST_ESCAPE = 6
"""Characters of ``\\uXXXX``."""


class _CutError(Exception):
    """The text ended; ``whole`` is what there is of the value that it ended in."""

    def __init__(self, whole: Any = None) -> None:
        super().__init__()
        self.whole = whole


class _WrongError(Exception):
    """What is there is no JSON, however it might go on."""


def begun_object(text: str) -> JsonObject | None:
    """The whole part of the object that ``text`` begins; ``None`` where there is none."""
    text = text.strip()
    opening = _OPENING.match(text)
    if opening is None:
        return None
    try:
        _Scanner(text[opening.end() :]).value()
    except _CutError as cut:
        return cut.whole or None
    except (_WrongError, RecursionError):
        pass
    return None  # also where it is whole: then it was not the object that was cut


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self._decoder = json.JSONDecoder(parse_constant=_wrong)

    def value(self) -> Any:
        match self._next():
            case "{":
                return self._members()
            case "[":
                return self._items()
            case _:
                return self._scalar()

    def _members(self) -> JsonObject:
        members: JsonObject = {}
        try:
            while self._more("}", first=not members):
                if self._next() != '"':
                    raise _WrongError
                name = self._scalar()
                if self._next() != ":":
                    raise _WrongError
                self._at += 1
                try:
                    members[name] = self.value()
                except _CutError as cut:
                    if cut.whole:
                        members[name] = cut.whole
                    raise
        except _CutError:
            raise _CutError(members) from None
        return members

    def _items(self) -> list[Any]:
        items: list[Any] = []
        try:
            while self._more("]", first=not items):
                items.append(self.value())
        except _CutError:
            raise _CutError(items) from None
        return items

    def _scalar(self) -> Any:
        try:
            value, end = self._decoder.raw_decode(self._text, self._at)
        except json.JSONDecodeError as error:
            rest = self._text[self._at :]
            unended = error.msg.startswith("Unterminated")
            if unended or len(self._text) - error.pos <= _LONGEST_ESCAPE or _is_begun(rest):
                raise _CutError from None
            raise _WrongError from None
        if end == len(self._text) and not isinstance(value, str):
            raise _CutError  # 12 may be 125 to be
        self._at = end
        return value

    def _more(self, bracket: str, *, first: bool) -> bool:
        """Whether another entry follows; the comma or the bracket before it is taken."""
        if first:
            self._at += 1
        found = self._next()
        if found == bracket:
            self._at += 1
            return False
        if not first:
            if found != ",":
                raise _WrongError
            self._at += 1
        return True

    def _next(self) -> str:
        while self._at < len(self._text) and self._text[self._at] in _SPACE:
            self._at += 1
        if self._at == len(self._text):
            raise _CutError
        return self._text[self._at]


def _is_begun(rest: str) -> bool:
    return any(word.startswith(rest) for word in ("true", "false", "null", "-"))


def _wrong(name: str) -> Any:
    raise _WrongError
