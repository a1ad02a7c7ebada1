"""The approval as a whole: what the open form shows, and what an answer does.

While a run is suspended, Prefect's step out of Suspended decides which answer counts. An answer
that comes before the run is suspended is recorded, and the flow looks for it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Literal
from uuid import UUID

from signoff import prefect_runs
from signoff.documents.model import Document, DocumentInfo
from signoff.documents.parsing import open_document
from signoff.errors import AnswerRefusedError, InvalidDataError
from signoff.executions.agents import Agent, JsonObject
from signoff.executions.extractions import CheckResult
from signoff.executions.models import (
    AnswerOutcome,
    Decision,
    Execution,
    FieldChange,
    ReviewAnswer,
    TrailEntry,
)
from signoff.executions.scalars import changed
from signoff.executions.states import Status
from signoff.executions.validation import find_problems
from signoff.extraction.checks import run_checks
from signoff.prefect_runs import PrefectUnavailableError, Resumed, RunState
from signoff.review.answers import field_changes
from signoff.review.description import describe
from signoff.review.form import build_form
from signoff.review.pictures import page_pictures
from signoff.storage import agents, executions, reviews
from signoff.storage.store import Store
from signoff.storage.unsettled import rest

POLL_SECONDS = 0.2


def open_documents(store: Store, infos: Sequence[JsonObject]) -> list[Document]:
    """The execution's parsed documents, their pages loaded when asked for."""
    return [
        open_document(DocumentInfo.model_validate(info), store=store.files, settings=store.settings)
        for info in infos
    ]


def agent_schema(store: Store, execution: Execution) -> JsonObject:
    """The data schema of the revision that the execution pinned."""
    return _agent(store, execution).data_schema or {}


def _agent(store: Store, execution: Execution) -> Agent:
    with store.database.reading() as session:
        revision = agents.revision(
            session, execution.agent_id, execution.agent_revision, cipher=store.cipher
        )
    return revision.agent


def shown_data(store: Store, execution: Execution) -> JsonObject:
    """What the open form is filled with: a refused answer's data, else what was extracted."""
    with store.database.reading() as session:
        given = reviews.answers(session, execution.id)
    for earlier in reversed(given):
        typed = earlier.outcome is AnswerOutcome.REFUSED and earlier.source == "form"
        if typed and earlier.data and earlier.data_revision == execution.data_revision:
            return earlier.data
    return execution.extraction.data if execution.extraction else {}


def write_form(store: Store, execution_id: UUID) -> None:
    """Write the form of the open review round into Prefect; safe to repeat."""
    with store.database.reading() as session:
        execution = executions.get(session, execution_id)
        problems = reviews.problems(session, execution_id)
        infos = executions.document_infos(session, execution_id) or []
        trail = executions.trail(session, execution_id)
    if execution.status is not Status.PENDING_REVIEW or execution.flow_run_id is None:
        return
    if execution.extraction is None:
        raise AssertionError(f"execution {execution.number} is in review without data")
    schema = build_form(
        agent_name=execution.agent_name,
        schema=agent_schema(store, execution),
        data=shown_data(store, execution),
        data_revision=execution.data_revision,
    )
    pictures = page_pictures(
        open_documents(store, infos),
        execution.extraction.evidence,
        confidence=execution.extraction.confidence,
    )
    description = describe(
        execution, problems=problems, reason=_policy_reason(trail), pictures=pictures
    )
    prefect_runs.write_form(
        execution.flow_run_id, execution.review_round, schema=schema, description=description
    )
    with store.database.transaction() as session:
        rest(session, execution_id, review_round=execution.review_round)


def _policy_reason(trail: Sequence[TrailEntry]) -> str:
    """Why the policy sent the data to a person."""
    notes = (
        entry.note
        for entry in trail
        if entry.from_status is Status.PENDING_DATA_EXTRACTION
        and entry.to_status is Status.PENDING_REVIEW
    )
    return next(notes, "")


def edit(store: Store, execution_id: UUID, data: JsonObject, *, by: str | None = None) -> None:
    """Replace the extracted data while it is in review; the open form is replaced with it.

    The agent's checks look at the new data: what they said of the old one may not hold any more.

    Raises:
        InvalidDataError: the data does not meet the agent's schema.
        TransitionNotAllowedError: the execution is not in review.
    """
    with store.database.reading() as session:
        execution = executions.get(session, execution_id)
    _check_data(store, execution, data)
    checks: list[CheckResult] = []
    if (read := execution.extraction) is not None:
        # what a person says need not stand in the documents
        ungrounded = set(read.ungrounded) - changed(read.data, data)
        checks = run_checks(_agent(store, execution).checks, data, ungrounded=ungrounded)
    with store.database.transaction() as session:
        reviews.edit(session, execution_id, data, by=by, checks=checks)
    # with Prefect away the old form stays: it is refused, and the round it opens shows the edit
    with suppress(PrefectUnavailableError):
        write_form(store, execution_id)


