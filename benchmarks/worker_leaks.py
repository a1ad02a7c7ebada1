"""What a warm worker holds after a thousand suspended runs, beside what it held after 200.

    python benchmarks/worker_leaks.py [--reviews 1000]

Each execution is read by the offline reader and suspended for review; nobody answers. Counted of
the worker's process: threads, open files, connections, resident memory.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sqlalchemy import func, select

from benchmarks.latency import SETTINGS, agent, receiver
from benchmarks.pipeline_parts.processes import find, wait_until
from benchmarks.scale_parts.installation import Installation, installation
from signoff.executions.states import Status
from signoff.storage.tables import ExecutionRow

BATCH = 50
WARM_UP = 200
"""Until then its pools of connections fill (20 to Prefect's server, one to SQLite per thread)."""
CLIENTS = 4
QUIET = 15.0
"""Idle threads and connections of pools are given this long to end."""
Held = dict[str, int]


def main() -> int:
    """Count, and print; 1 when more is held at the end than at the beginning."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--reviews", type=int, default=1000)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="signoff-leaks-") as name,
        receiver() as url,
        installation(Path(name) / "home", agent=agent(url), settings=SETTINGS) as at,
    ):
        worker = find(at.pid, "prefect worker start")
        upload(at, range(WARM_UP))
        first = held_at_rest(at, worker, WARM_UP)
        print(f"{WARM_UP} suspended, and a rest: {described(first)}", flush=True)
        began = monotonic()
        for start in range(WARM_UP + 1, options.reviews, BATCH):
            end = min(start + BATCH, options.reviews)
            upload(at, range(start, end))
            print(f"{end} suspended: {described(held(worker))}", flush=True)
        took = monotonic() - began
        last = held_at_rest(at, worker, options.reviews)
        print(f"{options.reviews} suspended, and a rest: {described(last)}")
        print(f"{(options.reviews - WARM_UP) / took:.1f} executions a second")
        grown = [what for what in ("threads", "files", "connections") if last[what] > first[what]]
        print(f"grown: {', '.join(grown) or 'nothing'}")
        return int(bool(grown))


def upload(at: Installation, numbers: Sequence[int]) -> None:
    """Create executions, and wait until all are suspended for review."""
    agent_id = at.agent_id("note")

    def create(number: int) -> None:
        text = f"Delivery note\n\nNumber: LS-{number}\nTotal: 55.20\n"
        at.call(
            "POST",
            f"/api/v1/agent-executions?agent_id={agent_id}",
            files=[("input_files", ("note.txt", text.encode()))],
        )

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(create, numbers))
    wait_until(
        lambda: at_rest(at) == numbers[-1] + 1,
        seconds=300,
        what="all are suspended, their forms written",
    )


def at_rest(at: Installation) -> int:
    """How many reviews wait for nothing but their answer."""
    waiting = select(func.count()).where(
        ExecutionRow.status == Status.PENDING_REVIEW, ExecutionRow.settled.is_(True)
    )
    with at.store.database.reading() as session:
        return session.scalar(waiting) or 0


def held_at_rest(at: Installation, worker: int, number: int) -> Held:
    """What it holds after a rest and one more run: idle threads end when another is asked for."""
    sleep(QUIET)
    upload(at, range(number, number + 1))
    sleep(1)
    return held(worker)


def held(pid: int) -> Held:
    """What a process holds."""
    process = Path(f"/proc/{pid}")
    links = []
    for file in (process / "fd").iterdir():
        try:
            links.append(str(file.readlink()))
        except OSError:
            continue  # closed meanwhile
    resident = next(
        line for line in (process / "status").read_text().splitlines() if line.startswith("VmRSS")
    )
    return {
        "threads": len(list((process / "task").iterdir())),
        "files": len(links),
        "connections": sum(link.startswith("socket:") for link in links),
        "MiB": int(resident.split()[1]) // 1024,
    }


def described(counts: Held) -> str:
    """The counts as people read them."""
    return ", ".join(f"{count} {what}" for what, count in counts.items())


if __name__ == "__main__":
    sys.exit(main())
