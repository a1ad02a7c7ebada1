"""Pictures: upright, frame by frame, within limits."""

from __future__ import annotations

import io
import random

import pytest
from PIL import Image, ImageDraw, ImageFont

from signoff.documents.model import TextSource
from signoff.errors import ConfigurationError, UnreadableFileError
from signoff.settings import MIB


def written(*lines: str, size: tuple[int, int] = (900, 400), mode: str = "RGB") -> Image.Image:
    picture = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(picture)
    for row, line in enumerate(lines):
        draw.text((40, 40 + 80 * row), line, "black", font=ImageFont.load_default(48))
    return picture.convert(mode)


def encoded(picture: Image.Image, kind: str, **options) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def middle(box) -> tuple[float, float]:
    return (box.left + box.right) / 2, (box.top + box.bottom) / 2


@pytest.mark.parametrize(
    ("name", "kind", "mode"),
    [
        ("a.png", "PNG", "RGB"),
        ("a.png", "PNG", "P"),
        ("a.png", "PNG", "1"),
        ("a.png", "PNG", "RGBA"),
        ("a.png", "PNG", "I;16"),
        ("a.jpg", "JPEG", "CMYK"),
        ("a.jpeg", "JPEG", "L"),
        ("a.webp", "WEBP", "RGB"),
        ("a.gif", "GIF", "P"),
    ],
)
def test_each_format_and_mode_is_read(parse, name, kind, mode):
    picture = written("Invoice 4711", mode="L" if mode == "I;16" else mode)
    if mode == "I;16":
        picture = picture.convert("I").point(lambda value: value * 257).convert("I;16")
    [document] = parse(parse.write(name, encoded(picture, kind)))
    page = document.load_page(1)
    assert page.source is TextSource.OCR
    assert page.text.strip() == "Invoice 4711"
    assert (page.width, page.height) == (900, 400)
    assert all(0.5 < word.confidence <= 1 for word in page.words)
    assert page.words[0].box == pytest.approx((0.05, 0.12, 0.21, 0.22), abs=0.04)
    assert opened(document.load_image(1, 300)).size == (300, 133)


def test_transparency_is_shown_on_white(parse):
    picture = written("Invoice 4711", mode="L")
    layered = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    layered.paste((0, 0, 0, 255), mask=picture.point(lambda value: 255 - value))
    [document] = parse(parse.write("a.png", encoded(layered, "PNG")))
    assert document.load_page(1).text.strip() == "Invoice 4711"
    shown = opened(document.load_image(1, 300)).convert("RGB")
    assert shown.getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("orientation", "undo"),
    [
        (3, Image.Transpose.ROTATE_180),
        (6, Image.Transpose.ROTATE_90),
        (8, Image.Transpose.ROTATE_270),
    ],
)
def test_exif_orientation_is_honoured(parse, orientation, undo):
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = written("Receipt 17", "Total 5,00").transpose(undo)
    [document] = parse(parse.write("a.jpg", encoded(picture, "JPEG", exif=exif)))
    page = document.load_page(1)
    assert page.text.split() == ["Receipt", "17", "Total", "5,00"]
    assert (page.width, page.height) == (900, 400)
    assert opened(document.load_image(1, 450)).size == (450, 200)


def test_frames_become_pages_up_to_the_limit(parse):
    parse.configure(max_frames=2)
    frames = [written(f"Frame {number}") for number in ("one", "two", "three")]
    for name, kind in (("a.gif", "GIF"), ("a.webp", "WEBP")):
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)
        [document] = parse(parse.write(name, data))
        assert [page.text.strip() for page in document.pages()] == ["Frame one", "Frame two"]
        assert "has 3 frames; the first 2 were read" in document.info.notes[0]
        assert document.load_image(1, 200) != document.load_image(2, 200)


def test_a_picture_of_nothing_has_a_page_without_text(parse):
    [document] = parse(parse.write("a.png", encoded(Image.new("L", (5, 5)), "PNG")))
    page = document.load_page(1)
    assert (page.source, page.text, page.words) == (TextSource.NONE, "", [])
    assert page.has_image
    assert document.load_image(1, 2048)


