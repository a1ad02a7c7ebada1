"""Deliver: confirmed data goes to every destination that has not got it yet."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from signoff.delivery.dispatch import deliver_all
from signoff.storage.leases import Lease
from signoff.storage.store import get_store


@task(name="deliver", cache_policy=NO_CACHE, persist_result=False)
def deliver(lease: Lease) -> None:
    """Send to each destination on its own; one that fails neither undoes nor repeats another.

    Raises:
        DeliveryFailedError: at least one destination has not got the data.
    """
    logger = get_run_logger()
    deliver_all(get_store(), lease, failed=lambda problem: logger.error("%s", problem))
