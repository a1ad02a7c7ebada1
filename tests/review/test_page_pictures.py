from __future__ import annotations

import io
import random

import pytest
from PIL import Image

from signoff.documents.model import Document, DocumentInfo, Page, TextSource
from signoff.errors import UnreadableFileError
from signoff.executions.extractions import Evidence
from signoff.review.pictures import page_pictures


def png(width: int, height: int, *, noise: bool = False) -> bytes:
    if noise:
        image = Image.frombytes("L", (width, height), random.Random(1).randbytes(width * height))
    else:
        image = Image.new("RGB", (width, height), "white")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


PAGE = png(700, 1000)


def document(
    number: int,
    *,
    pages: int = 1,
    image: bytes | Exception | None = PAGE,
) -> Document:
    def load_page(page: int) -> Page:
        return Page(
            number=page,
            width=595,
            height=842,
            source=TextSource.TEXT_LAYER,
            text="",
            has_image=image is not None,
        )

    def load_image(page: int, side: int) -> bytes:
        if isinstance(image, Exception):
            raise image
        assert image is not None, "a page without a picture was drawn"
        return image

    info = DocumentInfo(
        number=number,
        name=f"{number}.pdf",
        media_type="application/pdf",
        sha256="0",
        key="0",
        page_count=pages,
    )
    return Document(info, load_page, load_image)


def at(file: int, page: int, box: tuple[float, float, float, float] | None = None) -> Evidence:
    return Evidence(file=file, page=page, box=box, quote="x")


def pages(*args: object, **kwargs: object) -> list[tuple[str, int]]:
    return [(p.document, p.page) for p in page_pictures(*args, **kwargs)]  # type: ignore[arg-type]


def test_without_evidence_each_documents_first_pages_are_shown() -> None:
    assert pages([document(1, pages=5)], {}) == [("1.pdf", 1), ("1.pdf", 2), ("1.pdf", 3)]
    both = [document(1, pages=5), document(2, pages=5)]
    assert pages(both, {}) == [("1.pdf", 1), ("1.pdf", 2), ("2.pdf", 1)]


def test_pages_with_the_most_evidence_are_shown_in_reading_order() -> None:
    evidence = {"/a": at(1, 9), "/b": at(1, 9), "/c": at(2, 2), "/d": at(1, 4)}
    both = [document(1, pages=1000), document(2, pages=2)]
    assert pages(both, evidence, max_pictures=2) == [("1.pdf", 4), ("1.pdf", 9)]
    assert pages(both, evidence) == [("1.pdf", 4), ("1.pdf", 9), ("2.pdf", 2)]


def test_text_gives_way_to_documents_with_pictures() -> None:
    mail, scan = document(1, image=None), document(2)
    assert pages([mail, scan], {"/a": at(1, 1)}) == [("2.pdf", 1)]


def test_evidence_that_points_nowhere_is_ignored() -> None:
    evidence = {"/a": at(7, 1), "/b": at(1, 99), "/c": at(1, 0)}
    assert pages([document(1)], evidence) == [("1.pdf", 1)]


@pytest.mark.parametrize("image", [UnreadableFileError("broken"), b"no image", b""])
def test_a_page_that_cannot_be_drawn_is_left_out(image: bytes | Exception) -> None:
    assert pages([document(1, image=image), document(2)], {}) == [("2.pdf", 1)]


def test_no_documents_and_no_pictures_wanted() -> None:
    assert page_pictures([], {"/a": at(1, 1)}) == []
    assert page_pictures([document(1)], {}, max_pictures=0) == []


def test_pictures_fit_their_budget_together() -> None:
    found = page_pictures(
        [document(1, pages=3, image=png(1000, 1400, noise=True))], {}, max_bytes=300_000
    )
    assert len(found) == 3
    assert sum(len(picture.jpeg) for picture in found) <= 300_000


def test_a_page_that_cannot_be_made_small_enough_is_left_out() -> None:
    assert page_pictures([document(1)], {}, max_bytes=30) == []


def test_evidence_is_framed_where_it_is() -> None:
    evidence = {"/a": at(1, 1, (0.2, 0.2, 0.8, 0.4)), "/b": at(1, 1, (0.9, 0.9, 0.1, 0.1))}
    (picture,) = page_pictures([document(1)], evidence)
    with Image.open(io.BytesIO(picture.jpeg)) as image:
        grey = image.convert("L")
    assert darkest(grey, (0.0, 0.1, 1.0, 0.5)) < 150
    assert darkest(grey, (0.25, 0.23, 0.75, 0.37)) > 230
    assert darkest(grey, (0.0, 0.5, 1.0, 1.0)) > 230


def darkest(image: Image.Image, part: tuple[float, float, float, float]) -> int:
    left, top, right, bottom = part
    width, height = image.size
    corners = (int(left * width), int(top * height), int(right * width), int(bottom * height))
    return min(image.crop(corners).tobytes())


def test_boxes_beyond_the_page_are_drawn_at_its_edge() -> None:
    evidence = {"/a": at(1, 1, (-3.0, 0.5, 9.0, 0.6)), "/b": at(1, 1, (0.0, 0.0, 1.0, 1.0))}
    assert len(page_pictures([document(1)], evidence)) == 1


def test_the_data_uri_is_a_jpeg() -> None:
    (picture,) = page_pictures([document(1)], {})
    assert picture.data_uri.startswith("data:image/jpeg;base64,/9j/")
