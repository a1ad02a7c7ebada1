"""What a reader read, and what speaks for and against each value."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from signoff.executions.agents import JsonObject
from signoff.executions.checks import OnFailure


class Record(BaseModel):
    """A snapshot: nobody changes it."""

    model_config = ConfigDict(frozen=True)


class MatchKind(StrEnum):
    """How a value was found in a document, the surest kind first."""

    EXACT = "exact"  # as it is written there
    VARIANT = "variant"  # the same value in another format: a date, an amount, spaces, case
    FUZZY = "fuzzy"  # nearly the same characters: OCR confusions, a word broken or left out


class Evidence(Record):
    """Where a value was read.

    ``file`` is the document's number and counts from 1, as ``page`` does; ``box`` is (left, top,
    right, bottom) in fractions of the page's width and height, origin top left. ``quote`` is the
    text as the page has it, ``similarity`` how much of the value it shows (1.0: all of it),
    ``word_confidence`` OCR's for its least certain word (1.0: a text layer), ``places`` in how
    many places the value was found; the one that fits best is given.
    """

    file: int
    page: int
    box: tuple[float, float, float, float] | None = None
    quote: str
    match: MatchKind = MatchKind.EXACT
    similarity: float = 1.0
    word_confidence: float = 1.0
    places: int = 1


class CheckStatus(StrEnum):
    """What a check said of the data."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"  # values that it compares are absent


class CheckResult(Record):
    """What one of the agent's checks said. ``pointers`` are the values that it looked at."""

    name: str
    status: CheckStatus
    on_failure: OnFailure
    message: str = ""
    pointers: list[str] = Field(default_factory=list)


class Disagreement(Record):
    """Another reader read something else at ``pointer``; ``value`` is ``None`` for nothing."""

    pointer: str
    reader: Literal["challenger", "offline"]
    value: Any = None


class FieldSignals(Record):
    """What is known of one value beyond itself: what its confidence is computed from.

    ``match``, ``similarity``, ``word_confidence`` and ``places`` are the evidence's (``None``: the
    value is nowhere in the documents). ``offline_agrees`` and ``challenger_agrees`` are ``None``
    when that reader did not read or has no opinion. ``corrections`` counts earlier answers that
    had another value. ``token_probability`` is the model's for its least certain token.
    ``self_rating`` is the offline reader's own, when it is the one that read.
    """

    match: MatchKind | None = None
    similarity: float = 0.0
    word_confidence: float | None = None
    places: int = 0
    offline_agrees: bool | None = None
    challenger_agrees: bool | None = None
    checks_passed: int = 0
    checks_failed: int = 0
    corrections: int = 0
    token_probability: float | None = None
    self_rating: float | None = None


class Iteration(Record):
    """One turn of the extraction loop: one model call and what came of it.

    ``action`` is ``submit`` or a tool's name. ``observation`` is what came back: for ``submit``
    empty when the data passed, else what the schema says. ``cached_tokens`` are those of the
    prompt that the vendor had in its cache; ``tokens_estimated`` tells that the server did not
    say all of them. ``cost`` is in US dollars, ``None`` when these or the model's prices are
    unknown. ``confidence`` (a reader's own rating), ``probabilities``
    (of a value's least certain token) and ``evidence`` are a ``submit``'s, keyed by JSON pointers
    into ``action_input``: a restart takes them from here. ``offline`` marks the offline reader's.
    ``role`` tells the reader's turns from those of the challenger, which reads on its own.
    ``part`` names the pages of a long document that this turn is about, ``""`` for everything.
    """

    number: int = Field(ge=1)
    thought: str = ""
    action: str
    action_input: JsonObject = Field(default_factory=dict)
    observation: str = ""
    timestamp: datetime
    model: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    tokens_estimated: bool = False
    cost: Decimal | None = None
    seconds: float = 0.0
    confidence: dict[str, float] = Field(default_factory=dict)
    probabilities: dict[str, float] = Field(default_factory=dict)
    evidence: dict[str, Evidence] = Field(default_factory=dict)
    offline: bool = False
    role: Literal["reader", "challenger"] = "reader"
    part: str = ""


class Extraction(Record):
    """What was read, and what speaks for and against each value.

    Keys of ``confidence``, ``evidence`` and ``signals`` are JSON pointers to scalar values of
    ``data``. ``ungrounded`` lists those that appear nowhere in the documents. ``notes`` say what
    holds for the whole (rows that seem to be missing, pages that were not read). Values that a
    person has edited have none of these: only ``signals`` stay, which belong to ``as_read``.
    """

    data: JsonObject
    confidence: dict[str, float] = Field(default_factory=dict)
    evidence: dict[str, Evidence] = Field(default_factory=dict)
    signals: dict[str, FieldSignals] = Field(default_factory=dict)
    ungrounded: list[str] = Field(default_factory=list)
    checks: list[CheckResult] = Field(default_factory=list)
    disagreements: list[Disagreement] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    model: str
    offline: bool = False
    as_read: JsonObject | None = Field(
        default=None, description="What ``data`` was before a person edited it, if one did."
    )

    @property
    def lowest_confidence(self) -> float | None:
        """The execution's one score: its weakest value decides; ``None`` when none is scored.

        No more than that is known of the probability that everything is right, since errors come
        together; and it is the score that a policy's ``min_confidence`` is held against.
        """
        return min(self.confidence.values(), default=None)


NO_SECOND_OPINION = "No second opinion: "
"""How the note begins that another reader did not read: the data itself lacks nothing."""
