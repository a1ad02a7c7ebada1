"""Finding words in documents, OCR's errors forgiven, on hostile pages too."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.documents.model import Document, DocumentInfo, Page, TextSource
from signoff.extraction.tools.search import CONTEXT, MAX_PLACES, Search
from signoff.extraction.tools.toolbox import MAX_OBSERVATION, Toolbox

MakeDocument = Callable[..., Document]


def one_page(text: str) -> Document:
    info = DocumentInfo(
        number=1, name="a.txt", media_type="text/plain", sha256="a", key="k", page_count=1
    )
    page = Page(number=1, width=0, height=0, source=TextSource.TEXT, text=text, has_image=False)
    return Document(info, lambda number: page, lambda number, side: b"")


def found(query: str, *documents: Document, document: int | None = None) -> list[str]:
    arguments = {"query": query, "document": document}
    return Toolbox(["search"], documents).run("search", arguments).text.splitlines()


def test_places_are_told_with_their_context(make_document: MakeDocument) -> None:
    first = make_document("Tea   1.00", "Sum\nTotal  amount:   12.50 EUR")
    second = make_document("total amount: 3", number=2)
    assert found("TOTAL amount", first, second) == [
        "document 1, page 2: Sum Total amount: 12.50 EUR",
        "document 2, page 1: total amount: 3",
    ]
    assert found("total amount", first, second, document=2) == [
        "document 2, page 1: total amount: 3"
    ]


def test_words_across_lines_are_found(make_document: MakeDocument) -> None:
    assert found("Acme Trading Limited", make_document("To: Acme Trading\n  Limited, Kent")) == [
        "document 1, page 1: To: Acme Trading Limited, Kent"
    ]


@pytest.mark.parametrize(
    "misread", ["lnvoice nurnber 4711", "Invoice numbcr 4711", "Invoicenumber"]
)
def test_misread_letters_are_forgiven(make_document: MakeDocument, misread: str) -> None:
    (line,) = found("Invoice number", make_document(f"Page 1\n{misread}\nThank you"))
    assert line.endswith(misread)
    assert "% alike" in line


def test_short_words_are_not_guessed_at(make_document: MakeDocument) -> None:
    assert "Nothing like" in found("VAT", make_document("Vet bill"))[0]


def test_what_is_nowhere_is_said_to_be(make_document: MakeDocument) -> None:
    assert found("Zwischensumme", make_document("Total 12.50")) == [
        "Nothing like 'Zwischensumme' was found. Try fewer or other words."
    ]


def test_output_is_bounded() -> None:
    lines = found("total", one_page("total " * 50_000))
    assert len(lines) == MAX_PLACES + 1
    assert all(len(line) < 2 * CONTEXT + 50 for line in lines)
    assert "more places" in lines[-1]


@pytest.mark.parametrize("query", ["", "   ", "x" * 201])
def test_unusable_queries_are_refused(make_document: MakeDocument, query: str) -> None:
    assert "query" in "\n".join(found(query, make_document("x")))


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "ab " * 300_000,
        "\n".join(["total amounf 12"] * 50_000),
        "İ" * 100_000,
        "(a+)+$" * 10_000,
    ],
)
def test_hostile_pages_take_no_long(text: str) -> None:
    started = time.monotonic()
    for query in ("(a+)+$", "total amount", "a" * 200):
        assert len("\n".join(found(query, one_page(text)))) <= MAX_OBSERVATION + 100
    assert time.monotonic() - started < 10


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300), st.text(min_size=1, max_size=200))
def test_any_query_on_any_page_is_answered(text: str, query: str) -> None:
    if query.strip():
        assert Search([one_page(text)]).run({"query": query}).text


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="abcd efgh\n", min_size=10, max_size=200), st.data())
def test_words_that_stand_on_the_page_are_found(text: str, data: st.DataObject) -> None:
    words = text.split()
    if not words:
        return
    start = data.draw(st.integers(0, len(words) - 1))
    query = " ".join(words[start : start + 4])
    (first, *_) = found(query, one_page(text))
    assert query in first
    assert "alike" not in first
