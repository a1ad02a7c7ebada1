"""What executions look like in the agentic dialect."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

PhaseName = Literal["pending", "in_progress", "finished", "failed"]
START, FORM = "StartAgenticExecution", "StartAgenticExecutionForm"


def timestamp(time: datetime) -> str:
    """A time in UTC, always with microseconds."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


Time = Annotated[
    datetime,
    PlainSerializer(timestamp, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


class ExecutionDefinition(BaseModel):
    """A way to start an agent, and the input that it takes."""

    key: str
    name: str
    description: str | None
    input_schema: dict[str, Any] = Field(description="JSON Schema of `input`.")


class ExecutionFile(BaseModel):
    """A file that was sent along."""

    id: int
    filename: str
    file_url: str = Field(description="Where it can be read, with the same credentials.")
    content_type: str


class AgenticExecution(BaseModel):
    """One run of an agent."""

    id: int
    agent: int
    execution_key: str | None = Field(description="Null for an agent without execution types.")
    conversation: int = Field(
        description="The number under which its iterations are kept: `signoff show` shows them."
    )
    status: PhaseName
    input: dict[str, Any] = Field(description="As given, its defaults filled in.")
    result: dict[str, Any] | None = Field(description="The confirmed data.")
    failure_code: str | None
    failure_explanation: str | None
    celery_task_id: UUID | None = Field(
        description="The flow run's id; null for as long as Prefect is out of reach."
    )
    started_at: Time
    finished_at: Time | None
    duration_seconds: float | None
    files: list[ExecutionFile]


class AgenticExecutionPage(BaseModel):
    """25 executions, the newest first."""

    count: int = Field(description="How many match; not counted beyond 1,000.")
    next: str | None
    previous: str | None
    results: list[AgenticExecution]


class StartExecution(BaseModel):
    """What an execution is started with, as JSON."""

    model_config = ConfigDict(title=START)

    execution_key: str | None = Field(
        default=None,
        description="One of the agent's execution types; without it the first one is meant.",
    )
    input: dict[str, Any] = Field(
        default_factory=dict, description="Must meet the execution type's input schema."
    )


class StartForm(BaseModel):
    """What an execution is started with, as a form with files."""

    model_config = ConfigDict(
        title=FORM,
        json_schema_extra={
            "properties": {
                "input": {
                    "type": "string",
                    "contentMediaType": "application/json",
                    "description": "As in JSON, as a string.",
                    "example": '{"skus": ["SKU-001"]}',
                },
                "execution_key": {"type": "string"},
                "files[]": {
                    "type": "array",
                    "items": {"type": "string", "format": "binary"},
                    "description": "Files, if the agent takes any; `files` will do, too.",
                },
            }
        },
    )
