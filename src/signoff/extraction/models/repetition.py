"""Noticing that a model repeats itself: greedy small models do, until something stops them.

Under a grammar that wants a list they write the same row until their context is full, and some
servers' JSON mode lets them write blanks for ever. On a CPU that takes all of an execution's time.
"""

from __future__ import annotations

REPEATS = 40
"""More equal rows, one after the other, than documents have; where one has them, its part is read
in halves."""
LEAST_CHARACTERS = 1500
"""A long number and a ruled line repeat a character, too."""

_LONGEST_PERIOD = 1000
_PROBE = 64
_CHECK_EVERY = 256


class Repetition:
    """Takes the pieces of one text as they come."""

    def __init__(self) -> None:
        self._tail = ""
        self._new: list[str] = []
        self._unchecked = 0

    def add(self, piece: str) -> bool:
        """Take a piece; true when the text has ended in nothing but repetition for long."""
        self._new.append(piece)
        self._unchecked += len(piece)
        if self._unchecked < _CHECK_EVERY:
            return False
        self._tail = "".join((self._tail, *self._new))[-REPEATS * _LONGEST_PERIOD :]
        self._new, self._unchecked = [], 0
        return _repeats(self._tail)


def _repeats(text: str) -> bool:
    if len(text) < LEAST_CHARACTERS:
        return False
    before = text.rfind(text[-_PROBE:], 0, len(text) - 1)
    period = len(text) - _PROBE - before
    length = max(REPEATS * period, LEAST_CHARACTERS)
    return before >= 0 and length <= len(text) and text[-length:-period] == text[period - length :]
