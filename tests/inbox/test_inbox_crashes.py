"""A run that dies between any two steps: the next one loses nothing and does nothing twice."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from support.inboxes import Tray, exit_codes, in_child, in_this_process, names_in, run_inbox
from support.stores import apply_agent, make_agent

from signoff import intake
from signoff.inbox.deciding import MAX_ATTEMPTS
from signoff.storage.store import Store

DIED, PARTS = 9, 4
# what changes the folder or the file store, seen just before it happens
CHANGES = ("os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir")


@pytest.fixture
def agents(store: Store, tmp_path: Path) -> Store:
    """A store with an agent, its statements compiled already."""
    apply_agent(store, make_agent())
    event.listen(store.database.engine, "connect", _trust_the_machine)
    full_tray(store, tmp_path / "compiled").run()
    return store


def _trust_the_machine(connection: Any, _record: object) -> None:
    # what a process has written outlives it, without waiting for the disk
    connection.execute("PRAGMA synchronous = OFF")


def full_tray(store: Store, path: Path) -> Tray:
    """A folder with one of each: new, duplicate, refused, subfolder."""
    tray = Tray(store, path, {"agent": "invoice"})
    tray.put("a.txt", "one")
    tray.put("b.txt", "one")
    tray.put("c.bin", "three")
    tray.put("d/1.txt", "four")
    tray.put("d/2.txt", "five")
    return tray


def run_until(tray: Tray, step: int | None) -> int:
    """A run in a process of its own that dies at its ``step``-th change, as by kill -9."""

    def work() -> None:
        store, inbox = in_this_process(tray.store), str(tray.path)
        steps = count(1)

        def change(*_: object) -> None:
            if next(steps) == step:
                os._exit(DIED)

        def audit(name: str, arguments: tuple[Any, ...]) -> None:
            written = name == "open" and arguments[2] & os.O_CREAT
            if (name in CHANGES or written) and inbox in str(arguments[0]):
                change()

        sys.addaudithook(audit)
        event.listen(store.database.engine, "commit", change)
        run_inbox(store, tray.path, patience=0, **tray.options)

    code: int = exit_codes([in_child(work)])[0]
    return code


def check_everything_happened_once(tray: Tray) -> None:
    assert tray.waiting == set()
    assert tray.done == {"a.txt", "b.txt", "d"}
    assert tray.failed == {"c.bin"}
    assert names_in(tray.path / "done" / "d") == {"1.txt", "2.txt"}
    for name, content in (("a.txt", "one"), ("b.txt", "one"), ("d/2.txt", "five")):
        assert (tray.path / "done" / name).read_text() == content
    ours = [one for one in tray.executions() if one.context["inbox"] == str(tray.path)]
    found = sorted([file.name for file in one.files] for one in ours)
    assert found in ([["1.txt", "2.txt"], [only]] for only in ("a.txt", "b.txt"))
    notes = {path.name for path in tray.path.glob("*/*.txt") if path.name.count(".txt") == 2}
    notes |= {path.name for path in tray.path.glob("failed/*.reason.txt")}
    assert notes in ({f"{copy}.txt.duplicate.txt", "c.bin.reason.txt"} for copy in "ab")
    lines = {line["file"]: line["moved to"] for line in tray.report()}
    assert len(tray.report()) == 4
    assert lines == {
        "a.txt": "done/a.txt",
        "b.txt": "done/b.txt",
        "c.bin": "failed/c.bin",
        "d": "done/d",
    }
    assert list((tray.path / ".signoff" / "claimed").glob("*/*")) == []


@pytest.mark.parametrize("part", range(PARTS))
def test_dying_at_any_step_loses_and_doubles_nothing(
    agents: Store, tmp_path: Path, part: int
) -> None:
    died = 0
    for step in count(1 + part, PARTS):
        tray = full_tray(agents, tmp_path / str(step))
        code = run_until(tray, step)
        assert code in (DIED, 0)
        assert run_until(tray, None) == 0
        check_everything_happened_once(tray)
        if code == 0:
            break
        died += 1
    assert died > 10  # a run has so many steps, or this test does not see them


@pytest.mark.parametrize("seed", range(4))
def test_dying_again_and_again_loses_and_doubles_nothing(
    agents: Store, tmp_path: Path, seed: int
) -> None:
    chosen = random.Random(seed)
    tray = full_tray(agents, tmp_path / "inbox")
    for _ in range(MAX_ATTEMPTS - 1):
        assert run_until(tray, chosen.randint(1, 60)) in (DIED, 0)
    assert run_until(tray, None) == 0
    check_everything_happened_once(tray)


def test_an_item_whose_process_dies_each_time_is_refused_in_the_end(
    agents: Store, tmp_path: Path
) -> None:
    tray = full_tray(agents, tmp_path / "inbox")
    (tray.path / "a.txt").rename(tray.path / "z.txt")
    for _ in range(MAX_ATTEMPTS + 1):
        codes = exit_codes([in_child(lambda: _die_of(tray, "b.txt"))])
    assert codes == [0]
    assert tray.failed == {"b.txt", "c.bin"}
    assert "5 times" in tray.reason("b.txt")
    assert tray.done == {"z.txt", "d"}


def _die_of(tray: Tray, name: str) -> None:
    real = intake.check_in

    def check_in(store: Store, request: Any, sources: Sequence[str]) -> Any:
        if sources[0].endswith(name):
            os._exit(DIED)
        return real(store, request, sources)

    intake.check_in = check_in  # in this process, which ends with the test
    run_inbox(in_this_process(tray.store), tray.path, patience=0, **tray.options)
