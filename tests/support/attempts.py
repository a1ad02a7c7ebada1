"""A delivery's record, kept in a list."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from signoff.executions.models import DeliveryAttempt


@dataclass
class ListedAttempts:
    """An :class:`signoff.delivery.attempts.AttemptLog` whose attempts a test can read.

    ``refuse`` maps an attempt's number to what :meth:`start` raises instead of recording it.
    """

    attempts: list[DeliveryAttempt] = field(default_factory=list)
    refuse: dict[int, Exception] = field(default_factory=dict)

    def start(self) -> int:
        """Record that an attempt begins."""
        number = len(self.attempts) + 1
        if number in self.refuse:
            raise self.refuse[number]
        self.attempts.append(DeliveryAttempt(number=number, started_at=datetime.now(UTC)))
        return number

    def finish(self, number: int, **brought: Any) -> None:
        """Record what it brought."""
        known = self.attempts[number - 1]
        self.attempts[number - 1] = DeliveryAttempt(
            number=number, started_at=known.started_at, **brought
        )
