"""What is done with a claimed item: an execution is created, or it is refused, once for all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from signoff import intake
from signoff.errors import (
    AgentNotRunnableError,
    InvalidInputError,
    NotFoundError,
    UnreadableFileError,
)
from signoff.inbox import looking, routing
from signoff.inbox.folder import Inbox, InboxError
from signoff.intake import Request
from signoff.storage import executions
from signoff.storage import inbox as items
from signoff.storage.executions import NewExecution, NewFile
from signoff.storage.inbox import Item, ItemStatus
from signoff.storage.store import Store

MAX_ATTEMPTS = 5
"""Attempts at one item that end unexplained, or end the process."""


def decide(store: Store, inbox: Inbox, item: Item, path: Path | None) -> Item:
    """Create the execution, or find why there is none; recorded in one transaction."""
    if path is None:
        return _refuse(store, item, "It was removed from the inbox while it was being taken in.")
    if item.attempts > MAX_ATTEMPTS:
        why = item.reason or "Each time its process died."
        reason = f"Taking it in failed {MAX_ATTEMPTS} times. {why} Is the file broken?"
        return _refuse(store, item, reason)
    before = looking.sign(path)
    try:
        new, files = _check_in(store, inbox, item, path)
    except (
        InvalidInputError,
        NotFoundError,
        AgentNotRunnableError,
        UnreadableFileError,
    ) as refused:
        # named by its place in the folder, not by where it lies at the moment
        return _refuse(store, item, str(refused).replace(f"{path.parent}{os.sep}", ""))
    if looking.sign(path) != before:
        raise InboxError("It was still being written; the next run looks again.")
    try:
        return _create(store, inbox, item, new, files)
    except AgentNotRunnableError as refused:
        return _refuse(store, item, str(refused))


def _check_in(
    store: Store, inbox: Inbox, item: Item, path: Path
) -> tuple[NewExecution, list[NewFile]]:
    sources = looking.files_of(path)
    route = routing.route(
        store, path, agent=inbox.agent, workspace=inbox.workspace, inbox=str(inbox.folder.path)
    )
    request = Request(
        agent=route.agent_id,
        trigger=route.trigger,
        triggered_by=route.triggered_by,
        context={"inbox": str(inbox.folder.path), "file": item.name},
        workspace=inbox.workspace,
    )
    new, files = intake.check_in(store, request, [str(source) for source in sources])
    return replace(new, id=item.id), files


def _create(
    store: Store, inbox: Inbox, item: Item, new: NewExecution, files: Sequence[NewFile]
) -> Item:
    content, agent_id = _content(files), new.revision.agent_id
    with store.database.transaction() as session:
        items.lock_inbox(session, inbox.folder.id)
        if items.locked(session, item.id).status != ItemStatus.CLAIMED:
            return items.decide(session, item.id, ItemStatus.TAKEN)  # as it was decided
        earlier = items.earlier(session, inbox.folder.id, agent_id=agent_id, content=content)
        if earlier is not None and not inbox.rerun_duplicates:
            return items.decide(
                session,
                item.id,
                ItemStatus.DUPLICATE,
                agent_id=agent_id,
                content=content,
                execution_id=earlier[0],
                reason=f"The same content is execution {earlier[1]} already; it was not run again.",
            )
        row = executions.create(session, new)
        executions.add_inputs(session, row, files)
        return items.decide(
            session,
            item.id,
            ItemStatus.TAKEN,
            agent_id=agent_id,
            content=content,
            execution_id=row.id,
        )


def _content(files: Sequence[NewFile]) -> str:
    # by content alone: the same scan under another name is the same scan
    return hashlib.sha256("\n".join(sorted(file.sha256 for file in files)).encode()).hexdigest()


def _refuse(store: Store, item: Item, reason: str) -> Item:
    with store.database.transaction() as session:
        return items.decide(session, item.id, ItemStatus.REFUSED, reason=reason)
