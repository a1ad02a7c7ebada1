"""Uploads to the workspaces dialect."""

from __future__ import annotations

from collections.abc import Mapping

import requests
from support.api_server import ApiServer
from support.stores import apply_agent, make_agent

PATH = "/api/v1/agent-executions"


def agent_id(api: ApiServer, workspace: str = "default") -> str:
    """The id of an agent with two fields."""
    return str(apply_agent(api.store, make_agent(workspace=workspace)).agent_id)


def upload(
    api: ApiServer,
    *files: tuple[str, bytes],
    agent: str | None = None,
    workspace: str = "default",
    headers: Mapping[str, str] | None = None,
) -> requests.Response:
    """Start an execution of ``agent`` (one of its own, if none is named) over these files."""
    token = api.token if workspace == "default" else api.make_token(workspace)
    answer: requests.Response = api.call(
        "POST",
        f"{PATH}?agent_id={agent or agent_id(api, workspace)}",
        authorization=f"Bearer {token}",
        headers=dict(headers or {}),
        files=[("input_files", file) for file in files],
    )
    return answer
