"""Pictures (.png, .jpg, .jpeg, .gif, .webp) to pages. The steps run in a child process."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageOps

from signoff.documents import tesseract
from signoff.documents.picture_file import write_picture
from signoff.documents.steps import Inspection, Limits, PageWriter, inspection
from signoff.errors import UnreadableFileError

MIB = 1024 * 1024

OCR_LONGEST = 4000
"""Pixels on the long side of what is handed to Tesseract: A4 at 340 dpi."""

_FORMATS = ["PNG", "JPEG", "GIF", "WEBP"]
_ANIMATED = ("GIF", "WEBP")
_EXIF_ORIENTATION = 0x0112

# What the process needs beside the pixels: interpreter, libraries, the reduced copy.
_OVERHEAD = 256 * MIB
_STRIP_BYTES = 32 * MIB


def inspect(path: Path, folder: Path, name: str, limits: Limits) -> Inspection:
    """Check that the picture can be read within the limits; count its frames."""
    with _opened(path, name, limits) as image:
        frames = getattr(image, "n_frames", 1) if image.format in _ANIMATED else 1
    taken = min(frames, limits.max_frames)
    notes = []
    if taken < frames:
        notes.append(
            f"The animation has {frames} frames; the first {taken} were read (SIGNOFF_MAX_FRAMES)."
        )
    return inspection(taken, notes=notes)


def ocr_pages(path: Path, folder: Path, name: str, numbers: list[int], limits: Limits) -> None:
    """Read frames with Tesseract and write their pages."""
    with _opened(path, name, limits) as image:
        width, height = _upright_size(image)

    def frames() -> Iterator[Image.Image]:
        for number in numbers:
            with _opened(path, name, limits) as image:
                picture = _reduced(image, number, OCR_LONGEST, grey=True)
            yield enlarge(picture)

    read = tesseract.read(frames(), name=name, languages=limits.languages)
    with PageWriter(folder, alone=True) as pages:
        for number, (text, words) in zip(numbers, read, strict=True):
            pages.write(
                number,
                width=width,
                height=height,
                source="ocr" if words else "none",
                text=text,
                words=words,
                has_image=True,
            )


def render(path: Path, folder: Path, name: str, number: int, longest: int, limits: Limits) -> None:
    """Write one frame's picture, upright, at most ``longest`` pixels on the long side."""
    with _opened(path, name, limits) as image:
        write_picture(_reduced(image, number, longest), folder)


def enlarge(picture: Image.Image) -> Image.Image:
    """Bring a small scan to a resolution that Tesseract reads well: it wants about 300 dpi."""
    longest = max(picture.size)
    factor = 3 if longest < 1000 else 2 if longest < 2200 else 1
    if factor == 1 or min(picture.size) < tesseract.MIN_SIDE:
        return picture
    size = (picture.width * factor, picture.height * factor)
    return picture.resize(size, Image.Resampling.LANCZOS)


@contextmanager
def _opened(path: Path, name: str, limits: Limits) -> Iterator[Image.Image]:
    # The limits below replace Pillow's own, which warns instead of refusing.
    Image.MAX_IMAGE_PIXELS = None
    try:
        with Image.open(path, formats=_FORMATS) as image:
            _check_size(image, name, limits)
            yield image
    except (OSError, SyntaxError, ValueError, EOFError, ArithmeticError) as error:
        # Pillow's decoders raise all of these for damaged files
        raise UnreadableFileError(
            f"{name}: the picture is damaged ({str(error)[:200]}); supply it newly saved."
        ) from error


def _check_size(image: Image.Image, name: str, limits: Limits) -> None:
    width, height = image.size
    size = f"{name}: the picture is {width:,} x {height:,} pixels"
    remedy = "Supply it smaller: A4 at 300 dpi is 2,480 x 3,508 pixels."
    if width * height > limits.max_image_pixels:
        raise UnreadableFileError(
            f"{size}; at most {limits.max_image_pixels:,} pixels in all are read. {remedy}"
        )
    needed = width * height * _bytes_per_pixel(image)
    budget = max(limits.memory - _OVERHEAD, 0)
    if needed > budget:
        raise UnreadableFileError(
            f"{size} and takes about {needed // MIB:,} MiB of memory to read; {budget // MIB:,}"
            f" MiB are allowed (SIGNOFF_PARSE_MEMORY). {remedy}"
        )


