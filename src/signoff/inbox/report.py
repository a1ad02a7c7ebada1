"""The report in an inbox folder: every item, and how far its execution has come."""

from __future__ import annotations

import csv
import io
import stat
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from signoff import prefect_runs
from signoff.executions.states import Status
from signoff.inbox.folder import REPORT, Folder, InboxError, shown
from signoff.storage import inbox as items
from signoff.storage.inbox import ItemStatus, ReportLine
from signoff.storage.store import Store

COLUMNS = (
    "file", "taken", "outcome", "execution", "agent", "state", "failure", "explanation", "approve",
    "moved to",
)  # fmt: skip
MAX_TEXT = 1000

# a spreadsheet would calculate what begins like this
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_report(store: Store, folder: Folder) -> Path:
    """Write the report anew, if anything in it has changed; readers never see half of it.

    Raises:
        InboxError: it cannot be written, because somebody has it open, say.
    """
    with store.database.reading() as session:
        lines = items.report(session, folder.id)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_plain(cell) for cell in _cells(line)] for line in lines)
    # with the mark that tells spreadsheets that it is UTF-8
    content = text.getvalue().encode("utf-8-sig", "replace")
    report = folder.path / REPORT
    try:
        if not _is(report, content):
            staged = folder.staging / uuid4().hex
            staged.write_bytes(content)
            staged.replace(report)
    except OSError as error:
        raise InboxError(
            f"{report} cannot be written ({error.strerror}); close it where it is open. The next"
            " run writes it."
        ) from error
    return report


def _is(report: Path, content: bytes) -> bool:
    try:
        status = report.lstat()
    except FileNotFoundError:
        return False
    same_size = stat.S_ISREG(status.st_mode) and status.st_size == len(content)
    return same_size and report.read_bytes() == content


def _cells(line: ReportLine) -> tuple[str, ...]:
    item = line.item
    waits = item.status is ItemStatus.CLAIMED
    return (
        item.name,
        _local(item.created_at),
        "waits for the next run" if waits else item.status,
        str(line.execution or ""),
        line.agent or "",
        line.state or "",
        line.failure or "",
        line.explanation or item.reason,
        _page(line),
        shown_place(item.place),
    )


def shown_place(place: bytes | None) -> str:
    """Where an item was put, for eyes."""
    if place is None:
        return ""
    folder, _, name = place.partition(b"/")
    return f"{folder.decode()}/{shown(name.decode('utf-8', 'surrogateescape'))}"


def _local(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _page(line: ReportLine) -> str:
    if line.state is not Status.PENDING_REVIEW or line.flow_run_id is None:
        return ""
    return prefect_runs.run_page(line.flow_run_id) or ""


def _plain(cell: str) -> str:
    text = " ".join("".join(c if c.isprintable() else " " for c in cell).split())
    if len(text) > MAX_TEXT:
        text = text[: MAX_TEXT - 1] + "…"
    return f"'{text}" if text.startswith(_FORMULA) else text
