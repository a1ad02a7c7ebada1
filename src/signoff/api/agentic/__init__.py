"""The agentic dialect: agents and executions by number, as clients of Django's REST framework."""

from signoff.api.agentic import definitions, executions, files
from signoff.api.agentic.dialect import DIALECT

__all__ = ["DIALECT", "definitions", "executions", "files"]
