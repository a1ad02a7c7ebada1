"""Inbox: look for what is new, take it in, and show what became of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from time import monotonic
from typing import Any
from uuid import UUID

from prefect import task
from prefect.artifacts import (
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed

from signoff.cancellation import stop_if_asked
from signoff.inbox import taking
from signoff.inbox.folder import Inbox, InboxError
from signoff.inbox.looking import Look, look_twice
from signoff.inbox.report import shown_place, write_report
from signoff.inbox.taking import Outcome
from signoff.review.description import escape_markdown
from signoff.storage.inbox import ItemStatus
from signoff.storage.store import get_store

MAX_ROWS = 1000
PROGRESS_SECONDS = 2.0
"""Between two times that progress is shown: each is a call to Prefect's server."""

_HARMLESS = re.compile(r"(\w[\w .,:;()/'%&+-]*)?")


def open_inbox(folder: str, *, agent: str | None, workspace: str, rerun_duplicates: bool) -> Inbox:
    """Open the inbox folder, making it if need be."""
    return taking.open_inbox(
        get_store(), folder, agent=agent, workspace=workspace, rerun_duplicates=rerun_duplicates
    )


@task(name="look", cache_policy=NO_CACHE, persist_result=False)
def look(inbox: Inbox, settle: float) -> Look:
    """Find what is new and no longer being written."""
    found = look_twice(inbox.folder, settle=settle)
    for name in sorted(found.unfinished):
        get_run_logger().info("Still being written, left for the next run: %r", name)
    return found


@task(name="take", cache_policy=NO_CACHE, persist_result=False)
def take(inbox: Inbox, found: Look) -> list[Outcome]:
    """Take in what died runs have left and what is new; one item after the other."""
    store = get_store()
    left = taking.leftovers(store, inbox)
    total = len(left) + len(found.found)
    if total == 0:
        return []
    outcomes: list[Outcome] = []
    progress = create_progress_artifact(0.0, description=_taken(outcomes, total))
    assert isinstance(progress, UUID)  # not in an async flow
    shown_at = monotonic()
    for outcome in taking.take(store, inbox, found, left):
        outcomes.append(outcome)
        _log(outcome)
        stop_if_asked(_flow_run_id())
        if monotonic() - shown_at < PROGRESS_SECONDS:
            continue
        shown_at = monotonic()
        update_progress_artifact(
            progress,
            min(100.0, 100.0 * len(outcomes) / total),
            description=_taken(outcomes, total),
        )
    # other runs may have taken some of them
    update_progress_artifact(progress, 100.0, description=_taken(outcomes, total))
    return outcomes


@task(name="report", cache_policy=NO_CACHE, persist_result=False)
def report(inbox: Inbox, outcomes: Sequence[Outcome]) -> None:
    """Bring the folder's report up to date; show this run's items as a table."""
    try:
        write_report(get_store(), inbox.folder)
    except InboxError as error:
        get_run_logger().warning("%s", error)
    if outcomes:
        create_table_artifact(
            [_row(outcome) for outcome in outcomes[:MAX_ROWS]],
            key=f"inbox-{inbox.folder.id}",
            description=f"{escape_markdown(str(inbox.folder.path))}: {summary(outcomes)}",
        )


def final_state(outcomes: Sequence[Outcome], found: Look) -> State[Any]:
    """How the run ends: as failed when an item could not be handled."""
    message = summary(outcomes)
    if found.unfinished:
        message += f", {len(found.unfinished)} still being written"
    problems = [outcome for outcome in outcomes if outcome.problem]
    if problems:
        first = f"{problems[0].name}: {problems[0].problem}"
        return Failed(message=f"{message}. The next run tries again. {first}")
    return Completed(message=message)


def summary(outcomes: Sequence[Outcome]) -> str:
    """What became of the items, counted."""
    counted = Counter(_what(outcome) for outcome in outcomes)
    return ", ".join(f"{number} {what}" for what, number in counted.items()) or "nothing new"


def _what(outcome: Outcome) -> str:
    if outcome.problem is not None or outcome.item is None:
        return "waiting"
    return outcome.item.status.value


def _taken(outcomes: Sequence[Outcome], total: int) -> str:
    return f"{len(outcomes)} of {total} items: {summary(outcomes)}"


def _log(outcome: Outcome) -> None:
    logger, item = get_run_logger(), outcome.item
    if outcome.problem is not None or item is None:
        logger.error("%s has to wait for the next run: %s", outcome.name, outcome.problem)
    elif item.status is ItemStatus.REFUSED:
        logger.warning("%s was refused: %s", outcome.name, item.reason)
    elif item.status is ItemStatus.DUPLICATE:
        logger.info("%s is a duplicate of execution %s.", outcome.name, outcome.execution)
    else:
        logger.info("%s is execution %s.", outcome.name, outcome.execution)


def _row(outcome: Outcome) -> dict[str, str]:
    item = outcome.item
    return {
        "file": _cell(outcome.name),
        "outcome": _what(outcome),
        "execution": str(outcome.execution or ""),
        "reason": _cell(outcome.problem or (item.reason if item else "")),
        "moved to": _cell(shown_place(item.place if item else None)),
    }


def _cell(text: str) -> str:
    # Of Prefect's two UIs the older one renders markdown in a table's cells, the newer one shows
    # the backslashes that keep it from that: only what could be markdown gets them.
    plain = _HARMLESS.fullmatch(text) and "//" not in text and "www." not in text.lower()
    return text if plain else escape_markdown(text)


def _flow_run_id() -> UUID | None:
    context = FlowRunContext.get()
    return context.flow_run.id if context is not None and context.flow_run is not None else None
