"""Where a page has ink that OCR made no words of: ruled tables, dark bands."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageMath, ImageStat

from signoff.documents.steps import WordData

CELL = 16
"""Pixels across of the squares that ink is looked for in."""
INKED = 225
"""A cell darker than this on average has ink."""
SOLID = 25
"""A cell whose pixels differ less than this (standard deviation) has no strokes: a band's ground,
a shadow, a table top."""
RULE = 120
"""Pixels from which on a straight line is a table's rule, longer than any letter's stroke."""
BAND = 2 * RULE
"""Pixels of height that are worked on at a time, to save memory: whole cells."""
MARGIN = 20
MIN_CONFIDENCE = 0.4
MOST = 0.4
"""With more of the page missed than this it is a picture, or the table that a receipt lies on."""

Box = tuple[int, int, int, int]


def missed_strips(image: Image.Image, words: Sequence[WordData]) -> list[Box]:
    """Strips of the picture with ink and no words, from top to bottom; none where all was read."""
    sure = [word for word in words if word[2] >= MIN_CONFIDENCE]
    # most pages end at the first: what has no ink with its rules has none without them
    for find in (_inked, _inked_without_rules):
        ink = find(image)
        for strip in _strips(ink, sure, image.size):
            _wipe_solid(ink, image, strip)
        strips = _strips(ink, sure, image.size)
        if not strips:
            return []
    area = sum((right - left) * (bottom - top) for left, top, right, bottom in strips)
    if area > MOST * image.width * image.height:
        return []
    # where doubtful words stand everywhere, nothing could be `added`
    return strips if _strips(ink, words, image.size) else []


def _inked(image: Image.Image) -> Image.Image:
    """A pixel for each cell: white where there is ink."""
    return _with_ink(_cells(image))


def _inked_without_rules(image: Image.Image) -> Image.Image:
    """The same: white where there is ink that is no rule."""
    width, height = image.size
    cells = Image.new("L", _in_cells(image.size))
    for top in range(0, height, BAND):
        band = _band_without_rules(image.crop((0, top, width, min(top + BAND, height))))
        cells.paste(_cells(band), (0, top // CELL))
    return _with_ink(cells)


def _wipe_solid(ink: Image.Image, image: Image.Image, strip: Box) -> None:
    """Take off the ink those of the strip's cells that have no strokes."""
    left, right, bottom = strip[0] // CELL, strip[2] // CELL, strip[3] // CELL
    for top in range(strip[1] // CELL, bottom, BAND // CELL):
        there = (left, top, right, min(top + BAND // CELL, bottom))
        band = image.crop((left * CELL, top * CELL, right * CELL, there[3] * CELL))
        ink.paste(ImageChops.darker(ink.crop(there), _with_strokes(band)), there)


def _with_strokes(band: Image.Image) -> Image.Image:
    """A pixel for each cell: white where its pixels differ."""
    size, levels = _in_cells(band.size), band.convert("F")
    differ: Image.Image = ImageMath.lambda_eval(
        lambda values: values["squares"] - values["mean"] * values["mean"] >= SOLID**2,
        squares=ImageMath.lambda_eval(lambda values: values["x"] * values["x"], x=levels).resize(
            size, Image.Resampling.BOX
        ),
        mean=levels.resize(size, Image.Resampling.BOX),
    )
    return differ.convert("L").point([0, *[255] * 255])


def _in_cells(size: tuple[int, int]) -> tuple[int, int]:
    return max(size[0] // CELL, 1), max(size[1] // CELL, 1)


def _cells(image: Image.Image) -> Image.Image:
    """A pixel for each cell, as bright as it is on average."""
    across, down = _in_cells(image.size)
    if min(image.size) < CELL:
        return image.resize((across, down), Image.Resampling.BOX)
    # many times faster, for whole cells
    return image.reduce(CELL, box=(0, 0, across * CELL, down * CELL))


def _with_ink(cells: Image.Image) -> Image.Image:
    return cells.point([255 if level < INKED else 0 for level in range(256)])


def _strips(ink: Image.Image, words: Sequence[WordData], size: tuple[int, int]) -> list[Box]:
    """Strips of a picture of ``size`` with ink beside the words."""
    ink = ink.copy()
    draw = ImageDraw.Draw(ink)
    for _, box, _ in words:
        start = (box[0] * ink.width - 1, box[1] * ink.height - 1)
        draw.rectangle((*start, box[2] * ink.width + 1, box[3] * ink.height + 1), fill=0)
    inked = ink.filter(ImageFilter.MedianFilter(3)).tobytes()
    strips: list[list[int]] = []
    for y in range(ink.height):
        row = inked[y * ink.width : (y + 1) * ink.width]
        if sum(map(bool, row)) < 2:
            continue
        left, right = row.find(255), row.rfind(255)
        if strips and y - strips[-1][3] <= 2:
            last = strips[-1]
            strips[-1] = [min(last[0], left), last[1], max(last[2], right), y]
        else:
            strips.append([left, y, right, y])
    return [
        (
            max((left - 3) * CELL, 0),
            max((top - 1) * CELL - CELL // 2, 0),
            min((right + 4) * CELL, size[0]),
            min((bottom + 2) * CELL + CELL // 2, size[1]),
        )
        for left, top, right, bottom in strips
        if right - left >= 2
    ]


def stacked(image: Image.Image, boxes: Sequence[Box]) -> tuple[Image.Image, list[int]]:
    """The strips below each other, dark on light and without rules; and where each begins."""
    width = max(right - left for left, _, right, _ in boxes) + 2 * MARGIN
    height = sum(bottom - top + 2 * MARGIN for _, top, _, bottom in boxes)
    sheet = Image.new("L", (width, height), 255)
    starts, y = [], 0
    for box in boxes:
        strip = image.crop(box)
        dark = ImageStat.Stat(strip).median[0] < 110
        strip = ImageChops.invert(strip) if dark else without_rules(strip)
        sheet.paste(strip, (MARGIN, y + MARGIN))
        starts.append(y)
        y += strip.height + 2 * MARGIN
    return sheet, starts


def placed(
    words: Sequence[WordData],
    starts: Sequence[int],
    boxes: Sequence[Box],
    *,
    sheet: tuple[int, int],
    page: tuple[int, int],
) -> list[WordData]:
    """Words read on the sheet of stacked strips with their boxes on the page; sizes in pixels."""
    found: list[WordData] = []
    for text, (left, top, right, bottom), confidence in words:
        letters = sum(char.isalnum() for char in text)
        if confidence < MIN_CONFIDENCE or letters * 2 < len(text) or text.isalpha() and letters < 2:
            continue
        y = top * sheet[1]
        index = max(i for i, start in enumerate(starts) if start <= y)
        across, down = boxes[index][0] - MARGIN, boxes[index][1] - MARGIN - starts[index]
        box = (
            (left * sheet[0] + across) / page[0],
            (y + down) / page[1],
            (right * sheet[0] + across) / page[0],
            (bottom * sheet[1] + down) / page[1],
        )
        inside = tuple(round(min(max(edge, 0.0), 1.0), 5) for edge in box)
        found.append((text, (inside[0], inside[1], inside[2], inside[3]), confidence))
    return found


def added(words: Sequence[WordData], more: Sequence[WordData]) -> list[WordData]:
    """``words`` and those of ``more`` that stand where none of them does."""
    return [*words, *(m for m in more if all(_shared(m[1], w[1]) < 0.3 for w in words))]


def without_rules(image: Image.Image) -> Image.Image:
    """The grey picture without long straight lines, level or upright."""
    width, height = image.size
    clean = Image.new("L", image.size)
    for top in range(0, height, BAND):
        box = (0, top, width, min(top + BAND, height))
        clean.paste(_band_without_rules(image.crop(box)), box)
    return clean


def _band_without_rules(band: Image.Image) -> Image.Image:
    width, height = band.size
    dark = [255 if level < 130 else 0 for level in range(256)]
    level = band.resize((max(width // RULE, 1), height), Image.Resampling.BOX).point(dark)
    upright = band.resize((width, max(height // RULE, 1)), Image.Resampling.BOX).point(dark)
    rules = ImageChops.lighter(
        level.resize(band.size, Image.Resampling.NEAREST),
        upright.resize(band.size, Image.Resampling.NEAREST),
    )
    return ImageChops.lighter(band, _thickened(rules))


def _thickened(rules: Image.Image) -> Image.Image:
    """With a pixel more on each side, as MaxFilter(3) would, which takes seven times as long."""
    for x, y in ((0, 1), (1, 0)):
        thick = rules
        for step in ((x, y), (-x, -y)):
            moved = Image.new("L", rules.size, 0)
            moved.paste(rules, step)
            thick = ImageChops.lighter(thick, moved)
        rules = thick
    return rules


def _shared(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """The share of the smaller box that lies in the other."""
    across = min(a[2], b[2]) - max(a[0], b[0])
    down = min(a[3], b[3]) - max(a[1], b[1])
    if across <= 0 or down <= 0:
        return 0.0
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return across * down / max(smaller, 1e-12)
