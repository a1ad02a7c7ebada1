"""Answers that hit the limit of their length: less is asked for instead of the same again."""

from __future__ import annotations

from signoff.executions.extractions import Iteration
from signoff.extraction.models.repetition import REPEATS
from signoff.extraction.reader import CUT_OFF, REPEATED, SUBMIT
from signoff.extraction.turns import IterationRecord


class CutOffError(Exception):
    """An answer hit the limit of its length, and less can be asked for."""


class CutOffRecord:
    """Keeps an iteration, and ends the reading of a part when its answer was cut off."""

    def __init__(self, record: IterationRecord, *, rows: int) -> None:
        """Keep iterations on ``record``; the part shows so many ``rows``."""
        self._record = record
        self._rows = rows

    def load(self) -> list[Iteration]:
        """As the record has it."""
        return self._record.load()

    def append(self, iteration: Iteration) -> None:
        """Keep the iteration first: it was paid for.

        Raises:
            CutOffError: its answer was cut off.
        """
        self._record.append(iteration)
        if was_cut_off(iteration, rows=self._rows):
            raise CutOffError


def was_cut_off(turn: Iteration, *, rows: int) -> bool:
    """Whether the turn's answer was too long, and not only without end.

    A model that repeated itself on a part of few ``rows`` is corrected: nor would it come to an
    end with half of them. One that was shown many may have read rows that really are equal.
    """
    if turn.action != SUBMIT or not turn.observation.startswith(CUT_OFF):
        return False
    return REPEATED not in turn.observation or rows >= REPEATS
