"""What is done to pictures so that Tesseract reads more of them: shadows, dark bands, rules."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from PIL import Image, ImageDraw

from signoff.documents import tesseract
from signoff.documents.levelling import levelled
from signoff.documents.missed_text import (
    added,
    missed_strips,
    placed,
    stacked,
    without_rules,
)
from signoff.documents.steps import WordData

WIDTH, HEIGHT = 1600, 1200


@pytest.fixture
def page() -> Image.Image:
    """A white page with rows of letters of 30 pixels."""
    image = Image.new("L", (WIDTH, HEIGHT), 250)
    draw = ImageDraw.Draw(image)
    source = random.Random(7)
    for y in range(100, 1100, 100):
        for x in range(100, 1500, 30):
            if source.random() < 0.8:
                draw.rectangle((x, y, x + 6, y + 30), fill=20)
                draw.rectangle((x, y + 12, x + 10, y + 17), fill=20)
    return image


def level_at(image: Image.Image, place: tuple[int, int]) -> int:
    level = image.getpixel(place)
    assert isinstance(level, int)
    return level


def shadowed(image: Image.Image) -> Image.Image:
    light = Image.linear_gradient("L").rotate(90).resize(image.size)
    light = light.point([150 + level * 105 // 255 for level in range(256)])
    return Image.composite(image, Image.new("L", image.size, 0), light)


def test_an_even_page_is_left_as_it_is(page: Image.Image) -> None:
    assert levelled(page) is page


def test_a_shadow_is_taken_away_and_the_ink_stays(page: Image.Image) -> None:
    dark = shadowed(page)
    even = levelled(dark)
    corners = [(20, 20), (WIDTH - 20, 20), (20, HEIGHT - 20), (WIDTH - 20, HEIGHT - 20)]
    assert min(level_at(dark, place) for place in corners) < 170
    assert min(level_at(even, place) for place in corners) > 235
    ink = [
        level_at(even, (x, y)) for x, y in ((103, 110), (1303, 910)) if level_at(page, (x, y)) < 30
    ]
    assert all(level < 110 for level in ink)


def test_a_dark_band_stays_dark(page: Image.Image) -> None:
    ImageDraw.Draw(page).rectangle((0, 0, WIDTH, 300), fill=40)
    even = levelled(shadowed(page))
    assert max(level_at(even, (x, 150)) for x in range(100, 1500, 100)) < 90


def test_rules_are_removed_and_letters_kept(page: Image.Image) -> None:
    letters = page.copy()
    draw = ImageDraw.Draw(page)
    draw.line((50, 60, 1550, 60), fill=0, width=3)
    draw.line((60, 50, 60, 1150), fill=0, width=3)
    clean = without_rules(page)
    assert level_at(clean, (800, 60)) > 200
    assert level_at(clean, (60, 600)) > 200
    assert (
        clean.crop((100, 90, 1500, 1150)).histogram()[:100]
        == (letters.crop((100, 90, 1500, 1150)).histogram()[:100])
    )


@pytest.mark.parametrize(("letters", "found"), [(False, 0), (True, 1)])
def test_the_end_of_a_dark_band_is_read_once_more_only_if_it_has_letters(
    letters: bool, found: int
) -> None:
    band, read = (210, 430, 1500, 520), (500 if letters else 290, 420, 1510, 530)
    page = Image.new("L", (WIDTH, HEIGHT), 250)
    draw = ImageDraw.Draw(page)
    draw.rectangle(band, fill=45)
    if letters:
        for x in range(216, 490, 24):
            draw.rectangle((x, 455, x + 12, 495), fill=250)
    left, top, right, bottom = read
    words = [("read", (left / WIDTH, top / HEIGHT, right / WIDTH, bottom / HEIGHT), 0.9)]
    assert len(missed_strips(page, words)) == found


def test_lines_without_words_are_found_and_words_read_there_put_in_place(
    page: Image.Image,
) -> None:
    words = [
        ("word", (0.05, y / HEIGHT, 0.95, (y + 30) / HEIGHT), 0.9)
        for y in range(100, 1100, 100)
        if y not in (300, 700)
    ]
    strips = missed_strips(page, words)
    assert [top < y < bottom for (_, top, _, bottom), y in zip(strips, (315, 715), strict=True)]
    sheet, starts = stacked(page, strips)
    # the second strip's ink, as a word that was read there
    inside = (100 - strips[1][0] + 20, 700 - strips[1][1] + starts[1] + 20)
    box = (
        inside[0] / sheet.width,
        inside[1] / sheet.height,
        (inside[0] + 60) / sheet.width,
        (inside[1] + 30) / sheet.height,
    )
    more = placed(
        [("12,50", box, 0.9), ("|", box, 0.9), ("dim", box, 0.1)],
        starts,
        strips,
        sheet=sheet.size,
        page=page.size,
    )
    assert [word[0] for word in more] == ["12,50"]
    assert more[0][1] == pytest.approx(
        (100 / WIDTH, 700 / HEIGHT, 160 / WIDTH, 730 / HEIGHT), abs=1e-4
    )
    assert len(added(words, more)) == len(words) + 1
    assert added(words, [("again", words[0][1], 0.9)]) == words


def test_a_page_that_was_read_in_full_has_no_strips(page: Image.Image) -> None:
    words = [
        ("word", (0.05, y / HEIGHT, 0.95, (y + 30) / HEIGHT), 0.9) for y in range(100, 1100, 100)
    ]
    assert missed_strips(page, words) == []


def test_a_picture_all_over_the_page_is_no_missed_text() -> None:
    assert missed_strips(Image.new("L", (WIDTH, HEIGHT), 90), []) == []


def test_a_tiny_picture_is_no_problem() -> None:
    tiny = Image.new("L", (13, 13), 0)
    assert levelled(tiny) is tiny
    assert missed_strips(tiny, []) == []


def test_what_was_missed_is_read_once_more_and_put_on_its_page(
    page: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = [
        ("word", (0.05, y / HEIGHT, 0.95, (y + 30) / HEIGHT), 0.9) for y in range(100, 1100, 100)
    ]
    modes = []

    def words(pictures: Sequence[object], _: object, __: str, mode: int) -> list[list[WordData]]:
        modes.append((mode, len(pictures)))
        if mode == tesseract.WHOLE_PAGE:
            return [list(read), list(read[:4] + read[5:]), list(read)]
        return [[("late", (0.1, 0.4, 0.2, 0.6), 0.9)] for _ in pictures]

    monkeypatch.setattr(tesseract, "_words", words)
    pages = tesseract.read(iter([page] * 3), name="a.pdf", languages="eng")
    assert ["late" in text for text, _ in pages] == [False, True, False]
    assert modes == [(tesseract.WHOLE_PAGE, 3), (tesseract.ONE_BLOCK, 1)]
