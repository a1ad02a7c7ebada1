"""An inbox folder, what people put into it, and runs over it."""

from __future__ import annotations

import csv
import os
import traceback
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from signoff.executions.models import Execution
from signoff.inbox import looking, report, taking
from signoff.inbox.filing import NOTES
from signoff.inbox.taking import Outcome
from signoff.storage import executions
from signoff.storage.store import Store
from signoff.storage.tables import ExecutionRow


@dataclass
class Tray:
    """An inbox folder over a store. ``options`` are the inbox's, for every run."""

    store: Store
    path: Path
    options: dict[str, Any]

    def put(self, name: str, content: str | bytes = "Number: 1\nTotal: 2\n") -> Path:
        """Put a file into the folder, or into a subfolder of it."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def run(self, **options: Any) -> list[Outcome]:
        """One run over the folder, as the flow does it."""
        return run_inbox(self.store, self.path, **(self.options | options))

    @property
    def done(self) -> set[str]:
        """Names in done/, without the notes."""
        return names_in(self.path / "done")

    @property
    def failed(self) -> set[str]:
        """Names in failed/, without the notes."""
        return names_in(self.path / "failed")

    @property
    def waiting(self) -> set[str]:
        """Names that are still in the folder."""
        return names_in(self.path) - {"done", "failed", ".signoff", "report.csv"}

    def reason(self, name: str) -> str:
        """What stands beside a refused item."""
        return (self.path / "failed" / f"{name}.reason.txt").read_text()

    def executions(self) -> list[Execution]:
        """All executions there are, by number."""
        with self.store.database.reading() as session:
            ids = session.scalars(select(ExecutionRow.id).order_by(ExecutionRow.number)).all()
            return [executions.get(session, execution_id) for execution_id in ids]

    def report(self) -> list[dict[str, str]]:
        """The report's lines, by file name."""
        text = (self.path / "report.csv").read_bytes().decode("utf-8-sig")
        lines = list(csv.DictReader(text.splitlines()))
        return sorted(lines, key=lambda line: line["file"])


def run_inbox(store: Store, path: Path, *, settle: float = 0, **options: Any) -> list[Outcome]:
    """One run over the folder, as the flow does it."""
    inbox = taking.open_inbox(store, str(path), **options)
    found = looking.look_twice(inbox.folder, settle=settle)
    outcomes = list(taking.take(store, inbox, found, taking.leftovers(store, inbox)))
    report.write_report(store, inbox.folder)
    return outcomes


def names_in(folder: Path) -> set[str]:
    """What lies in a folder, without notes."""
    return {name for name in os.listdir(folder) if not name.endswith(NOTES)}  # noqa: PTH208


def mail(to: str = "invoices@example.com", sender: str = "a@example.org", **headers: str) -> str:
    """A mail's source text."""
    lines = [f"From: {sender}", f"To: {to}", "Subject: Invoice 17", "MIME-Version: 1.0"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", "Number: 17", "Total: 12.50", ""])


def in_child(work: Callable[[], None]) -> int:
    """Start ``work`` in a child process that leaves nothing but its effects; its process id."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads here, later Pythons say
        child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    return child


def exit_codes(children: Iterable[int]) -> list[int]:
    """Wait for the children."""
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def in_this_process(store: Store) -> Store:
    """The store of the parent of this child, with connections of its own."""
    store.database.engine.dispose(close=False)
    return store
