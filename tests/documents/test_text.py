"""Plain text to pages, lines and columns kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.written_pages import written_pages

from signoff.documents.model import Page, TextSource
from signoff.documents.steps import Limits
from signoff.documents.text import PAGE_CHARS, PAGE_LINES, inspect, paginate, words_of
from signoff.errors import UnreadableFileError

LIMITS = Limits(max_pages=10, max_frames=3, max_image_pixels=10**6, memory=2**30, languages="eng")


def test_latin_1_is_read(parse):
    path = parse.write("lieferschein.txt", "Größe:\t12,5 m²\r\nStück: 3".encode("latin-1"))
    [document] = parse(path)
    page = document.load_page(1)
    assert page.text == "Größe:  12,5 m²\nStück: 3"
    assert page.source is TextSource.TEXT
    assert not page.has_image
    assert [word.text for word in page.words] == ["Größe:", "12,5", "m²", "Stück:", "3"]
    assert page.words[1].box == (0.1, 0.0, 0.15, 0.5)
    assert document.info.notes == []
    with pytest.raises(UnreadableFileError, match="no picture"):
        document.load_image(1, 500)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
def test_other_encodings_are_read(parse, encoding):
    [document] = parse(parse.write("a.txt", "Gebühr 5 für Öl".encode(encoding)))
    assert document.load_page(1).text == "Gebühr 5 für Öl"


def test_mojibake_is_noted_and_left(parse):
    damaged = "Größe für Köln".encode().decode("cp1252")
    [document] = parse(parse.write("a.txt", damaged.encode()))
    assert document.load_page(1).text == damaged
    assert any("decoded wrongly" in note for note in document.info.notes)


def test_a_file_of_spaces_has_one_empty_page(parse):
    [document] = parse(parse.write("a.txt", b" \n \n"))
    assert document.info.page_count == 1
    assert document.load_page(1).text == ""


def test_pages_end_at_form_feeds_and_when_they_are_full():
    assert list(paginate(["a\n", "b\fc\n"])) == ["a\nb", "c"]
    many = [f"{n}\n" for n in range(PAGE_LINES * 2 + 1)]
    assert [len(page.split("\n")) for page in paginate(many)] == [PAGE_LINES, PAGE_LINES, 1]
    assert list(paginate([])) == [""]


def test_a_single_endless_line_becomes_pages(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("word " * (PAGE_CHARS // 2))
    assert inspect(path, tmp_path, "a.txt", LIMITS)["page_count"] == 3


def test_too_many_pages_are_refused_by_name(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("\f" * 20)
    with pytest.raises(UnreadableFileError, match=r"long\.txt.*more than 10 pages"):
        inspect(path, tmp_path, "long.txt", LIMITS)


@given(st.text())
def test_boxes_lie_on_the_page_and_words_are_the_texts(text):
    words = words_of(text)
    assert [word[0] for word in words] == text.split() or "\x1c" <= min(text) <= "\x1f"
    for _, (left, top, right, bottom), _ in words:
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1


@given(st.binary(max_size=2000))
def test_any_bytes_become_valid_pages(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("text")
    path = folder / "a.txt"
    path.write_bytes(data)
    limits = Limits(
        max_pages=10_000, max_frames=3, max_image_pixels=10**6, memory=2**30, languages="eng"
    )
    found = inspect(path, folder, "a.txt", limits)
    assert found["page_count"] >= 1
    pages = written_pages(folder)
    assert list(pages) == list(range(1, found["page_count"] + 1))
    for page in pages.values():
        Page.model_validate_json(page)
