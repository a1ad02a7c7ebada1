"""What executions look like in the execute dialect."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field


class ExecutionTriggerEnum(StrEnum):
    """How the execution was started."""

    MANUAL = "manual"
    SCHEDULED = "scheduled"
    EVENT = "event"
    API = "api"


class ExecutionStatusEnum(StrEnum):
    """How the execution is doing. One that waits for a review is running."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMEOUT = "timeout"


class IterationData(BaseModel):
    """One turn of the agent."""

    iteration: int
    thought: str
    action: str = Field(description="`submit`, or a tool's name.")
    action_input: dict[str, Any]
    observation: str
    timestamp: str
    tools_used: list[str] = Field(default_factory=list)
    total_tokens: int = 0
    total_cost: float = 0.0
    model_used: str | None = None


class DeliveryData(BaseModel):
    """What became of one of the agent's data destinations."""

    id: UUID
    type: str
    status: str
    schedule_id: str | None
    attempts: int
    status_code: int | None
    error: str | None


class ExtraMetadata(BaseModel):
    """What the other fields have no words for."""

    execution_id: UUID
    state: str
    cost_known: bool = Field(description="Whether `total_cost` is known; it is 0 if not.")
    failure_code: str | None
    deliveries: list[DeliveryData]


class AgentExecutionResponse(BaseModel):
    """One run of an agent."""

    id: int
    agent_id: int
    trigger_type: ExecutionTriggerEnum
    triggered_by: int | None = Field(description="The token's number, if one started it.")
    status: ExecutionStatusEnum
    input_data: dict[str, Any] | None = Field(
        description="As given, defaults filled in; of documents the names and sizes."
    )
    output_data: dict[str, Any] | None = Field(
        description="The confirmed data; what was extracted while that waits for its review."
    )
    error_message: str | None
    context_type: str | None
    context_id: int | None
    started_at: datetime | None
    completed_at: datetime | None
    execution_time_ms: int | None
    iteration_count: int
    iterations: list[IterationData]
    tools_used: list[str]
    total_tokens: int
    total_cost: float
    model_used: str | None
    success: bool
    actions_taken: int = Field(description="Turns that used a tool or submitted data.")
    extra_metadata: ExtraMetadata
    created_at: datetime
    updated_at: datetime
