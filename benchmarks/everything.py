"""Runs every benchmark, prints one table, and writes it into docs/performance.md.

    scripts/benchmark [4 5 …] [--no-page]

Numbers of the table choose some; the page keeps the last rows of the others. Close other programs:
both sides of a row are measured in one run, but noise is noise.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import monotonic

from benchmarks.results import Result, read, table, write

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "performance.md"
KEPT = HERE / "last_results.json"
MARKS = ("<!-- results -->", "<!-- end of results -->")

# the rows of the table that each script gives
SCRIPTS = {
    "pipeline.py": (1, 2),
    "latency.py": (3,),
    "parsing_text.py": (4,),
    "parsing_ocr.py": (5,),
    "parsing_memory.py": (6,),
    "waiting.py": (7,),
    "inbox_duplicates.py": (8,),
}
PACKAGES = ("prefect", "pydantic", "sqlalchemy", "pypdfium2", "openai")


def main() -> int:
    """Run, print and keep; fails when a goal is missed or a benchmark fails."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("numbers", nargs="*", type=int, help="rows of the table; default: all")
    parser.add_argument("--no-page", action="store_true", help="leave docs/performance.md alone")
    options = parser.parse_args()
    results: list[Result] = []
    failed: list[str] = []
    for script, numbers in SCRIPTS.items():
        if options.numbers and not set(numbers) & set(options.numbers):
            continue
        found = run(script)
        results.extend(found)
        if not found:
            failed.append(script)
    print(f"\n{machine()}\n\n{table(results)}")
    if results and not options.no_page:
        write_page(results)
    for script in failed:
        print(f"{script} gave no results.", file=sys.stderr)
    return int(bool(failed) or not all(result.met for result in results))


def run(script: str) -> list[Result]:
    """One benchmark in a process of its own; what it prints is seen as it goes."""
    print(f"\n== {script}", flush=True)
    began = monotonic()
    with scratch_file() as kept:
        subprocess.run([sys.executable, str(HERE / script), "--results", str(kept)], check=False)
        print(f"({monotonic() - began:.0f} s)", flush=True)
        return read(kept) if kept.exists() else []


@contextmanager
def scratch_file() -> Iterator[Path]:
    """A path for a benchmark to write to."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "results.json"


def machine() -> str:
    """Where and with what this was measured, for people."""
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    tesseract = subprocess.run(
        ["tesseract", "--version"], capture_output=True, text=True, check=True
    ).stdout.splitlines()[0]
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({processor()}),"
        f" {gigabytes:.0f} GiB, Linux {platform.release().split('-')[0]},"
        f" Python {platform.python_version()}; {versions}, {tesseract}"
    )


def processor() -> str:
    """The processor's name, as the kernel tells it."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def write_page(results: Sequence[Result]) -> None:
    """Keep the rows, beside those of benchmarks that were not run, and show them on the page."""
    measured = {row.number for row in results}
    kept = [row for row in read(KEPT) if row.number not in measured] if KEPT.exists() else []
    rows = sorted([*kept, *results], key=lambda row: row.number)
    write(KEPT, rows)
    before, mark, rest = PAGE.read_text(encoding="utf-8").partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    page = f"{before}{mark}\n{machine()}\n\n{table(rows)}\n{end}{after}"
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
