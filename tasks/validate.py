"""Validate: the files a run was started with become stored inputs."""

from __future__ import annotations

from collections.abc import Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE

from signoff.executions.states import Status
from signoff.intake import store_inputs
from signoff.storage.leases import Lease, check
from signoff.storage.progress import step
from signoff.storage.store import get_store


@task(name="validate", cache_policy=NO_CACHE, persist_result=False)
def validate(lease: Lease, files: Sequence[str]) -> None:
    """Check and store the input files, unless they are stored already."""
    store = get_store()
    with store.database.reading() as session:
        if check(session, lease) is not Status.PENDING_INPUTS:
            return
    with step(store.database, lease, "validate"):
        store_inputs(store, lease, files)
