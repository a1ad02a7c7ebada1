"""``/api/agentic-executions/`` and starting: executions by number."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from anyio import to_thread
from fastapi import Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BeforeValidator, ValidationError, WithJsonSchema

from signoff import intake
from signoff.api import idempotency
from signoff.api.agentic import schemas
from signoff.api.agentic.definitions import find_agent
from signoff.api.agentic.dialect import INVALID, MISSING, NOT_FOUND, Detail, Number, new_router
from signoff.api.agentic.translation import shown
from signoff.api.arrivals import Arrival, asked_by
from signoff.api.auth import CurrentStore, CurrentToken
from signoff.api.idempotency import IdempotencyKey
from signoff.api.problems import ApiError, FieldProblem, invalid
from signoff.api.query_parameters import given_once
from signoff.api.starting import Starter
from signoff.api.uploads import Upload, received
from signoff.errors import InvalidInputError, NotFoundError
from signoff.executions.models import AgentRevision, Execution
from signoff.executions.phases import Phase
from signoff.executions.plain_data import PlainDataError, read_json
from signoff.storage import executions, numbered
from signoff.storage.numbered import Wanted
from signoff.storage.store import Store
from signoff.storage.tokens import Token

PAGE_SIZE = 25
FURTHEST = 2**31
RUN_SECONDS = 60.0
"""How long an answer waits at most for the flow run, whose id it names: for as long as creating it
takes, behind others' too. While Prefect refuses connections it waits for nothing."""

FILES = ("files[]", "files")
router = new_router()


class _Given(NamedTuple):
    start: schemas.StartExecution
    files: list[tuple[str, Path]]
    content: object


# -- starting -------------------------------------------------------------------------------------


@router.post(
    "/api/agents/{agent_id}/agentic-executions/",
    status_code=202,
    response_model=schemas.AgenticExecution,
    summary="Start an Execution",
    responses={
        **INVALID,
        **MISSING,
        409: {"model": Detail, "description": "The Idempotency-Key's first request is under way"},
        415: {"model": Detail, "description": "Neither JSON nor a form with files"},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                media_type: {"schema": {"$ref": f"#/components/schemas/{name}"}}
                for media_type, name in (
                    ("application/json", schemas.START),
                    ("multipart/form-data", schemas.FORM),
                )
            },
        }
    },
)
async def start_execution(
    request: Request,
    agent_id: Number,
    key: IdempotencyKey,
    store: CurrentStore,
    token: CurrentToken,
) -> Response:
    """Start an execution; it goes on by itself. Ask for it until it is finished or failed."""
    revision = await to_thread.run_sync(find_agent, store, token, agent_id)
    media_type = request.headers.get("Content-Type", "application/json").partition(";")[0].strip()
    if media_type.lower() == "multipart/form-data":
        async with received(
            request, home=store.settings.home, max_bytes=store.settings.max_input_bytes
        ) as upload:
            return await _start(request, key, revision, _from_form(upload))
    if media_type.lower() != "application/json":
        raise ApiError(415, f'Unsupported media type "{media_type[:100]}" in request.')
    return await _start(request, key, revision, _from_json(await request.body()))


def _from_json(body: bytes) -> _Given:
    value = _parsed(body, "body")
    start = _validated(value)
    for name in value.keys() & set(FILES):
        raise invalid(f"Send files as multipart/form-data, in {FILES[0]}.", "body", name)
    return _Given(start, [], value)


def _from_form(upload: Upload) -> _Given:
    value: dict[str, Any] = {
        name: upload.fields[name] for name in ("execution_key", "input") if name in upload.fields
    }
    if text := value.pop("input", ""):
        value["input"] = _parsed(text.encode(), "body", "input")
    return _Given(_validated(value), upload.only(*FILES), upload.content)


def _parsed(text: bytes, *location: str) -> Any:
    try:
        return read_json(text.decode())
    except UnicodeDecodeError:
        raise invalid("JSON parse error - it is no UTF-8.", *location) from None
    except PlainDataError as error:
        raise invalid(f"JSON parse error - it {error}.", *location) from error


