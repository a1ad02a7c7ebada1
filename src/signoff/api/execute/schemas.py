"""What executions look like in the execute dialect."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


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

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": 42,
                "agent_id": 7,
                "trigger_type": "api",
                "triggered_by": 3,
                "status": "completed",
                "input_data": {"files": [{"name": "invoice.pdf", "size": 18211}]},
                "output_data": {"number": "LS-2041", "total": 55.2},
                "error_message": None,
                "context_type": "deal",
                "context_id": 815,
                "started_at": "2025-04-10T14:00:00.512000Z",
                "completed_at": "2025-04-10T14:00:16.500000Z",
                "execution_time_ms": 15988,
                "iteration_count": 1,
                "iterations": [
                    {
                        "iteration": 1,
                        "thought": "The number stands in the header.",
                        "action": "submit",
                        "action_input": {"number": "LS-2041", "total": 55.2},
                        "observation": "",
                        "timestamp": "2025-04-10T14:00:12.100000+00:00",
                        "tools_used": [],
                        "total_tokens": 1834,
                        "total_cost": 0.00091,
                        "model_used": "gpt-4.1-mini",
                    }
                ],
                "tools_used": [],
                "total_tokens": 1834,
                "total_cost": 0.00091,
                "model_used": "gpt-4.1-mini",
                "success": True,
                "actions_taken": 1,
                "extra_metadata": {
                    "execution_id": "0b4c27f4-7f0a-4a0e-9d0e-0c62f3c0f8a1",
                    "state": "CONFIRMED",
                    "cost_known": True,
                    "failure_code": None,
                    "deliveries": [],
                },
                "created_at": "2025-04-10T14:00:00Z",
                "updated_at": "2025-04-10T14:00:16.500000Z",
            }
        }
    )

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
