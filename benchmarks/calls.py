"""What one execution asks of Prefect and of our database, and the CPU seconds that it takes.

    python benchmarks/calls.py [--executions 10]

Executions run as in benchmarks/pipeline.py (one-page PDFs, over HTTP, signed off by the policy,
delivered), one after the other, through ``signoff serve``; what is printed is the mean of one.
What comes with time and not with executions (polling, reconciliation) is measured while nothing
runs, for as long, and taken off.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

from benchmarks.pipeline import Bench, shared
from benchmarks.pipeline_parts import documents
from benchmarks.pipeline_parts.ours import Signoff, signoff
from benchmarks.pipeline_parts.prefect import prefect_server
from benchmarks.pipeline_parts.processes import cpu_seconds
from benchmarks.pipeline_parts.proxy import Counted, counting_proxy

COUNTING = Path(__file__).resolve().parent / "pipeline_parts" / "counting"


@dataclass
class Picture:
    """Everything counted up to a moment."""

    calls: Counted
    statements: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    cpu: dict[str, float] = field(default_factory=dict)


@dataclass
class Counting:
    """Takes pictures."""

    home: Path
    calls: Counted
    server: int
    ours: Signoff

    def picture(self) -> Picture:
        """What was counted so far."""
        sleep(2)  # events and counts are written now and then
        statements: Counter[str] = Counter()
        for file in (self.home / "counts").glob("*.json"):
            statements.update(json.loads(file.read_text()))
        database = sqlite3.connect(self.home / "prefect" / "prefect.db", timeout=60)
        events = Counter(
            dict(database.execute("SELECT event, count(*) FROM events GROUP BY event"))
        )
        events["(lines of log)"] = database.execute("SELECT count(*) FROM log").fetchone()[0]
        database.close()
        cpu = {"Prefect's server": cpu_seconds(self.server), **self.ours.cpu()}
        return Picture(self.calls.copy(), statements, events, cpu)


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--executions", type=int, default=10)
    count = parser.parse_args().executions
    with shared() as bench, ExitStack() as stack:
        counting = start(bench, stack)
        counting.ours.create(documents.make(bench.folder / "warm", range(999, 1000)))
        bench.wait_for(1)
        files = documents.make(bench.folder / "files", range(count))
        before, began = counting.picture(), monotonic()
        for done, file in enumerate(files):
            counting.ours.create([file])
            bench.wait_for(done + 2)
        after, took = counting.picture(), monotonic() - began
        sleep(took)
        idle = counting.picture()
    show(before, after, idle, count)


def start(bench: Bench, stack: ExitStack) -> Counting:
    """Prefect's server, the proxy before it, and ours."""
    home = bench.folder / "ours"
    (home / "counts").mkdir(parents=True)
    server = stack.enter_context(prefect_server(home))
    calls = stack.enter_context(counting_proxy(server.port))
    ours = stack.enter_context(
        signoff(
            home,
            model=f"{bench.model}/v1",
            webhook=bench.webhook,
            settings={
                "PREFECT_API_URL": f"http://127.0.0.1:{calls.port}/api",
                "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "false",
                "PYTHONPATH": str(COUNTING),
                "SIGNOFF_COUNTS": str(home / "counts"),
            },
        )
    )
    return Counting(home, calls, server.pid, ours)


def show(before: Picture, after: Picture, idle: Picture, count: int) -> None:
    """Print what one execution took: what was counted, less what an idle installation takes."""

    def table(title: str, *counted: Counter[str]) -> None:
        start, end, later = counted
        each = {
            name: ((end[name] - start[name]) - (later[name] - end[name])) / count for name in later
        }
        total = sum(value for value in each.values() if value > 0)
        print(f"\n{title}: {total:.1f}")
        for name, value in sorted(each.items(), key=lambda item: -item[1]):
            if abs(value) >= 0.05:
                print(f"  {value:8.1f}  {name}")

    pictures = (before, after, idle)
    table("Calls of Prefect's API", *(picture.calls.requests for picture in pictures))
    table("Bytes and connections", *(picture.calls.totals for picture in pictures))
    table("Prefect's events", *(picture.events for picture in pictures))
    table("Our database's statements", *(picture.statements for picture in pictures))
    print("\nCPU seconds")
    for name in idle.cpu:
        used = after.cpu[name] - before.cpu[name]
        rest = idle.cpu[name] - after.cpu[name]
        print(f"  {(used - rest) / count:8.3f}  {name}")


if __name__ == "__main__":
    main()