def _validated(value: Any) -> schemas.StartExecution:
    if not isinstance(value, dict):
        raise invalid("Invalid data. Expected an object.", "body")
    try:
        return schemas.StartExecution.model_validate(value)
    except ValidationError as error:
        problems = [
            FieldProblem(("body", *entry["loc"]), entry["msg"])
            for entry in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise ApiError(422, "The request is not valid.", problems=problems) from error


async def _start(
    request: Request, key: str | None, revision: AgentRevision, given: _Given
) -> Response:
    store: Store = request.app.state.store
    starter: Starter = request.app.state.starter
    arrival = Arrival(store, revision, _wanted(request.state.token, revision, given))
    # first of all what is wrong with the input: what is refused later is the files
    try:
        await to_thread.run_sync(intake.prepare, revision, arrival.wanted)
    except InvalidInputError as error:
        raise invalid(str(error), "body", "input") from error

    async def create(execution_id: UUID) -> Response:
        execution = await arrival.complete(execution_id, given.files)
        await starter.start(execution, wait=RUN_SECONDS)
        started = await to_thread.run_sync(_again, store, execution)
        return JSONResponse(shown(started).model_dump(mode="json"), 202)

    try:
        return await idempotency.once(
            request,
            key,
            asked=idempotency.fingerprint(request, given.content),
            execution_id=arrival.id,
            work=create,
            longer=RUN_SECONDS,
        )
    except Exception as error:
        await arrival.discard()
        if isinstance(error, InvalidInputError):
            raise ApiError(400, str(error)) from error
        raise


def _wanted(token: Token, revision: AgentRevision, given: _Given) -> intake.Request:
    start = given.start
    try:
        kind = revision.agent.execution_type(start.execution_key or None)
    except KeyError:
        known = ", ".join(kind.key for kind in revision.agent.execution_types) or "none"
        message = f"The agent has no execution type {start.execution_key!r}; it has: {known}."
        raise ApiError(400, message) from None
    return asked_by(
        token,
        revision,
        # an agent without execution types has nothing to fill defaults in from
        input_data=start.input if kind or start.input else None,
        execution_type=kind.key if kind else None,
    )


def _again(store: Store, execution: Execution) -> Execution:
    with store.database.reading() as session:
        return executions.get(session, execution.id)


# -- looking --------------------------------------------------------------------------------------


@router.get(
    "/api/agentic-executions/{execution_id}/",
    summary="Get Execution",
    responses=MISSING,
)
def get_execution(
    execution_id: Number, store: CurrentStore, token: CurrentToken
) -> schemas.AgenticExecution:
    """Show an execution."""
    try:
        with store.database.reading() as session:
            return shown(numbered.execution(session, token.workspace_id, execution_id))
    except NotFoundError as error:
        raise ApiError(404, NOT_FOUND) from error


def _none_if_empty(value: object) -> object:
    return None if value == "" else value


_EMPTY = {"type": "string", "maxLength": 0}
_Filter = BeforeValidator(_none_if_empty)
NumberFilter = Annotated[
    int | None,
    _Filter,
    WithJsonSchema({"anyOf": [{"type": "integer"}, _EMPTY, {"type": "null"}]}),
]
PhaseFilter = Annotated[
    schemas.PhaseName | None,
    _Filter,
    WithJsonSchema({"anyOf": [{"type": "string", "enum": [*Phase]}, _EMPTY, {"type": "null"}]}),
]
"""A filter that is left empty is left out."""


@router.get(
    "/api/agentic-executions/",
    summary="List Executions",
    responses={**INVALID, **MISSING},
    dependencies=[given_once("agent_id", "status", "dataset_id", "page")],
)
def list_executions(
    request: Request,
    store: CurrentStore,
    token: CurrentToken,
    agent_id: Annotated[NumberFilter, Query(description="Only this agent's.")] = None,
    status: Annotated[PhaseFilter, Query()] = None,
    dataset_id: Annotated[
        NumberFilter, Query(description="Only this workspace's, by its number.")
    ] = None,
    page: Annotated[int, Query(ge=1, description="Which 25 of them.")] = 1,
) -> schemas.AgenticExecutionPage:
    """List the executions, the newest first, 25 a page."""
    wanted = Wanted(
        workspace_id=token.workspace_id,
        agent_number=agent_id,
        phase=Phase(status) if status else None,
    )
    found, total = [], 0
    if dataset_id in (None, token.workspace_number) and page <= FURTHEST:
        with store.database.reading() as session:
            found = numbered.page(session, wanted, skip=(page - 1) * PAGE_SIZE, limit=PAGE_SIZE + 1)
            total = numbered.count(session, wanted)
    if not found and page > 1:
        raise ApiError(404, "Invalid page.")
    return schemas.AgenticExecutionPage(
        count=total,
        next=_address(request, page + 1) if len(found) > PAGE_SIZE else None,
        previous=_address(request, page - 1) if page > 1 else None,
        results=[shown(execution) for execution in found[:PAGE_SIZE]],
    )


def _address(request: Request, page: int) -> str:
    if page == 1:
        return str(request.url.remove_query_params("page"))
    return str(request.url.include_query_params(page=page))
