"""What is taken now, and what is left because somebody is still writing it."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from support.inboxes import Tray

from signoff import intake
from signoff.errors import InvalidInputError
from signoff.inbox import looking, taking
from signoff.inbox.folder import Folder
from signoff.inbox.looking import Look, files_of, look, look_twice


@pytest.fixture
def here(tray: Tray) -> Folder:
    return taking.open_inbox(tray.store, str(tray.path)).folder


def test_what_is_named_as_unfinished_or_hidden_is_left(tray: Tray, here: Folder) -> None:
    unfinished = ["a.pdf.part", "a.pdf.CRDOWNLOAD", "a.tmp", "a.txt~", "a.pdf.filepart"]
    ignored = [".a.pdf.x7Tk2q", ".hidden", "~$a.docx", "Thumbs.db", "desktop.ini", "a.reason.txt"]
    for name in [*unfinished, *ignored, "a.txt", "Done/x.txt"]:
        tray.put(name)
    found = look(here)
    assert set(found.found) == {"a.txt"}
    assert found.unfinished == set(unfinished)
    tray.run()
    assert tray.done == {"a.txt"}
    assert tray.waiting == {*unfinished, *ignored, "Done"} - {"a.reason.txt"}


@pytest.mark.parametrize("change", ["grow", "touch", "replace", "remove", "new"])
def test_what_changes_between_two_looks_is_left(
    tray: Tray, here: Folder, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tray.put("a.txt", "some text")
    tray.put("steady.txt")

    def meanwhile(seconds: float) -> None:
        assert seconds == 7
        match change:
            case "grow":
                path.write_text("some text and more")
            case "touch":
                os.utime(path, (1, 1))
            case "replace":
                tray.put("b.txt", "other text").replace(path)
                os.utime(path, (2, 2))
            case "remove":
                path.unlink()
            case "new":
                path.rename(tray.path / "new.txt")

    monkeypatch.setattr(time, "sleep", meanwhile)
    found = look_twice(here, settle=7)
    assert set(found.found) == {"steady.txt"}
    assert found.unfinished == {"remove": set(), "new": {"new.txt"}}.get(change, {"a.txt"})


@pytest.mark.parametrize("change", ["1.txt", "deep/2.txt", ".3.txt.Xy7", "new.txt"])
def test_a_subfolder_waits_until_all_in_it_is_settled(
    tray: Tray, here: Folder, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("1.txt", "deep/2.txt", ".3.txt.Xy7"):
        tray.put(f"case/{name}", "half")
    monkeypatch.setattr(time, "sleep", lambda _: tray.put(f"case/{change}", "half, whole"))
    assert look_twice(here, settle=0) == Look({}, frozenset({"case"}))


def test_a_subfolder_with_an_unfinished_file_or_without_any_is_left(tray: Tray) -> None:
    tray.put("case/1.txt")
    unfinished = tray.put("case/deep/2.pdf.part")
    (tray.path / "empty").mkdir()
    tray.run()
    assert tray.waiting == {"case", "empty"}
    unfinished.rename(unfinished.with_suffix(".txt"))
    unfinished.with_suffix(".txt").rename(tray.path / "case" / "2.txt")
    tray.run()
    assert tray.waiting == {"empty"}


def test_nothing_new_means_no_waiting(here: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("waited"))
    assert look_twice(here, settle=100) == Look()


def test_what_changes_while_others_are_taken_is_left(tray: Tray, here: Folder) -> None:
    tray.put("a.txt", "a")
    late = tray.put("b.txt", "b")
    inbox = taking.open_inbox(tray.store, str(tray.path), agent="invoice")
    outcomes = taking.take(tray.store, inbox, look(here))
    assert next(outcomes).name == "a.txt"
    late.write_text("b, written again")
    assert list(outcomes) == []
    assert tray.waiting == {"b.txt"}


def test_what_is_written_while_it_is_stored_waits_for_the_next_run(
    tray: Tray, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tray.put("a.txt", "first half, ")
    real = intake.check_in

    with path.open("a") as writer, monkeypatch.context() as patch:

        def check_in(store, request, sources):
            result = real(store, request, sources)
            writer.write("second half")
            writer.flush()
            return result

        patch.setattr(intake, "check_in", check_in)
        (outcome,) = tray.run()
    assert "still being written" in (outcome.problem or "")
    assert tray.executions() == []
    tray.run()
    (execution,) = tray.executions()
    assert execution.files[0].size == len("first half, second half")
    assert (tray.path / "done" / "a.txt").read_text() == "first half, second half"


def test_a_file_written_slowly_is_taken_whole(tray: Tray) -> None:
    content = [f"line {number}\n" for number in range(20)]
    begun = threading.Event()

    def write() -> None:
        with (tray.path / "slow.txt").open("w") as stream:
            for line in content:
                stream.write(line)
                stream.flush()
                begun.set()
                pause.wait(0.01)

    pause = threading.Event()
    writer = threading.Thread(target=write)
    writer.start()
    begun.wait()
    while writer.is_alive():
        tray.run(settle=0.1)
    writer.join()
    tray.run()
    assert (tray.path / "done" / "slow.txt").read_text() == "".join(content)


def test_too_many_files_in_a_subfolder_are_refused(tmp_path: Path) -> None:
    for number in range(looking.MAX_FILES + 1):
        (tmp_path / f"{number}.txt").touch()
    with pytest.raises(InvalidInputError, match="more than 1,000 files"):
        files_of(tmp_path)
