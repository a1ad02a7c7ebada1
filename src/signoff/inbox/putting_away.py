"""Where a decided item ends up: in ``done`` or ``failed``, with a note if there is a reason."""

from __future__ import annotations

from signoff.inbox import filing, folder
from signoff.inbox.folder import DONE, FAILED, Inbox
from signoff.storage import inbox as items
from signoff.storage.inbox import Item, ItemStatus
from signoff.storage.store import Store


def put_away(store: Store, inbox: Inbox, item: Item) -> Item:
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
        item = items.filed(session, item.id)
    folder.discard(here, item.id)
    return item


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
