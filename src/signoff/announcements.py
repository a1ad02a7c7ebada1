"""Telling Prefect what happened to executions, so that its automations can notify people."""

from __future__ import annotations

from uuid import uuid5

from signoff import prefect_runs
from signoff.executions.agents import JsonObject
from signoff.storage import events
from signoff.storage.events import Event
from signoff.storage.store import Store

AT_ONCE = 200


def announce(store: Store) -> int:
    """Send the events of all changes of state that Prefect has not been told of.

    What is sent twice, since somebody died in between, has the same id both times.

    Returns:
        How many were sent.

    Raises:
        PrefectUnavailableError: the rest waits for the next time.
    """
    sent = 0
    while True:
        with store.database.reading() as session:
            waiting = events.waiting(session, limit=AT_ONCE)
        if not waiting:
            return sent
        prefect_runs.emit([_described(event) for event in waiting])
        with store.database.transaction() as session:
            events.forget(session, [event.number for event in waiting])
        sent += len(waiting)


def _described(event: Event) -> JsonObject:
    related = []
    if event.flow_run_id is not None:
        run = f"prefect.flow-run.{event.flow_run_id}"
        related.append({"prefect.resource.id": run, "prefect.resource.role": "flow-run"})
    return {
        "id": str(uuid5(event.execution_id, f"event-{event.number}")),
        "occurred": event.at.isoformat(),
        "event": f"signoff.execution.{event.status}",
        "resource": {
            "prefect.resource.id": f"signoff.execution.{event.execution_id}",
            "prefect.resource.name": f"{event.agent} {event.execution_number}",
            "signoff.agent": event.agent,
            "signoff.workspace": event.workspace,
        },
        "related": related,
        "payload": {
            "execution": str(event.execution_id),
            "number": event.execution_number,
            "agent": event.agent,
            "workspace": event.workspace,
            "status": event.status,
        },
    }
