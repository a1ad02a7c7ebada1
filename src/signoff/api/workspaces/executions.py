"""``/api/v1/agent-executions``: start, list, show and change executions."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

from anyio import to_thread
from fastapi import Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import UUID4
from starlette.requests import ClientDisconnect

from signoff.api import idempotency
from signoff.api.arrivals import Arrival, asked_by
from signoff.api.auth import CurrentStore, CurrentToken
from signoff.api.fastapi_errors import UNPROCESSABLE, Refusal
from signoff.api.idempotency import IdempotencyKey
from signoff.api.problems import ApiError, invalid
from signoff.api.query_parameters import given_once
from signoff.api.starting import Starter
from signoff.api.uploads import Upload, received
from signoff.api.workspaces import changes, schemas
from signoff.api.workspaces.dialect import FILES, UPLOAD, new_router
from signoff.api.workspaces.translation import shown
from signoff.errors import AgentNotRunnableError, InvalidInputError, NotFoundError
from signoff.executions.agents import AgentStatus
from signoff.executions.models import AgentRevision
from signoff.executions.states import Status
from signoff.storage import agents, listing
from signoff.storage.listing import Wanted
from signoff.storage.store import Store
from signoff.storage.tokens import Token

FURTHEST = 2**31
"""Nobody pages that far; databases count no further than 2**63."""
StatusName = Literal[
    "PENDING_INPUTS",
    "PENDING_DATA_EXTRACTION",
    "PENDING_REVIEW",
    "CANCELED",
    "CONFIRMED",
    "DELIVERED_TO_DESTINATION",
]
TOTAL_COUNT = (
    "total_count: Include the total number of agent executions that match the query, only accurate"
    " up to 100."
)
Skip = Annotated[int, Query(ge=0)]
Limit = Annotated[int, Query(ge=1, le=100)]

router = new_router("agent-executions")


@router.post(
    "/api/v1/agent-executions",
    status_code=201,
    response_model=schemas.AgentExecution,
    summary="Create Agent Execution",
    responses={
        **UNPROCESSABLE,
        409: {"model": Refusal, "description": "The Idempotency-Key's first request is under way"},
    },
    dependencies=[given_once("agent_id")],
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {"schema": {"$ref": f"#/components/schemas/{UPLOAD}"}}
            },
        }
    },
)
async def create_agent_execution(
    request: Request,
    agent_id: Annotated[UUID4, Query()],
    key: IdempotencyKey,
    store: CurrentStore,
    token: CurrentToken,
) -> Response:
    """Upload files and have the agent extract data from them.

    The answer comes once all files are stored; the extraction goes on by itself.
    """
    revision = await to_thread.run_sync(_runnable, store, token, agent_id)
    arrival = Arrival(store, revision, asked_by(token, revision))
    starter: Starter = request.app.state.starter

    async def create(execution_id: UUID, files: list[tuple[str, Path]]) -> Response:
        execution = await arrival.complete(execution_id, files)
        await starter.start(execution)
        body = shown(execution).model_dump(mode="json", by_alias=True)
        return JSONResponse(body, 201)

    try:
        async with received(
            request,
            home=store.settings.home,
            max_bytes=store.settings.max_input_bytes,
            begun=arrival.begin,
        ) as upload:
            answer = await idempotency.once(
                request,
                key,
                asked=idempotency.fingerprint(request, upload.content),
                execution_id=arrival.id,
                work=partial(create, files=_files(upload)),
            )
    except ClientDisconnect:
        raise  # the execution goes on waiting for its inputs, as the API's document says
    except Exception as error:
        if not (isinstance(error, ApiError) and error.status_code == 408):
            await arrival.discard()
        if isinstance(error, InvalidInputError):
            raise invalid(str(error), "body", FILES, kind=error.code) from error
        raise
    if key is not None:
        await arrival.discard()  # an earlier request's execution was the answer, perhaps
    return answer


def _runnable(store: Store, token: Token, agent_id: UUID) -> AgentRevision:
    """The agent, if executions of it can be started."""
    try:
        with store.database.reading() as session:
            found = agents.revision(session, agent_id, cipher=store.cipher)
    except NotFoundError:
        found = None
    if found is None or found.workspace_id != token.workspace_id:
        raise invalid(f"There is no agent {agent_id}.", "query", "agent_id", kind="agent_unknown")
    if found.agent.status is AgentStatus.ARCHIVED or found.agent.data_schema is None:
        why = "has no data schema yet" if found.agent.data_schema is None else "is archived"
        message = f"The agent {found.agent.name!r} {why}."
        raise invalid(message, "query", "agent_id", kind=AgentNotRunnableError.code)
    return found


def _files(upload: Upload) -> list[tuple[str, Path]]:
    files = upload.only(FILES, f"{FILES}[]")
    if not files:
        raise invalid("Field required", "body", FILES, kind="missing")
    return files


@router.get(
    "/api/v1/agent-executions",
    summary="List Agent Executions",
    responses=UNPROCESSABLE,
    dependencies=[given_once("skip", "limit")],
)
def list_agent_executions(
    store: CurrentStore,
    token: CurrentToken,
    agent_execution_id: Annotated[list[UUID4] | None, Query()] = None,
    agent_id: Annotated[list[UUID4] | None, Query()] = None,
    workspace_id: Annotated[list[UUID4] | None, Query()] = None,
    status: Annotated[list[StatusName] | None, Query()] = None,
    skip: Skip = 0,
    limit: Limit = 100,
    expand: Annotated[list[Literal["total_count"]] | None, Query(description=TOTAL_COUNT)] = None,
) -> schemas.AgentExecutionsListResponse:
    """List all agent executions matching the query parameters sorted anti-chronologically by when they were last updated (`updated_at`)."""  # noqa: E501  the document's words
    wanted = Wanted(
        workspace_id=token.workspace_id,
        ids=agent_execution_id,
        agent_ids=agent_id,
        statuses=None if status is None else [Status(name) for name in status],
    )
    elsewhere = workspace_id is not None and token.workspace_id not in workspace_id
    with store.database.reading() as session:
        found = (
            []
            if elsewhere or skip > FURTHEST
            else listing.page(session, wanted, skip=skip, limit=limit + 1)
        )
        total = None
        if expand:
            total = 0 if elsewhere else listing.count(session, wanted)
    return schemas.AgentExecutionsListResponse(
        data=[shown(execution) for execution in found[:limit]],
        has_more=len(found) > limit,
        total_count=total,
    )


@router.get(
    "/api/v1/agent-executions/{agent_execution_id}",
    summary="Retrieve Agent Execution",
    responses={
        **UNPROCESSABLE,
        404: {"model": Refusal, "description": "Agent execution not found"},
    },
)
def get_agent_execution(
    agent_execution_id: UUID4, store: CurrentStore, token: CurrentToken
) -> schemas.AgentExecution:
    """Show one agent execution."""
    return shown(changes.find(store, token, agent_execution_id))


@router.patch(
    "/api/v1/agent-executions/{agent_execution_id}",
    summary="Update Agent Execution",
    responses={
        400: {"model": Refusal, "description": "Could not deliver data to destination"},
        404: {"model": Refusal, "description": "Agent execution not found"},
        409: {
            "model": Refusal,
            "description": "Agent schema not set; or the execution's state does not lead there,"
            " another answer came first, or a delivery is under way",
        },
        422: {**UNPROCESSABLE[422], "description": "Schema validation error"},
    },
)
async def update_agent_execution(
    request: Request,
    agent_execution_id: UUID4,
    command: schemas.AgentExecutionUpdateCommand,
    store: CurrentStore,
    token: CurrentToken,
) -> schemas.AgentExecution:
    """Edit the extracted data, confirm, cancel, or deliver.

    - `PENDING_REVIEW` replaces the extracted data while it is in review.
    - `CONFIRMED` signs the data off; the agent goes on to deliver it.
    - `CANCELED` ends an execution that is not confirmed.
    - `DELIVERED_TO_DESTINATION` delivers confirmed data now; with `deliveries` it notes those
      that were made elsewhere.
    """
    changed = await to_thread.run_sync(
        changes.apply,
        store,
        token,
        agent_execution_id,
        command,
        limiter=request.app.state.patient,
    )
    return shown(changed)
