"""Several models in order: the next one reads when the one before is away or refuses."""

from __future__ import annotations

from collections.abc import Sequence

from signoff.errors import ModelRefusedError, ModelUnavailableError
from signoff.executions.agents import JsonObject
from signoff.extraction.models.model_reader import ModelReader
from signoff.extraction.reader import REFUSED, ReaderLimits, Reading, ReadRequest


class ModelsInOrder:
    """A :class:`~signoff.extraction.reader.Reader` over the first model that answers.

    An answer that is cut off, or that does not meet the schema, is an answer: it is corrected,
    not asked of another model. A refusal that was paid for is handed back as a turn of its own,
    so that it is on record before the next model is asked; the record then says whom to pass
    over, also after a crash.
    """

    def __init__(self, models: Sequence[ModelReader]) -> None:
        """Ask ``models`` (one at least) in this order."""
        self._models = list(models)

    @property
    def offline(self) -> bool:
        """Models are behind this reader."""
        return False

    @property
    def limits(self) -> ReaderLimits:
        """The smallest of all: what one model begins another one may have to finish."""
        limits = [model.limits for model in self._models]
        return ReaderLimits(
            min(limit.context_tokens for limit in limits),
            min(limit.output_tokens for limit in limits),
            min(limit.longest_answer for limit in limits),
        )

    def read(self, request: ReadRequest) -> Reading:
        """The answer of the first model that gives one.

        Raises:
            ModelUnavailableError: none does now; every model's reason is in the message.
            ModelRefusedError: none does, nor will.
            DeadlineExceededError: ``request.seconds_left`` is used up.
        """
        declined = [turn for turn in request.earlier if turn.action == REFUSED]
        reasons: list[str] = []
        passing = False
        for position, model in enumerate(self._models):
            turn = next((turn for turn in declined if turn.action_input == _mark(model)), None)
            if turn is not None:
                reasons.append(turn.observation)
                continue
            try:
                return model.read(request)
            except ModelUnavailableError as error:
                paid = error.prompt_tokens or error.completion_tokens
                if paid and position + 1 < len(self._models):
                    return _declined(model, error)
                if paid:  # the last one's refusal is the whole reading's, with what it cost
                    raise
                passing = passing or error.retryable
                reasons.append(str(error))
        kind = ModelUnavailableError if passing else ModelRefusedError
        raise kind(f"None of {len(self._models)} models answered. " + " ".join(reasons))


def _declined(model: ModelReader, error: ModelUnavailableError) -> Reading:
    return Reading(
        model=error.model or model.name,
        data=None,
        action=REFUSED,
        tool_input=_mark(model),
        problem=str(error),
        prompt_tokens=error.prompt_tokens,
        completion_tokens=error.completion_tokens,
        cost=error.cost,
    )


def _mark(model: ModelReader) -> JsonObject:
    return {"model": model.name}
