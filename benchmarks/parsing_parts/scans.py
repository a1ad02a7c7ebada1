"""Scanned letters: made-up pages at 300 dpi, a little askew, with noise, as grey JPEGs."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from fpdf import FPDF

from benchmarks.generated.documents import make_documents
from sample_inputs.making.photo import grained, jpeg, noise, rasterise, skew

DPI = 300
A4 = (2480, 3508)


def make_scans(folder: Path, count: int) -> list[Path]:
    """``count`` pages, the same ones each time."""
    source = random.Random(5)
    scans: list[Path] = []
    with tempfile.TemporaryDirectory() as temporary:
        for made in make_documents(Path(temporary), 4 * count, seed=5, held_out=False):
            if made.path.suffix != ".pdf" or made.layout in ("till", "asian", "restaurant"):
                continue  # narrow slips, and what is a picture already
            image = rasterise(made.path.read_bytes(), dpi=DPI).convert("L").resize(A4)
            image = skew(image, source.uniform(-0.6, 0.6), paper=255)
            image = grained(image, noise(A4, seed=len(scans), strength=0.12))
            scans.append(folder / f"scan-{len(scans) + 1:03}.jpg")
            scans[-1].write_bytes(jpeg(image, quality=75, dpi=DPI))
            if len(scans) == count:
                return scans
    raise ValueError("too few of the made-up documents are letters")


def joined(scans: list[Path], path: Path) -> Path:
    """One PDF of all of them, as an office scanner makes it."""
    document = FPDF(unit="pt")
    for scan in scans:
        width, height = (side * 72 / DPI for side in A4)
        document.add_page(format=(width, height))
        document.image(scan, 0, 0, width, height)
    document.output(str(path))
    return path
