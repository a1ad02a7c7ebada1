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

from pydantic import Field

from signoff.executions.agents import Agent, JsonObject
from signoff.executions.extractions import Extraction, Record
from signoff.executions.failures import Failure
from signoff.executions.phases import Phase, phase_of
from signoff.executions.states import Status


class Trigger(StrEnum):
    """How an execution was started."""

    MANUAL = "manual"
    SCHEDULED = "scheduled"
    EVENT = "event"
    API = "api"


class StoredFile(Record):
    """An input file whose bytes are in the file store under ``sha256``."""

    id: UUID
    number: int
    name: str
    media_type: str
    size: int
    sha256: str


class AgentRevision(Record):
    """One immutable revision of an agent."""

    agent_id: UUID
    agent_number: int
    workspace_id: UUID
    revision: int
    agent: Agent
    created_at: datetime


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


class ReviewAnswer(Record):
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


class FieldChange(Record):
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


class DeliveryAttempt(Record):
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


class Delivery(Record):
    """The record of one destination: its id is the webhook-id of every attempt."""

    id: UUID
    execution_id: UUID
    position: int
    type: Literal["WEBHOOK", "ASKUI_WORKFLOW"]
    status: DeliveryStatus
    schedule_id: str | None = None
    attempts: list[DeliveryAttempt] = Field(default_factory=list)


class TrailEntry(Record):
    """One change of state, or one event worth keeping, in order."""

    at: datetime
    event: str
    from_status: Status | None = None
    to_status: Status | None = None
    by: str | None = None
    note: str = ""


class PendingInputs(Record):
    """Inputs are being taken in."""

    status: Literal[Status.PENDING_INPUTS] = Status.PENDING_INPUTS


class PendingDataExtraction(Record):
    """All inputs are stored; extraction is about to start, running, or failed."""

    status: Literal[Status.PENDING_DATA_EXTRACTION] = Status.PENDING_DATA_EXTRACTION


class PendingReview(Record):
    """A person is to confirm, correct or cancel."""

    status: Literal[Status.PENDING_REVIEW] = Status.PENDING_REVIEW
    data_extracted: JsonObject


class Confirmed(Record):
    """Signed off."""

    status: Literal[Status.CONFIRMED] = Status.CONFIRMED
    data_extracted: JsonObject
    data_confirmed: JsonObject


class DeliveredToDestination(Record):
    """Every destination has the data."""

    status: Literal[Status.DELIVERED_TO_DESTINATION] = Status.DELIVERED_TO_DESTINATION
    data_extracted: JsonObject
    data_confirmed: JsonObject
    deliveries: list[Delivery]


class Canceled(Record):
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


class Execution(Record):
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
