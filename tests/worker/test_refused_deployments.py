"""What a deployment may not ask of a worker whose runs share one process."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import DeploymentResponse

from signoff.errors import ConfigurationError
from signoff.worker.configuration import SignoffJobConfiguration


def module(deployment: dict[str, Any] | None = None, **asked_for: Any) -> str:
    """The module that a run of such a deployment is executed from."""
    found = DeploymentResponse(
        **{
            "id": uuid4(),
            "name": "ours",
            "flow_id": uuid4(),
            "entrypoint": "flows.extract.extract",
            **(deployment or {}),
        }
    )
    configuration = SignoffJobConfiguration(**asked_for)
    configuration.prepare_for_flow_run(FlowRun(flow_id=uuid4()), found)
    return configuration.module()


def test_an_installed_module_is_executed() -> None:
    assert module() == "flows.extract.extract"


@pytest.mark.parametrize(
    ("deployment", "asked_for", "words"),
    [
        ({"pull_steps": [{"prefect.deployments.steps.git_clone": {}}]}, {}, "pull steps"),
        ({}, {"env": {"OUR_REGION": "eu"}}, "OUR_REGION"),
        ({}, {"command": "python -m ours"}, "python -m ours"),
        ({"job_variables": {"env": {"OUR_REGION": "eu"}}}, {}, "OUR_REGION"),
        ({"job_variables": {"env.OUR_REGION": "eu"}}, {}, "OUR_REGION"),
        ({"job_variables": {"command": "python -m ours"}}, {}, "python -m ours"),
        ({"entrypoint": "flows/extract.py:extract"}, {}, "flows/extract.py:extract"),
        ({"entrypoint": None}, {}, "entrypoint"),
    ],
)
def test_what_would_change_the_whole_process_is_refused_with_the_remedy(
    deployment: dict[str, Any], asked_for: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigurationError, match="process worker") as refused:
        module(deployment, **asked_for)
    assert words in str(refused.value)
    assert "'ours'" in str(refused.value)
