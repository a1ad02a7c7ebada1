"""PDF files to pages: structure, text layer, OCR where there is none. Runs in a child process.

PDFium reads pages, text and pictures; pypdf, many times slower, reads form fields and embedded
files of those PDFs that have any.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image

from signoff.documents import tesseract
from signoff.documents.embedded import MAX_FILES, embedded_text
from signoff.documents.image import OCR_LONGEST
from signoff.documents.layout import lay_out
from signoff.documents.pdf_drawing import shows_only_text
from signoff.documents.pdf_layer import Layer, read_layer
from signoff.documents.picture_file import write_picture
from signoff.documents.steps import (
    PAGES_PER_CHUNK,
    Attachment,
    Inspection,
    Limits,
    PageWriter,
    Source,
    WordData,
    inspection,
)
from signoff.documents.text import check_pages
from signoff.errors import UnreadableFileError

OCR_DPI = 300
MAX_EMBEDDED = 100

_ENOUGH_CHARS = 10
_SCAN_CHARS = 100
_SCAN_AREA = 0.5
"""Few words over a picture at least this share of the page: a stamp on a scan."""


def inspect(path: Path, folder: Path, name: str, limits: Limits) -> Inspection:
    """Open the file; count pages, read form fields, write embedded files out.

    Of a file of a few pages, as most are, those with a text layer are written at once.
    """
    with _opened(path, name) as document:
        count = len(document)
        if count == 0:
            raise UnreadableFileError(f"{name}: the PDF has no pages; supply a newly saved copy.")
        check_pages(name, count, limits)
        has_form = document.get_formtype() != pdfium_c.FORMTYPE_NONE
        has_files = document.count_attachments() > 0
        if count <= PAGES_PER_CHUNK:
            _read_layers(document, folder, name, 1, count)
    found = _Structure()
    if has_form or has_files:
        found.read(path, folder)
    return inspection(
        count,
        fields=found.fields,
        attachments=found.attachments,
        embedded=found.embedded,
        notes=found.notes,
    )


def read_pages(path: Path, folder: Path, name: str, first: int, last: int) -> None:
    """Write the pages from ``first`` to ``last`` that have a usable text layer."""
    with _opened(path, name) as document:
        _read_layers(document, folder, name, first, last)


def ocr_pages(path: Path, folder: Path, name: str, numbers: list[int], limits: Limits) -> None:
    """Read pages without a usable text layer with Tesseract and write them."""
    with _opened(path, name) as document, PageWriter(folder, alone=True) as pages:
        pictures = (_for_ocr(document, number, name) for number in numbers)
        read = tesseract.read(pictures, name=name, languages=limits.languages)
        for number, (text, words) in zip(numbers, read, strict=True):
            with _page(document, number, name) as page:
                layer = read_layer(page)
                found = sum(len(word[0]) for word in words)
                if layer.unmapped * 5 < layer.chars and layer.chars >= found:
                    _write_layer(pages, number, layer, page)
                    continue
                size = page.get_size()
            _write(pages, number, size, text=text, words=words, source="ocr")


def render(path: Path, folder: Path, name: str, number: int, longest: int, limits: Limits) -> None:
    """Write a page's picture, its long side at most ``longest`` pixels."""
    with _opened(path, name) as document, _page(document, number, name) as page:
        write_picture(_render(page, longest), folder)


def pages_beyond_text(path: Path, name: str, first: int, last: int) -> list[int]:
    """Of the pages from ``first`` to ``last`` those that show more than their text layer says."""
    beyond = []
    with _opened(path, name) as document:
        for number in range(first, last + 1):
            with _page(document, number, name) as page:
                layer = read_layer(page)
                said = _is_usable(layer, page) and not layer.unmapped
                if not said or not shows_only_text(page):
                    beyond.append(number)
    return beyond


def _read_layers(
    document: pdfium.PdfDocument, folder: Path, name: str, first: int, last: int
) -> None:
    with PageWriter(folder) as pages:
        for number in range(first, last + 1):
            with _page(document, number, name) as page:
                layer = read_layer(page)
                if _is_usable(layer, page):
                    _write_layer(pages, number, layer, page)


@contextmanager
def _opened(path: Path, name: str) -> Iterator[pdfium.PdfDocument]:
    # PDFium sets its last error for some failures only: a file without pages would otherwise be
    # given the error of the file before it. Loading nothing is a format error.
    pdfium_c.FPDF_LoadMemDocument(b"", 0, None)
    try:
        # without a password PDFium tries the empty user password
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) == pdfium_c.FPDF_ERR_PASSWORD:
            raise UnreadableFileError(
                f"{name}: the PDF is encrypted and needs a password; supply an unlocked copy"
                " (print it to a new PDF, for example)."
            ) from error
        what = "has no pages" if _has_no_pages(path) else "is damaged and cannot be opened"
        raise UnreadableFileError(f"{name}: the PDF {what}; supply a newly saved copy.") from error
    try:
        yield document
    finally:
        document.close()


