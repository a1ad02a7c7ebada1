"""Runs of this process that were asked to stop and are no executions.

An execution's steps look at its lease. The other flows run in threads beside them, which nobody
can end from outside: between two items of their work they ask here.
"""

from __future__ import annotations

from uuid import UUID

from signoff.errors import ExecutionCanceledError

_asked_to_stop: set[UUID] = set()


def ask_to_stop(flow_run_id: UUID) -> None:
    """Have the run stop before its next item."""
    _asked_to_stop.add(flow_run_id)


def forget(flow_run_id: UUID) -> None:
    """The run has ended."""
    _asked_to_stop.discard(flow_run_id)


def stop_if_asked(flow_run_id: UUID | None) -> None:
    """Called by a run between two items of its work.

    Raises:
        ExecutionCanceledError: it was asked to stop.
    """
    if flow_run_id in _asked_to_stop:
        raise ExecutionCanceledError("The run was cancelled in Prefect.")
