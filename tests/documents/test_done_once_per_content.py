"""What is costly is done when it is needed, and once per content, whoever asks."""

from __future__ import annotations

from collections import Counter

import pytest
from fpdf import FPDF
from PIL import Image, ImageDraw, ImageFont

from signoff.documents.sandbox import Sandbox


@pytest.fixture
def calls(monkeypatch):
    """How often each function was called in a child process."""
    counted: Counter[str] = Counter()

    def counting(method, place):
        def run(self, *args):
            counted[args[place].__name__] += 1
            return method(self, *args)

        return run

    monkeypatch.setattr(Sandbox, "run", counting(Sandbox.run, 1))
    monkeypatch.setattr(Sandbox, "run_slow", counting(Sandbox.run_slow, 2))
    return counted


def letters(pages: int) -> bytes:
    document = FPDF()
    document.set_font("helvetica", size=12)
    for number in range(1, pages + 1):
        document.add_page()
        document.cell(text=f"Letter, page {number}")
    return bytes(document.output())


def scans(*texts: str) -> bytes:
    document = FPDF()
    for text in texts:
        picture = Image.new("L", (600, 200), "white")
        ImageDraw.Draw(picture).text((40, 40), text, "black", ImageFont.load_default(48))
        document.add_page(format=(150, 50))
        document.image(picture, 0, 0, 150, 50)
    return bytes(document.output())


def test_a_pdf_with_text_is_read_in_one_call_and_not_rendered(parse, calls):
    [document] = parse(parse.write("a.pdf", letters(3)))
    assert [page.text for page in document.pages()] == [f"Letter, page {n}" for n in (1, 2, 3)]
    assert calls == {"inspect": 1}


def test_a_page_is_rendered_once_for_all_executions_that_look_at_it(parse, calls):
    content = letters(2)
    for name in ("a.pdf", "b.pdf", "c.pdf"):  # three executions
        [document] = parse(parse.write(name, content))
        pictures = {document.load_image(1, 700) for _ in range(2)}
        assert len(pictures) == 1
    assert calls == {"inspect": 1, "render": 1}


def test_ocr_reads_a_scan_once_for_all_executions(parse, calls):
    content = scans("One 1", "Two 2")
    for name in ("a.pdf", "b.pdf"):
        [document] = parse(parse.write(name, content))
        assert [page.text for page in document.pages()] == ["One 1", "Two 2"]
    assert calls == {"inspect": 1, "ocr_pages": 2}


def test_many_scanned_pages_are_shared_out_over_few_calls(parse, calls):
    [document] = parse(parse.write("a.pdf", scans(*["A page"] * 21, "The last")))
    assert [page.text for page in document.pages()] == ["A page"] * 21 + ["The last"]
    assert calls == {"inspect": 1, "read_pages": 2, "ocr_pages": 9}
