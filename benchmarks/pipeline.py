"""One-page PDFs through the whole pipeline, beside a thread pool and beside stock Prefect.

    python benchmarks/pipeline.py [--executions 200] [--rounds 3] [--kill] [--worker process]

Each execution is created over HTTP with its file, parsed, read by a model server that answers
after 2 s, signed off by the policy and delivered to a webhook. The clock runs from the first
request that creates one to the last delivery. The peers get the same files and a prompt of the
same size, and call the same servers:

1. a plain script: ThreadPoolExecutor(32), pypdfium2, openai, requests; nothing is recorded.
2. stock Prefect: the same script as a flow of three tasks, a process worker (a process per run).
   It is given fewer documents, since it takes a second or more for each; throughputs compare.

--kill kills our worker (SIGKILL) amid the run, and shows that every execution is delivered after
its restart, with one webhook-id. --worker process has a stock process worker run our flow.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import monotonic, sleep
from typing import Any

import requests

from benchmarks.pipeline_parts import documents
from benchmarks.pipeline_parts.ours import CONCURRENCY, PARTS, Signoff, signoff
from benchmarks.pipeline_parts.processes import (
    answers,
    find,
    free_port,
    python,
    running,
    wait_until,
)
from benchmarks.pipeline_parts.stock import stock_prefect
from benchmarks.results import Result, arguments, report

MODEL_SECONDS = 2
LONGEST = 1200
PROCESSES = 4
"""Runs at a time of the process workers: more only take the two cores from one another."""


@dataclass
class Bench:
    """The servers and documents that all sides share."""

    folder: Path
    model: str
    receiver: str

    @property
    def webhook(self) -> str:
        """Where data is delivered."""
        return f"{self.receiver}/hook"

    def deliveries(self) -> dict[str, Any]:
        """What the receiver has on record."""
        found: dict[str, Any] = requests.get(f"{self.receiver}/kept", timeout=30).json()
        return found

    def wait_for(self, count: int) -> float:
        """Wait until so many different documents are delivered; when the last one was."""
        wait_until(
            lambda: len(self.deliveries()["numbers"]) >= count,
            seconds=LONGEST,
            what=f"{count} deliveries",
        )
        return float(self.deliveries()["last"])

    def forget(self) -> None:
        """Begin a new record."""
        requests.get(f"{self.receiver}/forget", timeout=30)


def main() -> int:
    """Measure, and print the rows."""
    parser = arguments(__doc__ or "")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--executions", type=int, help="how many (200; with processes: 24)")
    parser.add_argument("--rounds", type=int, default=3, help="of both sides, in turns (3)")
    parser.add_argument("--stock", type=int, default=24, help="documents for stock Prefect (24)")
    parser.add_argument("--worker", choices=("signoff", "process"), default="signoff")
    parser.add_argument("--kill", action="store_true", help="kill the worker amid the run")
    parser.add_argument("--no-peers", action="store_true", help="our side only")
    options = parser.parse_args()
    if options.stock < 1:
        parser.error("--stock must be at least 1; --no-peers leaves the peers out")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that all that was started is stopped
    process = options.worker == "process"
    count = options.executions or (24 if process else 200)
    with shared() as bench, ExitStack() as stack:
        ours = stack.enter_context(
            signoff(
                bench.folder / "ours",
                model=f"{bench.model}/v1",
                webhook=bench.webhook,
                process_worker=PROCESSES if process else None,
            )
        )
        messages = warm_up(bench, ours)
        if options.kill or process:
            return prove(bench, ours, count, kill=options.kill)
        fast, plain = [], []
        for turn in range(options.rounds):
            numbers = range(1000 * (turn + 1), 1000 * (turn + 1) + count)
            fast.append(measure(bench, ours, numbers))
            if not options.no_peers:
                plain.append(thread_pool(bench, numbers, messages))
        if options.no_peers:
            return 0
        stack.close()
        slow = stock(bench, range(900_000, 900_000 + options.stock), messages)
    work = f"{count} one-page PDFs, created to delivered"
    rate = f"{median(fast):.2f}/s"
    return report(
        [
            Result(
                1, work, rate, f"thread pool: {median(plain):.2f}/s",
                median(one / other for one, other in zip(fast, plain, strict=True)), 0.5,
            ),
            Result(
                2, work, rate, f"stock Prefect: {slow:.2f}/s", median(fast) / slow, 10,
                note=f"stock Prefect was given {options.stock} documents.",
            ),
        ],
        options,
    )  # fmt: skip


@contextmanager
def shared() -> Iterator[Bench]:
    """A folder, the model and the receiver."""
    with tempfile.TemporaryDirectory(prefix="signoff-pipeline-") as name, ExitStack() as stack:
        folder, urls = Path(name), []
        for kind, *more in (("model", str(MODEL_SECONDS)), ("receiver",)):
            port = free_port()
            command = ["-m", "benchmarks.pipeline_parts.servers", kind, str(port), *more]
            stack.enter_context(running(command, log=folder / f"{kind}.log"))
            url = f"http://127.0.0.1:{port}"
            wait_until(lambda url=url: answers(f"{url}/kept"), seconds=30, what=kind)  # type: ignore[misc]
            urls.append(url)
        yield Bench(folder, *urls)


def warm_up(bench: Bench, ours: Signoff) -> Path:
    """One execution before the clock runs; its prompt, for the peers."""
    ours.create(documents.make(bench.folder / "warm", range(999_999, 1_000_000)))
    bench.wait_for(1)
    bench.forget()
    kept = requests.get(f"{bench.model}/kept", timeout=30).json()
    path = bench.folder / "messages.txt"
    path.write_text(
        "\n".join(_text(message["content"]) for message in kept["messages"]), encoding="utf-8"
    )
    print(f"The prompt has {path.stat().st_size:,} bytes, the request {kept['bytes']:,}.")
    return path


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "\n".join(part["text"] for part in content)


def measure(bench: Bench, ours: Signoff, numbers: range) -> float:
    """Our executions per second; prints what they cost."""
    files = documents.make(bench.folder / f"files-{numbers.start}", numbers)
    before, began = ours.cpu(), monotonic()
    ours.create(files)
    created = monotonic() - began
    seconds = bench.wait_for(len(files)) - began
    cost = {name: value - before[name] for name, value in ours.cpu().items()}
    parts = ", ".join(f"{name} {value / len(files):.3f}" for name, value in cost.items())
    print(
        f"Signoff: {len(files)} in {seconds:.1f} s ({len(files) / seconds:.2f}/s), created after"
        f" {created:.1f} s; CPU seconds for each: {parts};"
        f" together {sum(cost.values()) / len(files):.3f}",
        flush=True,
    )
    bench.forget()
    return len(files) / seconds


def thread_pool(bench: Bench, numbers: range, messages: Path) -> float:
    """The plain script's documents per second."""
    folder = bench.folder / f"files-{numbers.start}"
    command = ["-m", "benchmarks.pipeline_parts.thread_pool", str(folder), f"{bench.model}/v1"]
    began = float(
        python([*command, bench.webhook, str(messages), str(CONCURRENCY)], dict(os.environ))
    )
    seconds = bench.wait_for(len(numbers)) - began
    rate = len(numbers) / seconds
    print(f"Thread pool: {len(numbers)} in {seconds:.1f} s ({rate:.2f}/s)", flush=True)
    bench.forget()
    return rate


