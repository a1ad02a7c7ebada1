"""What to do about each pair of execution state and flow run state: one table, no I/O.

Prefect's run state is how the machinery is doing, the execution's state what the business sees.
The two get out of step when a process dies, when somebody cancels a run in Prefect's UI (a
suspended run is cancelled without calling a hook), or deletes it. :mod:`signoff.reconciler`
looks and does what this table says.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from signoff.executions.states import Status


class Action(StrEnum):
    """What brings an execution and its flow run back in step."""

    NOTHING = "nothing"
    SETTLE = "settle"  # both are at their end: need not be looked at again
    CREATE_RUN = "create the run"
    RESTART_RUN = "restart the run"  # its process died: counts as a death
    CONTINUE_RUN = "continue the run"  # its process ended in good order, or never began
    MEND_REVIEW = "mend the review"  # write the missing form, let a recorded answer count
    CANCEL_EXECUTION = "cancel the execution"
    STOP_DELIVERY = "stop the delivery"
    CANCEL_RUN = "cancel the run"


RUN_STATES = (
    "MISSING",
    "SCHEDULED",
    "PENDING",
    "RUNNING",
    "PAUSED",
    "COMPLETED",
    "FAILED",
    "CRASHED",
    "CANCELLING",
    "CANCELLED",
)

N, S = Action.NOTHING, Action.SETTLE
NEW, RE, GO = Action.CREATE_RUN, Action.RESTART_RUN, Action.CONTINUE_RUN
MEND, CX, STOP, CR = (
    Action.MEND_REVIEW,
    Action.CANCEL_EXECUTION,
    Action.STOP_DELIVERY,
    Action.CANCEL_RUN,
)

# fmt: off
TABLE: dict[Status, tuple[Action, ...]] = {
    # MISSING SCHEDULED PENDING RUNNING PAUSED COMPLETED FAILED CRASHED CANCELLING CANCELLED
    # An upload that broke off has no run; it stays as it is, as its sender was told.
    Status.PENDING_INPUTS:           (N,   N, RE, RE, N,    RE, RE, RE, CX,   CX),
    Status.PENDING_DATA_EXTRACTION:  (NEW, N, RE, RE, N,    RE, RE, RE, CX,   CX),
    Status.PENDING_REVIEW:           (NEW, N, RE, RE, MEND, RE, RE, RE, CX,   CX),
    Status.CONFIRMED:                (NEW, N, RE, RE, GO,   RE, RE, RE, STOP, STOP),
    # Nothing is left to do; a run that died here is started once more only to end as completed.
    Status.DELIVERED_TO_DESTINATION: (S,   N, GO, GO, GO,   S,  GO, GO, CR,   S),
    Status.CANCELED:                 (S,  CR, CR, CR, CR,   S,  S,  S,  CR,   S),
}
# fmt: on


@dataclass(frozen=True)
class Facts:
    """What is known of one execution and its flow run.

    Attributes:
        status: the execution's state.
        run_state: the flow run's state type, or MISSING.
        failed: a failure is recorded: a person's retry goes on, nothing else.
        at_work: a run holds an unexpired lease.
        quiet: run state and record have not changed for longer than a lease lasts.
        new: the execution was recorded a moment ago: whoever did so is about to create its run.
        delivered: every destination has the data (true without destinations).
    """

    status: Status
    run_state: str
    failed: bool = False
    at_work: bool = False
    quiet: bool = True
    new: bool = False
    delivered: bool = False


def decide(facts: Facts) -> Action:
    """The action for these facts."""
    action = TABLE[facts.status][RUN_STATES.index(facts.run_state)]
    if facts.at_work and action not in (CX, STOP):
        return Action.NOTHING
    if facts.status is Status.CONFIRMED and facts.delivered:
        # No destinations: CONFIRMED is the end.
        return TABLE[Status.DELIVERED_TO_DESTINATION][RUN_STATES.index(facts.run_state)]
    if facts.failed and facts.status is not Status.PENDING_REVIEW:
        over = facts.run_state in ("FAILED", "CRASHED", "COMPLETED", "CANCELLED")
        if over or facts.run_state == "MISSING":
            return Action.SETTLE  # until a person retries
        if action is STOP and not facts.at_work:
            return Action.CANCEL_RUN
        if action is STOP:
            return Action.NOTHING
    if action is NEW and facts.new:
        return Action.NOTHING
    if action in (RE, GO, CR) and not facts.quiet:
        # A process may be about to take the lease, or has just let go of it.
        return Action.NOTHING
    return action
