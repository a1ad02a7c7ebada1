"""Deliver: confirmed data goes to every destination that has not got it yet."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from signoff.delivery.attempts import DeliveryContext
from signoff.delivery.deliver import deliver_one
from signoff.errors import DeliveryFailedError
from signoff.executions.models import DeliveryStatus
from signoff.executions.states import Status
from signoff.storage import agents, deliveries, executions
from signoff.storage.deliveries import DeliveryLog
from signoff.storage.executions import step
from signoff.storage.leases import Lease
from signoff.storage.store import get_store


@task(name="deliver", cache_policy=NO_CACHE, persist_result=False)
def deliver(lease: Lease) -> None:
    """Send to each destination on its own; one that fails neither undoes nor repeats another.

    Raises:
        DeliveryFailedError: at least one destination has not got the data.
    """
    store = get_store()
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
    with step(store.database, lease, "deliver"):
        with store.database.transaction() as session:
            prepared = deliveries.prepare(session, lease, revision.agent)
        for delivery in prepared:
            if delivery.status is not DeliveryStatus.PENDING:
                continue
            destination = revision.agent.destinations[delivery.position]
            outcome = deliver_one(
                delivery=delivery,
                destination=destination,
                data=execution.state.data_confirmed,
                log=DeliveryLog(store.database, lease, delivery.id),
                settings=store.settings,
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
            if outcome.error:
                errors.append(f"{destination.type} {delivery.position + 1}: {outcome.error}")
                get_run_logger().error("%s", errors[-1])
        with store.database.transaction() as session:
            complete = deliveries.finish(session, lease)
        if prepared and not complete:
            raise DeliveryFailedError(
                "; ".join(errors) or "A destination has not got the data; retry to send again."
            )
