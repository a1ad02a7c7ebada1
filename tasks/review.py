"""Review: the run waits, suspended, until a person has answered."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID, uuid5

from prefect.context import FlowRunContext
from prefect.exceptions import Abort
from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput
from prefect.logging import get_run_logger
from pydantic import ConfigDict

from signoff import approval, lifecycle, prefect_runs
from signoff.errors import (
    AnswerRefusedError,
    ExecutionCanceledError,
    TransitionNotAllowedError,
)
from signoff.executions.models import Execution, ReviewAnswer
from signoff.executions.states import Status
from signoff.prefect_runs import REVIEW_ID, RunState
from signoff.review.answers import read_form_answer
from signoff.storage import executions, reviews
from signoff.storage.leases import Lease, check, locked
from signoff.storage.store import Store, get_store


def review(lease: Lease) -> None:
    """Suspend the run until the open review is answered; several rounds if need be.

    Called again after a resumption or a crash it finds the answer and goes on. Not a task:
    Prefect suspends flows only.
    """
    store = get_store()
    with store.database.reading() as session:
        if check(session, lease) is not Status.PENDING_REVIEW:
            return
    while (execution := _current(store, lease)).status is Status.PENDING_REVIEW:
        # What resumed the run comes first: it won against any answer recorded meanwhile.
        values = prefect_runs.read_answer(_flow_run_id(), execution.review_round)
        if values is None:
            with store.database.reading() as session:
                pending = reviews.pending(session, execution.id)
            if pending is not None:
                _settle(store, pending)
                continue
            values = _suspend(store, execution)
            if not values and not prefect_runs.read_answer(_flow_run_id(), execution.review_round):
                # It was suspended in this round before, and started again without an answer:
                # Prefect suspends once for each round.
                with store.database.transaction() as session:
                    reviews.reopen(session, execution.id, problems=[])
                continue
        _take(store, execution, values)


def _current(store: Store, lease: Lease) -> Execution:
    with store.database.transaction() as session:
        row = locked(session, lease.execution_id, lease=lease)
        return executions.get(session, row.id)


def _suspend(store: Store, execution: Execution) -> dict[str, Any]:
    """Leave the run; in the process that resumes it, return what it was resumed with."""

    class ReviewForm(RunInput):
        """The agent's own schema, written as it is: Prefect's would be this class's."""

        model_config = ConfigDict(extra="allow")

        @classmethod
        def save(cls, keyset: dict[str, str], flow_run_id: UUID | None = None) -> None:  # type: ignore[override]
            # The run is suspended now. Whoever answered a moment before finds nobody running.
            approval.write_form(store, execution.id)
            approval.resume_with_pending_answer(store, execution.id)

    try:
        answered = suspend_flow_run(
            wait_for_input=ReviewForm, key=prefect_runs.pause_key(execution.review_round)
        )
    except RuntimeError as refused:
        _leave_if_overtaken(store, execution, refused)
        raise
    return answered.model_dump()


def _leave_if_overtaken(store: Store, execution: Execution, refused: RuntimeError) -> None:
    """Prefect suspends running runs only: somebody may have given this one another state."""
    run = prefect_runs.read(_flow_run_id())
    match run.state if run else RunState.MISSING:
        case RunState.CANCELLING | RunState.CANCELLED:
            with suppress(TransitionNotAllowedError):  # canceled already
                lifecycle.cancel_with_its_run(store, execution.id)
            raise ExecutionCanceledError(f"Execution {execution.number} was canceled.") from refused
        case RunState.SCHEDULED | RunState.PENDING | RunState.MISSING | RunState.PAUSED:
            # Taken for dead while it was only slow, or suspended by hand: whoever starts it again
            # goes on from here.
            raise Abort(str(refused)) from refused


def _take(store: Store, execution: Execution, values: dict[str, Any]) -> None:
    """Let what resumed the run count, or open a new round that says what was wrong."""
    if REVIEW_ID in values:
        with store.database.transaction() as session:
            answer = reviews.find(session, execution.id, str(values[REVIEW_ID]))
            if answer is None:
                reviews.reopen(session, execution.id, problems=["There is no such answer."])
        if answer is not None:
            _settle(store, answer)
        return
    given = read_form_answer(
        values,
        schema=approval.agent_schema(store, execution),
        data_revision=execution.data_revision,
        shown=approval.shown_data(store, execution),
    )
    problems = [str(problem) for problem in given.problems]
    typed = values.get("data")
    with store.database.transaction() as session:
        if given.decision is None:
            reviews.reopen(session, execution.id, problems=problems)
        else:
            answer = reviews.submit(
                session,
                execution.id,
                decision=given.decision,
                # a refused answer keeps what was typed: the next form shows it
                data=given.data or (typed if isinstance(typed, dict) else None),
                comment=given.comment,
                source="form",
                answered_by=None,
                # the same after a crash: one response of Prefect's is one answer
                answer_id=uuid5(execution.id, f"form-{execution.review_round}"),
            )
            if problems:
                reviews.refuse(session, answer.id, reason="; ".join(problems), problems=problems)
    if problems:
        get_run_logger().warning("The answer was refused: %s", "; ".join(problems))
    elif answer is not None:
        _settle(store, answer)


def _settle(store: Store, answer: ReviewAnswer) -> None:
    try:
        approval.settle(store, answer)
    except AnswerRefusedError as refused:
        get_run_logger().warning("An answer was refused: %s", refused)


def _flow_run_id() -> UUID:
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        raise RuntimeError("a review needs a flow run")
    return context.flow_run.id
