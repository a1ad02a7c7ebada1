"""The turns of one reader on an execution's record, and what all turns on it have used up."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal, Protocol

from signoff.errors import DeadlineExceededError, ModelUnavailableError
from signoff.executions.extractions import Extraction, FieldSignals, Iteration
from signoff.extraction.reader import CUT_OFF, REFUSED, SUBMIT, Reading

LOOK_AGAIN = "Look again: "
"""How the observation of data begins that passed and has values in doubt."""


class IterationRecord(Protocol):
    """Where an execution's iterations are kept, so that no model call is ever paid twice."""

    def load(self) -> list[Iteration]:
        """Every iteration recorded so far, in order, those of earlier attempts included."""
        ...

    def append(self, iteration: Iteration) -> None:
        """Keep one more iteration; it must be on record when this returns.

        Raises:
            LeaseLostError: another attempt works on the execution now.
        """
        ...


class Turns:
    """One role's turns about one part of the documents.

    Attributes:
        ever: all of them on record, those of forgiven tries too.
        since: those that count.
        seconds: what all turns that count took, whatever their role and part.
        tokens: what they cost.
    """

    def __init__(
        self,
        record: IterationRecord,
        *,
        role: Literal["reader", "challenger"],
        part: str,
        forgiven: int,
    ) -> None:
        """Load what is on ``record``; turns up to the number ``forgiven`` do not count."""
        self._record, self._role, self._part = record, role, part
        recorded = record.load()
        counted = [turn for turn in recorded if turn.number > forgiven]
        self._last_number = recorded[-1].number if recorded else 0
        self.seconds = sum(turn.seconds for turn in counted)
        self.tokens = sum(turn.prompt_tokens + turn.completion_tokens for turn in counted)
        self.ever = [turn for turn in recorded if turn.role == role and turn.part == part]
        self.since = [turn for turn in self.ever if turn.number > forgiven]

    def add(
        self, reading: Reading, observation: str, *, seconds: float, offline: bool
    ) -> Iteration:
        """Record what a reader answered, and what came of it."""
        submitted = reading.action == SUBMIT
        return self._add(
            Iteration(
                number=self._last_number + 1,
                thought=reading.thought,
                action=reading.action,
                action_input=(reading.data or {}) if submitted else reading.tool_input,
                observation=observation,
                timestamp=datetime.now(UTC),
                model=reading.model,
                prompt_tokens=reading.prompt_tokens,
                completion_tokens=reading.completion_tokens,
                cached_tokens=reading.cached_tokens,
                tokens_estimated=reading.tokens_estimated,
                cost=reading.cost,
                seconds=seconds,
                confidence=reading.confidence,
                probabilities=reading.probabilities,
                evidence=reading.evidence,
                offline=offline,
                role=self._role,
                part=self._part,
            )
        )

    def add_refusal(
        self, error: ModelUnavailableError | DeadlineExceededError, *, seconds: float
    ) -> Iteration:
        """Record a call that brought ``error``, with what it cost."""
        paid = error if isinstance(error, ModelUnavailableError) else ModelUnavailableError("")
        return self._add(
            Iteration(
                number=self._last_number + 1,
                action=REFUSED,
                observation=str(error),
                timestamp=datetime.now(UTC),
                model=paid.model,
                prompt_tokens=paid.prompt_tokens,
                completion_tokens=paid.completion_tokens,
                cost=paid.cost,
                seconds=seconds,
                role=self._role,
                part=self._part,
            )
        )

    def _add(self, turn: Iteration) -> Iteration:
        self._record.append(turn)
        self._last_number = turn.number
        self.seconds += turn.seconds
        self.tokens += turn.prompt_tokens + turn.completion_tokens
        self.ever.append(turn)
        self.since.append(turn)
        return turn


def is_final_refusal(turn: Iteration) -> bool:
    """Whether nobody is left to be asked: a refusal that names no model was the last one's."""
    return turn.action == REFUSED and not turn.action_input


def was_doubted(turn: Iteration) -> bool:
    """Whether a submit passed, and was to be looked at again all the same."""
    return turn.action == SUBMIT and turn.observation.startswith(LOOK_AGAIN)


def was_cut_short(turn: Iteration) -> bool:
    """Whether a submit is no more than the beginning of an answer."""
    return turn.action == SUBMIT and turn.observation.startswith(CUT_OFF)


def extraction_of(turn: Iteration) -> Extraction:
    """What a ``submit`` handed in."""
    return Extraction(
        data=turn.action_input,
        confidence=turn.confidence,
        evidence=turn.evidence,
        signals={
            pointer: FieldSignals(token_probability=probability)
            for pointer, probability in turn.probabilities.items()
        },
        model=turn.model,
        offline=turn.offline,
    )
