"""The text of 150 PDF pages, words and boxes included, beside raw pypdfium2.

    python benchmarks/parsing_text.py [--pages 150] [--rounds 7]

The pages are made-up invoices and other letters, joined to one PDF. Ours is the way of every
execution: parsed in child processes with limits, laid out in lines and columns, pages stored, the
record written to the database; of the same file never seen before, in a process that has parsed
before (a warm worker). Beside it pypdfium2 opens the same file and calls ``get_text_range`` on each
page, in one process and thread: text without words, boxes or layout, and kept nowhere. PDFium
cannot be used from two threads; that our pages are spread over two processes is part of ours.

For information also: pypdfium2 asking for every character's box, and 150 files of one page each.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

import pypdfium2 as pdfium
from pypdf import PdfReader, PdfWriter

from benchmarks.generated.documents import make_documents
from benchmarks.parsing_parts.fresh import fresh
from benchmarks.results import Result, arguments, report
from signoff.documents.sandbox import close_sandboxes

GOAL = 0.6


def main() -> int:
    """Measure both sides in turns, print."""
    parser = arguments(__doc__)
    parser.add_argument("--pages", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        joined, single = make_pages(Path(folder), options.pages)
        sides: dict[str, Callable[[], float]] = {
            "Signoff": lambda: ours([joined]),
            "pypdfium2": lambda: timed(peer_text, [joined]),
            "pypdfium2 with boxes": lambda: timed(peer_boxes, [joined]),
            "Signoff, files of one page": lambda: ours(single),
            "pypdfium2, files of one page": lambda: timed(peer_text, single),
        }
        for side in sides.values():  # libraries loaded, files cached
            side()
        seconds: dict[str, list[float]] = {name: [] for name in sides}
        for number in range(options.rounds):
            for name, side in sides.items():
                seconds[name].append(side())
            shown = ", ".join(f"{name} {seconds[name][-1]:.3f} s" for name in sides)
            print(f"round {number + 1}: {shown}", flush=True)
    close_sandboxes()
    speed = {name: options.pages / median(taken) for name, taken in seconds.items()}
    return report(
        [
            Result(
                number=4,
                work=f"text of {options.pages} PDF pages, words and boxes included",
                ours=f"{speed['Signoff']:.0f} pages/s",
                beside=f"pypdfium2 (no words, no boxes): {speed['pypdfium2']:.0f} pages/s",
                ratio=speed["Signoff"] / speed["pypdfium2"],
                goal=GOAL,
                note=f"pypdfium2 with a box per character {speed['pypdfium2 with boxes']:.0f};"
                f" as files of one page {speed['Signoff, files of one page']:.0f} beside"
                f" {speed['pypdfium2, files of one page']:.0f} pages/s",
            )
        ],
        options,
    )


def make_pages(folder: Path, count: int) -> tuple[Path, list[Path]]:
    """``count`` pages, made up, as one file and as files of a page each."""
    writer, single = PdfWriter(), list[Path]()
    seed = 0
    while len(single) < count:
        seed += 1
        made_in = folder / f"made-{seed}"
        made_in.mkdir()
        for made in make_documents(made_in, count, seed=seed, held_out=False):
            if made.path.suffix != ".pdf":
                continue  # scans and photos
            for number in range(len(PdfReader(made.path).pages)):
                if len(single) == count:
                    break
                one = PdfWriter()
                one.append(made.path, pages=(number, number + 1))
                single.append(folder / f"page-{len(single) + 1:03}.pdf")
                one.write(single[-1])
                writer.append(single[-1])
    joined = folder / "joined.pdf"
    writer.write(joined)
    return joined, single


def ours(paths: Sequence[Path]) -> float:
    """Parse files that nobody has seen yet; how long it took."""
    with fresh() as parsing:
        files = parsing.take_in(paths)
        began = perf_counter()
        documents = parsing.parse(files)
        taken = perf_counter() - began
        assert all(document.load_page(1).words for document in documents)
    return taken


def timed(work: Callable[[Path], None], paths: Sequence[Path]) -> float:
    """How long the peer takes for the same files."""
    began = perf_counter()
    for path in paths:
        work(path)
    return perf_counter() - began


def peer_text(path: Path) -> None:
    """The text of every page."""
    document = pdfium.PdfDocument(path)
    for page in document:
        text = page.get_textpage()
        text.get_text_range()
        text.close()
        page.close()
    document.close()


def peer_boxes(path: Path) -> None:
    """The text of every page and the box of every character."""
    document = pdfium.PdfDocument(path)
    for page in document:
        text = page.get_textpage()
        text.get_text_range()
        for index in range(text.count_chars()):
            text.get_charbox(index)
        text.close()
        page.close()
    document.close()


if __name__ == "__main__":
    sys.exit(main())