def stock(bench: Bench, numbers: range, messages: Path) -> float:
    """Stock Prefect's documents per second."""
    files = documents.make(bench.folder / "stock-files", numbers)
    with stock_prefect(
        bench.folder / "stock",
        model=f"{bench.model}/v1",
        webhook=bench.webhook,
        messages=messages,
        limit=PROCESSES,
    ) as prefect:
        began = prefect.create(files)
        seconds = bench.wait_for(len(files)) - began
    rate = len(files) / seconds
    print(f"Stock Prefect: {len(files)} in {seconds:.1f} s ({rate:.2f}/s)", flush=True)
    return rate


def prove(bench: Bench, ours: Signoff, count: int, *, kill: bool) -> int:
    """Every execution ends delivered, with one webhook-id; also when the worker is killed."""
    files = documents.make(bench.folder / "files", range(count))
    began = monotonic()
    if kill:
        threading.Thread(target=_kill_amid, args=(bench, ours, count), daemon=True).start()
    ours.create(files)
    bench.wait_for(count)
    wait_until(
        lambda: ours.statuses() == {"DELIVERED_TO_DESTINATION": count + 1},
        seconds=LONGEST,
        what=f"{count} executions are delivered",
    )
    kept = bench.deliveries()
    calls = requests.get(f"{bench.model}/kept", timeout=30).json()["calls"] - 1
    print(
        f"{count} of {count} delivered in {monotonic() - began:.1f} s,"
        f" {len(kept['seen'])} webhook-ids, {sum(kept['seen'].values())} webhooks,"
        f" {calls} model calls."
    )
    proven = len(kept["seen"]) == len(kept["numbers"]) == count
    print("Proven." if proven else "NOT proven: an execution has more than one webhook-id.")
    return int(not proven)


def _kill_amid(bench: Bench, ours: Signoff, count: int) -> None:
    while len(bench.deliveries()["numbers"]) < count // 4:
        sleep(0.1)
    victim = find(ours.pids["worker"], PARTS["worker"])
    os.kill(victim, signal.SIGKILL)
    print(f"Killed the worker (process {victim}) with", end=" ")
    print(f"{len(bench.deliveries()['numbers'])} of {count} delivered.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
