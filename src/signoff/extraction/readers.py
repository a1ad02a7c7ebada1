"""Which readers the settings ask for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from signoff.extraction.offline import OfflineReader
from signoff.extraction.reader import Reader
from signoff.settings import ModelSettings, Settings

if TYPE_CHECKING:
    from signoff.extraction.models.model_reader import ModelReader
    from signoff.storage.database import Database

LONGEST_PAUSE = 30.0
"""Seconds that a model is waited for when it asks to, while another one could be asked instead."""


@dataclass(frozen=True)
class Readers:
    """Who reads.

    Attributes:
        reader: the model, the models in order, or the offline reader where no model is configured.
        challenger: a second model that reads independently.
        second: the offline reader, when a model reads.
    """

    reader: Reader
    challenger: Reader | None = None
    second: Reader | None = None


class ModelSlot(Protocol):
    """Takes a place among the calls that a model gets at a time, for a ``with`` block."""

    def __call__(
        self, model: ModelSettings, /, *, seconds: float, should_stop: Callable[[], None]
    ) -> AbstractContextManager[None]:
        """Wait for a place, ``seconds`` at the most, asking ``should_stop`` meanwhile.

        Raises:
            DeadlineExceededError: none became free in time.
        """
        ...


def any_model_slot(
    model: ModelSettings, /, *, seconds: float, should_stop: Callable[[], None]
) -> AbstractContextManager[None]:
    """A place without any limit."""
    return nullcontext()


def open_readers(
    settings: Settings, *, database: Database | None = None, slot: ModelSlot = any_model_slot
) -> Readers:
    """The readers that ``settings`` name.

    Args:
        settings: which models, if any.
        database: where all runs remember what is known of model servers.
        slot: taken for each call of a model.

    Raises:
        ConfigurationError: a model's address or key cannot be used.
    """
    if not settings.models:
        return Readers(OfflineReader())
    # here and not above: the client libraries take longer to load than reading offline
    from signoff.extraction.models.fallback import ModelsInOrder
    from signoff.extraction.models.model_reader import ModelReader

    def model_reader(
        model: ModelSettings, *, source: str = "", longest_pause: float = float("inf")
    ) -> ModelReader:
        return ModelReader(
            model,
            source=source,
            database=database,
            slot=lambda **waiting: slot(model, **waiting),
            longest_pause=longest_pause,
        )

    fallbacks = len(settings.model_fallbacks)
    first = len(settings.models) - fallbacks
    models = [
        model_reader(
            model,
            source=f"SIGNOFF_MODEL_FALLBACKS[{position - first}]" if position >= first else "",
            longest_pause=(LONGEST_PAUSE if position + 1 < len(settings.models) else float("inf")),
        )
        for position, model in enumerate(settings.models)
    ]
    challenger = (
        model_reader(settings.challenger, source="SIGNOFF_CHALLENGER")
        if settings.challenger
        else None
    )
    reader = models[0] if len(models) == 1 else ModelsInOrder(models)
    return Readers(reader, challenger, OfflineReader())
