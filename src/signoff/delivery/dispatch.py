"""All deliveries of one execution: each destination that has not got the confirmed data yet."""

from __future__ import annotations

from collections.abc import Callable

from signoff.delivery.attempts import DeliveryContext
from signoff.delivery.deliver import deliver_one
from signoff.errors import DeliveryFailedError
from signoff.executions.models import DeliveryStatus
from signoff.executions.states import Status
from signoff.settings import Settings
from signoff.storage import agents, deliveries, executions
from signoff.storage.deliveries import DeliveryLog
from signoff.storage.leases import Lease
from signoff.storage.progress import step
from signoff.storage.store import Store


def deliver_all(
    store: Store,
    lease: Lease,
    *,
    settings: Settings | None = None,
    failed: Callable[[str], None] = lambda problem: None,
) -> None:
    """Send to each destination on its own; one that fails neither undoes nor repeats another.

    Args:
        store: the record.
        lease: on the execution; nothing is sent or written without it.
        settings: how often and how patiently to try, by default the store's.
        failed: told of each destination that has not got the data.

    Raises:
        DeliveryFailedError: at least one destination has not got the data.
        LeaseLostError: another run took over.
        ExecutionCanceledError: the deliveries were canceled.
    """
    with store.database.reading() as session:
        execution = executions.get(session, lease.execution_id)
        revision = agents.revision(
            session, execution.agent_id, execution.agent_revision, cipher=store.cipher
        )
    if execution.state.status is not Status.CONFIRMED:
        return
    context = DeliveryContext(
        execution_id=execution.id,
        agent_name=execution.agent_name,
        workspace_id=execution.workspace_id,
    )
    errors = []
    with step(store.database, lease, "deliver") as end:
        with store.database.transaction() as session:
            prepared = deliveries.prepare(session, lease, revision.agent)
            left = [each for each in prepared if each.status is DeliveryStatus.PENDING]
            complete = not left and deliveries.finish(session, lease)
        for delivery in left:
            destination = revision.agent.destinations[delivery.position]
            outcome = deliver_one(
                delivery=delivery,
                destination=destination,
                data=execution.state.data_confirmed,
                log=DeliveryLog(store.database, lease, delivery.id),
                settings=settings or store.settings,
                context=context,
            )
            with store.database.transaction() as session:
                deliveries.record_outcome(
                    session,
                    lease,
                    delivery.id,
                    status=outcome.status,
                    schedule_id=outcome.schedule_id,
                )
                complete = deliveries.finish(session, lease)
                if complete:
                    end(session)
            if outcome.error:
                errors.append(f"{destination.type} {delivery.position + 1}: {outcome.error}")
                failed(errors[-1])
        if prepared and not complete:
            raise DeliveryFailedError(
                "; ".join(errors) or "A destination has not got the data; retry to send again."
            )
