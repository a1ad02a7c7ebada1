"""Text from pictures: the one place that calls Tesseract. Runs in a child process."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from signoff.documents.layout import find_slope, lay_out
from signoff.documents.levelling import levelled
from signoff.documents.missed_text import Box, added, missed_strips, placed, stacked
from signoff.documents.steps import WordData
from signoff.errors import ConfigurationError, UnreadableFileError

WHOLE_PAGE, ONE_BLOCK = 3, 6
"""Tesseract's page segmentation modes."""
MIN_SIDE = 12
"""Pixels below which nobody could read anything."""


def read(
    images: Iterable[Image.Image], *, name: str, languages: str
) -> list[tuple[str, list[WordData]]]:
    """Each picture's text, laid out as on it, and its words in reading order.

    All of them in one call, since Tesseract takes as long to load its languages as it takes for
    a tenth of a page; but only one of them in memory at a time.

    Args:
        images: grey and upright, best at about 300 dpi.
        name: the file, for messages.
        languages: joined by ``+``.

    Raises:
        ConfigurationError: Tesseract or one of the languages is not installed.
        UnreadableFileError: Tesseract gave up.
    """
    # loads numpy, which a file with a text layer needs not wait for
    import pytesseract

    try:
        _check_languages(languages)
        with tempfile.TemporaryDirectory() as folder:
            return _read(images, Path(folder), languages)
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


def _read(
    images: Iterable[Image.Image], folder: Path, languages: str
) -> list[tuple[str, list[WordData]]]:
    pages = [
        _written(folder / f"{number}.pgm", levelled(image)) for number, image in enumerate(images)
    ]
    found = _words(pages, folder, languages, WHOLE_PAGE)
    again: list[tuple[int, list[Box], list[int], _Picture]] = []
    for number, page in enumerate(pages):
        with Image.open(page.path) as image:
            if strips := missed_strips(image, found[number]) if page.legible else []:
                sheet, starts = stacked(image, strips)
                picture = _written(folder / f"{number}-missed.pgm", sheet)
                again.append((number, strips, starts, picture))
    more = _words([picture for *_, picture in again], folder, languages, ONE_BLOCK)
    for (number, strips, starts, picture), words in zip(again, more, strict=True):
        inside = placed(words, starts, strips, sheet=picture.size, page=pages[number].size)
        found[number] = added(found[number], inside)
    return [_laid_out(words, *page.size) for words, page in zip(found, pages, strict=True)]


class _Picture(NamedTuple):
    """A picture in a file for Tesseract to open."""

    path: Path
    size: tuple[int, int]

    @property
    def legible(self) -> bool:
        return min(self.size) >= MIN_SIDE


def _written(path: Path, image: Image.Image) -> _Picture:
    image.save(path)  # as .pgm, unpacked: packing takes longer than reading it does
    return _Picture(path, image.size)


def _laid_out(words: list[WordData], width: int, height: int) -> tuple[str, list[WordData]]:
    slope = find_slope(words, width=width, height=height)
    return lay_out(words, width=width, height=height, slope=slope)


def _words(
    pictures: Sequence[_Picture], folder: Path, languages: str, page_mode: int
) -> list[list[WordData]]:
    """The words of each picture."""
    import pytesseract

    words: list[list[WordData]] = [[] for _ in pictures]
    numbers = [number for number, picture in enumerate(pictures) if picture.legible]
    if not numbers:
        return words
    # Tesseract takes a text file for a list of pictures
    listed = folder / "pictures.txt"
    listed.write_text("".join(f"{pictures[number].path}\n" for number in numbers))
    data = pytesseract.image_to_data(
        str(listed),
        lang=languages,
        config=f"--psm {page_mode}",
        output_type=pytesseract.Output.DICT,
    )
    for index, text in enumerate(data["text"]):
        confidence = float(data["conf"][index])
        if confidence < 0 or not text.strip():
            continue
        number = numbers[data["page_num"][index] - 1]
        width, height = pictures[number].size
        left, top = data["left"][index], data["top"][index]
        box = (
            _fraction(left, width),
            _fraction(top, height),
            _fraction(left + data["width"][index], width),
            _fraction(top + data["height"][index], height),
        )
        words[number].append((text.strip(), box, round(min(confidence / 100, 1.0), 3)))
    return words


@lru_cache
def _check_languages(languages: str) -> None:
    import pytesseract

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
