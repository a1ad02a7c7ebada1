"""What becomes of what people put into an inbox folder."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Event
from uuid import uuid4

import pytest
from support.inboxes import Tray
from support.stores import apply_agent, make_agent

from signoff import intake, lifecycle
from signoff.errors import AgentNotRunnableError, ConfigurationError, NotFoundError
from signoff.executions.models import Execution, Trigger
from signoff.executions.states import Status
from signoff.inbox import looking, taking
from signoff.inbox.deciding import MAX_ATTEMPTS
from signoff.prefect_runs import PrefectUnavailableError
from signoff.storage.inbox import ItemStatus
from signoff.storage.store import Store


def test_a_file_becomes_one_execution_and_goes_to_done(tray: Tray, started: list[int]) -> None:
    tray.put("note.txt")
    (outcome,) = tray.run()
    (execution,) = tray.executions()
    assert (tray.waiting, tray.done, tray.failed) == (set(), {"note.txt"}, set())
    assert execution.status is Status.PENDING_DATA_EXTRACTION
    assert [file.name for file in execution.files] == ["note.txt"]
    assert execution.trigger is Trigger.SCHEDULED
    assert execution.context == {"inbox": str(tray.path), "file": "note.txt"}
    assert outcome.item is not None
    assert outcome.item.status is ItemStatus.TAKEN
    assert outcome.execution == execution.number
    assert started == [execution.number]


def test_the_next_file_does_not_wait_for_the_flow_run_of_the_one_before(
    tray: Tray, monkeypatch: pytest.MonkeyPatch
) -> None:
    names, seen, begun = [f"{number}.txt" for number in range(6)], Event(), []

    def start(_: Store, execution: Execution) -> None:
        assert seen.wait(20)
        begun.append(execution.number)

    monkeypatch.setattr(lifecycle, "start", start)
    for name in names:
        tray.put(name, name)
    inbox = taking.open_inbox(tray.store, str(tray.path), agent="invoice")
    outcomes = taking.take(tray.store, inbox, looking.look(inbox.folder))
    assert [next(outcomes).name for _ in names] == names
    assert begun == []
    seen.set()
    assert next(outcomes, None) is None
    assert len(begun) == len(names)


def test_a_second_run_finds_nothing_new(tray: Tray) -> None:
    tray.put("note.txt")
    tray.run()
    assert tray.run() == []
    assert len(tray.executions()) == 1


def test_the_files_of_a_subfolder_are_one_execution_in_counting_order(tray: Tray) -> None:
    for name in ("scan10.txt", "scan2.txt", "more/scan1.txt", ".DS_Store", "Thumbs.db"):
        tray.put(f"supplier/{name}", f"page {name}")
    tray.run()
    (execution,) = tray.executions()
    assert [file.name for file in execution.files] == ["scan1.txt", "scan2.txt", "scan10.txt"]
    assert tray.done == {"supplier"}
    assert (tray.path / "done" / "supplier" / "more" / "scan1.txt").exists()


def test_a_refused_file_goes_to_failed_with_the_reason_beside_it(
    tray: Tray, started: list[int]
) -> None:
    tray.put("table.xlsx", b"PK\x03\x04 no document")
    tray.put("empty.txt", b"")
    tray.put("picture.png", "not a picture")
    tray.run()
    assert tray.failed == {"table.xlsx", "empty.txt", "picture.png"}
    assert "files of type .xlsx are not read" in tray.reason("table.xlsx")
    assert "empty" in tray.reason("empty.txt")
    assert "the content is text/plain" in tray.reason("picture.png")
    assert ".signoff" not in tray.reason("picture.png")
    assert (tray.executions(), started) == ([], [])


def test_one_bad_file_refuses_its_whole_subfolder(tray: Tray) -> None:
    tray.put("case/a.txt")
    tray.put("case/b.exe", b"MZ")
    tray.run()
    assert tray.failed == {"case"}
    assert "b.exe" in tray.reason("case")
    assert tray.executions() == []


def test_a_refused_file_may_be_put_back(tray: Tray) -> None:
    tray.options["agent"] = None
    tray.put("note.txt")
    tray.run()
    assert "names no agent" in tray.reason("note.txt")
    (tray.path / "failed" / "note.txt").rename(tray.path / "note.txt")
    (tray.path / "failed" / "note.txt.reason.txt").rename(tray.path / "note.txt.reason.txt")
    tray.run(agent="invoice")
    assert tray.done == {"note.txt"}
    assert len(tray.executions()) == 1


def test_an_inbox_whose_agent_is_not_there_claims_nothing(tray: Tray) -> None:
    tray.put("note.txt")
    with pytest.raises(NotFoundError, match="no agent 'typo'"):
        tray.run(agent="typo")
    assert tray.waiting == {"note.txt"}
    apply_agent(tray.store, make_agent(status="ARCHIVED"))
    with pytest.raises(AgentNotRunnableError, match="archived"):
        tray.run()
    assert tray.waiting == {"note.txt"}


def test_an_empty_folder_asks_for_no_agent(tray: Tray) -> None:
    assert tray.run(agent="typo") == []


def test_a_folder_that_is_not_there_is_made(tray: Tray, tmp_path: Path) -> None:
    inbox = taking.open_inbox(tray.store, "inbox/of mine")
    assert inbox.folder.path == tmp_path / "home" / "inbox" / "of mine"
    assert (inbox.folder.path / "done").is_dir()


@pytest.mark.parametrize("name", ["s3://bucket/inbox", "a\0b", "~nobody-there/inbox", "note.txt"])
def test_what_is_no_folder_is_refused(tray: Tray, name: str) -> None:
    tray.put("note.txt")
    with pytest.raises(ConfigurationError):
        taking.open_inbox(tray.store, str(tray.path / name) if name == "note.txt" else name)


def test_a_folder_is_the_same_inbox_under_another_path(tray: Tray, tmp_path: Path) -> None:
    tray.put("note.txt")
    tray.run()
    moved = tmp_path / "mounted elsewhere"
    tray.path.rename(moved)
    tray.path = moved
    tray.put("again.txt")
    (outcome,) = tray.run()
    assert outcome.item is not None
    assert outcome.item.status is ItemStatus.DUPLICATE


def test_places_that_are_links_are_not_used(tray: Tray, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tray.path / "done").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match="is a link"):
        tray.run()


# -- duplicates -----------------------------------------------------------------------------------


def test_the_same_content_again_is_a_duplicate_and_not_run(tray: Tray, started: list[int]) -> None:
    tray.put("note.txt")
    tray.run()
    tray.put("copy of note.txt")
    (outcome,) = tray.run()
    (execution,) = tray.executions()
    assert outcome.item is not None
    assert outcome.item.status is ItemStatus.DUPLICATE
    assert tray.done == {"note.txt", "copy of note.txt"}
    note = (tray.path / "done" / "copy of note.txt.duplicate.txt").read_text()
    assert f"execution {execution.number} " in note
    assert started == [execution.number]


def test_duplicates_in_one_run_are_found_too(tray: Tray) -> None:
    tray.put("a.txt")
    tray.put("b.txt")
    tray.put("c/1.txt", "one")
    tray.put("c/2.txt", "two")
    tray.put("d/9.txt", "one")
    tray.put("d/8.txt", "two")
    tray.run()
    assert len(tray.executions()) == 2
    assert tray.done == {"a.txt", "b.txt", "c", "d"}


def test_a_duplicate_is_run_again_when_asked(tray: Tray) -> None:
    tray.put("note.txt")
    tray.run()
    tray.put("note.txt")
    tray.run(rerun_duplicates=True)
    assert len(tray.executions()) == 2
    assert tray.done == {"note.txt", "note (2).txt"}
    tray.put("note.txt")
    (outcome,) = tray.run()
    assert outcome.execution == 2


def test_for_another_agent_or_inbox_the_same_content_is_new(tray: Tray, tmp_path: Path) -> None:
    apply_agent(tray.store, make_agent("other"))
    tray.put("note.txt")
    tray.run()
    tray.put("note.txt")
    tray.run(agent="other")
    second = Tray(tray.store, tmp_path / "second", tray.options)
    second.put("note.txt")
    second.run()
    assert len(tray.executions()) == 3


def test_a_refused_file_is_no_original(tray: Tray) -> None:
    apply_agent(tray.store, make_agent("closed", file_uploads=False))
    tray.put("note.txt")
    tray.run(agent="closed")
    assert tray.failed == {"note.txt"}
    tray.put("note.txt")
    tray.run()
    assert tray.done == {"note.txt"}


# -- what is not to be trusted --------------------------------------------------------------------


def test_links_are_refused_not_followed(tray: Tray, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("Number: 1")
    (tray.path / "link.txt").symlink_to(secret)
    (tray.path / "folder").symlink_to(tmp_path / "home")
    tray.put("case/a.txt")
    (tray.path / "case" / "b.txt").symlink_to(secret)
    tray.run()
    assert tray.failed == {"link.txt", "folder", "case"}
    assert "link" in tray.reason("link.txt")
    assert tray.executions() == []
    assert secret.exists()
    assert (tmp_path / "home").is_dir()


def test_a_link_in_the_claim_area_leads_nowhere(tray: Tray, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "passwd.txt").write_text("Number: 1")
    tray.run()
    (tray.path / ".signoff" / "claimed" / str(uuid4())).symlink_to(outside)
    tray.run()
    assert (outside / "passwd.txt").exists()
    assert (tray.done, tray.failed, tray.executions()) == (set(), set(), [])


def test_a_pipe_is_refused_without_reading_it(tray: Tray) -> None:
    os.mkfifo(tray.path / "pipe.txt")
    tray.run()
    assert tray.failed == {"pipe.txt"}
    assert "no regular file" in tray.reason("pipe.txt")


HOSTILE = [
    b"-rf *.txt",
    b"=cmd|calc!A1.txt",
    b"line\nbreak\r\x1b[31m.txt",
    b"rechnung \xe4\xff.txt",  # Latin-1, no UTF-8
    "Überweisung 発票 \U0001f4c4.txt".encode(),
    "abc\u202efdp.txt".encode(),
    b"[a](javascript:alert(1))<img src=x>.txt",
    b"http:..x.txt",
    b"~root.txt",
    b" .txt ",
    b"%2e%2e%2fpasswd.txt",
    b"x" * 251 + b".txt",
    "ü".encode() * 125 + b".txt",
]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_are_kept_on_disk_and_harmless_elsewhere(tray: Tray, name: bytes) -> None:
    text = os.fsdecode(name)
    for content in ("one", "two", "", "one"):
        tray.put(text, content)
        tray.run()
    places = [path for part in ("done", "failed") for path in (tray.path / part).iterdir()]
    contents = [path.read_text() for path in places]  # the longer ones are notes
    assert sorted(each for each in contents if len(each) < 9) == ["", "one", "one", "two"]
    assert text in {path.name for path in places}
    for line in tray.report():
        assert line["file"].isprintable()
        assert not line["file"].startswith(("=", "+", "-", "@"))
    for execution in tray.executions():
        assert execution.context["file"].isprintable()


# -- when things go wrong -------------------------------------------------------------------------


def test_nothing_in_done_or_failed_is_overwritten(tray: Tray) -> None:
    for number in range(3):
        tray.put("note.txt", f"note {number}")
        tray.put("bad.bin", f"bad {number}")
        tray.put("case/a.txt", f"case {number}")
        tray.run()
    assert tray.done == {"note.txt", "note (2).txt", "note (3).txt", "case", "case (2)", "case (3)"}
    assert tray.failed == {"bad.bin", "bad (2).bin", "bad (3).bin"}
    contents = {path.read_text() for path in (tray.path / "failed").glob("bad*.bin")}
    assert contents == {"bad 0", "bad 1", "bad 2"}


def test_without_prefect_the_execution_waits_for_reconciliation(
    tray: Tray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: object) -> None:
        raise PrefectUnavailableError("nobody there")

    monkeypatch.setattr(lifecycle, "start", unavailable)
    tray.put("note.txt")
    (outcome,) = tray.run()
    assert outcome.problem is None
    assert tray.done == {"note.txt"}
    assert tray.executions()[0].flow_run_id is None


def test_an_item_that_cannot_be_handled_holds_nothing_up_and_is_taken_later(
    tray: Tray, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = intake.check_in

    def disk_full(store, request, sources):
        if sources[0].endswith("bad.txt"):
            raise OSError(28, "No space left on device")
        return real(store, request, sources)

    tray.put("bad.txt", "one")
    tray.put("good.txt", "two")
    with monkeypatch.context() as patch:
        patch.setattr(intake, "check_in", disk_full)
        for _ in range(2 * MAX_ATTEMPTS):
            problems = [outcome.problem for outcome in tray.run() if outcome.problem]
            assert len(problems) == 1
            assert "No space left" in problems[0]
    assert tray.done == {"good.txt"}
    waiting = next(line for line in tray.report() if line["file"] == "bad.txt")
    assert waiting["outcome"] == "waits for the next run"
    assert "No space left" in waiting["explanation"]
    tray.run()
    assert tray.done == {"good.txt", "bad.txt"}
    assert len(tray.executions()) == 2


def test_an_item_that_always_fails_unexpectedly_is_refused_in_the_end(
    tray: Tray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RecursionError("a bug")

    monkeypatch.setattr(intake, "check_in", broken)
    tray.put("note.txt")
    for _ in range(MAX_ATTEMPTS + 1):
        tray.run()
    assert tray.failed == {"note.txt"}
    assert "RecursionError: a bug" in tray.reason("note.txt")


def test_what_somebody_took_out_of_the_claim_area_is_reported(
    tray: Tray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError("not now")

    tray.put("note.txt")
    with monkeypatch.context() as patch:
        patch.setattr(intake, "check_in", broken)
        tray.run()
    next((tray.path / ".signoff" / "claimed").glob("*/note.txt")).unlink()
    tray.run()
    (line,) = tray.report()
    assert line["outcome"] == "refused"
    assert "removed" in line["explanation"]
    assert tray.run() == []
