"""The record of one execution, as the rest of the code sees it.

Instances are snapshots: the modules of :mod:`signoff.storage` make them from rows and nobody
changes them. Times are aware, in UTC.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from signoff.executions.agents import Agent, JsonObject
from signoff.executions.checks import OnFailure as OnFailure
from signoff.executions.failures import Failure
from signoff.executions.phases import Phase, phase_of
from signoff.executions.states import Status


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class Trigger(StrEnum):
    """How an execution was started."""

    MANUAL = "manual"
    SCHEDULED = "scheduled"
    EVENT = "event"
    API = "api"


class StoredFile(_Record):
    """An input file whose bytes are in the file store under ``sha256``."""

    id: UUID
    number: int
    name: str
    media_type: str
    size: int
    sha256: str


class AgentRevision(_Record):
    """One immutable revision of an agent."""

    agent_id: UUID
    agent_number: int
    workspace_id: UUID
    revision: int
    agent: Agent
    created_at: datetime


class MatchKind(StrEnum):
    """How a value was found in a document, the surest kind first."""

    EXACT = "exact"  # as it is written there
    VARIANT = "variant"  # the same value in another format: a date, an amount, spaces, case
    FUZZY = "fuzzy"  # nearly the same characters: OCR confusions, a word broken or left out


class Evidence(_Record):
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


class CheckResult(_Record):
    """What one of the agent's checks said. ``pointers`` are the values that it looked at."""

    name: str
    status: CheckStatus
    on_failure: OnFailure
    message: str = ""
    pointers: list[str] = Field(default_factory=list)


class Disagreement(_Record):
    """Another reader read something else at ``pointer``; ``value`` is ``None`` for nothing."""

    pointer: str
    reader: Literal["challenger", "offline"]
    value: Any = None


class FieldSignals(_Record):
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


class Iteration(_Record):
    """One turn of the extraction loop: one model call and what came of it.

    ``action`` is ``submit`` or a tool's name. ``observation`` is what came back: for ``submit``
    empty when the data passed, else what the schema says. ``cost`` is in US dollars, ``None``
    when the model's prices are unknown. ``confidence`` (a reader's own rating), ``probabilities``
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
    cost: Decimal | None = None
    seconds: float = 0.0
    confidence: dict[str, float] = Field(default_factory=dict)
    probabilities: dict[str, float] = Field(default_factory=dict)
    evidence: dict[str, Evidence] = Field(default_factory=dict)
    offline: bool = False
    role: Literal["reader", "challenger"] = "reader"
    part: str = ""


class Extraction(_Record):
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


class Decision(StrEnum):
    """What a reviewer may decide."""

    CONFIRM = "confirm"
    CANCEL = "cancel"


class AnswerOutcome(StrEnum):
    """What became of a review answer."""

    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    SUPERSEDED = "SUPERSEDED"


class ReviewAnswer(_Record):
    """One answer to one review round, accepted or not: the trail keeps all."""

    id: UUID
    execution_id: UUID
    round: int
    data_revision: int
    decision: Decision
    data: JsonObject | None = None
    comment: str = ""
    source: Literal["form", "cli", "http", "policy"]
    answered_by: str | None = None
    answered_at: datetime
    outcome: AnswerOutcome
    reason: str = ""


class FieldChange(_Record):
    """One value that the reviewer changed; ``pointer`` is a JSON pointer into the data.

    ``kind`` tells a value that was not there from null. A row added to a list was put before the
    one at the pointer; all of an answer's changes apply one after the other.
    """

    pointer: str
    kind: Literal["changed", "added", "removed"] = "changed"
    before: Any = None
    after: Any = None
    by: str | None = None
    at: datetime


class DeliveryStatus(StrEnum):
    """What became of one destination's delivery."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    # a call whose outcome nobody knows and that must not be repeated blindly
    UNKNOWN = "UNKNOWN"

    @property
    def needs_person(self) -> bool:
        """Only ``retry`` sends it again."""
        return self in (DeliveryStatus.FAILED, DeliveryStatus.UNKNOWN)