def test_pictures_are_made_once_and_no_larger_than_4096(parse):
    [document] = parse(parse.write("a.png", encoded(Image.new("L", (6000, 60), 255), "PNG")))
    first = document.load_image(1, 8000)
    assert opened(first).size == (4096, 41)
    folder = parse.home / "files" / "parsed" / document.info.key / "pictures"
    assert [path.name for path in folder.iterdir()] == ["1-4096"]
    (folder / "1-4096").write_bytes(b"kept")
    assert document.load_image(1, 4096) == b"kept"


@pytest.fixture(scope="module")
def grey_giant(tmp_path_factory):
    """20,000 x 20,000 pixels, grey, with some writing."""
    path = tmp_path_factory.mktemp("giant") / "giant.png"
    picture = Image.new("L", (20_000, 20_000), "white")
    picture.paste(
        written("Giant 17").resize((9000, 4000), Image.Resampling.NEAREST).convert("L"),
        (1000, 1000),
    )
    picture.save(path, compress_level=1)
    return path


def test_20000_by_20000_grey_pixels_are_read_within_the_memory_limit(parse, grey_giant):
    [document] = parse(grey_giant)
    page = document.load_page(1)
    assert page.text.strip() == "Giant 17"
    assert (page.width, page.height) == (20_000, 20_000)
    assert 0.07 < page.words[0].box.left < 0.09


def test_a_huge_jpeg_is_decoded_at_a_fraction_of_its_size(parse):
    picture = Image.new("RGB", (8_200, 8_200), "white")
    picture.paste(written("Huge order").resize((4500, 2000)), (0, 0))
    parse.configure(parse_memory=400 * MIB)
    [document] = parse(parse.write("a.jpg", encoded(picture, "JPEG", quality=50)))
    assert document.load_page(1).text.strip() == "Huge order"


def test_a_picture_that_would_take_too_much_memory_is_refused_by_size(parse):
    parse.configure(parse_memory=512 * MIB)
    path = parse.write("a.png", encoded(Image.new("RGB", (9000, 9000), "red"), "PNG"))
    with pytest.raises(
        UnreadableFileError, match=r"a\.png.*9,000 x 9,000.*308 MiB.*256 MiB.*smaller"
    ):
        parse(path)


def test_more_pixels_than_allowed_are_refused(parse):
    parse.configure(max_image_pixels=1000)
    path = parse.write("a.gif", encoded(Image.new("L", (100, 11)), "GIF"))
    with pytest.raises(UnreadableFileError, match=r"a\.gif.*100 x 11.*1,000 pixels"):
        parse(path)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_damaged_picture_is_unreadable_or_read_but_nothing_else(parse, kind):
    whole = bytearray(encoded(written("Invoice 4711"), kind))
    dice = random.Random(kind)
    for _ in range(20):
        whole[dice.randrange(30, len(whole))] = dice.randrange(256)
    name = {"PNG": "a.png", "JPEG": "a.jpg", "GIF": "a.gif", "WEBP": "a.webp"}[kind]
    try:
        parse(parse.write(name, bytes(whole)))
    except UnreadableFileError as error:
        assert name in str(error)  # noqa: PT017
    with pytest.raises(UnreadableFileError, match="damaged"):
        parse(parse.write(name, bytes(whole[:100])))


def test_a_slightly_skewed_scan_keeps_its_lines(parse):
    page = Image.new("L", (1240, 700), "white")
    draw = ImageDraw.Draw(page)
    for row in range(6):
        for column, word in enumerate(("Screw", f"{row}00", "pieces", f"{row},50")):
            draw.text(
                (80 + 290 * column, 100 + 40 * row), word, "black", ImageFont.load_default(24)
            )
    tilted = page.rotate(-1, fillcolor="white", resample=Image.Resampling.BICUBIC)
    [document] = parse(parse.write("a.png", encoded(tilted, "PNG")))
    lines = [line.split() for line in document.load_page(1).text.split("\n") if line]
    assert len(lines) == 6
    assert all(line[0] == "Screw" and line[2] == "pieces" for line in lines)


def test_a_missing_language_is_a_matter_of_configuration(parse):
    parse.configure(ocr_languages="eng+xyz")
    with pytest.raises(ConfigurationError, match=r"lacks xyz of SIGNOFF_OCR_LANGUAGES"):
        parse(parse.write("a.png", encoded(written("x"), "PNG")))
