"""Keeps executions and flow runs in step: looks at both, does what the table says."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from time import monotonic
from uuid import UUID, uuid4

from signoff import approval, lifecycle, prefect_runs
from signoff.announcements import announce
from signoff.errors import AnswerRefusedError, SignoffError, TransitionNotAllowedError
from signoff.executions.models import Execution
from signoff.executions.reconciliation import Action, Facts, decide
from signoff.executions.states import Status
from signoff.prefect_runs import PrefectUnavailableError, Run, RunState
from signoff.storage import executions, run_guards
from signoff.storage.leases import drop_guard, locked, try_guard
from signoff.storage.store import Store, get_store
from signoff.storage.transitions import leave_trail, set_failure
from signoff.storage.unsettled import Unsettled, disturb, rest, resting, unsettled

GUARD = "reconciliation"
SECONDS_BETWEEN_RENEWALS = 2.0
AT_ONCE = 1000
NOT_SCHEDULED = [state for state in RunState if state not in (RunState.MISSING, RunState.SCHEDULED)]
logger = logging.getLogger("signoff.reconciler")


def keep_reconciling(stop: threading.Event, store: Store | None = None) -> None:
    """Reconcile every few seconds until ``stop`` is set; one process at a time does."""
    store, owner = store or get_store(), uuid4()
    pause = store.settings.reconcile_seconds
    # A process that was killed holds the guard until it expires, and nobody reconciles meanwhile.
    seconds = 2 * pause + 5

    def ours() -> bool:
        with store.database.transaction() as session:
            return try_guard(session, GUARD, owner, seconds=seconds)

    while not stop.wait(pause):
        try:
            if ours():
                reconcile(store, still_ours=ours)
        except PrefectUnavailableError as error:
            logger.warning("A round of reconciliation failed; the next one tries again: %s", error)
        except Exception:  # whatever it is, the next round tries again
            logger.exception("A round of reconciliation failed; the next one tries again.")
    with store.database.transaction() as session:
        drop_guard(session, GUARD, owner)


def reconcile(store: Store, *, still_ours: Callable[[], bool] = lambda: True) -> dict[UUID, Action]:
    """One round over all executions in which something may still happen; events go out first.

    Args:
        store: the record.
        still_ours: asked every few seconds; the round ends when it says no.

    Returns:
        What was done, by execution.
    """
    announce(store)
    _disturb_those_not_suspended(store)
    with store.database.reading() as session:
        found = unsettled(session)
    runs, unchanged = _runs(found)
    done: dict[UUID, Action] = {}
    asked = monotonic()
    for each in found:
        if monotonic() - asked > SECONDS_BETWEEN_RENEWALS:
            if not still_ours():
                return done
            asked = monotonic()
        if each.flow_run_id in unchanged:
            continue
        run = runs.get(each.flow_run_id) if each.flow_run_id else None
        action = decide(facts(store, each, run))
        if action is Action.NOTHING:
            continue
        try:
            if do(store, each.id, run, action):
                done[each.id] = action
        except (AnswerRefusedError, TransitionNotAllowedError) as overtaken:
            logger.info("Execution %s went on by itself: %s", each.id, overtaken)
        except PrefectUnavailableError:
            raise
        except SignoffError as error:
            logger.warning("Execution %s: could not %s: %s", each.id, action, error)
    _restart_runs_without_execution(store)
    _restart_silent_runs(store)
    return done


def _runs(found: Sequence[Unsettled]) -> tuple[dict[UUID, Run], set[UUID]]:
    """The runs that something may have to be done about, and the ids of the others.

    Thousands may wait for a worker, and reading each of them is what costs: of executions at work
    only those are read whose run is being cancelled, of the others those that are not scheduled.
    """
    busy = [each.flow_run_id for each in found if each.flow_run_id and each.at_work]
    runs = prefect_runs.read_many(busy, states=(RunState.CANCELLING, RunState.CANCELLED))
    unchanged = set(busy) - runs.keys()
    idle = [
        each.flow_run_id
        for each in found
        if each.flow_run_id and not each.at_work and each.status is not Status.CANCELED
    ]
    for start in range(0, len(idle), AT_ONCE):
        some = idle[start : start + AT_ONCE]
        awake = prefect_runs.read_many(some, states=NOT_SCHEDULED)
        if len(awake) + prefect_runs.count(some, RunState.SCHEDULED) == len(some):
            unchanged |= set(some) - awake.keys()
        else:  # some are missing, or have changed since
            awake = prefect_runs.read_many(some)
        runs |= awake
    canceled = [
        each.flow_run_id
        for each in found
        if each.flow_run_id and not each.at_work and each.status is Status.CANCELED
    ]
    return runs | prefect_runs.read_many(canceled), unchanged


def reconcile_one(store: Store, execution_id: UUID) -> None:
    """Bring one execution in step now: something is known to have happened to its run."""
    with store.database.transaction() as session:
        disturb(session, [execution_id])
    with store.database.reading() as session:
        found = unsettled(session, only=execution_id)
    for each in found:
        run = prefect_runs.read(each.flow_run_id) if each.flow_run_id else None
        action = decide(facts(store, each, run))
        if action is not Action.NOTHING:
            do(store, execution_id, run, action)


def facts(store: Store, each: Unsettled, run: Run | None) -> Facts:
    """The facts about one execution."""
    patience = timedelta(seconds=store.settings.lease_seconds)
    times = [each.updated_at]
    if run is not None and run.since is not None:
        # a process worker may take long to start
        times.append(run.since + patience if run.state is RunState.PENDING else run.since)
    if each.held_until is not None:
        # A lease that expired a moment ago may be renewed yet, on a machine out of breath.
        times.append(each.held_until - patience / 2)
    now = datetime.now(UTC)
    return Facts(
        status=each.status,
        run_state=run.state if run else RunState.MISSING,
        failed=each.failed,
        at_work=each.at_work,
        quiet=now - max(times) > patience,
        new=each.flow_run_id is None and now - each.updated_at < patience / 4,
        delivered=each.delivered,
    )


def do(store: Store, execution_id: UUID, run: Run | None, action: Action) -> bool:
    """Do what the table says, if it still says so: the round's picture may be seconds old."""
    with store.database.reading() as session:
        now = unsettled(session, only=execution_id)
        record = executions.get(session, execution_id)
    if not now or decide(facts(store, now[0], run)) is not action:
        return False
    act(store, record, run, action)
    return True


