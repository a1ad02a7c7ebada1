"""Validate: the files a run was started with become stored inputs."""

from __future__ import annotations

from collections.abc import Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE

from signoff.intake import store_inputs
from signoff.storage.leases import Lease
from signoff.storage.progress import step
from signoff.storage.store import get_store


@task(name="validate", cache_policy=NO_CACHE, persist_result=False)
def validate(lease: Lease, files: Sequence[str]) -> None:
    """Check and store the input files."""
    store = get_store()
    with step(store.database, lease, "validate"):
        store_inputs(store, lease, files)
