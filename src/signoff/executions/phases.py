"""How far an execution is, in four words: what dialects without our states say of it.

The phase follows from state, failure and attempts. The database computes it too, by
:data:`PHASE_SQL`, so that lists can be filtered by it; a test holds the two together.
"""

from __future__ import annotations

from enum import StrEnum

from signoff.executions.states import Status


class Phase(StrEnum):
    """How far an execution is."""

    PENDING = "pending"  # no run has taken it up yet
    IN_PROGRESS = "in_progress"  # a run is or was at it, or a person is to review
    FINISHED = "finished"  # confirmed data exists, delivered or not
    FAILED = "failed"  # canceled, or it failed before there was anything to review


def phase_of(status: Status, *, failed: bool, begun: bool) -> Phase:
    """The phase of an execution.

    Args:
        status: its state.
        failed: whether it carries a failure.
        begun: whether a run has ever taken it up.
    """
    if status.is_signed_off:
        return Phase.FINISHED
    if status is Status.CANCELED:
        return Phase.FAILED
    if status is Status.PENDING_REVIEW:
        return Phase.IN_PROGRESS  # with a failure, too: its best attempt is being corrected
    if failed:
        return Phase.FAILED
    return Phase.IN_PROGRESS if begun else Phase.PENDING


PHASE_SQL = (
    "CASE"
    " WHEN status IN ('CONFIRMED', 'DELIVERED_TO_DESTINATION') THEN 'finished'"
    " WHEN status = 'CANCELED' THEN 'failed'"
    " WHEN status = 'PENDING_REVIEW' THEN 'in_progress'"
    " WHEN failure_code IS NOT NULL THEN 'failed'"
    " WHEN attempt > 0 THEN 'in_progress'"
    " ELSE 'pending'"
    " END"
)