def act(store: Store, record: Execution, run: Run | None, action: Action) -> None:
    """Do what the table says."""
    match action:
        case Action.CREATE_RUN:
            lifecycle.start(store, record)
        case Action.RESTART_RUN if run is not None:
            _restart(store, record, run)
        case Action.CONTINUE_RUN if run is not None:
            prefect_runs.restart(run.id, reason="There is something left to do.")
        case Action.MEND_REVIEW if run is not None:
            _mend_review(store, record, run)
        case Action.CANCEL_EXECUTION:
            lifecycle.cancel_with_its_run(store, record.id)
        case Action.STOP_DELIVERY:
            with store.database.transaction() as session:
                lifecycle.stop_delivery(session, locked(session, record.id))
        case Action.CANCEL_RUN if run is not None:
            prefect_runs.cancel(run.id, at_work=False)
        case Action.SETTLE:
            with store.database.transaction() as session:
                executions.settle(session, record.id)


def _restart(store: Store, record: Execution, run: Run) -> None:
    """Start a dead run again, unless it has died too often without saying why."""
    limit = store.settings.max_attempts
    with store.database.transaction() as session:
        row = locked(session, record.id)
        row.deaths += 1
        deaths = row.deaths
        row.lease_owner = row.lease_expires_at = None
        leave_trail(session, row, "died", note=f"attempt {row.attempt} ({deaths} of {limit})")
        if deaths >= limit:
            explanation = (
                f"{deaths} attempts died without an error (the last one: run {run.state})."
                " Look at the worker's log, then retry."
            )
            set_failure(session, row, code="runtime_error", explanation=explanation)
    if deaths >= limit:
        prefect_runs.fail(run.id, reason=explanation)
    else:
        prefect_runs.restart(run.id, reason="Its worker stopped without an error.")


def _mend_review(store: Store, record: Execution, run: Run) -> None:
    if run.pause_key != prefect_runs.pause_key(record.review_round):
        if run.pause_key is not None and run.pause_key.startswith("review-"):
            # suspended in a round that is over: go on, the flow opens the present one
            prefect_runs.restart(run.id, reason="Its review goes on in another round.")
        return
    if not prefect_runs.form_written(run.id, record.review_round):
        approval.write_form(store, record.id)
    approval.resume_with_pending_answer(store, record.id)
    with store.database.transaction() as session:
        rest(session, record.id, review_round=record.review_round)


def _disturb_those_not_suspended(store: Store) -> None:
    """Ask after reviews at rest: somebody may have cancelled, deleted or resumed a run."""
    with store.database.reading() as session:
        waiting = resting(session)
    runs = list(waiting)
    for start in range(0, len(runs), AT_ONCE):
        some = runs[start : start + AT_ONCE]
        if prefect_runs.count(some, RunState.PAUSED) == len(some):
            continue
        known = prefect_runs.read_many(some)
        awake = [
            waiting[run_id]
            for run_id in some
            if run_id not in known or known[run_id].state is not RunState.PAUSED
        ]
        with store.database.transaction() as session:
            disturb(session, awake)


def _restart_runs_without_execution(store: Store) -> None:
    """Runs that died before they had noted which execution they are."""
    patience = timedelta(seconds=2 * store.settings.lease_seconds)
    for run in prefect_runs.read_active():
        if run.since is None or datetime.now(UTC) - run.since < patience:
            continue
        with store.database.reading() as session:
            known = executions.by_flow_run(session, run.id)
        if known is None:
            prefect_runs.restart(run.id, reason="Its worker stopped before it began.")


def _restart_silent_runs(store: Store) -> None:
    """Runs of the other flows whose worker was killed; they go on from what is done."""
    with store.database.reading() as session:
        silent = run_guards.silent(session)
    for flow_run_id in silent:
        run = prefect_runs.read(flow_run_id)
        match run.state if run else RunState.MISSING:
            case RunState.CANCELLING:
                prefect_runs.cancel(flow_run_id, at_work=False)
            case RunState.PENDING | RunState.RUNNING if run is not None:
                if run.starts < store.settings.max_attempts:
                    prefect_runs.restart(flow_run_id, reason="Its worker stopped without an error.")
                else:
                    reason = f"{run.starts} attempts died without an error; see the worker's log."
                    prefect_runs.fail(flow_run_id, reason=reason)
        with store.database.transaction() as session:
            run_guards.forget(session, flow_run_id)
