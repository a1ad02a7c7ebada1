"""Pictures of pages: encoded small, and needed only where text does not say all there is."""

from __future__ import annotations

import io

import pytest
from fpdf import FPDF
from PIL import Image, ImageDraw, ImageFont

from signoff.documents.picture_file import encoded

TEXT = "Invoice 2026-17 of Example Works Ltd, payable within 30 days"


def page(*, mode: str = "RGB", ink: str = "black") -> Image.Image:
    picture = Image.new(mode, (1000, 1400), "white")
    draw = ImageDraw.Draw(picture)
    for line in range(30):
        draw.text((80, 80 + 40 * line), TEXT, ink, ImageFont.load_default(24))
    return picture


def photographed(picture: Image.Image) -> Image.Image:
    noise = Image.effect_noise(picture.size, 60)
    return Image.blend(picture, noise.convert(picture.mode), 0.2)


def written(picture: Image.Image, kind: str) -> int:
    file = io.BytesIO()
    picture.save(file, kind, quality=88)
    return file.tell()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_drawn_page_is_a_png_of_few_shades_and_half_as_large() -> None:
    small = encoded(page())
    assert opened(small).format == "PNG"
    assert opened(small).mode == "L"
    assert len(small) < written(page(), "JPEG") / 2
    # as legible as before: black is black and white is white
    assert opened(small).getextrema() == (0, 255)


@pytest.mark.parametrize("change", [lambda picture: picture, photographed])
def test_colour_is_kept_where_there_is_any(change) -> None:
    picture = page()
    ImageDraw.Draw(picture).text((600, 900), "PAID", "red", ImageFont.load_default(80))
    shown = opened(encoded(change(picture))).convert("RGB").crop((600, 900, 800, 1000))
    red, green, _ = shown.split()
    assert any(green.histogram()[:90])
    assert any(red.histogram()[180:])


def test_scanned_page_is_a_grey_jpeg() -> None:
    small = encoded(photographed(page()))
    assert (opened(small).format, opened(small).mode) == ("JPEG", "L")
    assert len(small) < written(photographed(page()), "JPEG")


def test_size_stays() -> None:
    for picture in (page(), page(mode="L"), photographed(page())):
        assert opened(encoded(picture)).size == picture.size


class Drawing(FPDF):
    """A page of text, and what else is drawn on it."""

    def __init__(self) -> None:
        super().__init__()
        self.set_font("helvetica", size=12)
        self.add_page()
        for line in range(6):
            self.text(20, 60 + 10 * line, TEXT)

    def add_logo(self, width: float) -> None:
        self.image(Image.new("RGB", (80, 40), "navy"), 20, 10, width)

    def add_table(self) -> None:
        for line in range(20):
            self.line(20, 130 + 5 * line, 190, 130 + 5 * line)
            self.rect(20, 130 + 5 * line, 40, 5)

    def add_signature(self) -> None:
        self.polyline([(20 + step, 250 + step * 7 % 13) for step in range(150)])


def nothing(document: Drawing) -> None:
    pass


@pytest.mark.parametrize(
    ("draw", "needed"),
    [
        (nothing, False),
        (lambda document: document.add_logo(30), False),
        (lambda document: document.add_logo(120), True),
        (Drawing.add_table, False),
        (Drawing.add_signature, True),
    ],
    ids=["text", "logo", "letterhead", "table", "handwriting"],
)
def test_picture_is_needed_where_more_is_drawn_than_text(parse, draw, needed) -> None:
    document = Drawing()
    draw(document)
    [read] = parse(parse.write("a.pdf", bytes(document.output())))
    assert read.needs_picture(1) is needed


def test_pages_are_looked_at_once(parse, monkeypatch) -> None:
    document = Drawing()
    document.add_page()
    document.image(photographed(page()), 0, 0, 210, 297)
    [read] = parse(parse.write("a.pdf", bytes(document.output())))
    assert [read.needs_picture(number) for number in (1, 2)] == [False, True]
    # another execution with the same file
    monkeypatch.setattr("signoff.documents.parsing.get_sandbox", None)
    assert [parse.open(read.info).needs_picture(number) for number in (1, 2)] == [False, True]


def test_text_that_has_no_letters_needs_its_picture(parse) -> None:
    [picture] = parse(parse.write("a.png", encoded(page())))
    assert picture.needs_picture(1)