OUTCOME_UNKNOWN = "The outcome is unknown: "
"""How the error of a call begins that may have been received and must not be repeated blindly."""

SENT_AGAIN = "The outcome is unknown; a person decided to send again. "
"""What that beginning becomes when a person has decided."""


class DeliveryAttempt(_Record):
    """One call to a destination. ``status_code`` is ``None`` when no answer came."""

    number: int
    started_at: datetime
    status_code: int | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    body: str = ""
    seconds: float | None = None
    error: str | None = None

    @property
    def finished(self) -> bool:
        """Whether it is recorded what the call brought; if not, its run died meanwhile."""
        return self.status_code is not None or self.error is not None

    @property
    def accepted(self) -> bool:
        """Whether the destination answered with a 2xx."""
        return self.status_code is not None and 200 <= self.status_code < 300

    @property
    def outcome_unknown(self) -> bool:
        """Whether it may have been received, and no person has decided about it since."""
        return not self.finished or (self.error or "").startswith(OUTCOME_UNKNOWN)


class Delivery(_Record):
    """The record of one destination: its id is the webhook-id of every attempt."""

    id: UUID
    execution_id: UUID
    position: int
    type: Literal["WEBHOOK", "ASKUI_WORKFLOW"]
    status: DeliveryStatus
    schedule_id: str | None = None
    attempts: list[DeliveryAttempt] = Field(default_factory=list)


class TrailEntry(_Record):
    """One change of state, or one event worth keeping, in order."""

    at: datetime
    event: str
    from_status: Status | None = None
    to_status: Status | None = None
    by: str | None = None
    note: str = ""


class PendingInputs(_Record):
    """Inputs are being taken in."""

    status: Literal[Status.PENDING_INPUTS] = Status.PENDING_INPUTS


class PendingDataExtraction(_Record):
    """All inputs are stored; extraction is about to start, running, or failed."""

    status: Literal[Status.PENDING_DATA_EXTRACTION] = Status.PENDING_DATA_EXTRACTION


class PendingReview(_Record):
    """A person is to confirm, correct or cancel."""

    status: Literal[Status.PENDING_REVIEW] = Status.PENDING_REVIEW
    data_extracted: JsonObject


class Confirmed(_Record):
    """Signed off."""

    status: Literal[Status.CONFIRMED] = Status.CONFIRMED
    data_extracted: JsonObject
    data_confirmed: JsonObject


class DeliveredToDestination(_Record):
    """Every destination has the data."""

    status: Literal[Status.DELIVERED_TO_DESTINATION] = Status.DELIVERED_TO_DESTINATION
    data_extracted: JsonObject
    data_confirmed: JsonObject
    deliveries: list[Delivery]


class Canceled(_Record):
    """Stopped by a person before sign-off."""

    status: Literal[Status.CANCELED] = Status.CANCELED
    data_extracted: JsonObject | None = None


State = Annotated[
    PendingInputs
    | PendingDataExtraction
    | PendingReview
    | Confirmed
    | DeliveredToDestination
    | Canceled,
    Field(discriminator="status"),
]


class Execution(_Record):
    """One run of an agent over one set of inputs.

    ``data_revision`` counts the versions of the extracted data (an edit makes a new one);
    ``review_round`` counts the approval forms shown.
    """

    id: UUID
    number: int
    workspace_id: UUID
    agent_id: UUID
    agent_number: int
    agent_name: str
    agent_revision: int
    state: State
    failure: Failure | None = None
    files: list[StoredFile] = Field(default_factory=list)
    input_data: JsonObject | None = None
    additional_instructions: str = ""
    execution_type: str | None = None
    trigger: Trigger
    triggered_by: str | None = None
    context: JsonObject = Field(default_factory=dict)
    extraction: Extraction | None = None
    data_revision: int = 0
    review_round: int = 0
    flow_run_id: UUID | None = None
    attempt: int = 0
    model: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: Decimal | None = None
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def status(self) -> Status:
        """The state's name."""
        return self.state.status

    @property
    def phase(self) -> Phase:
        """How far it is."""
        return phase_of(self.status, failed=self.failure is not None, begun=self.attempt > 0)
