"""``/api/v1/agents``: list, create and change agents."""

from __future__ import annotations

import logging
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import BackgroundTasks, Query
from pydantic import UUID4

from signoff import serve
from signoff.api.auth import CurrentStore, CurrentToken
from signoff.api.fastapi_errors import UNPROCESSABLE, Refusal
from signoff.api.problems import ApiError
from signoff.api.query_parameters import given_once
from signoff.api.workspaces import agent_schemas as schemas
from signoff.api.workspaces import agent_translation as translation
from signoff.api.workspaces.dialect import new_router
from signoff.api.workspaces.executions import FURTHEST, Limit, Skip
from signoff.errors import NameTakenError, NotFoundError, SignoffError
from signoff.executions.agents import AgentStatus
from signoff.executions.models import AgentRevision
from signoff.storage import agent_listing, agents
from signoff.storage.agent_listing import ListedAgent
from signoff.storage.store import Store
from signoff.storage.tokens import Token

router = new_router("agents")
logger = logging.getLogger("signoff.api")

TOTAL_COUNT = (
    "total_count: Include the total number of agents that match the query, only accurate up to 100."
)
NOT_FOUND = "Agent not found"
REFUSALS: dict[int | str, dict[str, Any]] = {
    **UNPROCESSABLE,
    404: {"model": Refusal, "description": "Not found in the token's workspace"},
    409: {"model": Refusal, "description": "Another agent of the workspace has that name"},
}


@router.get(
    "/api/v1/agents",
    summary="List Agents",
    responses=UNPROCESSABLE,
    dependencies=[given_once("skip", "limit")],
)
def list_agents(
    store: CurrentStore,
    token: CurrentToken,
    agent_id: Annotated[list[UUID4] | None, Query()] = None,
    workspace_id: Annotated[list[UUID4] | None, Query()] = None,
    status: Annotated[list[schemas.AgentStatusName] | None, Query()] = None,
    skip: Skip = 0,
    limit: Limit = 100,
    expand: Annotated[list[Literal["total_count"]] | None, Query(description=TOTAL_COUNT)] = None,
) -> schemas.AgentsListResponse:
    """List all agents that match, the last changed first."""
    if workspace_id is not None and token.workspace_id not in workspace_id:
        return schemas.AgentsListResponse(data=[], total_count=0 if expand else None)
    statuses = None if status is None else [AgentStatus(name) for name in status]
    total = None
    with store.database.reading() as session:
        found = agent_listing.page(
            session,
            token.workspace_id,
            ids=agent_id,
            statuses=statuses,
            skip=min(skip, FURTHEST),
            limit=limit + 1,
            cipher=store.cipher,
        )
        if expand:
            total = agent_listing.count(
                session, token.workspace_id, ids=agent_id, statuses=statuses
            )
    return schemas.AgentsListResponse(
        data=[translation.shown(listed) for listed in found[:limit]],
        has_more=len(found) > limit,
        total_count=total,
    )


@router.post("/api/v1/agents", status_code=201, summary="Create Agent", responses=REFUSALS)
def create_agent(
    command: schemas.AgentCreateCommand,
    store: CurrentStore,
    token: CurrentToken,
    later: BackgroundTasks,
) -> schemas.Agent:
    """Create an agent in the token's workspace."""
    _check_workspace(command.workspace_id, token)
    agent = translation.created(command, workspace=token.workspace_name, settings=store.settings)
    try:
        with store.database.transaction() as session:
            revision = agents.add(session, agent, cipher=store.cipher)
    except NameTakenError as error:
        raise ApiError(409, str(error)) from error
    later.add_task(_deploy, revision)
    return translation.shown(_listed(store, token, revision.agent_id))


@router.patch("/api/v1/agents/{agent_id}", summary="Update Agent", responses=REFUSALS)
def update_agent(
    agent_id: UUID4,
    command: schemas.AgentUpdateCommand,
    store: CurrentStore,
    token: CurrentToken,
    later: BackgroundTasks,
) -> schemas.Agent:
    """Change an agent: a new revision. Executions go on with the one that they started with."""
    _listed(store, token, agent_id)
    _check_workspace(command.workspace_id, token)
    try:
        with store.database.transaction() as session:
            revision = agents.revise(
                session,
                agent_id,
                lambda agent: translation.changed(agent, command, settings=store.settings),
                cipher=store.cipher,
            )
    except NameTakenError as error:
        raise ApiError(409, str(error)) from error
    later.add_task(_deploy, revision)
    return translation.shown(_listed(store, token, agent_id))


def _listed(store: Store, token: Token, agent_id: UUID) -> ListedAgent:
    try:
        with store.database.reading() as session:
            return agent_listing.one(session, token.workspace_id, agent_id, cipher=store.cipher)
    except NotFoundError as error:
        raise ApiError(404, NOT_FOUND) from error


def _check_workspace(workspace_id: UUID | None, token: Token) -> None:
    if workspace_id not in (None, token.workspace_id):
        raise ApiError(404, "Workspace not found")


def _deploy(revision: AgentRevision) -> None:
    """Give the agent its own deployment in Prefect, or leave it to the next `signoff serve`."""
    try:
        serve.deploy_agent(revision)
    except SignoffError as error:
        logger.info("%s has no deployment yet: %s", revision.agent.name, error)
