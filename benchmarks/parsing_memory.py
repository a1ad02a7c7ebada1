"""Peak memory with a PDF of 1,000 pages, and with 100 MiB of pictures.

    python benchmarks/parsing_memory.py [--pages 1000] [--mebibytes 100]

Each case is an execution's work in a new process that has loaded what a worker loads (Prefect and
the flows): the files are stored and parsed, every page is looked at, and the pages that an approval
form shows are drawn. Meanwhile the memory of that process and of all that it starts (parsing
processes, Tesseract) is added up: the proportional set size of each, which counts shared memory
once, every 50 ms. Beside it the same with one page, and with one picture.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from fpdf import FPDF
from PIL import Image

from benchmarks.parsing_parts.fresh import fresh
from benchmarks.parsing_parts.scans import make_scans
from benchmarks.results import Result, arguments, report
from sample_inputs.making.photo import grained, jpeg, noise

GOAL = 600
"""MiB, in all processes together."""
MIB = 2**20
PHOTO = (4284, 5712)
"""24 megapixels, as phones take them."""
SECONDS_BETWEEN_SAMPLES = 0.05


def main() -> int:
    """Measure the cases, print."""
    parser = arguments(__doc__)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--mebibytes", type=int, default=100)
    parser.add_argument("--work", nargs="+", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work)
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photos = make_photos(folder, options.mebibytes * MIB)
        cases = {
            "one page": [make_pdf(folder / "one.pdf", 1)],
            f"{options.pages:,} pages": [make_pdf(folder / "many.pdf", options.pages)],
            "one picture": photos[:1],
            f"{len(photos)} pictures": photos,
        }
        peaks = {}
        for case, files in cases.items():
            size = sum(path.stat().st_size for path in files) / MIB
            peaks[case], seconds = peak_of(files)
            print(f"{case} ({size:.1f} MiB): {peaks[case]:.0f} MiB in {seconds:.0f} s", flush=True)
    one_page, pages, one_picture, pictures = peaks.values()
    return report(
        [
            Result(
                number=6,
                work=f"peak memory of all processes: {options.pages:,}-page PDF,"
                f" and {options.mebibytes} MiB of pictures; beside {GOAL} MiB",
                ours=f"{pages:.0f} and {pictures:.0f} MiB",
                beside=f"one page {one_page:.0f}, one picture {one_picture:.0f} MiB",
                ratio=max(pages, pictures) / GOAL,
                goal=1.0,
                at_least=False,
            )
        ],
        options,
    )


def make_pdf(path: Path, pages: int) -> Path:
    """Pages of lists, all different."""
    document = FPDF()
    document.set_font("helvetica", size=10)
    for number in range(1, pages + 1):
        document.add_page()
        for line in range(40):
            row = f"{number * 40 + line:06}  steel washer M{line % 20}  {line * 7 % 90 + 1} pieces"
            document.cell(0, 6, f"{row}  {line * 3.17:.2f}", new_x="LMARGIN", new_y="NEXT")
    document.output(str(path))
    return path


def make_photos(folder: Path, size: int) -> list[Path]:
    """Letters as large pictures with much noise, together as large as ``size`` at the most."""
    [letter] = make_scans(folder, 1)
    photos: list[Path] = []
    with Image.open(letter) as scan:
        page = scan.convert("RGB").resize(PHOTO)
    left = size
    while True:
        picture = grained(page, noise(PHOTO, seed=len(photos), strength=0.2))
        content = jpeg(picture, quality=93, dpi=300)
        if len(content) > left:
            return photos
        left -= len(content)
        photos.append(folder / f"photo-{len(photos) + 1:03}.jpg")
        photos[-1].write_bytes(content)


def peak_of(files: Sequence[Path]) -> tuple[float, float]:
    """The most memory (MiB) that an execution with these files takes, and how long (s)."""
    began = time.monotonic()
    command = [sys.executable, __file__, "--work", *map(str, files)]
    peak = 0.0
    with subprocess.Popen(command) as process:
        while process.poll() is None:
            peak = max(peak, memory(process.pid))
            time.sleep(SECONDS_BETWEEN_SAMPLES)
    if process.returncode:
        raise SystemExit("The work failed.")
    return peak, time.monotonic() - began


def memory(root: int) -> float:
    """What a process and all its descendants take (MiB)."""
    total, waiting = 0, [root]
    while waiting:
        process = Path(f"/proc/{waiting.pop()}")
        with suppress(OSError):  # it has just ended
            for thread in (process / "task").iterdir():
                waiting += map(int, (thread / "children").read_text().split())
            rollup = (process / "smaps_rollup").read_text()
            total += int(rollup.partition("\nPss:")[2].split()[0])
    return total / 1024


def work(files: Sequence[Path]) -> None:
    """What an execution does with its files but for the model's calls."""
    import flows.extract  # noqa: F401  what a worker has loaded
    from signoff.review.pictures import page_pictures

    with fresh() as parsing:
        documents = parsing.parse(parsing.take_in(files))
        words = sum(len(page.words) for document in documents for page in document.pages())
        shown = page_pictures(documents, {})
    print(f"{len(documents)} documents, {words:,} words, {len(shown)} pictures", flush=True)


if __name__ == "__main__":
    sys.exit(main())
