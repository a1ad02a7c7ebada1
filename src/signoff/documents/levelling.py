"""Pictures of paper in uneven light made even, before OCR: shadows turn text into black."""

from __future__ import annotations

from PIL import Image, ImageChops, ImageFilter, ImageMath

CELL = 16
"""Pixels across of the squares whose brightest tell the paper's brightness."""
REACH = 4
"""Cells to each side that are its surroundings: larger than letters, smaller than a shadow."""
UNEVEN = 30
"""Levels between the paper's brightest and darkest part from which on it is levelled."""
SHADOW = 0.5
"""What is darker than this share of the paper is no shadow on it but a printed band, whose white
text must not vanish, or the table that the paper lies on, whose grain must not come out."""
STRIP = 512


def levelled(image: Image.Image) -> Image.Image:
    """The grey picture with its paper equally white everywhere; itself where it already is."""
    width, height = image.size
    paper = image.reduce(CELL)
    for _ in range(REACH):  # several times as fast as one large filter, with the same result
        paper = paper.filter(ImageFilter.MaxFilter(3))
    low, high = _range(paper)
    if high - low < UNEVEN:
        return image
    paper = paper.point([level if level > SHADOW * high else high for level in range(256)])
    paper = paper.filter(ImageFilter.GaussianBlur(REACH))
    whole = (0, 0, width / CELL, height / CELL)  # the last cells may be partial
    paper = paper.resize(image.size, Image.Resampling.BILINEAR, box=whole)
    result = Image.new("L", image.size)
    for top in range(0, height, STRIP):  # strip by strip, to save memory
        box = (0, top, width, min(top + STRIP, height))
        result.paste(_divided(image.crop(box), paper.crop(box)), box)
    # a photo has grain, which was made stronger too
    return result.filter(ImageFilter.GaussianBlur(1))


def _range(paper: Image.Image) -> tuple[int, int]:
    """The brightness that one cell in twenty is below, and one in twenty is above."""
    counts = paper.histogram()
    levels = [level for level, count in enumerate(counts) for _ in range(count)]
    return levels[len(levels) // 20], max(levels[-1 - len(levels) // 20], 1)


def _divided(image: Image.Image, paper: Image.Image) -> Image.Image:
    divided = ImageMath.lambda_eval(
        lambda values: values["min"](values["image"] * 255 / values["paper"], 255),
        image=image,
        paper=paper,
    )
    return divided.convert("L") if divided.mode != "L" else ImageChops.duplicate(divided)
