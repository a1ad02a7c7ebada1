"""Text from pictures: the one place that calls Tesseract. Runs in a child process."""

from __future__ import annotations

from functools import lru_cache

import pytesseract
from PIL import Image

from signoff.documents.layout import find_slope, lay_out
from signoff.documents.levelling import levelled
from signoff.documents.missed_text import added, missed_strips, placed, stacked
from signoff.documents.steps import WordData
from signoff.errors import ConfigurationError, UnreadableFileError

WHOLE_PAGE, ONE_BLOCK = 3, 6
"""Tesseract's page segmentation modes."""
MIN_SIDE = 12
"""Pixels below which nobody could read anything."""


def read(image: Image.Image, *, name: str, languages: str) -> tuple[str, list[WordData]]:
    """The picture's text, laid out as on it, and its words in reading order.

    Args:
        image: grey and upright, best at about 300 dpi.
        name: the file, for messages.
        languages: joined by ``+``.

    Raises:
        ConfigurationError: Tesseract or one of the languages is not installed.
        UnreadableFileError: Tesseract gave up.
    """
    width, height = image.size
    if min(width, height) < MIN_SIDE:
        return "", []
    try:
        _check_languages(languages)
        image = levelled(image)
        words = _words(image, languages)
        if strips := missed_strips(image, words):
            sheet, starts = stacked(image, strips)
            more = _words(sheet, languages, page_mode=ONE_BLOCK)
            words = added(words, placed(more, sheet, starts, strips, size=image.size))
    except pytesseract.TesseractNotFoundError as error:
        raise ConfigurationError(
            "Tesseract, which reads scans and photos, is not installed or not on the PATH:"
            " apt-get install tesseract-ocr."
        ) from error
    except pytesseract.TesseractError as error:
        raise UnreadableFileError(
            f"{name}: Tesseract could not read it ({error.message[:300]});"
            " supply a newly saved copy."
        ) from error
    slope = find_slope(words, width=width, height=height)
    return lay_out(words, width=width, height=height, slope=slope)


def _words(image: Image.Image, languages: str, page_mode: int = WHOLE_PAGE) -> list[WordData]:
    data = pytesseract.image_to_data(
        image,
        lang=languages,
        config=f"--psm {page_mode}",
        output_type=pytesseract.Output.DICT,
    )
    width, height = image.size
    words: list[WordData] = []
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
        words.append((text.strip(), box, round(min(confidence / 100, 1.0), 3)))
    return words


@lru_cache
def _check_languages(languages: str) -> None:
    # Tesseract itself reads on without a missing language, and worse
    missing = set(languages.split("+")) - set(pytesseract.get_languages())
    if missing:
        raise ConfigurationError(
            f"Tesseract lacks {', '.join(sorted(missing))} of SIGNOFF_OCR_LANGUAGES"
            f" ({languages}): install the tesseract-ocr-... packages, or name only what"
            " tesseract --list-langs shows."
        )


def _fraction(value: float, whole: float) -> float:
    return round(min(max(value / whole, 0.0), 1.0), 5)
