"""What a parsing step, run in a child process, hands back: small JSON, and files in a folder.

Light on imports, since every child process loads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, TypedDict

from pydantic_core import PydanticSerializationError, to_json

WordData = tuple[str, tuple[float, float, float, float], float]
"""A :class:`signoff.documents.model.Word` as JSON: text, box, confidence."""

PAGES_PER_CHUNK = 20
"""Pages are kept so many to a file, since creating files is slow: those from 1, from 21, ..."""

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

    Pages that are read by the dozen go into files of a chunk each, one line per page: its number,
    a space, its JSON. A page that takes seconds is a file of its own. Each attempt begins anew.
    """

    def __init__(self, folder: Path, *, alone: bool = False) -> None:
        """Use as a context manager; ``alone`` where each page is to be a file of its own."""
        self._folder = folder
        self._alone = alone
        self._chunk = -1
        self._lines: IO[bytes] | None = None

    def __enter__(self) -> PageWriter:
        return self

    def __exit__(self, *raised: object) -> None:
        if self._lines is not None:
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
        """Add a page; after those before it."""
        page = {
            "number": number,
            "width": width,
            "height": height,
            "source": source,
            "text": text,
            "words": words,
            "has_image": has_image,
        }
        try:
            encoded = to_json(page)
        except PydanticSerializationError:
            # a broken font or mail may yield lone surrogates, which UTF-8 does not have
            whole = [(_encodable(word), box, confidence) for word, box, confidence in words]
            encoded = to_json(page | {"text": _encodable(text), "words": whole})
        if self._alone:
            (self._folder / alone(number)).write_bytes(encoded)
            return
        if self._lines is None or chunk_of(number) != self._chunk:
            if self._lines is not None:
                self._lines.close()
            self._chunk = chunk_of(number)
            self._lines = (self._folder / chunk(self._chunk)).open("wb")
        self._lines.write(b"%d %s\n" % (number, encoded))


def chunk_of(number: int) -> int:
    """Which chunk a page belongs to."""
    return (number - 1) // PAGES_PER_CHUNK


def chunk(index: int) -> str:
    """A chunk's file name."""
    return f"chunk-{index}.jsonl"


def alone(number: int) -> str:
    """The file name of a page that is kept on its own."""
    return f"{number}.json"


def pages_of(lines: Iterable[bytes]) -> dict[int, bytes]:
    """A chunk's pages by their number, as JSON."""
    split = (line.partition(b" ") for line in lines)
    return {int(number): page for number, _, page in split}


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
