"""The seam between the extraction loop and whatever reads: a model, or the offline reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from signoff.documents.model import Document
from signoff.executions.agents import JsonObject
from signoff.executions.models import Evidence, Iteration


@dataclass(frozen=True)
class ReadRequest:
    """What a reader gets.

    Attributes:
        schema: the agent's data schema, Draft 2020-12.
        instructions: the agent's, its execution type's and the caller's, joined: trusted text.
        documents: untrusted content, in order.
        input_data: given by the caller beside the files.
        earlier: the iterations so far; the last one's observation says what to correct.
        seconds_left: the call's deadline.
    """

    schema: JsonObject
    instructions: str
    documents: Sequence[Document]
    input_data: JsonObject | None = None
    earlier: Sequence[Iteration] = ()
    seconds_left: float = 120.0


@dataclass(frozen=True)
class Reading:
    """One answer of a reader.

    ``data`` is ``None`` when the answer was no JSON object; ``problem`` then says why.
    Keys of ``confidence`` and ``evidence`` are JSON pointers into ``data``.
    """

    model: str
    data: JsonObject | None
    thought: str = ""
    problem: str = ""
    confidence: dict[str, float] = field(default_factory=dict)
    evidence: dict[str, Evidence] = field(default_factory=dict)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: Decimal | None = None


class Reader(Protocol):
    """Reads documents into data shaped by a schema."""

    @property
    def offline(self) -> bool:
        """Whether no model is behind it; its readings are marked so."""
        ...

    def read(self, request: ReadRequest) -> Reading:
        """One reading.

        Raises:
            ModelUnavailableError: no answer is to be had now.
            DeadlineExceededError: the deadline passed.
        """
        ...
