"""What parsing yields: documents with pages, words with boxes. Shapes only.

Pages of a document lie one by one in the file store, so that a document of a thousand pages
costs no more memory than one page of it: iterate, do not collect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field


class Box(NamedTuple):
    """(left, top, right, bottom) in fractions of the page, 0 to 1, origin top left."""

    left: float
    top: float
    right: float
    bottom: float


class Word(NamedTuple):
    """One word on a page; ``confidence`` is OCR's (0 to 1), 1.0 for a text layer."""

    text: str
    box: Box
    confidence: float = 1.0


class TextSource(StrEnum):
    """Where a page's text came from."""

    TEXT = "text"  # a text file, a mail's body
    TEXT_LAYER = "text_layer"  # a PDF's own text
    OCR = "ocr"
    NONE = "none"


class Page(BaseModel):
    """One page. ``text`` keeps lines and columns apart with spaces and newlines.

    ``width`` and ``height`` are points for PDF pages, pixels for images (upright, after EXIF
    orientation), and 0 for plain text, which has no layout: its words then have boxes by line
    and column of the text.
    """

    model_config = ConfigDict(frozen=True)

    number: int = Field(ge=1)
    width: float
    height: float
    source: TextSource
    text: str
    words: list[Word] = Field(default_factory=list)
    has_image: bool = Field(
        default=True, description="Whether a picture of the page can be rendered."
    )


class DocumentInfo(BaseModel):
    """What is known of one document without opening its pages.

    ``number`` counts the execution's documents from 1; a mail's attachments are documents of
    their own whose ``parent`` is the mail's number. ``key`` addresses the parsed pages.
    """

    model_config = ConfigDict(frozen=True)

    number: int = Field(ge=1)
    name: str
    media_type: str
    sha256: str
    key: str
    page_count: int
    parent: int | None = None
    headers: dict[str, str] = Field(default_factory=dict, description="A mail's main headers.")
    fields: dict[str, str] = Field(default_factory=dict, description="A PDF's form fields.")
    embedded: dict[str, str] = Field(
        default_factory=dict,
        description="Data files inside it, as text: an e-invoice's XML.",
    )
    notes: list[str] = Field(
        default_factory=list, description="What a reader should know: what was skipped and why."
    )


@dataclass(frozen=True)
class Document:
    """A parsed document: :class:`DocumentInfo` and access to its pages and pictures.

    Attributes:
        load_page: page number (from 1) to the page.
        load_image: page number and longest side in pixels to JPEG or PNG bytes; made when first
            asked for. Raises :class:`signoff.errors.UnreadableFileError`.
        needs_picture: page number to whether its picture shows anything that its text does not
            say; found out when first asked for, and true wherever that is in doubt. May raise
            the same.
    """

    info: DocumentInfo
    load_page: Callable[[int], Page] = field(repr=False)
    load_image: Callable[[int, int], bytes] = field(repr=False)
    needs_picture: Callable[[int], bool] = field(default=lambda number: True, repr=False)

    def pages(self) -> Iterator[Page]:
        """Every page in order, one at a time."""
        for number in range(1, self.info.page_count + 1):
            yield self.load_page(number)
