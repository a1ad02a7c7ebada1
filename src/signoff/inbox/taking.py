"""Taking items in: claimed, decided, put away, started; every step can be done again."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from signoff import intake, lifecycle
from signoff.errors import (
    AgentNotRunnableError,
    InvalidInputError,
    NotFoundError,
    SignoffError,
    UnreadableFileError,
)
from signoff.inbox import filing, folder, looking, routing
from signoff.inbox.folder import DONE, FAILED, Folder, InboxError
from signoff.inbox.looking import Look, Signature
from signoff.intake import Request
from signoff.storage import executions
from signoff.storage import inbox as items
from signoff.storage.executions import NewExecution, NewFile
from signoff.storage.inbox import Item, ItemStatus
from signoff.storage.store import Store

PATIENCE_SECONDS = 30.0
"""How long an item is left to a run that claimed it and gives no sign of life."""

MAX_ATTEMPTS = 5
"""Attempts at one item that end unexplained, or end the process."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Inbox:
    """An inbox folder and how it is run.

    ``agent`` is for everything but mails, by name or id.
    """

    folder: Folder
    agent: str | None = None
    workspace: str = "default"
    rerun_duplicates: bool = False
    patience: float = PATIENCE_SECONDS


@dataclass(frozen=True)
class Outcome:
    """What became of one item in one run; ``problem`` says why it has to wait for the next one."""

    name: str
    item: Item | None = None
    execution: int | None = None
    problem: str | None = None


def open_inbox(
    store: Store,
    path: str,
    *,
    agent: str | None = None,
    workspace: str = "default",
    rerun_duplicates: bool = False,
    patience: float = PATIENCE_SECONDS,
) -> Inbox:
    """Open the inbox in the folder ``path`` (relative to Signoff's home), making it if need be.

    Raises:
        ConfigurationError: the folder cannot be used.
    """
    opened = folder.open_folder(path, home=store.settings.home)
    with store.database.transaction() as session:
        items.register(session, opened.id, str(opened.path))
    folder.tidy(opened)
    return Inbox(opened, agent or None, workspace, rerun_duplicates, patience)


def leftovers(store: Store, inbox: Inbox) -> list[UUID]:
    """Items that were claimed and are not put away: other runs are at them, or have died."""
    with store.database.reading() as session:
        recorded = items.unfiled(session, inbox.folder.id)
    return list(dict.fromkeys([*recorded, *folder.claimed_ids(inbox.folder)]))


def take(store: Store, inbox: Inbox, look: Look, left: Iterable[UUID] = ()) -> Iterator[Outcome]:
    """Take in what died runs have left, then what is new; one outcome for each.

    Items that another run takes meanwhile have none. An item that cannot be handled holds
    nothing else up.

    Raises:
        NotFoundError: there is no such agent; nothing was claimed.
        AgentNotRunnableError: the inbox's agent takes nothing; nothing was claimed.
    """
    if inbox.agent is not None and look.found:
        routing.check_agent(store, inbox.agent, workspace=inbox.workspace)
    for item_id in left:
        yield from _attempt(store, inbox, item_id)
    for name, signature in look.found.items():
        yield from _claim(store, inbox, name, signature)


def _claim(store: Store, inbox: Inbox, name: str, signature: Signature) -> Iterator[Outcome]:
    # the looks may have been a while ago, when many files came at once
    if looking.sign(inbox.folder.path / name) != signature:
        return
    try:
        item_id = folder.claim(inbox.folder, name)
    except InboxError as error:
        yield Outcome(folder.shown(name), problem=str(error))
        return
    if item_id is not None:
        yield from _attempt(store, inbox, item_id)


