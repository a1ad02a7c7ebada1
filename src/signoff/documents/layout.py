"""Words with boxes to text that keeps lines and columns apart, as on the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from operator import itemgetter
from statistics import median

from signoff.documents.steps import WordData

MAX_COLUMNS = 400

_SLOPE_STEP = 0.0025


def lay_out(
    words: Sequence[WordData], *, width: float, height: float, slope: float = 0.0
) -> tuple[str, list[WordData]]:
    """The page's text, and its words in reading order: line by line, left to right.

    Words far apart on a line are kept apart by as many spaces as the page suggests, at least
    three, so that columns stay columns; a larger gap between lines becomes an empty line.

    Args:
        words: in any order, boxes in fractions of the page.
        width: the page's width, in the same unit as
        height: the page's height.
        slope: how much lines descend per unit of width, on a page that was scanned askew.
    """
    if not words:
        return "", []
    lines = _lines(words, slope * width / height)
    char_width = _char_width(words)
    left_edge = min(map(_left, words))
    rows: list[str] = []
    ordered: list[WordData] = []
    tall = median(size for _, size, _ in lines)
    previous: float | None = None
    for middle, size, line in lines:
        line.sort(key=_left)
        if previous is not None and middle - previous > 2.6 * max(tall, min(size, 2 * tall)):
            rows.append("")
        previous = middle
        rows.append(_row(line, left_edge, char_width))
        ordered.extend(line)
    return "\n".join(rows), ordered


def find_slope(words: Sequence[WordData], *, width: float, height: float) -> float:
    """How much lines descend per unit of width on a page that was scanned askew; mostly 0.

    Tried are slopes to 3 degrees either way: along the right one the words' middles gather in
    the fewest heights.
    """
    if len(words) < 12:
        return 0.0
    points = [((w[1][0] + w[1][2]) / 2 * width, (w[1][1] + w[1][3]) / 2 * height) for w in words]
    bin_height = max(median((w[1][3] - w[1][1]) * height for w in words) / 2, 1e-6)

    def gathered(slope: float) -> float:
        # half of each word to the nearest two bins, lest a line on a bin's edge count less
        bins: Counter[int] = Counter()
        for x, y in points:
            place = int((y - slope * x) / bin_height * 2)
            bins[place] += 1
            bins[place + 1] += 1
        return sum(count * count for count in bins.values())

    best = max((step * _SLOPE_STEP for step in range(-20, 21)), key=gathered)
    return best if gathered(best) > 1.15 * gathered(0.0) else 0.0


def _left(word: WordData) -> float:
    return word[1][0]


def _lines(words: Sequence[WordData], slope: float) -> list[tuple[float, float, list[WordData]]]:
    """Words grouped into lines by their vertical middle: (middle, size, words), top to bottom."""
    keyed = [
        ((top + bottom) / 2 - slope * (left + right) / 2, bottom - top, word)
        for word in words
        for left, top, right, bottom in (word[1],)
    ]
    keyed.sort(key=itemgetter(0))
    typical = median(entry[1] for entry in keyed)
    lines: list[tuple[float, float, list[WordData]]] = []
    current: list[WordData] = []
    middle = size = 0.0
    settled = 0
    low, least, most = 0.5 * typical, 0.7 * typical, 1.5 * typical
    for y, tall, word in keyed:
        # commas and quotation marks stand at a line's lower or upper edge: they join a line from
        # further off, and do not move it
        flat = tall < low
        if tall < least:
            tall = least
        reach = 0.65 * max(size, typical) if flat or not settled else 0.5 * min(size, tall)
        if current and y - middle < reach:
            if not flat:
                middle = (middle * settled + y) / (settled + 1)
                if tall > size:
                    size = max(size, min(tall, most))
                settled += 1
            current.append(word)
        else:
            if current:
                lines.append((middle, size, current))
            current, middle, size, settled = [word], y, tall, 0 if flat else 1
    lines.append((middle, size, current))
    return lines


def _char_width(words: Sequence[WordData]) -> float:
    widths = [(box[2] - box[0]) / len(text) for text, box, _ in words if len(text) > 1]
    return max(median(widths) if widths else 0.01, 1 / MAX_COLUMNS)


def _row(line: list[WordData], left_edge: float, char_width: float) -> str:
    parts: list[str] = []
    length, wide = 0, 2 * char_width
    end: float | None = None
    for text, (left, _, right, _), _ in line:
        gap = 1
        if end is None:
            gap = round((left - left_edge) / char_width)
        elif left - end > wide:
            gap = max(3, round((left - left_edge) / char_width) - length)
        parts.append(" " * gap + text)
        length += gap + len(text)
        end = right
    return "".join(parts)
