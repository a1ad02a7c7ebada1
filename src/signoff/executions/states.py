"""Where an execution is, and the steps it may take from there: data, no behaviour.

:func:`signoff.storage.transitions.transition` is the one function that applies
:data:`TRANSITIONS`.
"""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """The six states of an execution, as the business sees them."""

    PENDING_INPUTS = "PENDING_INPUTS"
    PENDING_DATA_EXTRACTION = "PENDING_DATA_EXTRACTION"
    PENDING_REVIEW = "PENDING_REVIEW"
    CONFIRMED = "CONFIRMED"
    DELIVERED_TO_DESTINATION = "DELIVERED_TO_DESTINATION"
    CANCELED = "CANCELED"

    @property
    def is_final(self) -> bool:
        """Nothing leads out of this state."""
        return not TRANSITIONS[self]

    @property
    def is_signed_off(self) -> bool:
        """Confirmed data exists."""
        return self in (Status.CONFIRMED, Status.DELIVERED_TO_DESTINATION)

    def may_become(self, target: Status) -> bool:
        """Whether the table allows the step from this state to ``target``."""
        return target in TRANSITIONS[self]


TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.PENDING_INPUTS: frozenset({Status.PENDING_DATA_EXTRACTION, Status.CANCELED}),
    Status.PENDING_DATA_EXTRACTION: frozenset(
        # straight to CONFIRMED only when the review policy signs off
        {Status.PENDING_REVIEW, Status.CONFIRMED, Status.CANCELED}
    ),
    # to itself: an edit of the extracted data
    Status.PENDING_REVIEW: frozenset({Status.PENDING_REVIEW, Status.CONFIRMED, Status.CANCELED}),
    Status.CONFIRMED: frozenset({Status.DELIVERED_TO_DESTINATION}),
    Status.DELIVERED_TO_DESTINATION: frozenset(),
    Status.CANCELED: frozenset(),
}
