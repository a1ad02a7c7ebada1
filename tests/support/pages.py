"""Pages made of text: each word gets the box that a fixed-width font would give it."""

import hashlib
from typing import Any

from signoff.documents.model import Box, Document, DocumentInfo, Page, TextSource, Word

COLUMNS = 100
LINES = 60


def page_of(*lines: str, number: int = 1, confidence: float = 1.0) -> Page:
    """A page with these lines from its top; spaces keep their width."""
    words = []
    for row, line in enumerate(lines):
        column = 0
        for part in line.split(" "):
            if part:
                words.append(Word(part, box_at(row, column, len(part)), confidence))
            column += len(part) + 1
    return Page(
        number=number,
        width=595,
        height=842,
        source=TextSource.TEXT_LAYER if confidence == 1 else TextSource.OCR,
        text="\n".join(lines),
        words=words,
    )


def box_at(row: int, column: int, length: int) -> Box:
    """The box of a word of so many characters."""
    return Box(
        0.05 + column / COLUMNS * 0.9,
        (row + 0.1) / LINES,
        0.05 + (column + length) / COLUMNS * 0.9,
        (row + 0.9) / LINES,
    )


def document_of(*pages: Page, number: int = 1, **info: Any) -> Document:
    """A document of these pages, numbered from 1."""
    numbered = [page.model_copy(update={"number": n}) for n, page in enumerate(pages, 1)]
    description = DocumentInfo(
        **{
            "number": number,
            "name": "made.pdf",
            "media_type": "application/pdf",
            "sha256": hashlib.sha256(repr(numbered).encode()).hexdigest(),
            "key": "key",
            "page_count": len(pages),
            **info,
        }
    )
    return Document(description, lambda page: numbered[page - 1], lambda page, side: b"")
