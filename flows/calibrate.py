"""The flow that fits an agent's confidence on its reviews and shows how good it is."""

from typing import Annotated

from prefect import flow
from pydantic import Field

from tasks.calibrate import fit, publish

AgentName = Annotated[str, Field(examples=["invoice"], min_length=1, max_length=64)]


@flow(name="calibrate", persist_result=False)
def calibrate(agent: AgentName) -> None:
    """Fit an agent's confidence on what its reviewers left and changed.

    The fit is used from the next extraction on; how good it is stands in the run's artifact. With
    too few reviews the prior stays, and the artifact says how many are missing.

    Args:
        agent: Name (or id) of the agent.
    """
    report = fit(agent)
    publish(agent, report)
