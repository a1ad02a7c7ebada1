"""When the review policy signs off instead of a person."""

from __future__ import annotations

from signoff.executions.agents import ReviewPolicy
from signoff.executions.models import Extraction


def signs_off(policy: ReviewPolicy, extraction: Extraction) -> bool:
    """Whether ``policy`` confirms ``extraction`` without a person.

    ``auto_confirm`` is unconditional: it signs off anything, an offline reading included.
    """
    del extraction  # what conditions will look at; there are none yet
    return policy.auto_confirm
