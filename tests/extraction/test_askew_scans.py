"""Lines of a page that was scanned askew."""

import pytest

from signoff.documents.model import Box, Page, TextSource, Word
from signoff.extraction.offline.layout import sheet_of, union_box


def test_words_of_a_scan_askew_keep_their_place_on_the_page() -> None:
    words = [
        Word(
            f"wort{line}{column}",
            Box(
                column / 6 + 0.02,
                line / 20 + column / 120,
                column / 6 + 0.12,
                line / 20 + column / 120 + 0.02,
            ),
            0.9,
        )
        for line in range(1, 9)
        for column in range(6)
    ]
    page = Page(number=1, width=1, height=1, source=TextSource.OCR, text="", words=words)
    sheet = sheet_of(page, document=1, pages=1)
    assert len(sheet.lines) == 8
    for line in sheet.lines:
        for token in line.tokens:
            word = next(word for word in words if word.text == token.text)
            assert union_box([token]) == pytest.approx(word.box)
