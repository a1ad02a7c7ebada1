"""From a printed page to the picture of it: rasterised, scanned askew, photographed on a table.

Everything is computed from a seed, so that the same page is the same picture each time.
"""

from __future__ import annotations

import io
import random

import pypdfium2
from PIL import Image, ImageChops, ImageFilter

Colour = tuple[int, int, int]


def rasterise(pdf: bytes, *, dpi: int, page: int = 0) -> Image.Image:
    """The page as a picture, in colour."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        image: Image.Image = document[page].render(scale=dpi / 72).to_pil().convert("RGB")
        return image
    finally:
        document.close()


def skew(image: Image.Image, degrees: float, *, paper: Colour | int) -> Image.Image:
    """The picture turned a little, as by a scanner's feeder."""
    return image.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=paper)


def noise(size: tuple[int, int], *, seed: int, strength: float, grain: int = 1) -> Image.Image:
    """Grey noise about 128; ``grain`` is how many pixels across a speck is."""
    width, height = -(-size[0] // grain), -(-size[1] // grain)
    source = random.Random(seed)
    # the mean of two even distributions: enough of a bell curve for paper and sensors
    layers = [
        Image.frombytes("L", (width, height), source.randbytes(width * height)) for _ in range(2)
    ]
    mixed = Image.blend(layers[0], layers[1], 0.5)
    if grain > 1:
        mixed = mixed.resize(size, Image.Resampling.BICUBIC)
    return mixed.point([round(128 + (value - 128) * strength) for value in range(256)])


def grained(image: Image.Image, layer: Image.Image) -> Image.Image:
    """The picture with ``layer``'s departures from 128 added."""
    if image.mode == "RGB":
        layer = Image.merge("RGB", [layer] * 3)
    return ImageChops.add(image, layer, offset=-128)


def uneven_light(
    image: Image.Image, *, corners: tuple[int, int, int, int], tint: Colour = (255, 255, 255)
) -> Image.Image:
    """The picture lit by ``corners`` (per cent: top left, top right, bottom left and right)."""
    small = Image.new("L", (2, 2))
    small.putdata([round(corner * 2.55) for corner in corners])
    light = small.resize(image.size, Image.Resampling.BICUBIC)
    if image.mode == "L":
        return ImageChops.multiply(image, light)
    return ImageChops.multiply(
        ImageChops.multiply(image, Image.merge("RGB", [light] * 3)),
        Image.new("RGB", image.size, tint),
    )


def tinted(image: Image.Image, *, paper: Colour, ink: Colour) -> Image.Image:
    """A black and white picture in the colours of ``paper`` and ``ink``."""
    grey = image.convert("L")
    bands = [
        grey.point([round(dark + (light - dark) * value / 255) for value in range(256)])
        for dark, light in zip(ink, paper, strict=True)
    ]
    return Image.merge("RGB", bands)


def wood(size: tuple[int, int], *, seed: int) -> Image.Image:
    """A table top: planks with grain along their length."""
    width, height = size
    source = random.Random(seed)
    fine = Image.frombytes("L", (width, 24), source.randbytes(width * 24))
    fine = fine.resize(size, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(1))
    broad = Image.frombytes("L", (width // 40, 6), source.randbytes(width // 40 * 6))
    grain = Image.blend(fine, broad.resize(size, Image.Resampling.BICUBIC), 0.55)
    planks = Image.new("L", (width, 1), 128)
    for left in range(0, width, width // 4):
        shade = source.randrange(112, 144)
        planks.paste(shade, (left, 0, left + width // 4, 1))
        planks.paste(60, (left, 0, left + 5, 1))
    grain = ImageChops.add(grain, planks.resize(size, Image.Resampling.NEAREST), 1.0, -128)
    return tinted(grain, paper=(176, 128, 84), ink=(74, 46, 26))


def laid_on(
    table: Image.Image, paper: Image.Image, *, corners: list[tuple[float, float]]
) -> Image.Image:
    """``paper`` on ``table``, its corners (top left, top right, bottom right, bottom left) there.

    Seen from slightly beside, so that opposite edges are not parallel; with its shadow.
    """
    across = _perspective(corners, paper.size)
    method, kind = Image.Transform.PERSPECTIVE, Image.Resampling.BICUBIC
    laid = paper.transform(table.size, method, across, kind)
    mask = Image.new("L", paper.size, 255).transform(table.size, method, across, kind)
    shadow = ImageChops.offset(mask, 14, 18).filter(ImageFilter.GaussianBlur(16))
    dark = table.point([round(value * 0.42) for value in range(256)] * 3)
    return Image.composite(laid, Image.composite(dark, table, shadow), mask)


def _perspective(corners: list[tuple[float, float]], size: tuple[int, int]) -> list[float]:
    """The coefficients that lead from a place in the photo to one on the paper."""
    width, height = size
    targets = [(0, 0), (width, 0), (width, height), (0, height)]
    rows: list[list[float]] = []
    for (x, y), (u, v) in zip(corners, targets, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, v])
    return _solved(rows)


def _solved(rows: list[list[float]]) -> list[float]:
    """The solution of linear equations, each a row of coefficients and the right side."""
    count = len(rows)
    for column in range(count):
        best = max(range(column, count), key=lambda row: abs(rows[row][column]))
        rows[column], rows[best] = rows[best], rows[column]
        pivot = rows[column]
        for row in range(count):
            if row != column:
                factor = rows[row][column] / pivot[column]
                rows[row] = [a - factor * b for a, b in zip(rows[row], pivot, strict=True)]
    return [rows[row][count] / rows[row][row] for row in range(count)]


def jpeg(image: Image.Image, *, quality: int, dpi: int = 72, exif: bytes = b"") -> bytes:
    """The picture as a JPEG file."""
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality, dpi=(dpi, dpi), exif=exif, optimize=True)
    return stream.getvalue()
