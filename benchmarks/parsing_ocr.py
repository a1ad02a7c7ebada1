"""OCR of 40 scanned pages beside Tesseract's command line on two cores.

    python benchmarks/parsing_ocr.py [--pages 40] [--rounds 3]

The pages are made-up letters at 300 dpi, a little askew, with noise. Ours is the way of every
execution: a PDF of all pages, never seen before; each page rendered, its shadows levelled, read
with words and boxes, looked over for text that was missed (which is then read once more), laid out,
stored and recorded; in child processes with limits, which are started anew. Beside it
``ls *.jpg | xargs -P2 -n1 tesseract`` with TSV output (words and boxes too), the same languages,
page segmentation and OMP_THREAD_LIMIT=1, on the JPEGs that the PDF was made of.

Two pages at a time on both sides. A round takes some two minutes on two cores.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.parsing_parts.fresh import fresh
from benchmarks.parsing_parts.scans import joined, make_scans
from benchmarks.results import Result, arguments, report
from signoff.documents.model import TextSource
from signoff.documents.sandbox import close_sandboxes
from signoff.settings import Settings

GOAL = 0.9
WORKERS = 2


def main() -> int:
    """Measure both sides in turns, print."""
    parser = arguments(__doc__)
    parser.add_argument("--pages", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    seconds: dict[str, list[float]] = {"ours": [], "peer": []}
    cpu: dict[str, list[float]] = {"ours": [], "peer": []}
    with tempfile.TemporaryDirectory() as folder:
        scans = make_scans(Path(folder), options.pages)
        document = joined(scans, Path(folder) / "scans.pdf")
        print(f"{len(scans)} pages, {document.stat().st_size / 2**20:.0f} MiB", flush=True)
        for number in range(options.rounds):
            for name in ("ours", "peer"):
                used = os.times()
                began = perf_counter()
                words = ours(document) if name == "ours" else peer(scans)
                seconds[name].append(perf_counter() - began)
                now = os.times()
                cpu[name].append(sum(now[:4]) - sum(used[:4]))
                print(
                    f"round {number + 1}, {name}: {seconds[name][-1]:.1f} s, CPU"
                    f" {cpu[name][-1]:.1f} s, {words} words",
                    flush=True,
                )
    speed = {name: options.pages / median(taken) for name, taken in seconds.items()}
    used_cpu = {name: median(taken) / options.pages for name, taken in cpu.items()}
    return report(
        [
            Result(
                number=5,
                work=f"OCR of {options.pages} scanned pages",
                ours=f"{speed['ours']:.2f} pages/s",
                beside=f"xargs -P{WORKERS} tesseract: {speed['peer']:.2f} pages/s",
                ratio=speed["ours"] / speed["peer"],
                goal=GOAL,
                note=f"CPU seconds per page: {used_cpu['ours']:.2f} beside {used_cpu['peer']:.2f}",
            )
        ],
        options,
    )


def ours(document: Path) -> int:
    """Parse it on a new installation, with new child processes; how many words were found."""
    with fresh(parse_workers=WORKERS) as parsing:
        [parsed] = parsing.parse(parsing.take_in([document]))
        pages = list(parsed.pages())
    close_sandboxes()  # their CPU seconds are counted once they have ended
    if any(page.source is not TextSource.OCR for page in pages):
        raise SystemExit("A page was not read by OCR.")
    return sum(len(page.words) for page in pages)


def peer(scans: Sequence[Path]) -> int:
    """Tesseract's command line on each; how many words it found."""
    with tempfile.TemporaryDirectory() as folder:
        languages = Settings().ocr_languages
        command = (
            f'tesseract "$1" "{folder}/$(basename "$1")" -l {languages} --psm 3'
            " -c tessedit_create_tsv=1 2>/dev/null"
        )
        subprocess.run(
            ["xargs", f"-P{WORKERS}", "-n1", "sh", "-c", command, "sh"],
            input="".join(f"{scan}\n" for scan in scans),
            text=True,
            check=True,
            env=os.environ | {"OMP_THREAD_LIMIT": "1"},
        )
        found = sorted(Path(folder).glob("*.tsv"))
        if len(found) != len(scans):
            raise SystemExit("Tesseract did not read every page.")
        rows = [line.split("\t") for path in found for line in path.read_text().splitlines()[1:]]
    return sum(1 for row in rows if row[0] == "5" and row[-1].strip())


if __name__ == "__main__":
    sys.exit(main())
