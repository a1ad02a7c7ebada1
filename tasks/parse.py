"""Parse: stored inputs become documents with pages, words and boxes."""

from __future__ import annotations

from time import monotonic
from typing import cast
from uuid import UUID

from prefect import task
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from signoff.documents.parsing import parse_files
from signoff.storage import executions
from signoff.storage.leases import Lease
from signoff.storage.progress import ParsedRecord, step
from signoff.storage.store import get_store

SECONDS_BETWEEN_SIGNS = 3.0


@task(name="parse", cache_policy=NO_CACHE, persist_result=False)
def parse(lease: Lease) -> None:
    """Parse what has not been parsed yet, by content: the same file is parsed once for all."""
    store, logger = get_store(), get_run_logger()
    with store.database.reading() as session:
        if executions.document_infos(session, lease.execution_id) is not None:
            return
        execution = executions.get(session, lease.execution_id)

    shown = monotonic()
    artifact: UUID | None = None

    def progress(done: int, total: int, name: str) -> None:
        # Each line and each step of the bar is a call of Prefect's API: only long work has them.
        nonlocal shown, artifact
        if monotonic() - shown < SECONDS_BETWEEN_SIGNS:
            return
        shown = monotonic()
        logger.info("%s: %d of %d pages", name, done, total)
        percent = 100.0 * done / max(total, 1)
        if artifact is None:
            artifact = cast("UUID", create_progress_artifact(percent, None, f"Parsing {name}"))
        else:
            update_progress_artifact(artifact, percent)

    with step(store.database, lease, "parse") as end:
        documents = parse_files(
            execution.files,
            store=store.files,
            parsed=ParsedRecord(store.database),
            settings=store.settings,
            progress=progress,
        )
        with store.database.transaction() as session:
            executions.record_documents(
                session, lease, [document.model_dump(mode="json") for document in documents]
            )
            end(session)
