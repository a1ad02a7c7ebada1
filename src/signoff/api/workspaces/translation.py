"""From executions to what the workspaces dialect shows of them."""

from __future__ import annotations

from signoff.api.workspaces import schemas
from signoff.executions.models import (
    Canceled,
    Confirmed,
    DeliveredToDestination,
    Delivery,
    DeliveryStatus,
    Execution,
    PendingDataExtraction,
    PendingInputs,
    PendingReview,
)
from signoff.storage.deliveries import MadeElsewhere


def shown(execution: Execution) -> schemas.AgentExecution:
    """An execution as this dialect has it."""
    return schemas.AgentExecution(
        id=execution.id,
        created_at=execution.created_at,
        updated_at=execution.updated_at,
        agent_id=execution.agent_id,
        workspace_id=execution.workspace_id,
        state=_state(execution),
    )


def _state(execution: Execution) -> schemas.State:
    match execution.state:
        case PendingInputs():
            return schemas.AgentExecutionStatePendingInputs()
        case PendingDataExtraction():
            return schemas.AgentExecutionStatePendingDataExtraction()
        case PendingReview() as state:
            return schemas.AgentExecutionStatePendingReview(data_extracted=state.data_extracted)
        case Confirmed() as state:
            return schemas.AgentExecutionStateConfirmed(
                data_extracted=state.data_extracted, data_confirmed=state.data_confirmed
            )
        case DeliveredToDestination() as state:
            return schemas.DeliveredState(
                data_extracted=state.data_extracted,
                data_confirmed=state.data_confirmed,
                # what was tried in vain before others delivered is not shown
                deliveries=[
                    _delivery(entry)
                    for entry in state.deliveries
                    if entry.status is DeliveryStatus.DELIVERED
                ],
            )
        case Canceled() as state:
            return schemas.AgentExecutionStateCanceled(data_extracted=state.data_extracted)


def _delivery(delivery: Delivery) -> schemas.Delivery:
    if delivery.type == "ASKUI_WORKFLOW":
        return schemas.DataDestinationDeliveryAskUiWorkflow(schedule_id=delivery.schedule_id or "")
    accepted = [attempt for attempt in delivery.attempts if attempt.accepted]
    last = (accepted or delivery.attempts)[-1]
    return schemas.DataDestinationDeliveryWebhook(
        response=schemas.WebhookResponse(
            status_code=last.status_code or 200, headers=last.headers, body=last.body
        )
    )


def made_elsewhere(delivery: schemas.Delivery) -> MadeElsewhere:
    """A delivery that the caller reports."""
    if isinstance(delivery, schemas.DataDestinationDeliveryAskUiWorkflow):
        return MadeElsewhere("ASKUI_WORKFLOW", schedule_id=delivery.schedule_id)
    answer = delivery.response
    return MadeElsewhere(
        "WEBHOOK", status_code=answer.status_code, headers=answer.headers, body=answer.body
    )
