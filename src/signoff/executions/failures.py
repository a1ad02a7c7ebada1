"""The failure codes an execution can carry, and what each means: one table."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

FAILURE_CODES: dict[str, str] = {
    "runtime_error": "An unexpected error occurred; or three attempts died without an error.",
    "max_retries_exceeded": (
        "The model's answers failed validation after the last correction cycle. The best"
        " attempt, if there is one, waits for review."
    ),
    "validation_failed": "A check rejected the data without allowing a retry.",
    "unknown": "A failure was reported without a code.",
    "invalid_inputs": "The files or the input data do not fit the agent.",
    "unsupported_file": "A file's extension is not taken, or its content contradicts it.",
    "inputs_too_large": "All files together exceed the size limit.",
    "input_unavailable": "A path or URL could not be read.",
    "forbidden_address": "A URL leads into a network that the operator has not allowed.",
    "unreadable_file": "A file could not be parsed: encrypted, broken, or it hit a parsing limit.",
    "invalid_agent": "The agent's data schema, though valid, cannot be applied: correct the agent.",
    "agent_not_runnable": "The agent is archived or has no data schema.",
    "model_unavailable": "No configured model answered.",
    "timeout": "The time an execution may take is used up.",
    "token_limit": "The model tokens an execution may take are used up.",
    "delivery_failed": "At least one destination has not accepted the confirmed data.",
    "canceled": "The run was canceled; after sign-off this stops further deliveries.",
}


class Failure(BaseModel):
    """Why an execution stays where it is. Not a state: a retry goes on from there."""

    model_config = ConfigDict(frozen=True)

    code: str
    explanation: str
    at: datetime
