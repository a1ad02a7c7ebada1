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

REPEATS_IN_VALUE = 8
LEAST_IN_VALUE = 200
"""Characters of a single value; no number, name or text of a document is one phrase, or a few
letters, over and over."""
LONGEST_PHRASE = 100

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
    period = _period(text, probe=_PROBE)
    length = max(REPEATS * period, LEAST_CHARACTERS)
    return period > 0 and _is_periodic(text, period, length)


def _stammers(text: str) -> bool:
    """Whether all that was written last is one value, and one phrase over and over."""
    period = _period(text[-LEAST_IN_VALUE:], probe=LEAST_IN_VALUE // 4)
    length = max(REPEATS_IN_VALUE * period, LEAST_IN_VALUE)
    if not 0 < period <= LONGEST_PHRASE or not _is_periodic(text, period, length):
        return False
    phrase = text[-period:]
    # with quotation marks it is several values; zeros, rules of dashes and lists of equal numbers
    # are no stammering
    return (
        '"' not in phrase
        and len(set(phrase)) > 1
        and (phrase.isdigit() or any(letter.isalpha() for letter in phrase))
    )


def _period(text: str, *, probe: int) -> int:
    """After how many characters the end of ``text`` last stood there before; 0: it never did."""
    before = text.rfind(text[-probe:], 0, len(text) - 1)
    return len(text) - min(probe, len(text)) - before if before >= 0 else 0


def _is_periodic(text: str, period: int, length: int) -> bool:
    return length <= len(text) and text[-length:-period] == text[period - length :]
