"""Several runs over the same folder: every item is taken by exactly one of them."""

from __future__ import annotations

from collections import Counter

import pytest
from support.inboxes import Tray, exit_codes, in_child, in_this_process, run_inbox

FILES = 50


def at_once(tray: Tray, runs: int, **options: float) -> None:
    """Runs in processes of their own, as on several machines."""

    def work() -> None:
        outcomes = run_inbox(in_this_process(tray.store), tray.path, **tray.options, **options)
        assert [outcome.problem for outcome in outcomes if outcome.problem] == []

    tray.store.database.engine.dispose()
    assert exit_codes([in_child(work) for _ in range(runs)]) == [0] * runs


def files_taken(tray: Tray) -> Counter[str]:
    ours = [one for one in tray.executions() if one.context["inbox"] == str(tray.path)]
    return Counter(file.name for one in ours for file in one.files)


# with a patience of 0 each run takes the others for dead, and works on what they are at
@pytest.mark.parametrize("patience", [30, 0])
def test_two_runs_over_fifty_files_take_each_exactly_once(any_tray: Tray, patience: float) -> None:
    names = {f"note {number}.txt" for number in range(FILES)}
    for name in names:
        any_tray.put(name, name)
    at_once(any_tray, 2, patience=patience)
    any_tray.run(patience=0)
    assert files_taken(any_tray) == Counter(names)
    assert (any_tray.waiting, any_tray.done, any_tray.failed) == (set(), names, set())
    assert {line["file"] for line in any_tray.report()} == names


def test_the_same_content_taken_at_once_is_run_once(any_tray: Tray) -> None:
    for number in range(30):
        any_tray.put(f"note {number}.txt", f"content {number % 3}")
    at_once(any_tray, 3)
    assert files_taken(any_tray).total() == 3
    outcomes = Counter(line["outcome"] for line in any_tray.report())
    assert outcomes == {"taken": 3, "duplicate": 27}
    notes = list((any_tray.path / "done").glob("*.duplicate.txt"))
    assert len(notes) == 27


def test_a_new_folder_opened_at_once_gets_one_identity(any_tray: Tray) -> None:
    for _ in range(5):
        any_tray.path = any_tray.path / "deeper"
        any_tray.put("note.txt", str(any_tray.path))
        at_once(any_tray, 3)
        assert files_taken(any_tray).total() == 1