def resume_with_pending_answer(store: Store, execution_id: UUID) -> None:
    """If an answer is recorded and the run is suspended, let that answer count."""
    with store.database.reading() as session:
        execution = executions.get(session, execution_id)
        answer = reviews.pending(session, execution_id)
    if answer is None or execution.flow_run_id is None:
        return
    if _resume(store, execution, answer) is Resumed.WON:
        settle(store, answer)


def settle(store: Store, answer: ReviewAnswer) -> None:
    """Let an answer count: validated once more, its changes kept field by field.

    Raises:
        AnswerRefusedError: another answer counted first, or the data is not valid.
    """
    with store.database.reading() as session:
        execution = executions.get(session, answer.execution_id)
    changes: list[FieldChange] = []
    if answer.decision is Decision.CONFIRM:
        problems = _problems(store, execution, answer)
        if problems:
            reason = "; ".join(problems)
            with store.database.transaction() as session:
                reviews.refuse(session, answer.id, reason=reason, problems=problems)
            raise AnswerRefusedError(reason)
        before = execution.extraction.data if execution.extraction else {}
        changes = field_changes(
            before, answer.data or {}, by=answer.answered_by, at=answer.answered_at
        )
    with store.database.transaction() as session:
        reviews.accept(session, answer.id, changes=changes)


def answer(
    store: Store,
    execution_id: UUID,
    *,
    decision: Decision,
    data: JsonObject | None = None,
    comment: str = "",
    source: Literal["cli", "http"],
    by: str | None = None,
    wait: float = 60.0,
) -> ReviewAnswer:
    """Answer the open review: confirm (``data``, or what was extracted as it is) or cancel.

    Args:
        store: the record.
        execution_id: which execution.
        decision: confirm or cancel.
        data: the confirmed data; ``None`` takes the extracted data.
        comment: kept in the trail.
        source: where the answer comes from.
        by: who answers.
        wait: seconds to wait for a run that is not suspended at the moment.

    Returns:
        The answer: ACCEPTED, or PENDING when the run did not go on within ``wait``: it will
        count when it does, unless another comes first.

    Raises:
        InvalidDataError: the data does not meet the agent's schema.
        AnswerRefusedError: nothing waits for review, or another answer came first.
    """
    with store.database.reading() as session:
        execution = executions.get(session, execution_id)
    if decision is Decision.CONFIRM and data is None and execution.extraction is not None:
        data = execution.extraction.data
    if decision is Decision.CONFIRM:
        _check_data(store, execution, data)
    with store.database.transaction() as session:
        recorded = reviews.submit(
            session,
            execution_id,
            decision=decision,
            data=data if decision is Decision.CONFIRM else None,
            comment=comment,
            source=source,
            answered_by=by,
            data_revision=execution.data_revision,
        )
    deadline = time.monotonic() + wait
    while True:
        if execution.flow_run_id is not None and (
            _resume_if_reachable(store, execution, recorded) is Resumed.WON
        ):
            settle(store, recorded)
        with store.database.reading() as session:
            recorded = reviews.get(session, recorded.id)
            execution = executions.get(session, execution_id)
        if recorded.outcome in (AnswerOutcome.REFUSED, AnswerOutcome.SUPERSEDED):
            raise AnswerRefusedError(recorded.reason)
        if recorded.outcome is AnswerOutcome.ACCEPTED or time.monotonic() > deadline:
            return recorded
        time.sleep(POLL_SECONDS)


def _check_data(store: Store, execution: Execution, data: object) -> None:
    problems = find_problems(agent_schema(store, execution), data)
    if problems:
        raise InvalidDataError([(problem.pointer, problem.message) for problem in problems])


def _resume_if_reachable(store: Store, execution: Execution, pending: ReviewAnswer) -> Resumed:
    try:
        return _resume(store, execution, pending)
    except PrefectUnavailableError:
        # The answer is on record: reconciliation lets it count once Prefect is back.
        return Resumed.NOT_SUSPENDED


def _resume(store: Store, execution: Execution, pending: ReviewAnswer) -> Resumed:
    assert execution.flow_run_id is not None
    run = prefect_runs.read(execution.flow_run_id)
    if run is None or run.state is not RunState.PAUSED:
        return Resumed.NOT_SUSPENDED
    if run.pause_key != prefect_runs.pause_key(pending.round):
        # suspended in another round: the flow will tell what became of this answer
        return Resumed.NOT_SUSPENDED
    outcome = prefect_runs.resume(execution.flow_run_id, answer_id=pending.id)
    if outcome is Resumed.NO_FORM:
        write_form(store, execution.id)
        outcome = prefect_runs.resume(execution.flow_run_id, answer_id=pending.id)
    return outcome


def _problems(store: Store, execution: Execution, given: ReviewAnswer) -> list[str]:
    if given.data_revision != execution.data_revision:
        return [
            f"The data was edited meanwhile (revision {execution.data_revision}; the answer"
            f" is for revision {given.data_revision}): look at it again."
        ]
    return [str(wrong) for wrong in find_problems(agent_schema(store, execution), given.data)]
