"""``/api/agents/{id}/agentic-execution-definitions/``: the ways to start an agent."""

from __future__ import annotations

from signoff.api.agentic import schemas
from signoff.api.agentic.dialect import MISSING, Number, new_router
from signoff.api.auth import CurrentStore, CurrentToken
from signoff.api.problems import ApiError
from signoff.errors import NotFoundError
from signoff.executions.models import AgentRevision
from signoff.storage import numbered
from signoff.storage.store import Store
from signoff.storage.tokens import Token

router = new_router()


@router.get(
    "/api/agents/{agent_id}/agentic-execution-definitions/",
    summary="List Available Execution Types",
    responses=MISSING,
)
def list_execution_definitions(
    agent_id: Number, store: CurrentStore, token: CurrentToken
) -> list[schemas.ExecutionDefinition]:
    """List the agent's execution types, each with the schema of its input."""
    return [
        schemas.ExecutionDefinition(
            key=kind.key,
            name=kind.name,
            description=kind.description,
            input_schema=kind.input_schema,
        )
        for kind in find_agent(store, token, agent_id).agent.execution_types
    ]


def find_agent(store: Store, token: Token, number: int) -> AgentRevision:
    """An agent of the token's workspace.

    Raises:
        ApiError: 404, also for another workspace's.
    """
    try:
        with store.database.reading() as session:
            return numbered.agent(session, token.workspace_id, number, cipher=store.cipher)
    except NotFoundError as error:
        raise ApiError(404, "Agent not found.") from error
