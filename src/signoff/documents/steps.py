"""What a parsing step, run in a child process, hands back: small JSON, and files in a folder.

Light on imports, since every child process loads it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypedDict

WordData = tuple[str, tuple[float, float, float, float], float]
"""A :class:`signoff.documents.model.Word` as JSON: text, box, confidence."""

PAGES = "pages.jsonl"
"""One line per page: its number, a space, its JSON."""

Source = Literal["text", "text_layer", "ocr", "none"]


@dataclass(frozen=True)
class Limits:
    """What a step needs to know of the settings."""

    max_pages: int
    max_frames: int
    max_image_pixels: int
    memory: int
    languages: str


class Attachment(TypedDict):
    """A file found inside another, written to ``file`` in the step's output folder."""

    name: str
    file: str


class Inspection(TypedDict):
    """What the first step finds out: pages, facts about the whole, files inside."""

    page_count: int
    headers: dict[str, str]
    fields: dict[str, str]
    notes: list[str]
    attachments: list[Attachment]
    embedded: dict[str, str]


def inspection(
    page_count: int,
    *,
    headers: dict[str, str] | None = None,
    fields: dict[str, str] | None = None,
    notes: Sequence[str] = (),
    attachments: Sequence[Attachment] = (),
    embedded: dict[str, str] | None = None,
) -> Inspection:
    """An :class:`Inspection`, empty where nothing is given."""
    return {
        "page_count": page_count,
        "headers": headers or {},
        "fields": fields or {},
        "notes": list(notes),
        "attachments": list(attachments),
        "embedded": embedded or {},
    }


class PageWriter:
    """Writes :class:`signoff.documents.model.Page` objects as JSON into a step's folder.

    One file for all pages of a step, since creating files is slow; begun anew by each attempt.
    """

    def __init__(self, folder: Path) -> None:
        """Use as a context manager."""
        self._lines = (folder / PAGES).open("wb")

    def __enter__(self) -> PageWriter:
        return self

    def __exit__(self, *raised: object) -> None:
        self._lines.close()

    def write(
        self,
        number: int,
        *,
        width: float,
        height: float,
        source: Source,
        text: str,
        words: Sequence[WordData],
        has_image: bool,
    ) -> None:
        """Add a page."""
        page = {
            "number": number,
            "width": width,
            "height": height,
            "source": source,
            "text": text,
            "words": words,
            "has_image": has_image,
        }
        encoded = json.dumps(page, ensure_ascii=False, separators=(",", ":"))
        # a broken font may yield lone surrogates, which UTF-8 does not have
        self._lines.write(b"%d %s\n" % (number, encoded.encode("utf-8", "replace")))


def read_pages(folder: Path) -> Iterator[tuple[int, bytes]]:
    """The pages that a step wrote, by number, one at a time."""
    path = folder / PAGES
    if path.exists():
        with path.open("rb") as lines:
            for line in lines:
                number, _, page = line.partition(b" ")
                yield int(number), page
