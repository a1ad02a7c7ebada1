"""The seam between the extraction loop and whatever reads: a model, or the offline reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from signoff.documents.model import Document
from signoff.executions.agents import JsonObject
from signoff.executions.extractions import Evidence, Iteration

SUBMIT = "submit"
"""The action that hands in data; every other action is a tool's name, or :data:`REFUSED`."""

REFUSED = "refused"
"""The recorded action of a call that was paid for and brought an error instead of an answer.

A reader returns it itself when its model declined while another one is still to be asked: the
turn is recorded with its tokens, ``problem`` as its observation and ``tool_input`` as its input
(it says which model declined), counts as no correction, and the reader is asked again. It passes
over the models that ``earlier`` shows to have declined.
"""

CUT_OFF = "The answer was cut off"
"""How the problem of an answer begins that hit the limit of its length."""

REPEATED = ": it repeated the same over and over"
"""How it goes on where the model would have gone on for ever."""


@dataclass(frozen=True)
class ToolSpec:
    """A tool as the model is told of it; ``parameters`` is the JSON Schema of its input.

    ``pictures`` marks a tool that gives pictures: it is not offered to a model that sees none.
    """

    name: str
    description: str
    parameters: JsonObject
    pictures: bool = False


@dataclass(frozen=True)
class Observation:
    """What a tool gave back: text, and pictures (PNG or JPEG bytes) for a model that sees."""

    text: str
    pictures: tuple[bytes, ...] = field(default=(), repr=False)


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
        tools: what the reader may call instead of submitting; empty: it must submit.
        pictures: of earlier tool calls' observations, by the iteration's number.
        pages: the only pages to read, as (document number, first page, last page), for a document
            that does not fit into one call; ``None``: everything.
        should_stop: called every second or so while the reader waits; raises to give up
            (:class:`ExecutionCanceledError`, :class:`LeaseLostError`).
    """

    schema: JsonObject
    instructions: str
    documents: Sequence[Document]
    input_data: JsonObject | None = None
    earlier: Sequence[Iteration] = ()
    seconds_left: float = 120.0
    tools: Sequence[ToolSpec] = ()
    pictures: Mapping[int, Sequence[bytes]] = field(default_factory=dict, repr=False)
    pages: tuple[int, int, int] | None = None
    should_stop: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Reading:
    """One answer of a reader: data, or the call of a tool.

    ``action`` is ``submit``, or the name of one of the request's tools, whose input is then
    ``tool_input``, or ``refused``. ``data`` is ``None`` when a submit was no JSON object;
    ``problem`` then says why. With both, ``data`` is what there is of an answer that was cut off:
    nothing that may pass. Keys of ``confidence``, ``probabilities`` and ``evidence`` are JSON
    pointers into ``data``; ``probabilities`` are those of each value's least certain token, where
    the server tells.
    """

    model: str
    data: JsonObject | None
    thought: str = ""
    problem: str = ""
    action: str = SUBMIT
    tool_input: JsonObject = field(default_factory=dict)
    confidence: dict[str, float] = field(default_factory=dict)
    probabilities: dict[str, float] = field(default_factory=dict)
    evidence: dict[str, Evidence] = field(default_factory=dict)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    tokens_estimated: bool = False
    cost: Decimal | None = None


@dataclass(frozen=True)
class ReaderLimits:
    """What fits into one call, in tokens.

    ``output_tokens`` are kept free for the answer in every call; beside a short prompt it may
    have ``longest_answer``.
    """

    context_tokens: int
    output_tokens: int
    longest_answer: int


class Reader(Protocol):
    """Reads documents into data shaped by a schema."""

    @property
    def offline(self) -> bool:
        """Whether no model is behind it; its readings are marked so."""
        ...

    @property
    def limits(self) -> ReaderLimits | None:
        """What fits into one call; ``None`` for a reader that takes documents of any length."""
        ...

    def read(self, request: ReadRequest) -> Reading:
        """One reading.

        Raises:
            ModelUnavailableError: no answer is to be had now.
            DeadlineExceededError: the deadline passed.
        """
        ...
