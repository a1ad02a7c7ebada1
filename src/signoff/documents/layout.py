"""Words with boxes to text that keeps lines and columns apart, as on the page."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from signoff.documents.steps import WordData

MAX_COLUMNS = 400


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
    left_edge = min(word[1][0] for word in words)
    rows: list[str] = []
    ordered: list[WordData] = []
    previous_bottom: float | None = None
    for top, bottom, line in lines:
        line.sort(key=lambda word: word[1][0])
        if previous_bottom is not None and top - previous_bottom > 0.9 * (bottom - top):
            rows.append("")
        previous_bottom = bottom
        rows.append(_row(line, left_edge, char_width))
        ordered.extend(line)
    return "\n".join(rows), ordered


def _lines(words: Sequence[WordData], slope: float) -> list[tuple[float, float, list[WordData]]]:
    """Words grouped into lines by their vertical middle: (top, bottom, words), top to bottom."""
    keyed = []
    for word in words:
        left, top, right, bottom = word[1]
        shift = slope * (left + right) / 2
        keyed.append(((top + bottom) / 2 - shift, bottom - top, word))
    keyed.sort(key=lambda entry: entry[0])
    typical = median(entry[1] for entry in keyed)
    lines: list[tuple[float, float, list[WordData]]] = []
    current: list[WordData] = []
    middle = size = 0.0
    for y, tall, word in keyed:
        tall = max(tall, typical * 0.5)  # dashes and dots are flat, but stand on a line
        if current and y - middle < 0.5 * min(max(size, typical * 0.7), max(tall, typical * 0.7)):
            count = len(current)
            middle = (middle * count + y) / (count + 1)
            size = max(size, min(tall, typical * 1.5))
            current.append(word)
        else:
            if current:
                lines.append((middle - size / 2, middle + size / 2, current))
            current, middle, size = [word], y, tall
    lines.append((middle - size / 2, middle + size / 2, current))
    return lines


def _char_width(words: Sequence[WordData]) -> float:
    widths = [(word[1][2] - word[1][0]) / len(word[0]) for word in words if len(word[0]) > 1]
    return max(median(widths) if widths else 0.01, 1 / MAX_COLUMNS)


def _row(line: list[WordData], left_edge: float, char_width: float) -> str:
    row = ""
    end = None
    for text, (left, _, right, _), _ in line:
        column = round((left - left_edge) / char_width)
        if end is None:
            row = " " * column
        elif left - end > 2 * char_width:
            row += " " * max(3, column - len(row))
        else:
            row += " "
        row += text
        end = right
    return row
