"""What 5,000 executions that wait for review cost those that do not.

    python benchmarks/waiting.py [--waiting 5000] [--rounds 10]

Two installations (``signoff serve`` each, on SQLite, with 1,000 delivered executions), one of
them with 5,000 more in review: suspended flow runs whose forms are written. Both are asked in
turns, the other one's processes stopped (SIGSTOP) meanwhile, so that what one does in the
background is its own burden alone: how long lists take over HTTP in both dialects that have
some, an upload until its run is at work, and an approval until the data is delivered. Counted
are processes and threads at rest, and what a minute at rest and a round of reconciliation cost.

One execution in review and one delivered are real; the others are copies of their rows in
Signoff's database and in Prefect's, since making 5,000 runs through Prefect's API takes longer
than the rest. At the end some of the copies are approved, to show that they are as good.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import monotonic, process_time, sleep
from typing import Any
from uuid import UUID

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import httpx  # noqa: E402
from support.receiver import Receiver  # noqa: E402

from benchmarks.results import Result, arguments, report  # noqa: E402
from benchmarks.scale_parts.copies import copy_executions, is_settled  # noqa: E402
from benchmarks.scale_parts.installation import Installation, installation  # noqa: E402
from signoff import prefect_runs  # noqa: E402
from signoff.executions.states import Status  # noqa: E402
from signoff.reconciler import reconcile  # noqa: E402

GOAL = 1.5
DELIVERED = 1000
TRIED = 10
"""Copies that are approved at the end."""

ASKED = 10
"""Requests for each list in a turn; of all the quickest counts, since noise only adds."""

REST_SECONDS = 30.0
AGENT: dict[str, Any] = {
    "name": "note",
    "data_schema": {
        "type": "object",
        "properties": {"number": {"type": "string"}, "total": {"type": "number"}},
        "required": ["number"],
    },
}
WORKSPACES, AGENTIC = "/api/v1/agent-executions", "/api/agentic-executions/"
LISTS = (
    ("Bearer", f"{WORKSPACES}?limit=100&expand=total_count"),
    ("Bearer", f"{WORKSPACES}?limit=100&status=DELIVERED_TO_DESTINATION&expand=total_count"),
    ("Bearer", f"{WORKSPACES}?limit=100&agent_id={{agent}}&expand=total_count"),
    ("Token", AGENTIC),
    ("Token", f"{AGENTIC}?status=finished"),
    ("Token", f"{AGENTIC}?agent_id=1&page=2"),
)


@dataclass
class Side:
    """An installation, and what was measured of it, in seconds."""

    name: str
    at: Installation
    copies: list[UUID] = field(default_factory=list)
    lists: dict[str, list[float]] = field(default_factory=dict)
    create: list[float] = field(default_factory=list)
    approve: list[float] = field(default_factory=list)
    uploads: int = 0

    def upload(self) -> tuple[str, float]:
        """Create an execution; its id, and how long it takes until its run is at work."""
        self.uploads += 1
        text = f"Delivery note\n\nNumber: {self.name} {self.uploads}\nTotal: 55.20\n"
        began = monotonic()
        created = self.at.call(
            "POST",
            f"{WORKSPACES}?agent_id={self.at.agent_id('note')}",
            files=[("input_files", ("note.txt", text.encode()))],
        )
        self.at.seconds_until(created["id"], lambda execution: execution.started_at is not None)
        return created["id"], monotonic() - began

    def confirm(self, execution_id: str) -> float:
        """Approve an execution; how long it takes until its data is delivered."""
        body = {"state": {"status": "CONFIRMED", "dataConfirmed": {"number": "1", "total": 2.5}}}
        began = monotonic()
        self.at.call("PATCH", f"{WORKSPACES}/{execution_id}", json=body)
        self.at.seconds_until(
            execution_id, lambda execution: execution.status is Status.DELIVERED_TO_DESTINATION
        )
        return monotonic() - began


def main() -> int:
    """Measure both sides in turns, and print."""
    parser = arguments(__doc__)
    parser.add_argument("--waiting", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        Receiver() as receiver,
        ExitStack() as stack,
    ):
        agent = AGENT | {"destinations": [{"type": "WEBHOOK", "url": receiver.url()}]}
        sides = []
        for name, waiting in (("none", 0), ("many", options.waiting)):
            print(f"Starting the installation with {waiting:,} waiting …", flush=True)
            at = stack.enter_context(installation(Path(folder) / name, agent=agent, settings={}))
            sides.append(Side(name, at))
            fill(sides[-1], waiting)
        few, many = sides
        for done in range(options.rounds):
            for side, other in (
                ((few, many), (many, few)) if done % 2 else ((many, few), (few, many))
            ):
                with other.at.frozen():
                    turn(side)
            print(
                f"round {done + 1}: create {few.create[-1]:.2f} s and {many.create[-1]:.2f} s,"
                f" approve {few.approve[-1]:.2f} s and {many.approve[-1]:.2f} s",
                flush=True,
            )
        results = rows(few, many, options.waiting)
        for side, other in ((few, many), (many, few)):
            with other.at.frozen():
                rest(side)
        prove(many)
    return report(results, options)


def fill(side: Side, waiting: int) -> None:
    """Have the delivered and the waiting executions there."""
    at, prefect = side.at, side.at.home / "prefect" / "prefect.db"
    began = monotonic()
    template = review(side)
    side.confirm(template)
    # once nobody looks at it any more
    at.seconds_until(template, lambda _: is_settled(at.store, UUID(template)))
    copy_executions(at.store, prefect, UUID(template), count=DELIVERED)
    if waiting:
        template = review(side)
        at.seconds_until(template, lambda _: is_settled(at.store, UUID(template)))
        side.copies = copy_executions(at.store, prefect, UUID(template), count=waiting - 1)
    print(f"filled in {monotonic() - began:.0f} s", flush=True)


def review(side: Side) -> str:
    """A new execution whose form is open."""
    execution_id, _ = side.upload()
    side.at.seconds_until(
        execution_id,
        lambda found: found.status is Status.PENDING_REVIEW and form_is_open(side, found),
    )
    return execution_id


def form_is_open(side: Side, execution: Any) -> bool:
    """Whether the run is suspended and its form is written."""
    run = f"flow_runs/{execution.flow_run_id}"
    if side.at.prefect_json("GET", run)["state"]["type"] != "PAUSED":
        return False
    key = prefect_runs.keyset(execution.review_round)["schema"]
    return side.at.session.get(f"{side.at.prefect}/{run}/input/{key}", timeout=60).ok


def turn(side: Side) -> None:
    """Measure everything once."""
    agent = side.at.agent_id("note")
    for scheme, path in LISTS:
        took = []
        for _ in range(ASKED):
            began = monotonic()
            side.at.call("GET", path.format(agent=agent), scheme=scheme)
            took.append(monotonic() - began)
        side.lists.setdefault(path, []).append(min(took))
    execution_id, seconds = side.upload()
    side.create.append(seconds)
    side.at.seconds_until(
        execution_id,
        lambda found: found.status is Status.PENDING_REVIEW and form_is_open(side, found),
    )
    side.approve.append(side.confirm(execution_id))


def rows(few: Side, many: Side, waiting: int) -> list[Result]:
    """What the turns give."""
    print(f"\n{'ms':>7} {f'{waiting:,} waiting':>15} {'ratio':>6}  list")
    worst = ("", 0.0, 0.0)
    for path, took in few.lists.items():
        one, other = min(took), min(many.lists[path])
        print(f"{one * 1000:7.1f} {other * 1000:15.1f} {other / one:6.2f}  {path}")
        worst = max(worst, (path, one, other), key=lambda row: row[2] / (row[1] or 1))
    _, one, other = worst
    work = f"{waiting:,} executions in review"
    processes, threads = few.at.held()
    processes_too, threads_too = many.at.held()
    return [
        Result(
            number=7,
            work=f"{work}: the slowest list",
            ours=f"{other * 1000:.1f} ms",
            beside=f"{one * 1000:.1f} ms",
            ratio=other / one,
            goal=GOAL,
            at_least=False,
        ),
        *(
            Result(
                number=7,
                work=f"{work}: {what}",
                ours=f"{median(other):.2f} s",
                beside=f"{median(one):.2f} s",
                ratio=median(other) / median(one),
                goal=GOAL,
                at_least=False,
            )
            for what, one, other in (
                ("create to running", few.create, many.create),
                ("approve to delivered", few.approve, many.approve),
            )
        ),
        Result(
            number=7,
            work=f"{work}: processes",
            ours=f"{processes_too} with {threads_too} threads",
            beside=f"{processes} with {threads} threads",
            ratio=processes_too / processes,
            goal=1.0,
            at_least=False,
        ),
    ]


def rest(side: Side) -> None:
    """Print what a minute at rest costs, and a round of reconciliation."""
    before = side.at.cpu()
    sleep(REST_SECONDS)
    took = {name: seconds - before[name] for name, seconds in side.at.cpu().items()}
    spent = ", ".join(f"{name} {seconds:.1f}" for name, seconds in took.items())
    print(f"{side.name}: CPU seconds in {REST_SECONDS:.0f} s at rest: {spent}", flush=True)
    prefect_runs.use_server(side.at.prefect)
    before, began, used = side.at.cpu(), monotonic(), process_time()
    with counted_calls() as calls:
        done = reconcile(side.at.store)
    server = side.at.cpu()["Prefect's server"] - before["Prefect's server"]
    print(
        f"{side.name}: a round of reconciliation: {monotonic() - began:.2f} s,"
        f" {process_time() - used:.2f} CPU seconds and the server's {server:.2f},"
        f" {len(calls)} calls, {len(done)} executions to be mended",
        flush=True,
    )


@contextmanager
def counted_calls() -> Iterator[list[str]]:
    """The HTTP calls that this process makes through httpx meanwhile."""
    calls: list[str] = []
    send = httpx.Client.send

    def counting(client: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        calls.append(f"{request.method} {request.url.path}")
        return send(client, request, **options)

    httpx.Client.send = counting  # type: ignore[method-assign, assignment]
    try:
        yield calls
    finally:
        httpx.Client.send = send  # type: ignore[method-assign]


def prove(side: Side) -> None:
    """Approve some of the copies: they are runs like any other."""
    chosen = side.copies[:: max(1, len(side.copies) // TRIED)][:TRIED]
    took = [side.confirm(str(execution_id)) for execution_id in chosen]
    if took:
        print(f"{len(took)} of the copies approved and delivered, {median(took):.2f} s each")


if __name__ == "__main__":
    os.environ["PREFECT_LOGGING_LEVEL"] = "WARNING"
    sys.exit(main())
