"""Looking at and reading pages and regions of them."""

import io
from collections.abc import Callable
from typing import get_args

import pytest
from PIL import Image, ImageDraw

from signoff.documents.model import Box, Document, DocumentInfo, Page, TextSource, Word
from signoff.errors import UnreadableFileError
from signoff.executions.agents import ToolName
from signoff.extraction.tools.toolbox import MAX_OBSERVATION, TOOLS, Toolbox
from signoff.extraction.tools.view_page import RENDERED_SIDE

MakeDocument = Callable[..., Document]


def word(text: str, left: float, top: float) -> Word:
    return Word(text, Box(left, top, left + 0.02 * len(text), top + 0.02))


def drawn(words: list[Word]) -> Document:
    """A page whose right lower quarter is black."""

    def load_image(number: int, side: int) -> bytes:
        picture = Image.new("RGB", (side // 2, side), "white")
        ImageDraw.Draw(picture).rectangle((side // 4, side // 2, side, side), fill="black")
        data = io.BytesIO()
        picture.save(data, "PNG")
        sides.append(side)
        return data.getvalue()

    sides: list[int] = []
    info = DocumentInfo(
        number=1, name="a.pdf", media_type="application/pdf", sha256="a", key="k", page_count=1
    )
    page = Page(
        number=1, width=300, height=600, source=TextSource.OCR, text="the whole page", words=words
    )
    return Document(info, lambda number: page, load_image)


def look(document: Document, **arguments: object) -> Image.Image:
    observation = Toolbox(["view_page"], [document]).run("view_page", {"page": 1, **arguments})
    (picture,) = observation.pictures
    return Image.open(io.BytesIO(picture)).convert("L")


def test_tools_are_those_that_agents_may_name() -> None:
    assert tuple(TOOLS) == get_args(ToolName)
    assert [TOOLS[name](()).spec.name for name in TOOLS] == list(TOOLS)
    assert all(TOOLS[name](()).spec.parameters["type"] == "object" for name in TOOLS)


@pytest.mark.parametrize("region", ["bottom-right", [0.5, 0.5, 1, 1], "[0.5"])
def test_region_is_cut_from_a_larger_picture(region: object) -> None:
    document = drawn([])
    if region == "[0.5":
        text = Toolbox(["view_page"], [document]).run("view_page", {"page": 1, "region": region})
        assert "region" in text.text
        assert text.pictures == ()
        return
    picture = look(document, region=region)
    assert picture.size == (RENDERED_SIDE // 4, RENDERED_SIDE // 2)
    assert picture.getpixel((5, 5)) == 0
    assert picture.resize((1, 1)).getpixel((0, 0)) == 0


def test_whole_page_and_resolution() -> None:
    document = drawn([])
    assert look(document).size == (1024, 2048)
    assert look(document, resolution="500").size == (250, 500)
    assert max(look(document, region="top", resolution=300).size) == 300


def test_smallest_region_still_is_a_picture() -> None:
    assert min(look(drawn([]), region=[0.999999, 0, 1, 0.000001]).size) >= 1


def test_pictures_are_offered_only_where_there_are_some(make_document: MakeDocument) -> None:
    text, scan = make_document("x"), make_document("y", image="PNG", number=2)
    assert Toolbox(["view_page"], [text]).specs == ()
    box = Toolbox(["view_page"], [text, scan])
    assert [spec.pictures for spec in box.specs] == [True]
    assert "no picture of page 1 of document 1" in box.run("view_page", {"page": 1}).text


def test_picture_that_cannot_be_made_is_said(make_document: MakeDocument) -> None:
    box = Toolbox(["view_page"], [make_document("x", image="broken")])
    for region in (None, "top"):
        observation = box.run("view_page", {"page": 1, "region": region})
        assert "could be made: no picture" in observation.text
        assert observation.pictures == ()
    with pytest.raises(UnreadableFileError):
        make_document("x", image="broken").load_image(1, 100)


def test_page_is_read_with_its_layout(make_document: MakeDocument) -> None:
    box = Toolbox(["read_page"], [make_document("one", "Item    Price\nTea      1.00")])
    assert box.run("read_page", {"page": 2}).text == "Item    Price\nTea      1.00"
    assert "region bottom of page 1" in box.run("read_page", {"page": 1, "region": "bottom"}).text


def test_region_is_read_line_by_line_columns_apart() -> None:
    words = [
        word("Total", 0.1, 0.801),
        word("due", 0.22, 0.8),
        word("12.50", 0.8, 0.803),
        word("EUR", 0.8, 0.85),
        word("Heading", 0.1, 0.1),
    ]
    box = Toolbox(["read_page"], [drawn(words)])
    read = box.run("read_page", {"page": 1, "region": "bottom"})
    assert read.text == "Total due   12.50\nEUR"
    assert box.run("read_page", {"page": 1, "region": [0.7, 0.7, 1, 0.82]}).text == "12.50"


def test_long_pages_are_cut_and_say_so(make_document: MakeDocument) -> None:
    text = Toolbox(["read_page"], [make_document("word " * 10_000)]).run("read_page", {"page": 1})
    assert len(text.text) < MAX_OBSERVATION + 100
    assert text.text.endswith("[cut: 42000 more characters; ask for a smaller part]")
