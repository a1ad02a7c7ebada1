"""Deliver the confirmed data to one destination, unless the record says that it is there."""

from __future__ import annotations

import time

from signoff.delivery import askui_workflow, webhook
from signoff.delivery.attempts import AttemptLog, DeliveryContext, Outcome
from signoff.delivery.retries import Sleep
from signoff.errors import DeliveryFailedError
from signoff.executions.agents import (
    AskUIWorkflowDestination,
    JsonObject,
    WebhookDestination,
)
from signoff.executions.models import OUTCOME_UNKNOWN, Delivery, DeliveryStatus
from signoff.settings import Settings

__all__ = ["DeliveryContext", "deliver_one"]


def deliver_one(
    *,
    delivery: Delivery,
    destination: WebhookDestination | AskUIWorkflowDestination,
    data: JsonObject,
    log: AttemptLog,
    settings: Settings,
    context: DeliveryContext,
    sleep: Sleep = time.sleep,
) -> Outcome:
    """What became of ``delivery``: from its record, or from sending ``data`` now.

    What was accepted and recorded is never sent again, and what waits for a person is not sent
    until ``retry`` has set it back to PENDING.

    Raises:
        LeaseLostError: another run took over; nothing more may be sent.
        ExecutionCanceledError: the execution was canceled; nothing more may be sent.
    """
    recorded = _from_record(delivery, context=context)
    if recorded is not None:
        return recorded
    try:
        match destination:
            case WebhookDestination():
                return webhook.send_webhook(
                    delivery.id, destination, data, log=log, settings=settings, sleep=sleep
                )
            case AskUIWorkflowDestination():
                return askui_workflow.start_workflows(
                    destination, data, log=log, settings=settings, context=context, sleep=sleep
                )
    except DeliveryFailedError as error:
        return Outcome(DeliveryStatus.FAILED, error=str(error))


def _from_record(delivery: Delivery, *, context: DeliveryContext) -> Outcome | None:
    """The outcome that is on record already; a run may have died before it drew it."""
    if delivery.status is DeliveryStatus.DELIVERED:
        return Outcome(DeliveryStatus.DELIVERED, schedule_id=delivery.schedule_id)
    if delivery.status.needs_person:
        error = delivery.attempts[-1].error if delivery.attempts else None
        return Outcome(
            delivery.status, error=error or f"Waits for: signoff retry {context.execution_id}"
        )
    if delivery.type == "WEBHOOK":
        accepted = any(attempt.accepted for attempt in delivery.attempts)
        return Outcome(DeliveryStatus.DELIVERED) if accepted else None
    for attempt in delivery.attempts:
        if attempt.accepted and (schedule_id := askui_workflow.schedule_id(attempt.body)):
            return Outcome(DeliveryStatus.DELIVERED, schedule_id=schedule_id)
    if delivery.attempts and delivery.attempts[-1].outcome_unknown:
        error = delivery.attempts[-1].error or "a run ended while it was sending"
        reason = error.removeprefix(OUTCOME_UNKNOWN)
        return Outcome(
            DeliveryStatus.UNKNOWN, error=askui_workflow.unknown_outcome(context, reason=reason)
        )
    return None