def _bytes_per_pixel(image: Image.Image) -> float:
    if image.format == "JPEG":
        # decoded at a half, quarter or eighth; a progressive one keeps all coefficients meanwhile
        ratio = max(1.0, min(max(image.size) / OCR_LONGEST, 8.0))
        scale = float(2 ** int(math.log2(ratio)))
        return 4.0 / scale**2 + (6 if image.info.get("progressive") else 0)
    if image.format in _ANIMATED:
        return 12  # the canvas, the frame before and the frame itself
    return {"1": 1, "L": 1, "P": 1, "I;16": 2}.get(image.mode, 4)


def _upright_size(image: Image.Image) -> tuple[int, int]:
    width, height = image.size
    return (height, width) if _orientation(image) in (5, 6, 7, 8) else (width, height)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except (OSError, SyntaxError, ValueError, TypeError, EOFError, ArithmeticError, KeyError):
        return 1  # damaged EXIF data is no reason to refuse the picture


def _reduced(image: Image.Image, number: int, longest: int, *, grey: bool = False) -> Image.Image:
    """One frame, upright, in RGB or grey, at most ``longest`` pixels on the long side."""
    orientation = _orientation(image)
    width, height = image.size
    factor = min(1.0, longest / max(width, height))
    target = (max(1, round(width * factor)), max(1, round(height * factor)))
    if image.format == "JPEG":
        image.draft("L" if grey else None, target)
    elif number > 1:
        image.seek(number - 1)
    image.load()
    picture = _shrunk(image, target, grey=grey)
    if orientation != 1:
        exif = Image.Exif()
        exif[_EXIF_ORIENTATION] = orientation
        picture.info = {"exif": exif.tobytes()}
        picture = ImageOps.exif_transpose(picture)
    return picture


def _shrunk(image: Image.Image, target: tuple[int, int], *, grey: bool) -> Image.Image:
    """In strips, since copies of a huge picture would not fit the memory limit."""
    width, height = image.size
    ready = image.mode in (("L",) if grey else ("L", "RGB")) and not image.has_transparency_data
    if width * height * 4 <= _STRIP_BYTES:
        whole = image if ready else _opaque(image, grey=grey)
        return whole.resize(target, Image.Resampling.LANCZOS, reducing_gap=3)
    if not ready:
        image = _prepared(image, target, grey=grey)
    reduced = Image.new(image.mode, target)
    rows = max(1, _STRIP_BYTES // (image.width * 4) * target[1] // image.height)
    for top in range(0, target[1], rows):
        bottom = min(top + rows, target[1])
        scale = image.height / target[1]
        box = (0, top * scale, image.width, min(bottom * scale, image.height))
        size = (target[0], bottom - top)
        strip = image.resize(size, Image.Resampling.LANCZOS, box, reducing_gap=3)
        reduced.paste(strip, (0, top))
    return reduced


def _prepared(image: Image.Image, target: tuple[int, int], *, grey: bool) -> Image.Image:
    """The picture in RGB or grey, reduced by a whole number that leaves it as large as wanted."""
    width, height = image.size
    step = max(1, min(width // target[0], height // target[1]))
    rows = max(step, _STRIP_BYTES // (width * 4) // step * step)
    prepared: Image.Image | None = None
    for top in range(0, height, rows):
        crop = image.crop((0, top, width, min(top + rows, height)))
        strip = _opaque(crop, grey=grey).reduce(step)
        if prepared is None:
            prepared = Image.new(strip.mode, (strip.width, math.ceil(height / step)))
        prepared.paste(strip, (0, top // step))
    assert prepared is not None
    return prepared


def _opaque(image: Image.Image, *, grey: bool) -> Image.Image:
    """Grey or RGB, with white behind what is transparent."""
    if image.mode in ("I", "I;16", "I;16B"):
        return image.convert("F").point(lambda value: value * (1 / 257) + 0).convert("L")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        image = Image.alpha_composite(white, layer)
    return image.convert("L" if grey or image.mode in ("1", "L") else "RGB")
