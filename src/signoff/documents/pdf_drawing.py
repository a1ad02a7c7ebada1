"""Whether a PDF page shows anything that its text layer does not say.

Pictures (a scan, a stamp, a signature), and shapes that could be letters drawn as outlines or
somebody's handwriting: curves and slanted lines. Rules, boxes, bars and tables are straight.
"""

from __future__ import annotations

import ctypes

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

LARGEST_PICTURES = 0.02
"""Of the page, all pictures together: a logo, but no stamp and no letterhead."""
MOST_STROKES = 120
"""Curves and slanted lines of the whole page: a drawn logo, rounded corners. A letter has ten."""
MOST_SEGMENTS = 20_000
"""Of drawings that are looked at: beyond, there is more than text."""

_STRAIGHT = 0.3
"""Points by which a level or upright line may be off."""


def shows_only_text(page: pdfium.PdfPage) -> bool:
    """Whether text is all that there is to read on the page."""
    width, height = page.get_size()
    pictures, strokes, segments = 0.0, 0, 0
    for item in page.get_objects(max_depth=15):
        if item.type == pdfium_c.FPDF_PAGEOBJ_IMAGE:
            left, bottom, right, top = item.get_bounds()
            pictures += abs(right - left) * abs(top - bottom) / max(width * height, 1e-6)
        elif item.type == pdfium_c.FPDF_PAGEOBJ_PATH:
            drawn, count = _strokes(item, most=MOST_SEGMENTS - segments)
            strokes, segments = strokes + drawn, segments + count
        if pictures > LARGEST_PICTURES or strokes > MOST_STROKES or segments >= MOST_SEGMENTS:
            return False
    return True


def _strokes(path: pdfium.PdfObject, *, most: int) -> tuple[int, int]:
    """How many of its segments are neither level nor upright, and how many there are."""
    count = pdfium_c.FPDFPath_CountSegments(path.raw)
    x, y = ctypes.c_float(), ctypes.c_float()
    strokes, before = 0, (0.0, 0.0)
    for index in range(min(count, most)):
        segment = pdfium_c.FPDFPath_GetPathSegment(path.raw, index)
        pdfium_c.FPDFPathSegment_GetPoint(segment, x, y)
        here = (x.value, y.value)
        kind = pdfium_c.FPDFPathSegment_GetType(segment)
        slanted = min(abs(here[0] - before[0]), abs(here[1] - before[1])) > _STRAIGHT
        if kind == pdfium_c.FPDF_SEGMENT_BEZIERTO or (
            kind == pdfium_c.FPDF_SEGMENT_LINETO and slanted
        ):
            strokes += 1
        before = here
    return strokes, count
