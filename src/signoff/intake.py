"""Taking work in: from an agent's name and some files to an execution with stored inputs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

from signoff.documents.fetch import fetch
from signoff.documents.validation import CheckedFile, check_files
from signoff.errors import InvalidInputError
from signoff.executions.agents import Agent, JsonObject
from signoff.executions.models import AgentRevision, Execution, Trigger
from signoff.executions.states import Status
from signoff.executions.validation import find_problems
from signoff.storage import agents, executions
from signoff.storage.executions import NewExecution, NewFile
from signoff.storage.leases import Lease, locked
from signoff.storage.store import Store


@dataclass(frozen=True)
class Request:
    """What a caller asks for. ``agent`` is a name or an id."""

    agent: str
    input_data: JsonObject | None = None
    additional_instructions: str = ""
    execution_type: str | None = None
    trigger: Trigger = Trigger.MANUAL
    triggered_by: str | None = None
    context: JsonObject = field(default_factory=dict)
    workspace: str = "default"


def store_files(
    store: Store, sources: Sequence[str], *, has_input_data: bool = False, only_http: bool = False
) -> list[NewFile]:
    """Fetch, check and store files; all of them, or none is used.

    Args:
        store: where to.
        sources: paths, ``file://``, ``http(s)://`` or any fsspec URL.
        has_input_data: whether there is something to work on without files.
        only_http: refuse all but http(s) URLs, for sources that came over HTTP.

    Raises:
        InvalidInputError: what is wrong with which file (see its subclasses).
        ForbiddenAddressError: a URL leads into a network that is not allowed.
    """
    with ExitStack() as stack:
        fetched, room = [], store.settings.max_input_bytes
        for source in sources:
            file = stack.enter_context(
                fetch(source, settings=store.settings, only_http=only_http, limit=room)
            )
            fetched.append(file)
            room -= file.size
        checked = check_files(
            [(file.name, file.path) for file in fetched],
            max_bytes=store.settings.max_input_bytes,
            has_input_data=has_input_data,
        )
        return [_stored(store, good) for good in checked]


def _stored(store: Store, good: CheckedFile) -> NewFile:
    blob = store.files.put_file(good.path)
    return NewFile(good.name, good.media_type, blob.size, blob.sha256)


def take_in(store: Store, request: Request, sources: Sequence[str]) -> Execution:
    """Store the files and create the execution, ready to be started.

    Raises:
        NotFoundError: there is no such agent.
        AgentNotRunnableError: the agent is archived or has no data schema.
        InvalidInputError: files or input data were refused; nothing was created.
    """
    new, files = check_in(store, request, sources)
    with store.database.transaction() as session:
        row = executions.create(session, new)
        executions.add_inputs(session, row, files)
        return executions.get(session, row.id)


def begin(
    store: Store, revision: AgentRevision, request: Request, *, execution_id: UUID, files: bool
) -> None:
    """Record an execution whose files (if it has any) are still on their way; safe to repeat.

    Raises:
        AgentNotRunnableError: the agent is archived or has no data schema.
        InvalidInputError: the input data does not fit, or the agent takes no files.
    """
    new = replace(prepare(revision, request), id=execution_id)
    if files:
        _check_uploads(revision.agent)
    with store.database.transaction() as session:
        executions.create(session, new)


def supply(store: Store, execution_id: UUID, files: Sequence[tuple[str, Path]]) -> Execution:
    """Check and store the files of an execution that was begun: all its inputs are at hand then.

    Args:
        store: where to.
        execution_id: which execution.
        files: (name as the sender wrote it, local path); read before this returns.

    Raises:
        InvalidInputError: what is wrong with which file; the execution still waits for inputs.
        TransitionNotAllowedError: the execution was canceled meanwhile.
    """
    with store.database.reading() as session:
        execution = executions.get(session, execution_id)
    if execution.status not in (Status.PENDING_INPUTS, Status.CANCELED):
        return execution  # whoever supplied it did not live to say so
    checked = check_files(
        files,
        max_bytes=store.settings.max_input_bytes,
        has_input_data=execution.input_data is not None,
    )
    stored = [_stored(store, good) for good in checked]
    with store.database.transaction() as session:
        executions.add_inputs(session, locked(session, execution_id), stored)
        return executions.get(session, execution_id)


def check_in(
    store: Store, request: Request, sources: Sequence[str]
) -> tuple[NewExecution, list[NewFile]]:
    """Check a request and store its files: all that :func:`take_in` does before it creates.

    Raises:
        NotFoundError: there is no such agent.
        InvalidInputError: files or input data were refused.
    """
    with store.database.reading() as session:
        revision = agents.find(
            session, request.agent, workspace_name=request.workspace, cipher=store.cipher
        )
    new = prepare(revision, request)
    if sources:
        _check_uploads(revision.agent)
    return new, store_files(store, sources, has_input_data=new.input_data is not None)


def prepare(
    revision: AgentRevision, request: Request, *, flow_run_id: UUID | None = None
) -> NewExecution:
    """Check what came beside the files, and fill in the input data's defaults.

    Raises:
        InvalidInputError: the execution type is unknown, or the input data does not fit it.
    """
    agent = revision.agent
    try:
        kind = agent.execution_type(request.execution_type)
    except KeyError as error:
        known = ", ".join(kind.key for kind in agent.execution_types) or "none"
        raise InvalidInputError(
            f"The agent {agent.name!r} has no execution type {request.execution_type!r};"
            f" it has: {known}."
        ) from error
    input_data = request.input_data
    if kind is not None and (input_data is not None or request.execution_type is not None):
        input_data = fill_defaults(kind.input_schema, input_data or {})
        problems = find_problems(kind.input_schema, input_data, may_be_empty=True)
        if problems:
            raise InvalidInputError("Input data: " + "; ".join(map(str, problems)))
    return NewExecution(
        revision=revision,
        trigger=request.trigger,
        triggered_by=request.triggered_by,
        input_data=input_data,
        additional_instructions=request.additional_instructions,
        execution_type=kind.key if kind else None,
        context=request.context,
        flow_run_id=flow_run_id,
    )


def store_inputs(store: Store, lease: Lease, sources: Sequence[str]) -> None:
    """Store the inputs of an execution that a flow run created, unless it has them already.

    Raises:
        InvalidInputError: what is wrong with which file.
    """
    with store.database.reading() as session:
        execution = executions.get(session, lease.execution_id)
        revision = agents.revision(
            session, execution.agent_id, execution.agent_revision, cipher=store.cipher
        )
    if execution.status is not Status.PENDING_INPUTS:
        return
    if sources:
        _check_uploads(revision.agent)
    files = store_files(store, sources, has_input_data=execution.input_data is not None)
    with store.database.transaction() as session:
        executions.add_inputs(session, locked(session, lease.execution_id, lease=lease), files)


def fill_defaults(schema: JsonObject, data: JsonObject) -> JsonObject:
    """``data`` with the schema's defaults for properties that are absent, nested ones too."""
    filled = deepcopy(data)
    for name, part in schema.get("properties", {}).items():
        if not isinstance(part, dict):
            continue
        if name not in filled and "default" in part:
            filled[name] = deepcopy(part["default"])
        if isinstance(filled.get(name), dict):
            filled[name] = fill_defaults(part, filled[name])
    return filled


def _check_uploads(agent: Agent) -> None:
    if not agent.file_uploads:
        raise InvalidInputError(
            f"The agent {agent.name!r} takes no files (file_uploads: false); give input data."
        )
