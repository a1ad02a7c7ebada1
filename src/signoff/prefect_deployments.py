"""Deployments in Prefect, and the work pool that their runs wait in."""

from __future__ import annotations

from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectNotFound

from signoff.prefect_runs import ANY_AGENT, FLOW, connected


def deploy_agent(agent: str, *, description: str) -> bool:
    """Create or renew ``extract/<agent>``: ``extract/any`` with the agent filled in.

    Returns:
        Whether it was done: false while ``extract/any`` is not deployed.
    """
    with connected() as client:
        try:
            model = client.read_deployment_by_name(f"{FLOW}/{ANY_AGENT}")
        except ObjectNotFound:
            return False
        client.create_deployment(
            flow_id=model.flow_id,
            name=agent,
            description=description,
            entrypoint=model.entrypoint,
            path=model.path,
            pull_steps=model.pull_steps,
            work_pool_name=model.work_pool_name,
            work_queue_name=model.work_queue_name,
            parameters={"agent": agent},
            parameter_openapi_schema=model.parameter_openapi_schema,
            enforce_parameter_schema=model.enforce_parameter_schema,
            tags=model.tags,
        )
    return True


def ensure_work_pool(name: str) -> None:
    """Create the work pool of the warm worker, if there is none of that name."""
    with connected() as client:
        try:
            client.read_work_pool(name)
        except ObjectNotFound:
            client.create_work_pool(WorkPoolCreate(name=name, type="signoff"))
