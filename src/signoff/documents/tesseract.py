"""Text from pictures: the one place that calls Tesseract. Runs in a child process."""

from __future__ import annotations

from collections import defaultdict
from statistics import median

import pytesseract
from PIL import Image

from signoff.documents.layout import lay_out
from signoff.documents.steps import WordData
from signoff.errors import ConfigurationError, UnreadableFileError

MIN_SIDE = 12
"""Pixels below which nobody could read anything."""


def read(image: Image.Image, *, languages: str) -> tuple[str, list[WordData]]:
    """The picture's text, laid out as on it, and its words in reading order.

    Raises:
        ConfigurationError: Tesseract or one of the languages is not installed.
        UnreadableFileError: Tesseract gave up.
    """
    width, height = image.size
    if min(width, height) < MIN_SIDE:
        return "", []
    try:
        data = pytesseract.image_to_data(image, lang=languages, output_type=pytesseract.Output.DICT)
    except pytesseract.TesseractNotFoundError as error:
        raise ConfigurationError(
            "Tesseract, which reads scans and photos, is not installed or not on the PATH:"
            " apt-get install tesseract-ocr."
        ) from error
    except pytesseract.TesseractError as error:
        if "load" in error.message and "language" in error.message:
            raise ConfigurationError(
                f"Tesseract lacks a language of SIGNOFF_OCR_LANGUAGES ({languages}): install its"
                " tesseract-ocr-... packages, or name only what tesseract --list-langs shows."
            ) from error
        raise UnreadableFileError(f"Tesseract could not read it: {error.message[:300]}") from error
    lines: defaultdict[tuple[int, int, int], list[WordData]] = defaultdict(list)
    for index, text in enumerate(data["text"]):
        confidence = float(data["conf"][index])
        if confidence < 0 or not text.strip():
            continue
        left, top = data["left"][index], data["top"][index]
        box = (
            _fraction(left, width),
            _fraction(top, height),
            _fraction(left + data["width"][index], width),
            _fraction(top + data["height"][index], height),
        )
        place = (data["block_num"][index], data["par_num"][index], data["line_num"][index])
        lines[place].append((text.strip(), box, round(min(confidence / 100, 1.0), 3)))
    words = [word for line in lines.values() for word in line]
    slope = _slope(list(lines.values()), width, height)
    return lay_out(words, width=width, height=height, slope=slope)


def _fraction(value: float, whole: float) -> float:
    return round(min(max(value / whole, 0.0), 1.0), 5)


def _slope(lines: list[list[WordData]], width: int, height: int) -> float:
    """How askew the page was scanned: the typical slope of Tesseract's own long lines.

    Bottom edges are compared, of words without descenders' reach mattering over a line's length.
    """
    slopes = []
    for line in lines:
        (_, first, _), (_, last, _) = line[0], line[-1]
        run = (last[0] + last[2] - first[0] - first[2]) / 2 * width
        if len(line) >= 3 and run > width * 0.2:
            slopes.append((last[1] + last[3] - first[1] - first[3]) / 2 * height / run)
    return median(slopes) if len(slopes) >= 3 else 0.0
