"""Extract: documents become data, and the review policy decides who signs it off."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from prefect import task
from prefect.cache_policies import NO_CACHE

from signoff.approval import open_documents
from signoff.calibration import confidence_model
from signoff.errors import UnfinishedExtractionError
from signoff.executions.agents import Agent
from signoff.executions.extractions import Extraction
from signoff.executions.models import Execution
from signoff.executions.states import Status
from signoff.extraction.assessment import extract_assessed
from signoff.extraction.assignment import Assignment
from signoff.extraction.readers import open_readers
from signoff.prefect_limits import model_slot
from signoff.review.policy import decide
from signoff.storage import agents, executions
from signoff.storage.leases import Lease, check, locked
from signoff.storage.progress import IterationLog, step
from signoff.storage.store import Store, get_store
from signoff.storage.transitions import set_failure
from tasks.artifacts import iterations_shown

SECONDS_BETWEEN_LOOKS = 0.5


@task(name="extract", cache_policy=NO_CACHE, persist_result=False)
def extract_data(lease: Lease) -> None:
    """Read the documents, unless they have been read; no model call is ever repeated."""
    store = get_store()
    with store.database.reading() as session:
        execution = executions.get(session, lease.execution_id)
        infos = executions.document_infos(session, lease.execution_id) or []
        revision = agents.revision(
            session, execution.agent_id, execution.agent_revision, cipher=store.cipher
        )
        forgiven = executions.forgiven(session, lease.execution_id)
    if execution.status is not Status.PENDING_DATA_EXTRACTION:
        return
    agent = revision.agent
    log = IterationLog(store.database, lease)
    with (
        step(store.database, lease, "extract") as end,
        iterations_shown(log, execution.number) as record,
    ):
        try:
            extraction = extract_assessed(
                Assignment.of(
                    agent,
                    instructions=_instructions(agent, execution),
                    documents=open_documents(store, infos),
                    input_data=execution.input_data,
                    seconds=store.settings.extraction_timeout,
                    max_tokens=store.settings.extraction_tokens,
                    should_stop=_asking(store, lease),
                    forgiven=forgiven,
                ),
                readers=open_readers(store.settings, database=store.database, slot=model_slot),
                record=record,
                calibration=confidence_model(store, revision),
            )
        except UnfinishedExtractionError as error:
            if error.best is None:
                raise
            _send_best_attempt_to_review(store, lease, error.best, error)
            return
        decision = decide(agent.review, extraction, execution_id=lease.execution_id)
        target = Status.CONFIRMED if decision.signs_off else Status.PENDING_REVIEW
        with store.database.transaction() as session:
            executions.record_extraction(
                session, lease, extraction, target=target, note=decision.reason
            )
            end(session)


def _instructions(agent: Agent, execution: Execution) -> str:
    kind = agent.execution_type(execution.execution_type) if execution.execution_type else None
    parts = (
        agent.instructions,
        kind.instructions if kind else "",
        execution.additional_instructions,
    )
    return "\n\n".join(part.strip() for part in parts if part.strip())


def _asking(store: Store, lease: Lease) -> Callable[[], None]:
    """A function that raises when the run is to stop; it looks twice a second at the most."""
    next_look = 0.0

    def still_ours() -> None:
        nonlocal next_look
        if monotonic() < next_look:
            return
        # asked every second while a model is waited for: that must not queue behind writers
        with store.database.reading() as session:
            check(session, lease)
        next_look = monotonic() + SECONDS_BETWEEN_LOOKS

    return still_ours


def _send_best_attempt_to_review(
    store: Store,
    lease: Lease,
    best: Extraction,
    error: UnfinishedExtractionError,
) -> None:
    with store.database.transaction() as session:
        executions.record_extraction(session, lease, best, target=Status.PENDING_REVIEW)
        row = locked(session, lease.execution_id, lease=lease)
        set_failure(session, row, code=error.code, explanation=str(error))