@contextmanager
def _page(document: pdfium.PdfDocument, number: int, name: str) -> Iterator[pdfium.PdfPage]:
    try:
        page = document[number - 1]
        if pdfium_c.FPDFPage_GetAnnotCount(page.raw) > 0:
            # Form values and stamps are annotations: part of what a person sees on the page,
            # but of PDFium's text only once they are drawn into it.
            flattened = pdfium_c.FPDFPage_Flatten(page.raw, pdfium_c.FLAT_NORMALDISPLAY)
            if flattened == pdfium_c.FLATTEN_SUCCESS:
                page.close()
                page = document[number - 1]
    except pdfium.PdfiumError as error:
        raise UnreadableFileError(
            f"{name}: page {number} of the PDF is damaged ({error}); supply a newly saved copy."
        ) from error
    try:
        yield page
    finally:
        page.close()


# -- text or picture ------------------------------------------------------------------------


def _is_usable(layer: Layer, page: pdfium.PdfPage) -> bool:
    if layer.chars < _ENOUGH_CHARS or layer.unmapped * 5 >= layer.chars:
        return False
    # a stamp or page number set over a scan is not the scan's text
    return layer.chars >= _SCAN_CHARS or _picture_area(page) < _SCAN_AREA


def _picture_area(page: pdfium.PdfPage) -> float:
    """The largest picture's share of the page."""
    width, height = page.get_size()
    largest = 0.0
    for item in page.get_objects(filter=(pdfium_c.FPDF_PAGEOBJ_IMAGE,), max_depth=3):
        try:
            left, bottom, right, top = item.get_bounds()
        except pdfium.PdfiumError:
            continue
        largest = max(largest, (right - left) * (top - bottom))
    return float(largest / max(width * height, 1e-6))


def _is_blank(page: pdfium.PdfPage) -> bool:
    return bool(pdfium_c.FPDFPage_CountObjects(page.raw) <= 0)


def _write_layer(pages: PageWriter, number: int, layer: Layer, page: pdfium.PdfPage) -> None:
    width, height = page.get_size()
    text, words = lay_out(layer.words, width=width, height=height)
    _write(pages, number, (width, height), text=text, words=words, source="text_layer")


def _write(
    pages: PageWriter,
    number: int,
    size: tuple[float, float],
    *,
    text: str,
    words: Sequence[WordData],
    source: Source,
) -> None:
    pages.write(
        number,
        width=round(size[0], 2),
        height=round(size[1], 2),
        source=source if words else "none",
        text=text,
        words=words,
        has_image=True,
    )


# -- pictures -------------------------------------------------------------------------------


def _for_ocr(document: pdfium.PdfDocument, number: int, name: str) -> Image.Image:
    with _page(document, number, name) as page:
        if _is_blank(page):
            return Image.new("L", (1, 1), 255)
        # PDFium draws in colour faster than in grey
        return _render(page, OCR_LONGEST, dpi=OCR_DPI).convert("L")


def _render(page: pdfium.PdfPage, longest: int, *, dpi: float | None = None) -> Image.Image:
    side = max(*page.get_size(), 1.0)
    scale = longest / side
    if dpi is not None:
        scale = min(scale, dpi / 72)
    # rounding up must not exceed the longest side
    bitmap = page.render(scale=scale * (1 - 0.5 / longest))
    picture: Image.Image = bitmap.to_pil()
    if picture.mode != "RGB":  # which would be a view of the bitmap's memory
        picture = picture.convert("RGB")
    bitmap.close()
    return picture


# -- form fields and embedded files -----------------------------------------------------------


@dataclass
class _Structure:
    """What a PDF holds beside its pages."""

    fields: dict[str, str] = field(default_factory=dict)
    attachments: list[Attachment] = field(default_factory=list)
    embedded: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def read(self, path: Path, folder: Path) -> None:
        """Read form fields; write embedded files out, but for those that are text."""
        from pypdf.errors import DependencyError

        try:
            self._read(path, folder)
        except DependencyError:
            self.notes.append(
                "Form fields and embedded files are encrypted in a way that is not read."
            )
        except Exception as error:
            # pypdf meets damaged files with any kind of exception; the pages are readable
            # without it
            if isinstance(error, MemoryError):
                raise
            self.notes.append(
                "Form fields and embedded files could not all be read"
                f" ({type(error).__name__}: {str(error)[:200]})."
            )

    def _read(self, path: Path, folder: Path) -> None:
        from pypdf import PdfReader

        reader = PdfReader(path)
        if reader.is_encrypted:
            reader.decrypt("")
        for key, form_field in (reader.get_fields() or {}).items():
            if (value := _value(form_field.value)) is not None:
                self.fields[str(key)] = value
        for index, embedded in enumerate(reader.attachment_list):
            if index == MAX_EMBEDDED:
                self.notes.append(f"Only the first {MAX_EMBEDDED} embedded files were looked at.")
                break
            label = str(embedded.alternative_name or embedded.name)
            content = embedded.content or b""
            text = embedded_text(label, content) if len(self.embedded) < MAX_FILES else None
            if text is not None:
                self.embedded[label] = text
                continue
            target = folder / f"embedded-{index}"
            target.write_bytes(content)
            self.attachments.append({"name": label, "file": target.name})


def _has_no_pages(path: Path) -> bool:
    from pypdf import PdfReader

    try:
        return len(PdfReader(path).pages) == 0
    except MemoryError:
        raise
    except Exception:  # any kind, for damaged files
        return False


def _value(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, list):
        return ", ".join(filter(None, map(_value, value)))
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    # names of check boxes' states: /Yes, /Off
    return text.removeprefix("/") if type(value).__name__ == "NameObject" else text