def _attempt(store: Store, inbox: Inbox, item_id: UUID) -> Iterator[Outcome]:
    path = folder.claimed_path(inbox.folder, item_id)
    with store.database.transaction() as session:
        item = items.acquire(
            session,
            inbox.folder.id,
            item_id,
            name=folder.shown(path.name) if path else None,
            seconds=inbox.patience,
        )
    if item is None or (item.filed and path is None):
        return
    try:
        with _kept(store, inbox, item):
            outcome = _handle(store, inbox, item, path)
    except Exception as error:  # whatever it is: the item waits for the next run, the others go on
        logger.warning("%s has to wait for the next run.", item.name, exc_info=True)
        expected = isinstance(error, SignoffError)
        said = str(error) if expected else f"{type(error).__name__}: {error}"
        forgiven = expected or isinstance(error, OSError | SQLAlchemyError)
        with store.database.transaction() as session:
            items.let_go(session, item_id, reason=said, forgiven=forgiven)
        outcome = Outcome(item.name, item, problem=said)
    yield outcome


@contextmanager
def _kept(store: Store, inbox: Inbox, item: Item) -> Iterator[None]:
    """Tell other runs that this one is alive, for as long as it handles the item."""
    done = threading.Event()

    def keep() -> None:
        while not done.wait(inbox.patience / 4):
            try:
                with store.database.transaction() as session:
                    items.renew(session, item.id, seconds=inbox.patience)
            except Exception:  # the database may be away for a moment
                continue

    keeper = threading.Thread(target=keep, name=f"inbox-{item.id}", daemon=True)
    if inbox.patience > 0:
        keeper.start()
    try:
        yield
    finally:
        done.set()
        if inbox.patience > 0:
            keeper.join()


def _handle(store: Store, inbox: Inbox, item: Item, path: Path | None) -> Outcome:
    if item.status is ItemStatus.CLAIMED:
        item = _decide(store, inbox, item, path)
    item = _put_away(store, inbox, item)
    number = None
    if item.execution_id is not None:
        with store.database.reading() as session:
            execution = executions.get(session, item.execution_id)
        number = execution.number
        if item.status is ItemStatus.TAKEN and execution.flow_run_id is None:
            try:
                lifecycle.start(store, execution)
            except SignoffError as error:
                # The execution is recorded, with its inputs: reconciliation starts it as soon as
                # Prefect answers. The same happens when this process dies before this line.
                logger.warning("Execution %d will be started later: %s", number, error)
    return Outcome(item.name, item, number)


# -- deciding -------------------------------------------------------------------------------------


def _decide(store: Store, inbox: Inbox, item: Item, path: Path | None) -> Item:
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


# -- putting away ---------------------------------------------------------------------------------


def _put_away(store: Store, inbox: Inbox, item: Item) -> Item:
    """Move a decided item to ``done`` or ``failed``, with a note beside it if there is a reason."""
    here = inbox.folder
    refused = item.status is ItemStatus.REFUSED
    note = (filing.REASON if refused else filing.DUPLICATE) if item.reason else None
    place = item.place
    while (path := folder.claimed_path(here, item.id)) is not None:
        if place is None:
            free = filing.free_place(here.path / (FAILED if refused else DONE), path, note=note)
            place = _set_place(store, item, before=None, now=folder.relative(here, free))
        if place is not None and not filing.move(path, folder.absolute(here, place)):
            # somebody has put something else there meanwhile
            place = _set_place(store, item, before=place, now=None)
    with store.database.reading() as session:
        place = items.place_of(session, item.id)
    if note is not None and place is not None:
        beside = filing.note_beside(folder.absolute(here, place), note)
        filing.write_note(beside, _note(item), staging=here.staging)
    with store.database.transaction() as session:
        put_away = items.filed(session, item.id)
    folder.discard(here, item.id)
    return put_away


def _set_place(
    store: Store, item: Item, *, before: bytes | None, now: bytes | None
) -> bytes | None:
    with store.database.transaction() as session:
        return items.set_place(session, item.id, before=before, now=now)


def _note(item: Item) -> str:
    lines = [item.name, "", item.reason]
    if item.status is ItemStatus.DUPLICATE:
        lines.append("To run it again all the same: signoff run FILE --agent NAME")
    else:
        lines.append("When that is mended, move it back into the inbox.")
    return "\n".join(lines)
