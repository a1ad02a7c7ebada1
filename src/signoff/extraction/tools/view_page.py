"""``view_page``: a page's picture, or a region of it at a higher resolution."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image
from pydantic import Field

from signoff.documents.model import Box, Document
from signoff.errors import UnreadableFileError
from signoff.executions.agents import JsonObject
from signoff.extraction.reader import Observation
from signoff.extraction.tools.inputs import (
    PlaceInput,
    UnusableInputError,
    find_page,
    tool_spec,
)

LONGEST_SIDE = 2048
"""Of the picture that is handed over: larger ones are scaled down by the models' servers."""

RENDERED_SIDE = 4096
"""Of the page that a region is cut from."""


class ViewPageInput(PlaceInput):
    """What to look at."""

    resolution: int = Field(
        default=LONGEST_SIDE,
        ge=256,
        le=LONGEST_SIDE,
        description="The picture's longest side in pixels.",
    )


class ViewPage:
    """Pictures of pages."""

    spec = tool_spec(
        "view_page",
        "See a page, or a region of it enlarged, to read what the text does not show well.",
        ViewPageInput,
        pictures=True,
    )

    def __init__(self, documents: Sequence[Document]) -> None:
        """Show pages of ``documents``."""
        self._documents = documents

    def run(self, arguments: JsonObject) -> Observation:
        """The picture of what ``arguments`` name, the same every time."""
        place = ViewPageInput.model_validate(arguments)
        document, page = find_page(self._documents, place)
        if not page.has_image:
            raise UnusableInputError(f"There is no picture of {place}; read_page gives its text.")
        try:
            if place.box is None:
                picture = document.load_image(page.number, place.resolution)
            else:
                whole = document.load_image(page.number, RENDERED_SIDE)
                picture = _cut(whole, place.box, place.resolution)
        except (UnreadableFileError, OSError) as error:
            raise UnusableInputError(f"No picture of {place} could be made: {error}") from error
        return Observation(f"The picture shows {place}.", pictures=(picture,))


def _cut(whole: bytes, box: Box, longest_side: int) -> bytes:
    with Image.open(io.BytesIO(whole), formats=("JPEG", "PNG")) as picture:
        width, height = picture.size
        left, top = int(box.left * width), int(box.top * height)
        right = max(left + 1, round(box.right * width))
        bottom = max(top + 1, round(box.bottom * height))
        part = picture.convert("RGB").crop((left, top, right, bottom))
    part.thumbnail((longest_side, longest_side))
    encoded = io.BytesIO()
    part.save(encoded, "JPEG", quality=90)
    return encoded.getvalue()
