"""How long a server asks to be left alone: the Retry-After header of its answer."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST = 1e9
"""Seconds; who waits has limits of their own, and clocks have theirs."""


def retry_after(value: str | None) -> float | None:
    """The seconds that the header asks for, as a number or as a date; ``None`` when it does not.

    A date that has passed asks for none: 0.
    """
    value = (value or "").strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
        return max(seconds, 0.0)
    return min(seconds, LONGEST) if 0 <= seconds < math.inf else None
