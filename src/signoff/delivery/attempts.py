"""What a sender tells of its attempts, and what becomes of a delivery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from signoff.executions.models import DeliveryStatus


class AttemptLog(Protocol):
    """The record of one delivery's attempts: each before it is sent and once it is over."""

    def start(self) -> int:
        """Record that an attempt begins, before anything is sent; returns its number.

        Raises:
            LeaseLostError: another run holds the execution: do not send.
            ExecutionCanceledError: the execution was canceled: do not send.
        """
        ...

    def finish(
        self,
        number: int,
        *,
        status_code: int | None,
        headers: dict[str, str],
        body: str,
        seconds: float,
        error: str | None,
    ) -> None:
        """Record what the attempt brought; ``status_code`` is ``None`` if no answer came."""
        ...


@dataclass(frozen=True)
class DeliveryContext:
    """What a sender may say of the execution whose data it delivers."""

    execution_id: UUID
    agent_name: str
    workspace_id: UUID


@dataclass(frozen=True)
class Outcome:
    """What became of a delivery; ``error`` says what a person can do."""

    status: DeliveryStatus
    schedule_id: str | None = None
    error: str | None = None
