"""Pictures of pages for the approval form, with boxes around what was read."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, UnidentifiedImageError

from signoff.documents.model import Document
from signoff.errors import UnreadableFileError
from signoff.executions.extractions import Evidence

MAX_BYTES = 600_000
"""All pictures of a form together. Prefect's server sets no limit; what sets one is patience."""

_SIDES = (1400, 1100, 850, 640, 480)  # pixels, of a page's longer side
_QUALITIES = (80, 65, 50)
_SURE, _LIKELY, _DOUBTFUL, _UNSCORED = "#2f9e44", "#e8890c", "#d6336c", "#1971c2"
_SURE_FROM, _LIKELY_FROM = 0.9, 0.6

_Box = tuple[tuple[float, float, float, float], str]


@dataclass(frozen=True)
class Picture:
    """A page as a JPEG."""

    document: str
    page: int
    jpeg: bytes

    @property
    def data_uri(self) -> str:
        """The picture as a ``data:`` URI."""
        return "data:image/jpeg;base64," + base64.b64encode(self.jpeg).decode()


def page_pictures(
    documents: Sequence[Document],
    evidence: Mapping[str, Evidence],
    *,
    confidence: Mapping[str, float] | None = None,
    max_pictures: int = 3,
    max_bytes: int = MAX_BYTES,
) -> list[Picture]:
    """The pages most worth a look, in reading order, with boxes around the evidence.

    Boxes of sure values are green, of likely ones orange, of doubtful ones red.

    Pages with the most evidence come first, then each document's first pages. Pages that cannot
    be drawn are left out: a form without a picture is better than none.

    Args:
        documents: the execution's documents.
        evidence: where values were read, by JSON pointer.
        confidence: how sure they are.
        max_pictures: the most pictures.
        max_bytes: their size together.
    """
    if max_pictures < 1:
        return []
    budget = max_bytes // max_pictures
    found: list[tuple[int, Picture]] = []
    for rank, document, page in _candidates(documents, evidence):
        if len(found) == max_pictures:
            break
        boxes = [
            (place.box, _colour((confidence or {}).get(pointer)))
            for pointer, place in evidence.items()
            if place.box is not None and (place.file, place.page) == (document.info.number, page)
        ]
        jpeg = _jpeg(document, page, boxes, budget)
        if jpeg is not None:
            found.append((rank, Picture(document.info.name, page, jpeg)))
    return [picture for _, picture in sorted(found, key=lambda item: item[0])]


def _candidates(
    documents: Sequence[Document], evidence: Mapping[str, Evidence]
) -> Iterator[tuple[int, Document, int]]:
    """Pages with a picture and their place in reading order, the most telling first."""
    hits: dict[tuple[int, int], int] = {}
    for place in evidence.values():
        hits[place.file, place.page] = hits.get((place.file, place.page), 0) + 1
    offsets, offset = {}, 0
    for document in documents:
        offsets[document.info.number] = offset
        offset += document.info.page_count
    by_number = {document.info.number: document for document in documents}

    shown = set()
    for (number, page), _ in sorted(hits.items(), key=lambda hit: (-hit[1], hit[0])):
        known = by_number.get(number)
        if known is not None and 1 <= page <= known.info.page_count:
            shown.add((number, page))
            yield offsets[number] + page, known, page
    # one page of each document before a second page of any
    for page in range(1, max((d.info.page_count for d in documents), default=0) + 1):
        for document in documents:
            number = document.info.number
            if page <= document.info.page_count and (number, page) not in shown:
                yield offsets[number] + page, document, page


def _jpeg(
    document: Document,
    page: int,
    boxes: Sequence[_Box],
    max_bytes: int,
) -> bytes | None:
    try:
        if not document.load_page(page).has_image:
            return None
        with Image.open(io.BytesIO(document.load_image(page, _SIDES[0]))) as original:
            image = original.convert("RGB")
    except (UnreadableFileError, UnidentifiedImageError, OSError):
        return None
    _draw(image, boxes)
    for side in _SIDES:
        image.thumbnail((side, side))
        for quality in _QUALITIES:
            buffer = io.BytesIO()
            image.save(buffer, "JPEG", quality=quality, optimize=True)
            if buffer.tell() <= max_bytes:
                return buffer.getvalue()
    return None


def _colour(confidence: float | None) -> str:
    if confidence is None:
        return _UNSCORED
    if confidence >= _SURE_FROM:
        return _SURE
    return _LIKELY if confidence >= _LIKELY_FROM else _DOUBTFUL


def _draw(image: Image.Image, boxes: Sequence[_Box]) -> None:
    draw = ImageDraw.Draw(image)
    width, height = image.size
    line = max(2, max(image.size) // 700)
    for box, colour in dict.fromkeys(boxes):
        left, top, right, bottom = (min(max(edge, 0.0), 1.0) for edge in box)
        if right <= left or bottom <= top:
            continue
        corners = (
            *(left * width - 2 * line, top * height - 2 * line),
            *(right * width + 2 * line, bottom * height + 2 * line),
        )
        draw.rectangle(corners, outline=colour, width=line)
