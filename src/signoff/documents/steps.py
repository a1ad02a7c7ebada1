"""What a parsing step, run in a child process, hands back: small JSON, and files in a folder.

Light on imports, since every child process loads it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypedDict

WordData = tuple[str, tuple[float, float, float, float], float]
"""A :class:`signoff.documents.model.Word` as JSON: text, box, confidence."""

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


def inspection(
    page_count: int,
    *,
    headers: dict[str, str] | None = None,
    fields: dict[str, str] | None = None,
    notes: Sequence[str] = (),
    attachments: Sequence[Attachment] = (),
) -> Inspection:
    """An :class:`Inspection`, empty where nothing is given."""
    return {
        "page_count": page_count,
        "headers": headers or {},
        "fields": fields or {},
        "notes": list(notes),
        "attachments": list(attachments),
    }


def write_page(
    folder: Path,
    number: int,
    *,
    width: float,
    height: float,
    source: Source,
    text: str,
    words: Sequence[WordData],
    has_image: bool,
) -> None:
    """Write a :class:`signoff.documents.model.Page` as JSON into the step's output folder."""
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
    (folder / f"{number}.json").write_bytes(encoded.encode("utf-8", "replace"))
