"""Answers that hit the limit of their length: less is asked for instead of the same again."""

from __future__ import annotations

from signoff.executions.models import Iteration
from signoff.extraction.reader import CUT_OFF, SUBMIT
from signoff.extraction.turns import IterationRecord


class CutOffError(Exception):
    """An answer hit the limit of its length, and less can be asked for."""


class CutOffRecord:
    """Keeps an iteration, and ends the reading of a part when its answer was cut off."""

    def __init__(self, record: IterationRecord) -> None:
        """Keep iterations on ``record``."""
        self._record = record

    def load(self) -> list[Iteration]:
        """As the record has it."""
        return self._record.load()

    def append(self, iteration: Iteration) -> None:
        """Keep the iteration first: it was paid for.

        Raises:
            CutOffError: its answer was cut off.
        """
        self._record.append(iteration)
        if was_cut_off(iteration):
            raise CutOffError


def was_cut_off(turn: Iteration) -> bool:
    """Whether the turn's answer hit the limit of its length."""
    return turn.action == SUBMIT and turn.observation.startswith(CUT_OFF)
