"""The workspaces dialect: agents and their executions by UUID, states as a union on status."""

from signoff.api.workspaces import agents, executions
from signoff.api.workspaces.dialect import DIALECT

__all__ = ["DIALECT", "agents", "executions"]
