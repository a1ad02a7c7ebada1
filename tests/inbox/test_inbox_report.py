"""The report in the folder follows the executions to their end."""

from __future__ import annotations

from uuid import UUID

import pytest
from support.inboxes import Tray, mail

from signoff.executions.states import Status
from signoff.inbox.folder import InboxError
from signoff.storage import inbox as items
from signoff.storage.leases import locked
from signoff.storage.transitions import set_failure, transition


def test_the_report_says_what_became_of_each_item(tray: Tray) -> None:
    tray.put("a.txt")
    tray.put("b.bin", b"\0")
    tray.run()
    tray.put("c.txt")
    tray.run()
    taken, refused, duplicate = tray.report()
    assert taken | {"taken": ""} == {
        "file": "a.txt",
        "taken": "",
        "outcome": "taken",
        "execution": "1",
        "agent": "invoice",
        "state": "PENDING_DATA_EXTRACTION",
        "failure": "",
        "explanation": "",
        "approve": "",
        "moved to": "done/a.txt",
    }
    assert taken["taken"].endswith("Z")
    assert (refused["outcome"], refused["moved to"]) == ("refused", "failed/b.bin")
    assert ".bin" in refused["explanation"]
    assert (duplicate["outcome"], duplicate["execution"]) == ("duplicate", "1")


def test_each_run_brings_the_report_up_to_date(tray: Tray) -> None:
    tray.put("a.txt")
    tray.run()
    (execution,) = tray.executions()
    with tray.store.database.transaction() as session:
        row = locked(session, execution.id)
        set_failure(session, row, code="unreadable_file", explanation="torn\nin two")
    tray.run()
    (line,) = tray.report()
    assert (line["failure"], line["explanation"]) == ("unreadable_file", "torn in two")
    _cancel(tray, execution.id)
    tray.run()
    (line,) = tray.report()
    assert (line["state"], line["failure"]) == ("CANCELED", "")


def _cancel(tray: Tray, execution_id: UUID) -> None:
    with tray.store.database.transaction() as session:
        transition(session, locked(session, execution_id), Status.CANCELED)


def test_a_report_that_says_the_same_is_not_written_again(tray: Tray) -> None:
    tray.put("a.txt")
    tray.run()
    before = (tray.path / "report.csv").stat()
    tray.run()
    after = (tray.path / "report.csv").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_old_items_stay_in_the_report_until_their_execution_is_at_rest(
    tray: Tray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(items, "REPORTED", 2)
    for number in range(4):
        tray.put(f"{number}.txt", str(number))
        tray.run()
    assert len(tray.report()) == 4
    with tray.store.database.transaction() as session:
        locked(session, tray.executions()[0].id).settled = True
    tray.run()
    assert [line["file"] for line in tray.report()] == ["1.txt", "2.txt", "3.txt"]


def test_a_report_that_cannot_be_written_is_a_clear_error(tray: Tray) -> None:
    (tray.path / "report.csv").mkdir()
    with pytest.raises(InboxError, match="close it where it is open"):
        tray.run()


def test_no_cell_is_a_formula_for_a_spreadsheet(tray: Tray) -> None:
    tray.put('=HYPERLINK("x").eml', mail("=cmd@example.com"))
    tray.put("@SUM(1).txt", "")
    tray.run()
    for line in tray.report():
        assert not any(cell.startswith(("=", "@", "+", "-")) for cell in line.values())
