"""Deliveries and their attempts in the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID, uuid4

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from signoff.errors import ExecutionCanceledError
from signoff.executions.agents import Agent
from signoff.executions.models import OUTCOME_UNKNOWN, SENT_AGAIN, Delivery, DeliveryStatus
from signoff.executions.states import Status
from signoff.storage import executions
from signoff.storage.database import Database
from signoff.storage.leases import Lease, locked
from signoff.storage.tables import DeliveryAttemptRow, DeliveryRow
from signoff.storage.transitions import transition


def prepare(session: Session, lease: Lease, agent: Agent) -> list[Delivery]:
    """The execution's deliveries, one for each of the agent's destinations.

    Their ids (the webhook-ids) are made here, once: every later call finds the same ones.
    """
    row = locked(session, lease.execution_id, lease=lease)
    found = executions.deliveries(session, row.id)
    if not found:
        session.add_all(
            DeliveryRow(
                id=uuid4(),
                execution_id=row.id,
                position=position,
                type=destination.type,
                status=DeliveryStatus.PENDING,
            )
            for position, destination in enumerate(agent.destinations)
        )
        session.flush()
        found = executions.deliveries(session, row.id)
    return found


def record_outcome(
    session: Session,
    lease: Lease,
    delivery_id: UUID,
    *,
    status: DeliveryStatus,
    schedule_id: str | None = None,
) -> None:
    """Record what became of a delivery."""
    row = locked(session, lease.execution_id, lease=lease)
    delivery = session.get_one(DeliveryRow, delivery_id, populate_existing=True)
    delivery.status, delivery.schedule_id = status, schedule_id
    row.updated_at = datetime.now(UTC)
    row.deaths = 0


def finish(session: Session, lease: Lease) -> bool:
    """Move on to DELIVERED_TO_DESTINATION if every destination has the data.

    An execution whose agent has no destinations ends at CONFIRMED.
    """
    row = locked(session, lease.execution_id, lease=lease)
    found = executions.deliveries(session, row.id)
    if not found or any(entry.status is not DeliveryStatus.DELIVERED for entry in found):
        return False
    if row.status == Status.CONFIRMED:
        transition(session, row, Status.DELIVERED_TO_DESTINATION)
    return True


def reopen(session: Session, execution_id: UUID) -> int:
    """Let failed deliveries, and those of unknown outcome, be sent again; returns how many."""
    locked(session, execution_id)
    stuck = [
        row
        for row in session.scalars(
            select(DeliveryRow).where(DeliveryRow.execution_id == execution_id)
        )
        if DeliveryStatus(row.status).needs_person
    ]
    for row in stuck:
        row.status = DeliveryStatus.PENDING
        # a person decided to send again: an attempt of unknown outcome no longer holds it back
        for attempt in row.attempts:
            unfinished = attempt.status_code is None and attempt.error is None
            error = attempt.error or ""
            if unfinished or error.startswith(OUTCOME_UNKNOWN):
                attempt.error = (SENT_AGAIN + error.removeprefix(OUTCOME_UNKNOWN)).strip()
    return len(stuck)


@dataclass(frozen=True)
class MadeElsewhere:
    """A delivery that somebody else made: a webhook's answer, or the id of a schedule."""

    type: Literal["WEBHOOK", "ASKUI_WORKFLOW"]
    schedule_id: str | None = None
    status_code: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""


def record_elsewhere(
    session: Session, lease: Lease, made: Sequence[MadeElsewhere], *, by: str | None
) -> None:
    """Record deliveries that were made elsewhere, and move on to DELIVERED_TO_DESTINATION.

    They come after what was tried from here, which keeps its record.

    Raises:
        TransitionNotAllowedError: the execution is not CONFIRMED.
    """
    row = locked(session, lease.execution_id, lease=lease)
    transition(
        session,
        row,
        Status.DELIVERED_TO_DESTINATION,
        by=by,
        note="the deliveries were made elsewhere",
    )
    first = len(executions.deliveries(session, row.id))
    now = datetime.now(UTC)
    for position, entry in enumerate(made, start=first):
        delivery = DeliveryRow(
            id=uuid4(),
            execution_id=row.id,
            position=position,
            type=entry.type,
            status=DeliveryStatus.DELIVERED,
            schedule_id=entry.schedule_id,
        )
        session.add(delivery)
        session.flush()
        session.add(
            DeliveryAttemptRow(
                delivery_id=delivery.id,
                number=1,
                started_at=now,
                status_code=entry.status_code,
                headers=entry.headers,
                body=entry.body,
            )
        )
    session.flush()


class DeliveryLog:
    """Attempts of one delivery, each recorded before it is sent and after it was answered."""

    def __init__(self, database: Database, lease: Lease, delivery_id: UUID) -> None:
        """Record attempts of ``delivery_id`` under ``lease``."""
        self._database, self._lease, self._delivery_id = database, lease, delivery_id

    def start(self) -> int:
        """Record that an attempt begins; returns its number, from 1.

        Raises:
            LeaseLostError: another attempt took over: do not send.
            ExecutionCanceledError: the execution, or its delivery, was canceled: do not send.
        """
        with self._database.transaction() as session:
            row = locked(session, self._lease.execution_id, lease=self._lease)
            if row.failure_code == ExecutionCanceledError.code:
                raise ExecutionCanceledError(f"Delivery of execution {row.number} was canceled.")
            last = session.scalar(
                select(func.max(DeliveryAttemptRow.number)).where(
                    DeliveryAttemptRow.delivery_id == self._delivery_id
                )
            )
            number = (last or 0) + 1
            session.add(
                DeliveryAttemptRow(
                    delivery_id=self._delivery_id,
                    number=number,
                    started_at=datetime.now(UTC),
                    headers={},
                    body="",
                )
            )
        return number

    def finish(
        self,
        number: int,
        *,
        status_code: int | None = None,
        headers: dict[str, str] | None = None,
        body: str = "",
        seconds: float | None = None,
        error: str | None = None,
    ) -> None:
        """Record what an attempt brought. What happened is recorded even without the lease."""
        values: dict[str, Any] = {
            "status_code": status_code,
            "headers": headers or {},
            "body": body,
            "seconds": seconds,
            "error": error,
        }
        with self._database.transaction() as session:
            session.execute(
                update(DeliveryAttemptRow)
                .where(
                    DeliveryAttemptRow.delivery_id == self._delivery_id,
                    DeliveryAttemptRow.number == number,
                )
                .values(**values)
            )
