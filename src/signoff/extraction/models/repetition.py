"""Noticing that a model repeats itself: greedy small models do, until something stops them.

Under a grammar that wants a list they write the same row until their context is full, in a string
that has no end the same few letters or digits, and some servers' JSON mode lets them write blanks
for ever. On a CPU that takes all of an execution's time.
"""

from __future__ import annotations

REPEATS = 40
"""More equal rows, one after the other, than documents have; where one has them, its part is read
in halves."""
LEAST_CHARACTERS = 1500
"""A long number and a ruled line repeat a character, too."""

REPEATS_IN_VALUE = 12
LEAST_IN_VALUE = 200
"""Characters of a single value; no number, name or text of a document is made of one syllable."""

_LONGEST_PERIOD = 1000
_PROBE = 64
_CHECK_EVERY = 64


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
        return _repeats(self._tail) or _stammers(self._tail)


def _repeats(text: str) -> bool:
    if len(text) < LEAST_CHARACTERS:
        return False
    before = text.rfind(text[-_PROBE:], 0, len(text) - 1)
    period = len(text) - _PROBE - before
    length = max(REPEATS * period, LEAST_CHARACTERS)
    return before >= 0 and length <= len(text) and text[-length:-period] == text[period - length :]


def _stammers(text: str) -> bool:
    """Whether all that was written last is one value, and one syllable over and over."""
    end = text[-LEAST_IN_VALUE:]
    if len(end) < LEAST_IN_VALUE or '"' in end:  # with quotation marks it is several values
        return False
    probe = end[-LEAST_IN_VALUE // REPEATS_IN_VALUE :]
    period = len(end) - len(probe) - end.rfind(probe, 0, len(end) - 1)
    if period * REPEATS_IN_VALUE > LEAST_IN_VALUE or end[period:] != end[:-period]:
        return False
    syllable = end[:period]
    # zeros, rules of dashes and lists of equal numbers are no stammering
    return len(set(syllable)) > 1 and (
        syllable.isdigit() or any(letter.isalpha() for letter in syllable)
    )
