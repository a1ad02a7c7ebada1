"""A page's picture as a file that every model server takes, and as small as it stays legible.

A drawn page (a rendered PDF, a screenshot) has one colour of paper and few others: as a PNG of few
colours it takes half of a JPEG's bytes, its letters crisp. Photos and scans become JPEGs. What has
no colour is sent without: a grey picture is smaller. WebP would be smaller still, but not every
server decodes it (llama.cpp does not).
"""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image, ImageChops

PICTURE = "picture"
"""The file that a step leaves in its folder."""

JPEG_QUALITY = 82
COLOURS = 64
GREYS = 16

_PAPER = 0.4
"""Of all pixels, from which on a single shade is drawn paper: a scanned one has many."""
_COLOURFUL = 40
"""Difference between two channels that is more than a scanner's tint."""
_REDUCED = 4


def write_picture(picture: Image.Image, folder: Path) -> None:
    """Write the ``picture`` (grey or RGB) into a step's folder."""
    (folder / PICTURE).write_bytes(encoded(picture))


def encoded(picture: Image.Image) -> bytes:
    """The picture as PNG or JPEG."""
    grey = picture.convert("L")
    coloured = picture.mode == "RGB" and _has_colour(picture)
    histogram = grey.histogram()
    file = io.BytesIO()
    if max(histogram) >= _PAPER * sum(histogram):
        few = _in_few_colours(picture) if coloured else _in_few_greys(grey)
        few.save(file, "PNG", compress_level=6)
    else:
        (picture if coloured else grey).save(file, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return file.getvalue()


def _in_few_colours(picture: Image.Image) -> Image.Image:
    # dithering would leave specks around letters
    return picture.quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)


def _in_few_greys(grey: Image.Image) -> Image.Image:
    step = 255 / (GREYS - 1)
    return grey.point([round(round(level / step) * step) for level in range(256)])


def _has_colour(picture: Image.Image) -> bool:
    """Whether any spot is coloured: a stamp, a logo, what somebody wrote in blue."""
    red, green, blue = picture.reduce(_REDUCED).split()
    return any(
        any(ImageChops.difference(one, other).histogram()[_COLOURFUL:])
        for one, other in ((red, green), (green, blue), (red, blue))
    )
