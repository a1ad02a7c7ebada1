"""``/api/v1/ai/agents/instances/{instance_id}/execute``: start an agent, and wait for it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from anyio import to_thread
from fastapi import Body, Header, Query, Request, Response
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from signoff import intake
from signoff.api import idempotency
from signoff.api.arrivals import Arrival, asked_by
from signoff.api.auth import CurrentStore, CurrentToken
from signoff.api.execute import documents, schemas
from signoff.api.execute.dialect import new_router
from signoff.api.execute.documents import Given
from signoff.api.execute.examples import INPUTS
from signoff.api.execute.translation import shown
from signoff.api.execute.waiting import Waiting
from signoff.api.fastapi_errors import UNPROCESSABLE, Refusal
from signoff.api.idempotency import IdempotencyKey
from signoff.api.problems import ApiError, invalid
from signoff.api.query_parameters import given_once
from signoff.api.starting import Starter
from signoff.errors import AgentNotRunnableError, InvalidInputError, NotFoundError
from signoff.executions.models import AgentRevision
from signoff.storage import executions, numbered
from signoff.storage.store import Store
from signoff.storage.tokens import Token

router = new_router()
GONE = 499
"""Nobody reads it: the caller has closed the connection."""


@router.post(
    "/api/v1/ai/agents/instances/{instance_id}/execute",
    response_model=schemas.AgentExecutionResponse,
    response_description="Successful Response",
    summary="Execute Agent",
    responses={
        **UNPROCESSABLE,
        404: {"model": Refusal, "description": "Not found in the token's workspace"},
        409: {
            "model": Refusal,
            "description": "The Idempotency-Key's first request is under way",
        },
    },
    dependencies=[given_once("context_type", "context_id", "async_execution")],
)
async def execute_agent(
    request: Request,
    instance_id: int,
    key: IdempotencyKey,
    store: CurrentStore,
    token: CurrentToken,
    input_data: Annotated[
        dict[str, Any],
        Body(
            title="Input Data",
            description="The agent's input. `files` (http(s) URLs, or names with the content in"
            " base64) and `text` are documents to extract data from.",
            openapi_examples=INPUTS,
        ),
    ] = {},  # noqa: B006  FastAPI copies it
    context_type: Annotated[
        str | None, Query(description="What it belongs to: deal, contact, lead.")
    ] = None,
    context_id: Annotated[int | None, Query(description="And which one.")] = None,
    async_execution: Annotated[
        bool, Query(description="Answer at once; the execution goes on by itself.")
    ] = False,
    x_tenant_id: Annotated[
        int | None, Header(description="The token's workspace, by its number.")
    ] = None,
) -> Response:
    """Execute agent instance with provided input data (sync or async).

    Without `async_execution` the answer comes once the execution is finished, has failed or waits
    for a review, or when the longest time to wait is over: then the execution goes on.
    """
    if x_tenant_id not in (None, token.workspace_number):
        raise ApiError(404, "Tenant not found")
    revision = await to_thread.run_sync(_find_agent, store, token, instance_id)
    kind = revision.agent.execution_type(None)
    given = await to_thread.run_sync(documents.take_apart, input_data, kind)
    arrival = Arrival(
        store,
        revision,
        asked_by(
            token,
            revision,
            # without an execution type there is nothing to fill defaults in from
            input_data=given.input_data if kind or given.input_data else None,
            execution_type=kind.key if kind else None,
            context={"context_type": context_type, "context_id": context_id},
        ),
    )
    seconds = 0.0 if async_execution else store.settings.api_sync_seconds

    async def execute(execution_id: UUID) -> Response:
        await _start(request, arrival, execution_id, given)
        if seconds:
            waiting: Waiting = request.app.state.waiting
            await waiting.settled(execution_id, seconds=seconds, request=request)
        body = await to_thread.run_sync(_read, store, execution_id)
        return JSONResponse(body.model_dump(mode="json"))

    try:
        # first of all what is wrong with the input: what is refused later is the files
        await to_thread.run_sync(intake.prepare, revision, arrival.wanted)
        return await idempotency.once(
            request,
            key,
            asked=await to_thread.run_sync(idempotency.fingerprint, request, input_data),
            execution_id=arrival.id,
            work=execute,
            longer=seconds + len(given.urls) * store.settings.fetch_timeout,
        )
    except ClientDisconnect:
        return Response(status_code=GONE)
    except (InvalidInputError, AgentNotRunnableError) as error:
        raise invalid(str(error), "body", kind=error.code) from error


async def _start(request: Request, arrival: Arrival, execution_id: UUID, given: Given) -> None:
    """Bring the documents here, record the execution with them, and have it started."""
    starter: Starter = request.app.state.starter
    stack = ExitStack()

    def fetch() -> list[tuple[str, Path]]:
        return stack.enter_context(documents.on_disk(given, arrival.store.settings))

    try:
        # those who wait for other servers must not hold up what is quick
        files = await to_thread.run_sync(fetch, limiter=request.app.state.patient)
        execution = await arrival.complete(execution_id, files)
    except Exception:
        await arrival.discard()
        raise
    finally:
        await to_thread.run_sync(stack.close)
    await starter.start(execution)


def _find_agent(store: Store, token: Token, number: int) -> AgentRevision:
    try:
        with store.database.reading() as session:
            return numbered.agent(session, token.workspace_id, number, cipher=store.cipher)
    except NotFoundError as error:
        raise ApiError(404, "Agent not found") from error


def _read(store: Store, execution_id: UUID) -> schemas.AgentExecutionResponse:
    with store.database.reading() as session:
        return shown(
            executions.get(session, execution_id),
            executions.iterations(session, execution_id),
            executions.deliveries(session, execution_id),
        )
