"""From rows to the records that the rest of the code sees."""

from __future__ import annotations

from decimal import Decimal

from signoff.executions.extractions import Extraction
from signoff.executions.failures import Failure
from signoff.executions.models import (
    AgentRevision,
    Canceled,
    Confirmed,
    DeliveredToDestination,
    Delivery,
    DeliveryAttempt,
    Execution,
    PendingDataExtraction,
    PendingInputs,
    PendingReview,
    ReviewAnswer,
    State,
    StoredFile,
    TrailEntry,
)
from signoff.executions.states import Status
from signoff.storage.secrets import Cipher
from signoff.storage.tables import (
    AgentRevisionRow,
    AgentRow,
    DeliveryAttemptRow,
    DeliveryRow,
    ExecutionRow,
    FileRow,
    IterationRow,
    ReviewAnswerRow,
    TrailRow,
)


def agent_revision(row: AgentRow, stored: AgentRevisionRow, cipher: Cipher) -> AgentRevision:
    """One revision of an agent, its secrets unsealed."""
    return AgentRevision(
        agent_id=row.id,
        agent_number=row.number,
        workspace_id=row.workspace_id,
        revision=stored.revision,
        agent=cipher.unseal(stored.definition),
        created_at=stored.created_at,
    )


def execution(row: ExecutionRow, deliveries: list[Delivery]) -> Execution:
    """An execution's snapshot. Reads the row's iterations for the sums."""
    extraction = Extraction.model_validate(row.extraction) if row.extraction else None
    failure = None
    if row.failure_code is not None and row.failed_at is not None:
        failure = Failure(
            code=row.failure_code, explanation=row.failure_explanation or "", at=row.failed_at
        )
    iterations = row.iterations
    return Execution(
        id=row.id,
        number=row.number,
        workspace_id=row.workspace_id,
        agent_id=row.agent_id,
        agent_number=row.agent.number,
        agent_name=row.agent.name,
        agent_revision=row.agent_revision,
        state=_state(row, extraction, deliveries),
        failure=failure,
        files=[stored_file(file) for file in row.files],
        input_data=row.input_data,
        additional_instructions=row.additional_instructions,
        execution_type=row.execution_type,
        trigger=row.trigger,
        triggered_by=row.triggered_by,
        context=row.context,
        extraction=extraction,
        data_revision=row.data_revision,
        review_round=row.review_round,
        flow_run_id=row.flow_run_id,
        attempt=row.attempt,
        model=iterations[-1].model if iterations else None,
        prompt_tokens=sum(turn.prompt_tokens for turn in iterations),
        completion_tokens=sum(turn.completion_tokens for turn in iterations),
        cost=_cost(iterations),
        created_at=row.created_at,
        updated_at=row.updated_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def _cost(iterations: list[IterationRow]) -> Decimal | None:
    # one unknown price makes the sum unknown
    costs = [turn.cost for turn in iterations if turn.cost is not None]
    return sum(costs, Decimal(0)) if costs and len(costs) == len(iterations) else None


def _state(row: ExecutionRow, extraction: Extraction | None, deliveries: list[Delivery]) -> State:
    data = extraction.data if extraction else {}
    match Status(row.status):
        case Status.PENDING_INPUTS:
            return PendingInputs()
        case Status.PENDING_DATA_EXTRACTION:
            return PendingDataExtraction()
        case Status.PENDING_REVIEW:
            return PendingReview(data_extracted=data)
        case Status.CONFIRMED:
            return Confirmed(data_extracted=data, data_confirmed=row.confirmed or {})
        case Status.DELIVERED_TO_DESTINATION:
            return DeliveredToDestination(
                data_extracted=data, data_confirmed=row.confirmed or {}, deliveries=deliveries
            )
        case Status.CANCELED:
            return Canceled(data_extracted=data or None)


def stored_file(row: FileRow) -> StoredFile:
    """An input file."""
    return StoredFile(
        id=row.id,
        number=row.number,
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        sha256=row.sha256,
    )


def delivery(row: DeliveryRow) -> Delivery:
    """A delivery with its attempts."""
    return Delivery.model_validate(
        {
            "id": row.id,
            "execution_id": row.execution_id,
            "position": row.position,
            "type": row.type,
            "status": row.status,
            "schedule_id": row.schedule_id,
            "attempts": [delivery_attempt(attempt) for attempt in row.attempts],
        }
    )


def delivery_attempt(row: DeliveryAttemptRow) -> DeliveryAttempt:
    """One call to a destination."""
    return DeliveryAttempt(
        number=row.number,
        started_at=row.started_at,
        status_code=row.status_code,
        headers=row.headers,
        body=row.body,
        seconds=row.seconds,
        error=row.error,
    )


def review_answer(row: ReviewAnswerRow) -> ReviewAnswer:
    """A review answer."""
    return ReviewAnswer.model_validate(
        {column.name: getattr(row, column.name) for column in ReviewAnswerRow.__table__.columns}
    )


def trail_entry(row: TrailRow) -> TrailEntry:
    """An entry of the trail."""
    return TrailEntry.model_validate(
        {
            "at": row.at,
            "event": row.event,
            "from_status": row.from_status,
            "to_status": row.to_status,
            "by": row.by,
            "note": row.note,
        }
    )
