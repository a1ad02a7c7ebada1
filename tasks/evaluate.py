"""Evaluate: how Prefect shows an evaluation and its progress."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from prefect import task
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    update_progress_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.context import FlowRunContext
from prefect.logging import get_run_logger

from signoff import prefect_limits
from signoff.cancellation import stop_if_asked
from signoff.evaluation.markdown import markdown_page
from signoff.evaluation.page import write_page
from signoff.evaluation.running import evaluate
from signoff.evaluation.scores import CaseResult
from signoff.evaluation.terminal import progress_line
from signoff.extraction.readers import open_readers
from signoff.storage import agents
from signoff.storage.store import get_store


@task(name="measure", cache_policy=NO_CACHE, persist_result=False)
def measure(agent: str, folder: str, partial: bool) -> None:
    """Run the evaluation; a run that is started again reads only what is missing."""
    store, logger = get_store(), get_run_logger()
    with store.database.reading() as session:
        revision = agents.find(session, agent, cipher=store.cipher)
    artifact = create_progress_artifact(0.0, description=f"Evaluating {agent}")
    assert isinstance(artifact, UUID)  # not in an async flow

    def progress(result: CaseResult, done: int, total: int) -> None:
        stop_if_asked(_flow_run_id())
        logger.info("%s", progress_line(result))
        update_progress_artifact(artifact, 100.0 * done / total)

    outcome = evaluate(
        store,
        revision,
        Path(folder),
        readers=open_readers(
            store.settings, database=store.database, slot=prefect_limits.model_slot
        ),
        partial=partial,
        id=_flow_run_id(),
        progress=progress,
    )
    logger.info("The report is in %s", write_page(store, outcome))
    create_markdown_artifact(
        markdown_page(outcome),
        key=f"evaluation-{outcome.evaluation.number}",
        description=f"Evaluation of {revision.agent.name}",
    )


def _flow_run_id() -> UUID | None:
    context = FlowRunContext.get()
    return context.flow_run.id if context is not None and context.flow_run is not None else None
