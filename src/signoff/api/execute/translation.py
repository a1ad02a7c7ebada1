"""From executions to what the execute dialect shows of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from signoff.api.execute import schemas
from signoff.api.execute.schemas import ExecutionStatusEnum
from signoff.executions.agents import JsonObject
from signoff.executions.extractions import Iteration
from signoff.executions.models import (
    Confirmed,
    DeliveredToDestination,
    Delivery,
    Execution,
    PendingReview,
)
from signoff.executions.phases import Phase
from signoff.executions.states import Status
from signoff.extraction.reader import REFUSED, SUBMIT

_STATUSES = {
    Phase.PENDING: ExecutionStatusEnum.PENDING,
    Phase.IN_PROGRESS: ExecutionStatusEnum.RUNNING,
    Phase.FINISHED: ExecutionStatusEnum.COMPLETED,
    Phase.FAILED: ExecutionStatusEnum.FAILED,
}
_ENDS = {"timeout": ExecutionStatusEnum.TIMEOUT, "canceled": ExecutionStatusEnum.CANCELLED}


def shown(
    execution: Execution, turns: Sequence[Iteration], deliveries: Sequence[Delivery]
) -> schemas.AgentExecutionResponse:
    """An execution as this dialect has it."""
    status = _status(execution)
    completed_at = _completed_at(execution)
    began = execution.started_at or execution.created_at
    iterations = [_iteration(turn) for turn in turns]
    return schemas.AgentExecutionResponse(
        id=execution.number,
        agent_id=execution.agent_number,
        trigger_type=schemas.ExecutionTriggerEnum(execution.trigger.value),
        triggered_by=execution.context.get("token"),
        status=status,
        input_data=_input(execution),
        output_data=_output(execution),
        error_message=execution.failure.explanation if execution.failure else None,
        context_type=execution.context.get("context_type"),
        context_id=execution.context.get("context_id"),
        started_at=execution.started_at,
        completed_at=completed_at,
        execution_time_ms=(
            round((completed_at - began).total_seconds() * 1000) if completed_at else None
        ),
        iteration_count=len(iterations),
        iterations=iterations,
        tools_used=list(dict.fromkeys(tool for turn in iterations for tool in turn.tools_used)),
        total_tokens=execution.prompt_tokens + execution.completion_tokens,
        total_cost=float(execution.cost or 0),
        model_used=execution.model,
        success=status is ExecutionStatusEnum.COMPLETED,
        actions_taken=sum(turn.action != REFUSED for turn in turns),
        extra_metadata=schemas.ExtraMetadata(
            execution_id=execution.id,
            state=execution.status.value,
            # what called no model has cost nothing, and that is known
            cost_known=execution.cost is not None or not turns,
            failure_code=execution.failure.code if execution.failure else None,
            deliveries=[_delivery(delivery) for delivery in deliveries],
        ),
        created_at=execution.created_at,
        updated_at=execution.updated_at,
    )


def _status(execution: Execution) -> ExecutionStatusEnum:
    if execution.status is Status.CANCELED:
        return ExecutionStatusEnum.CANCELLED
    if execution.phase is Phase.FAILED and execution.failure:
        return _ENDS.get(execution.failure.code, ExecutionStatusEnum.FAILED)
    return _STATUSES[execution.phase]


def _completed_at(execution: Execution) -> datetime | None:
    if execution.phase is Phase.FAILED and execution.failure and not execution.finished_at:
        return execution.failure.at
    return execution.finished_at


def _input(execution: Execution) -> JsonObject | None:
    if not execution.files:
        return execution.input_data
    files = [
        {"name": file.name, "content_type": file.media_type, "size": file.size}
        for file in execution.files
    ]
    return {**(execution.input_data or {}), "files": files}


def _output(execution: Execution) -> JsonObject | None:
    match execution.state:
        case Confirmed() | DeliveredToDestination() as state:
            return state.data_confirmed
        case PendingReview() as state:
            return state.data_extracted
        case _:
            return None


def _iteration(turn: Iteration) -> schemas.IterationData:
    return schemas.IterationData(
        iteration=turn.number,
        thought=turn.thought,
        action=turn.action,
        action_input=turn.action_input,
        observation=turn.observation,
        timestamp=turn.timestamp.isoformat(),
        tools_used=[] if turn.action in (SUBMIT, REFUSED) else [turn.action],
        total_tokens=turn.prompt_tokens + turn.completion_tokens,
        total_cost=float(turn.cost or 0),
        model_used=turn.model or None,
    )


def _delivery(delivery: Delivery) -> schemas.DeliveryData:
    last = delivery.attempts[-1] if delivery.attempts else None
    return schemas.DeliveryData(
        id=delivery.id,
        type=delivery.type,
        status=delivery.status.value,
        schedule_id=delivery.schedule_id,
        attempts=len(delivery.attempts),
        status_code=last.status_code if last else None,
        error=last.error if last else None,
    )
