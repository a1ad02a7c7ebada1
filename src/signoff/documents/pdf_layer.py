"""A PDF page's text layer: its words, and where they are as the page is shown."""

from __future__ import annotations

import ctypes
import re
from typing import Any, NamedTuple

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from signoff.documents.steps import WordData

_WORD = re.compile(r"\S+")
# What fonts without a usable mapping yield: controls, private use, unassigned, replacement
_UNMAPPED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ue000-\uf8ff\ufffd\ufffe]")
_HYPHENS = {0x02: "-", 0xFFFE: "-"}  # PDFium's marks for a word divided at a line's end


class Layer(NamedTuple):
    """A page's text layer."""

    words: list[WordData]
    chars: int
    unmapped: int


def read_layer(page: pdfium.PdfPage) -> Layer:
    """The words of a page, in the order of the file.

    One call for the page's text and two per word for its box: going through PDFium's interface
    char by char takes several times as long as all the rest.
    """
    text_page = pdfium_c.FPDFText_LoadPage(page.raw)
    if not text_page:
        return Layer([], 0, 0)
    try:
        count = pdfium_c.FPDFText_CountChars(text_page)
        if count <= 0:
            return Layer([], 0, 0)
        # UTF-16 code units, of which one char of PDFium's may take two
        buffer = (ctypes.c_ushort * (2 * count + 1))()
        units = pdfium_c.FPDFText_GetText(text_page, 0, count, buffer) - 1
        text = bytes(buffer)[: 2 * max(units, 0)].decode("utf-16-le", "replace")
        # PDFium's chars and its text run apart where a font maps a glyph to nothing or to several
        same_index = units == count and len(text) == units
        return _words(text_page, text, Frame.of(page), same_index=same_index)
    finally:
        pdfium_c.FPDFText_ClosePage(text_page)


class Frame(NamedTuple):
    """The visible part of a page in its own coordinates, and the page's rotation."""

    left: float
    bottom: float
    width: float
    height: float
    rotation: int

    @classmethod
    def of(cls, page: pdfium.PdfPage) -> Frame:
        """The page's frame: its crop box, as far as that lies on its media box."""
        rect = pdfium_c.FS_RECTF()
        pdfium_c.FPDF_GetPageBoundingBox(page.raw, rect)
        left, right = sorted((rect.left, rect.right))
        bottom, top = sorted((rect.bottom, rect.top))
        return cls(
            left,
            bottom,
            max(right - left, 1e-6),
            max(top - bottom, 1e-6),
            pdfium_c.FPDFPage_GetRotation(page.raw) % 4,
        )

    def box(
        self, left: float, top: float, right: float, bottom: float
    ) -> tuple[float, float, float, float] | None:
        """In fractions of the page as it is shown; ``None`` where nothing of it is visible."""
        # called for each word: hence not `round`, which goes by way of decimals
        from_left, from_bottom, width, height, rotation = self
        x0 = (left - from_left) / width
        x1 = (right - from_left) / width
        y0 = 1 - (top - from_bottom) / height
        y1 = 1 - (bottom - from_bottom) / height
        if rotation:
            x0, y0, x1, y1 = _turned(x0, y0, x1, y1, rotation)
        if not (0 <= x0 <= x1 <= 1 and 0 <= y0 <= y1 <= 1):
            if not (x1 > 0 and y1 > 0 and x0 < 1 and y0 < 1):  # also false for NaN
                return None
            x0, y0, x1, y1 = max(x0, 0.0), max(y0, 0.0), min(x1, 1.0), min(y1, 1.0)
        return (
            int(x0 * 1e5 + 0.5) / 1e5,
            int(y0 * 1e5 + 0.5) / 1e5,
            int(x1 * 1e5 + 0.5) / 1e5,
            int(y1 * 1e5 + 0.5) / 1e5,
        )


def _turned(
    x0: float, y0: float, x1: float, y1: float, rotation: int
) -> tuple[float, float, float, float]:
    """The box after quarter turns clockwise."""
    if rotation == 1:
        return 1 - y1, x0, 1 - y0, x1
    if rotation == 2:
        return 1 - x1, 1 - y1, 1 - x0, 1 - y0
    return y0, 1 - x1, y1, 1 - x0


def _fast(function: Any) -> Any:
    """The same C function called without checks of its arguments, and without releasing the GIL.

    PDFium's bindings look at every argument of every call; two calls are made for each word.
    """
    return ctypes.cast(function, ctypes.PYFUNCTYPE(ctypes.c_int))


_count_rects = _fast(pdfium_c.FPDFText_CountRects)
_get_rect = _fast(pdfium_c.FPDFText_GetRect)


def _words(text_page: Any, text: str, frame: Frame, *, same_index: bool) -> Layer:
    page = ctypes.cast(text_page, ctypes.c_void_p)
    left, top, right, bottom = (ctypes.c_double() for _ in range(4))
    to_left, to_top, to_right, to_bottom = map(ctypes.byref, (left, top, right, bottom))
    char_index = pdfium_c.FPDFText_GetCharIndexFromTextIndex
    box_of = frame.box
    words: list[WordData] = []
    for match in _WORD.finditer(text):
        start, end = match.span()
        if not same_index:
            start, end = char_index(text_page, start), char_index(text_page, end - 1) + 1
        rects = _count_rects(page, start, end - start)
        if rects < 1:
            continue
        _get_rect(page, 0, to_left, to_top, to_right, to_bottom)
        x0, y0, x1, y1 = left.value, top.value, right.value, bottom.value
        for index in range(1, rects):
            _get_rect(page, index, to_left, to_top, to_right, to_bottom)
            x0, x1 = min(x0, left.value), max(x1, right.value)
            y1, y0 = min(y1, bottom.value), max(y0, top.value)
        box = box_of(x0, y0, x1, y1)
        if box is not None:
            words.append((match[0], box, 1.0))
    unmapped = 0
    if _UNMAPPED.search(text):
        words = [(word.translate(_HYPHENS), box, sure) for word, box, sure in words]
        unmapped = sum(len(_UNMAPPED.findall(word)) for word, _, _ in words)
    return Layer(words, sum(len(word) for word, _, _ in words), unmapped)
