"""An inbox of 1,000 small files, half of them duplicates, beside the same without duplicates.

    python benchmarks/inbox_duplicates.py [--files 1000]

Two installations (``signoff serve`` each, on SQLite), each with an agent that signs off by itself
and a model server that answers at once and counts its calls. One inbox folder holds 500 distinct
texts and each of them once more under another name, the other one the 500 alone. A flow run of
the inbox takes everything in; the clock stops for "taken in" when it has ended, and for "read"
when the last execution is at its end. Only one installation runs at a time.
"""

from __future__ import annotations

import random
import re
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from sqlalchemy import func, select  # noqa: E402
from support.model_server import ModelServer, Reply, Request, ok  # noqa: E402

from benchmarks.results import Result, arguments, report  # noqa: E402
from benchmarks.scale_parts.installation import Installation, installation  # noqa: E402
from signoff.executions.states import Status  # noqa: E402
from signoff.storage.tables import ExecutionRow, InboxItemRow  # noqa: E402

LONGEST = 1800.0
AGENT: dict[str, Any] = {
    "name": "note",
    "data_schema": {
        "type": "object",
        "properties": {"number": {"type": "string"}, "total": {"type": "number"}},
        "required": ["number", "total"],
    },
    "review": {"auto_confirm": True},
}
_NOTE = re.compile(r"Number: (\S+)\s+Total: (\S+)")


@dataclass(frozen=True)
class Measured:
    """What became of an inbox; times in seconds."""

    files: int
    executions: int
    duplicates: int
    calls: int
    taken_in: float
    read: float
    cpu: dict[str, float]


def main() -> int:
    """Measure both, print."""
    parser = arguments(__doc__)
    parser.add_argument("--files", type=int, default=1000, help="half of them duplicates")
    options = parser.parse_args()
    distinct = options.files // 2
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, copies in (("duplicates", 2), ("distinct", 1)):
            found[name] = measure(Path(folder) / name, distinct, copies=copies)
    mixed, plain = found["duplicates"], found["distinct"]
    return report(
        [
            Result(
                number=8,
                work=f"inbox of {mixed.files:,} files, half of them duplicates: model calls",
                ours=f"{mixed.calls} calls for {distinct} contents",
                beside=f"{plain.calls} calls without duplicates",
                ratio=mixed.calls / distinct,
                goal=1.0,
                at_least=False,
                note=f"taken in within {mixed.taken_in:.0f} s and read within {mixed.read:.0f} s;"
                f" without duplicates {plain.taken_in:.0f} s and {plain.read:.0f} s",
            )
        ],
        options,
    )


def measure(home: Path, distinct: int, *, copies: int) -> Measured:
    """Have an inbox taken in and read to the end."""
    with ModelServer(fallback=answer) as model:
        settings = {
            "SIGNOFF_MODEL_URL": model.url,
            "SIGNOFF_MODEL_API_KEY": "benchmark",
            "SIGNOFF_MODEL": "benchmark",
            "SIGNOFF_MODEL_CONCURRENCY": "32",
        }
        with installation(home, agent=AGENT, settings=settings) as at:
            files = fill(home / "folder", distinct, copies=copies)
            before, began = at.cpu(), monotonic()
            run_inbox(at, home / "folder")
            taken_in = monotonic() - began
            print(f"{files:,} files taken in within {taken_in:.1f} s", flush=True)
            wait_for_the_end(at, began)
            read = monotonic() - began
            cpu = {part: seconds - before[part] for part, seconds in at.cpu().items()}
            found = Measured(
                files=files,
                executions=count(at, select(func.count()).select_from(ExecutionRow)),
                duplicates=count(
                    at, select(func.count()).where(InboxItemRow.status == "duplicate")
                ),
                calls=len(model.journal),
                taken_in=taken_in,
                read=read,
                cpu=cpu,
            )
    check(found, distinct, model)
    return found


def answer(request: Request) -> Reply:
    """What a model reads in a note."""
    number, total = _NOTE.findall(request.text)[-1]
    return ok({"number": number, "total": float(total)})


def fill(folder: Path, distinct: int, *, copies: int) -> int:
    """Put the notes into the folder, each ``copies`` times under names in no order; how many."""
    folder.mkdir()
    chance = random.Random(8)
    names = [f"scan-{number:05}.txt" for number in range(distinct * copies)]
    chance.shuffle(names)
    for at, name in enumerate(names):
        number = at % distinct
        text = f"Delivery note\n\nNumber: LS-{number:05}\nTotal: {number + 0.5}\n"
        (folder / name).write_text(text, encoding="utf-8")
    return len(names)


def run_inbox(at: Installation, folder: Path) -> None:
    """A flow run of the inbox, started by hand, to its end."""
    deployment = at.prefect_json("GET", "deployments/name/inbox/default")
    run = at.prefect_json(
        "POST",
        f"deployments/{deployment['id']}/create_flow_run",
        json={"parameters": {"folder": str(folder), "agent": "note", "settle": 0}},
    )
    began = monotonic()
    while True:
        state = at.prefect_json("GET", f"flow_runs/{run['id']}")["state"]
        if state["type"] == "COMPLETED":
            print(f"the inbox's run: {state['message']}")
            return
        if state["type"] in ("FAILED", "CRASHED", "CANCELLED") or monotonic() - began > LONGEST:
            raise SystemExit(f"The inbox's run is {state}; see {at.home}")
        sleep(0.2)


def wait_for_the_end(at: Installation, began: float) -> None:
    """Wait until every execution is signed off; it has no destinations."""
    pending = select(func.count()).where(ExecutionRow.status != Status.CONFIRMED)
    shown = monotonic()
    while left := count(at, pending):
        if monotonic() - began > LONGEST:
            raise SystemExit(f"{left} executions are not at their end; see {at.home}")
        if monotonic() - shown > 20:
            shown = monotonic()
            print(f"{left} executions left after {shown - began:.0f} s", flush=True)
        sleep(0.2)


def count(at: Installation, query: Any) -> int:
    """What a counting query gives."""
    with at.store.database.reading() as session:
        return int(session.scalar(query) or 0)


def check(found: Measured, distinct: int, model: ModelServer) -> None:
    """Print what was found; each content was to be asked about once."""
    cpu = ", ".join(f"{part} {seconds:.0f}" for part, seconds in found.cpu.items())
    print(
        f"{found.executions} executions, {found.duplicates} duplicates, {found.calls} calls to the"
        f" model, all read within {found.read:.1f} s; CPU seconds: {cpu}",
        flush=True,
    )
    asked = Counter(_NOTE.findall(request.text)[-1] for request in model.journal)
    if len(asked) != distinct or found.executions != distinct:
        raise SystemExit(f"{len(asked)} of {distinct} contents were asked about.")


if __name__ == "__main__":
    sys.exit(main())
