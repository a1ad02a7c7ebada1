"""What executions look like in the workspaces dialect."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt, WithJsonSchema
from pydantic.alias_generators import to_camel

Id = Annotated[UUID, WithJsonSchema({"type": "string", "format": "uuid4"})]
Data = dict[str, Any]
SomeData = Annotated[Data, Field(min_length=1)]


class Camel(BaseModel):
    """Names in camelCase outside, in snake_case here."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )


def _http_status(value: int) -> int:
    # no bounds in the description: the API's document has none
    if not 100 <= value <= 599:
        raise ValueError("must be an HTTP status code")
    return value


# -- deliveries ---------------------------------------------------------------------------------


class WebhookResponse(Camel):
    """What a webhook answered."""

    status_code: Annotated[StrictInt, AfterValidator(_http_status)]
    headers: dict[str, str]
    body: str


class DataDestinationDeliveryWebhook(Camel):
    """A delivery to a webhook."""

    type: Literal["WEBHOOK"] = "WEBHOOK"
    response: WebhookResponse


class DataDestinationDeliveryAskUiWorkflow(Camel):
    """A delivery that started workflows."""

    type: Literal["ASKUI_WORKFLOW"] = "ASKUI_WORKFLOW"
    schedule_id: str


Delivery = Annotated[
    DataDestinationDeliveryAskUiWorkflow | DataDestinationDeliveryWebhook,
    Field(discriminator="type"),
]


# -- states -------------------------------------------------------------------------------------


class AgentExecutionStatePendingInputs(Camel):
    """Files are on their way."""

    status: Literal["PENDING_INPUTS"] = Field(
        default="PENDING_INPUTS",
        description="The agent is waiting for inputs, e.g., files to be uploaded. It stays here"
        " when the upload breaks off.",
    )


class AgentExecutionStatePendingDataExtraction(Camel):
    """All files are here."""

    status: Literal["PENDING_DATA_EXTRACTION"] = Field(
        default="PENDING_DATA_EXTRACTION",
        description="The agent has all inputs and is about to extract data, or extracting it. It"
        " stays here when the extraction fails.",
    )


class AgentExecutionStatePendingReview(Camel):
    """A person is to decide."""

    status: Literal["PENDING_REVIEW"] = Field(
        default="PENDING_REVIEW",
        description="The agent is waiting for a person to confirm the data, or to cancel.",
    )
    data_extracted: SomeData


class AgentExecutionStateCanceled(Camel):
    """Nothing more happens."""

    status: Literal["CANCELED"] = Field(
        default="CANCELED", description="The execution was canceled before its data was confirmed."
    )
    data_extracted: Data | None = None


class AgentExecutionStateConfirmed(Camel):
    """Signed off."""

    status: Literal["CONFIRMED"] = Field(
        default="CONFIRMED", description="The extracted data was confirmed, perhaps corrected."
    )
    data_extracted: SomeData
    data_confirmed: SomeData


class DeliveredState(Camel):
    """Every destination has the data."""

    model_config = ConfigDict(title="AgentExecutionStateDeliveredToDestination")

    status: Literal["DELIVERED_TO_DESTINATION"] = Field(
        default="DELIVERED_TO_DESTINATION",
        description="The confirmed data was delivered to the destination(s).",
    )
    data_extracted: Data
    data_confirmed: Data
    deliveries: list[Delivery] = Field(default_factory=list)


State = Annotated[
    AgentExecutionStatePendingInputs
    | AgentExecutionStatePendingDataExtraction
    | AgentExecutionStatePendingReview
    | AgentExecutionStateCanceled
    | AgentExecutionStateConfirmed
    | DeliveredState,
    Field(discriminator="status"),
]


class AgentExecution(Camel):
    """One run of an agent over one set of files."""

    model_config = ConfigDict(
        json_schema_extra={
            # all are always there; the API's document requires only these
            "required": ["agentId", "workspaceId", "state"],
            "example": {
                "id": "0b4c27f4-7f0a-4a0e-9d0e-0c62f3c0f8a1",
                "createdAt": "2025-04-10T14:00:00Z",
                "updatedAt": "2025-04-10T14:00:16.5Z",
                "agentId": "5f0c7f0e-52ab-4a66-8bb1-6b2a7f7f3f10",
                "workspaceId": "c2a9e5a6-6b5a-4d5c-9a59-51b5f0f7a0c3",
                "state": {
                    "status": "PENDING_REVIEW",
                    "dataExtracted": {"number": "LS-2041", "total": 55.2},
                },
            },
        }
    )

    id: Id
    created_at: datetime
    updated_at: datetime
    agent_id: Id
    workspace_id: Id
    state: State


class AgentExecutionsListResponse(Camel):
    """A page of executions, the last updated first."""

    data: list[AgentExecution]
    has_more: bool = Field(
        default=False,
        description="Whether there are more agent executions that match the query that were not"
        " included in this response.",
    )
    total_count: int | None = Field(
        default=None,
        description="The total number of agent executions that match the query, only accurate up"
        " to 100.",
    )


# -- changes ------------------------------------------------------------------------------------


class AgentExecutionPendingReview(Camel):
    """Replace the extracted data while it is in review."""

    status: Literal["PENDING_REVIEW"] = "PENDING_REVIEW"
    data_extracted: SomeData


class AgentExecutionCancel(Camel):
    """Cancel, while nothing is confirmed."""

    status: Literal["CANCELED"] = "CANCELED"


class AgentExecutionConfirm(Camel):
    """Sign the data off."""

    status: Literal["CONFIRMED"] = "CONFIRMED"
    data_confirmed: SomeData


class DeliveredUpdate(Camel):
    """Deliver now; or, with deliveries, note those that were made elsewhere."""

    model_config = ConfigDict(title="AgentExecutionStateDeliveredToDestination")

    status: Literal["DELIVERED_TO_DESTINATION"] = "DELIVERED_TO_DESTINATION"
    deliveries: list[Delivery] = Field(default_factory=list)


class AgentExecutionUpdateCommand(Camel):
    """The state that the execution is to have."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "state": {
                    "status": "CONFIRMED",
                    "dataConfirmed": {"number": "LS-2041", "total": 55.2},
                }
            }
        }
    )

    state: Annotated[
        AgentExecutionPendingReview
        | AgentExecutionCancel
        | AgentExecutionConfirm
        | DeliveredUpdate,
        Field(discriminator="status"),
    ]


RENAMED = {
    "DeliveredState": "workspaces__domain__entities__AgentExecutionStateDeliveredToDestination",
    "DeliveredUpdate": (
        "workspaces__use_cases__agent_executions__update_agent_execution__"
        "AgentExecutionStateDeliveredToDestination"
    ),
}
"""What two of the schemas are called in the API's description, as its document does."""
