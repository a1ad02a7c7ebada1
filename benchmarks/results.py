"""What benchmarks end with: rows of one table, printed, and kept as JSON for scripts/benchmark."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Result:
    """One row: our work beside a peer's or a limit, and the goal for their ratio.

    ``ratio`` is the one that the goal speaks of; ``at_least`` says on which side of ``goal`` it
    is good. ``ours`` and ``beside`` are for people: medians with their units.
    """

    number: int
    work: str
    ours: str
    beside: str
    ratio: float
    goal: float
    at_least: bool = True
    note: str = ""

    @property
    def met(self) -> bool:
        """Whether the goal is reached."""
        return self.ratio >= self.goal if self.at_least else self.ratio <= self.goal

    @property
    def aim(self) -> str:
        """The goal as people read it."""
        return f"{'≥' if self.at_least else '≤'} {self.goal:g}"


def arguments(description: str) -> argparse.ArgumentParser:
    """A parser that knows ``--results``, for a benchmark to add its own options to."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--results", type=Path, help="also write the rows to this JSON file")
    return parser


def report(results: Sequence[Result], options: argparse.Namespace) -> int:
    """Print the rows and keep them; returns 1 when a goal is missed, for ``sys.exit``."""
    print(f"\n{table(results)}")
    if options.results is not None:
        write(options.results, results)
    return int(not all(result.met for result in results))


def write(path: Path, results: Sequence[Result]) -> None:
    """Keep rows, for ``read``."""
    rows = [asdict(result) for result in results]
    path.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read(path: Path) -> list[Result]:
    """The rows that ``report`` or ``write`` kept."""
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return [Result(**row) for row in rows]


def table(results: Sequence[Result]) -> str:
    """A Markdown table, which reads well in a terminal too."""
    header = ("#", "work", "Signoff", "beside", "ratio", "goal", "")
    rows = [
        (
            str(result.number),
            result.work,
            result.ours,
            result.beside,
            f"{result.ratio:.2f}",
            result.aim,
            "met" if result.met else "missed",
        )
        for result in results
    ]
    widths = [max(len(row[at]) for row in (header, *rows)) for at in range(len(header))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in (header, tuple("-" * width for width in widths), *rows)
    ]
    notes = [f"{result.number}: {result.note}" for result in results if result.note]
    return "\n".join([*lines, *([""] if notes else []), *notes])
