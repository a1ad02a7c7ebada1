"""Data files inside PDFs and mails, as text for a reader."""

import io
from pathlib import Path

import pytest
from fpdf import FPDF
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter

from signoff.documents.embedded import MAX_CHARACTERS, embedded_text

INVOICES = Path(__file__).parents[3] / "shared" / "data" / "invoices"

XML = b"""<?xml version="1.0" encoding="UTF-8"?>
<rsm:Invoice xmlns:rsm="urn:a" xmlns:ram="urn:b">
  <ram:Header><ram:Issue><ram:Date format="102">20260312</ram:Date></ram:Issue></ram:Header>
  <ram:Line><ram:Name>Caf\xc3\xa9
     cr\xc3\xa8me</ram:Name><ram:Amount currencyID="EUR">12.50</ram:Amount></ram:Line>
</rsm:Invoice>"""


def pdf_with(name: str, content: bytes) -> bytes:
    page = FPDF()
    page.add_page()
    page.set_font("helvetica", size=12)
    page.cell(text="What a person sees")
    writer = PdfWriter(PdfReader(io.BytesIO(bytes(page.output()))))
    writer.add_attachment(name, content)
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def test_xml_is_an_outline_without_namespaces():
    assert embedded_text("a.XML", XML) == (
        "Invoice:\n"
        " Header/Issue/Date: 20260312 (102)\n"
        " Line:\n"
        "  Name: Café crème\n"
        "  Amount: 12.50 (EUR)"
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.xml", b"<a>"),
        ("a.xml", b""),
        ("a.xml", b"<a/>"),
        ("a.xml", b'<!DOCTYPE a [<!ENTITY b "bb">]><a>&b;&b;</a>'),
        ("a.xml", b"<?xml version='1.0' encoding='no-such'?><a>b</a>"),
        ("a.zip", b"PK"),
    ],
)
def test_what_is_no_plain_data_is_left_to_others(name: str, content: bytes):
    assert embedded_text(name, content) is None


def test_a_long_file_is_cut():
    text = embedded_text("a.csv", b"a;b\r\n" * 100_000)
    assert text is not None
    assert len(text) < MAX_CHARACTERS + 100
    assert text.endswith("[the rest of the file was left out]")


@given(st.binary(max_size=200))
def test_any_bytes_are_survived(content: bytes):
    for name in ("a.xml", "a.csv"):
        text = embedded_text(name, content)
        assert text is None or "\x00" not in text


def test_an_invoice_tells_the_xml_inside_it(parse):
    [document] = parse(parse.write("a.pdf", pdf_with("factur-x.xml", XML)))
    assert document.info.embedded == {"factur-x.xml": embedded_text("factur-x.xml", XML)}
    assert document.info.notes == []
    assert "12.50" not in document.load_page(1).text


def test_it_can_be_withheld(parse):
    path = parse.write("a.pdf", pdf_with("factur-x.xml", XML))
    parse(path)
    parse.configure(embedded_files=False)
    [document] = parse(path)
    assert document.info.embedded == {}


@pytest.mark.skipif(not INVOICES.is_dir(), reason="needs ../shared/data/invoices")
def test_real_e_invoices_tell_their_xml(parse):
    [document] = parse(INVOICES / "corpus__XML-Rechnung__FX__EN16931_OEPNV.pdf")
    [text] = document.info.embedded.values()
    assert "ExchangedDocument:\n  ID: E2018092011804" in text
    assert len(text) < 6000
