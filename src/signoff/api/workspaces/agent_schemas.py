"""What agents look like in the workspaces dialect."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StrictBool

from signoff.api.workspaces.schemas import Camel, Id
from signoff.executions.agents import AGENT_NAME_PATTERN

AgentStatusName = Literal["ACTIVE", "ARCHIVED"]
Name = Annotated[
    str,
    Field(
        pattern=AGENT_NAME_PATTERN,
        description="Unique in its workspace: 1 to 64 letters, digits, - _ . + and spaces, a"
        " letter or digit first and last.",
    ),
]
Description = Annotated[str, Field(max_length=1024)]
Schema = Annotated[
    dict[str, Any],
    Field(
        description="The data to extract: a JSON Schema (draft 2020-12) whose root is an object"
        " with at least one property, of at most 15 MiB."
    ),
]
EMAIL = r"^[^@\s]+@[^@\s]+$"
SENDER = r"^[^@\s]*@[^@\s]+$"


class EmailAgentTrigger(Camel):
    """Mails that start the agent."""

    active: bool = Field(description="Whether mails start the agent.")
    allowed_senders: list[str] = Field(
        description="Who may: addresses, or @domain for a whole domain; nobody when empty."
    )
    email: str = Field(description="The address that the mails are for.")


class EmailAgentTriggerUpdate(Camel):
    """Which mails are to start the agent: what is absent or null stays as it is.

    A new trigger is active, nobody may send, and its address comes from the agent's name.
    """

    active: StrictBool | None = None
    allowed_senders: list[Annotated[str, Field(pattern=SENDER)]] | None = None
    email: Annotated[str, Field(pattern=EMAIL)] | None = None
    local_part: Annotated[str, Field(pattern=r"^[a-zA-Z0-9\-_.+]{1,64}$")] | None = Field(
        default=None, description="Instead of `email`: its part before the @."
    )


class DataDestinationWebhook(Camel):
    """POST the confirmed data to a URL."""

    type: Literal["WEBHOOK"] = "WEBHOOK"
    url: Annotated[str, Field(min_length=1, max_length=2083)]
    headers: dict[str, str] = Field(
        default_factory=dict,
        description="Sent along. Their values are secrets: they are shown as `**********`, and"
        " sending that back keeps them.",
    )


class DataDestinationAskUiWorkflow(Camel):
    """Start workflows with the confirmed data."""

    type: Literal["ASKUI_WORKFLOW"] = "ASKUI_WORKFLOW"
    host: Literal["SELF", "ASKUI"] = Field(
        default="ASKUI", description="Whose machines run the workflows: one's own, or AskUI's."
    )
    runner_tags: list[str] = Field(default_factory=list)
    workflows: list[str] = Field(min_length=1)


DataDestination = Annotated[
    DataDestinationAskUiWorkflow | DataDestinationWebhook, Field(discriminator="type")
]


class Agent(Camel):
    """What to extract, and what to do with it."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "5f0c7f0e-52ab-4a66-8bb1-6b2a7f7f3f10",
                "createdAt": "2025-04-10T13:00:00Z",
                "updatedAt": "2025-04-10T13:00:00Z",
                "name": "delivery-note",
                "status": "ACTIVE",
                "autoConfirm": False,
                "description": "Delivery notes of our suppliers",
                "emailTrigger": {
                    "active": False,
                    "allowedSenders": [],
                    "email": "delivery-note@signoff.invalid",
                },
                "dataSchema": {
                    "type": "object",
                    "properties": {"number": {"type": "string"}, "total": {"type": "number"}},
                },
                "dataDestinations": [
                    {
                        "type": "WEBHOOK",
                        "url": "https://erp.example/hook",
                        "headers": {"Authorization": "**********"},
                    }
                ],
                "workspaceId": "c2a9e5a6-6b5a-4d5c-9a59-51b5f0f7a0c3",
            }
        }
    )

    id: Id
    created_at: datetime
    updated_at: datetime
    name: str
    status: AgentStatusName
    auto_confirm: bool
    description: str = ""
    email_trigger: EmailAgentTrigger
    data_schema: Schema | None
    data_destinations: list[DataDestination]
    workspace_id: Id


class AgentsListResponse(Camel):
    """A page of agents, the last changed first."""

    data: list[Agent]
    has_more: bool = False
    total_count: int | None = None


class AgentCreateCommand(Camel):
    """A new agent."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "delivery-note",
                "dataSchema": {
                    "type": "object",
                    "properties": {"number": {"type": "string"}, "total": {"type": "number"}},
                },
                "dataDestinations": [{"type": "WEBHOOK", "url": "https://erp.example/hook"}],
            }
        }
    )

    name: Name
    status: AgentStatusName = "ACTIVE"
    auto_confirm: StrictBool = Field(
        default=False, description="Confirm whatever was extracted, without a review."
    )
    description: Description = ""
    email_trigger: EmailAgentTriggerUpdate | None = None
    data_schema: Schema | None = None
    data_destinations: list[DataDestination] = Field(default_factory=list)
    workspace_id: UUID | None = Field(
        default=None, description="The token's workspace, which is meant anyway."
    )


class AgentUpdateCommand(Camel):
    """What changes: a field that is absent or null stays as it is."""

    model_config = ConfigDict(json_schema_extra={"example": {"status": "ARCHIVED"}})

    name: Name | None = None
    status: AgentStatusName | None = None
    auto_confirm: StrictBool | None = None
    description: Description | None = None
    email_trigger: EmailAgentTriggerUpdate | None = Field(
        default=None, description="To have no mail start the agent: `active: false`."
    )
    data_schema: Schema | None = None
    data_destinations: list[DataDestination] | None = None
    workspace_id: UUID | None = Field(
        default=None, description="An agent stays in its workspace: only that one is taken."
    )
