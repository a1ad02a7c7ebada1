"""Parse: stored inputs become documents with pages, words and boxes."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from signoff.documents.parsing import parse_files
from signoff.storage import executions
from signoff.storage.executions import ParsedRecord, step
from signoff.storage.leases import Lease
from signoff.storage.store import get_store


@task(name="parse", cache_policy=NO_CACHE, persist_result=False)
def parse(lease: Lease) -> None:
    """Parse what has not been parsed yet, by content: the same file is parsed once for all."""
    store, logger = get_store(), get_run_logger()
    with store.database.reading() as session:
        execution = executions.get(session, lease.execution_id)
        if executions.document_infos(session, lease.execution_id) is not None:
            return

    def progress(done: int, total: int, name: str) -> None:
        logger.info("%s: %d of %d pages", name, done, total)

    with step(store.database, lease, "parse"):
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
