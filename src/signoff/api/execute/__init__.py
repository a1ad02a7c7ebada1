"""The execute dialect: one call that starts an agent and, unless told otherwise, waits for it."""

from signoff.api.execute import executions
from signoff.api.execute.dialect import DIALECT

__all__ = ["DIALECT", "executions"]
