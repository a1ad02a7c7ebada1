"""Taking items in: claimed, decided, put away, started; every step can be done again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from signoff import lifecycle
from signoff.errors import SignoffError
from signoff.executions.models import Execution
from signoff.inbox import folder, looking, routing
from signoff.inbox.deciding import decide
from signoff.inbox.folder import PATIENCE_SECONDS, Inbox, InboxError
from signoff.inbox.looking import Look, Signature
from signoff.inbox.putting_away import put_away
from signoff.storage import executions
from signoff.storage import inbox as items
from signoff.storage.inbox import Item, ItemStatus
from signoff.storage.store import Store

STARTS_AT_ONCE = 4  # Prefect's server on SQLite gains nothing from more
logger = logging.getLogger(__name__)


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
    # Prefect takes longer to create a run than we to take the next item in
    with ThreadPoolExecutor(STARTS_AT_ONCE, thread_name_prefix="inbox-start") as starts:
        for item_id in left:
            yield from _attempt(store, inbox, item_id, starts)
        for name, signature in look.found.items():
            yield from _claim(store, inbox, name, signature, starts)


def _claim(
    store: Store, inbox: Inbox, name: str, signature: Signature, starts: Executor
) -> Iterator[Outcome]:
    # the looks may have been a while ago, when many files came at once
    if looking.sign(inbox.folder.path / name) != signature:
        return
    try:
        item_id = folder.claim(inbox.folder, name)
    except InboxError as error:
        yield Outcome(folder.shown(name), problem=str(error))
        return
    if item_id is not None:
        yield from _attempt(store, inbox, item_id, starts)


def _attempt(store: Store, inbox: Inbox, item_id: UUID, starts: Executor) -> Iterator[Outcome]:
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
            outcome = _handle(store, inbox, item, path, starts)
    except Exception as error:  # whatever it is: the item waits for the next run, the others go on
        if path is not None and folder.claimed_path(inbox.folder, item_id) is None:
            return  # another run took this one for dead, and has put the item away
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


def _handle(store: Store, inbox: Inbox, item: Item, path: Path | None, starts: Executor) -> Outcome:
    if item.status is ItemStatus.CLAIMED:
        item = decide(store, inbox, item, path)
    item = put_away(store, inbox, item)
    number = None
    if item.execution_id is not None:
        with store.database.reading() as session:
            execution = executions.get(session, item.execution_id)
        number = execution.number
        if item.status is ItemStatus.TAKEN and execution.flow_run_id is None:
            starts.submit(_start, store, execution)
    return Outcome(item.name, item, number)


def _start(store: Store, execution: Execution) -> None:
    # The execution is recorded, with its inputs: what fails here, reconciliation makes good as
    # soon as Prefect answers. The same happens when this process dies before it comes here.
    try:
        lifecycle.start(store, execution)
    except SignoffError as error:
        logger.warning("Execution %d will be started later: %s", execution.number, error)
    except Exception:  # nobody else looks at this thread
        logger.exception("The flow run of execution %d was not created.", execution.number)
