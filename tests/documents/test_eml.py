"""Mails: headers, bodies, attachments; broken ones too."""

from __future__ import annotations

import io
import tempfile
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from fpdf import FPDF
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support.written_pages import written_pages

from signoff.documents.eml import inspect
from signoff.documents.model import Page
from signoff.documents.steps import Limits

LIMITS = Limits(max_pages=500, max_frames=3, max_image_pixels=10**6, memory=2**30, languages="eng")


def mail(**headers: str) -> EmailMessage:
    message = EmailMessage()
    defaults = {
        "From": "Käthe Müller <kaethe@example.com>",
        "To": "orders@example.org",
        "Date": "Mon, 02 Mar 2026 09:00:00 +0100",
        "Subject": "Bestellung 17 für März",
    }
    for name, value in (defaults | headers).items():
        message[name] = value
    return message


def pdf(text: str) -> bytes:
    document = FPDF()
    document.add_page()
    document.set_font("helvetica", size=12)
    document.cell(text=text)
    return bytes(document.output())


def picture() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (10, 10), "blue").save(stream, "PNG")
    return stream.getvalue()


def body_of(raw: bytes, folder: Path | None = None) -> str:
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "mail"
        path.write_bytes(raw)
        inspect(path, Path(temporary), "a.eml", LIMITS)
        page = Page.model_validate_json(written_pages(Path(temporary))[1])
    return page.text.partition("\n\n")[2]


def test_headers_and_body_are_the_text(parse):
    message = mail(Cc="boss@example.com")
    message.set_content("Bitte 5 Stück liefern.\n")
    [document] = parse(parse.write("order.eml", message.as_bytes()))
    assert document.info.headers == {
        "from": "Käthe Müller <kaethe@example.com>",
        "to": "orders@example.org",
        "cc": "boss@example.com",
        "date": "Mon, 02 Mar 2026 09:00:00 +0100",
        "subject": "Bestellung 17 für März",
    }
    assert document.load_page(1).text == (
        "From: Käthe Müller <kaethe@example.com>\n"
        "To: orders@example.org\n"
        "Cc: boss@example.com\n"
        "Date: Mon, 02 Mar 2026 09:00:00 +0100\n"
        "Subject: Bestellung 17 für März\n"
        "\n"
        "Bitte 5 Stück liefern."
    )
    assert document.info.notes == []


def test_attachments_and_inline_images_become_documents_of_their_own(parse):
    message = mail()
    message.set_content("see attachment")
    message.add_alternative("<p>see <b>attachment</b> <img src='cid:logo'></p>", subtype="html")
    html: Any = message.get_payload(1)
    html.add_related(picture(), "image", "png", cid="<logo>")
    message.add_attachment(
        pdf("Order 17"), maintype="application", subtype="pdf", filename="Größe.pdf"
    )
    message.add_attachment(b"PK\3\4", maintype="application", subtype="zip", filename="x.zip")
    mail_document, image, attached = parse(parse.write("order.eml", message.as_bytes()))
    assert (image.info.parent, image.info.media_type) == (1, "image/png")
    assert image.info.name.endswith(".png")
    assert (attached.info.parent, attached.info.name) == (1, "Größe.pdf")
    assert attached.load_page(1).text == "Order 17"
    [note] = mail_document.info.notes
    assert "x.zip" in note
    assert ".zip are not read" in note


def test_a_mail_in_a_mail_brings_its_attachments(parse):
    inner = mail(Subject="inner mail")
    inner.set_content("inside")
    inner.add_attachment("a,b", filename="lines.txt")
    outer = mail(Subject="outer mail")
    outer.set_content("outside")
    outer.add_attachment(inner)
    documents = parse(parse.write("fwd.eml", outer.as_bytes()))
    assert [(d.info.number, d.info.parent, d.info.name) for d in documents] == [
        (1, None, "fwd.eml"),
        (2, 1, "inner mail.eml"),
        (3, 2, "lines.txt"),
    ]
    assert documents[1].load_page(1).text.endswith("inside")


def test_mails_nested_without_end_stop_somewhere(parse):
    message = mail()
    message.set_content("the core")
    for level in range(12):
        outer = mail(Subject=f"level {level}")
        outer.set_content("around")
        outer.add_attachment(message)
        message = outer
    documents = parse(parse.write("deep.eml", message.as_bytes()))
    assert len(documents) == 6
    assert "nested too deeply" in documents[-1].info.notes[0]


def test_an_unreadable_attachment_is_noted_and_the_mail_is_read(parse):
    message = mail()
    message.set_content("body")
    message.add_attachment(
        b"%PDF-1.4 broken", maintype="application", subtype="pdf", filename="broken.pdf"
    )
    message.add_attachment(b"", maintype="application", subtype="pdf", filename="empty.pdf")
    message.add_attachment(b"MZ", maintype="image", subtype="png", filename="fake.png")
    [document] = parse(parse.write("order.eml", message.as_bytes()))
    notes = "\n".join(document.info.notes)
    assert "broken.pdf: the PDF is damaged" in notes
    assert "empty.pdf: the file is empty" in notes
    assert "fake.png: the name says image/png" in notes


def test_without_a_body_the_headers_are_the_text(parse):
    message = mail()
    [document] = parse(parse.write("a.eml", message.as_bytes()))
    assert document.load_page(1).text.startswith("From: Käthe")
    assert any("no text of its own" in note for note in document.info.notes)


def test_html_is_read_where_there_is_no_plain_text():
    message = mail()
    message.set_content(
        "<html><style>p {color: red}</style><table><tr><td>Item</td><td>Total</td></tr>"
        "<tr><td>Öl</td><td>5,00</td></tr></table></html>",
        subtype="html",
    )
    lines = body_of(message.as_bytes()).split("\n")
    assert [line.split() for line in lines] == [["Item", "Total"], ["Öl", "5,00"]]


def test_html_is_preferred_where_the_plain_text_says_next_to_nothing():
    message = mail()
    message.set_content("Please view as HTML.")
    message.add_alternative("<p>" + "We order five pieces. " * 20 + "</p>", subtype="html")
    assert "five pieces" in body_of(message.as_bytes())


def test_plain_text_is_preferred_to_the_same_in_html():
    message = mail()
    message.set_content("We order five pieces.")
    message.add_alternative("<h1>We order five pieces.</h1>", subtype="html")
    assert body_of(message.as_bytes()) == "We order five pieces."


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'Content-Type: text/plain; charset="x-unknown"\n\nGr\xc3\xb6\xc3\x9fe', "Größe"),
        (b"Content-Type: text/plain; charset=utf-8\n\nGr\xf6\xdfe", "Größe"),
        (b"Content-Transfer-Encoding: base64\n\nR3LDtsOfZQ", "Größe"),
        (b"Content-Transfer-Encoding: nonsense\n\nplain", "plain"),
        (b"Content-Type: multipart/mixed\n\nno boundary at all", "no boundary at all"),
        (b"Content-Type: ;;;\n\nodd", "odd"),
        (b"X-A: b\r\n\r\nTotal : 5", "Total : 5"),
        (b"Content-Type: text/plain\r\n\r\nwindows\r\nlines", "windows\nlines"),
        (b"Date: not a date\nSubject: =?utf-8?q?=ZZ?=\n\nbody", "body"),
    ],
)
def test_broken_mails_are_read_as_far_as_they_go(raw, expected):
    assert expected in body_of(b"Subject: x\n" + raw)


def test_eight_bit_and_encoded_headers_are_decoded(parse):
    raw = "Subject: Größe\nFrom: =?iso-8859-1?q?K=E4the?= <k@example.com>\n\nx".encode("latin-1")
    [document] = parse(parse.write("a.eml", raw))
    assert document.info.headers == {
        "subject": "Größe",
        "from": "Käthe <k@example.com>",
    }


def test_a_header_with_a_space_before_its_colon_counts(parse):
    [document] = parse(parse.write("a.eml", b"From : a@example.com\nTo  : b@example.com\n\nx"))
    assert document.info.headers == {"from": "a@example.com", "to": "b@example.com"}


PARTS = st.sampled_from(
    [
        b"Content-Type: multipart/mixed; boundary=a\n",
        b"Content-Type: multipart/alternative; boundary=a\n",
        b"Content-Type: message/rfc822\n",
        b"Content-Type: text/html\n",
        b"Content-Type: text/plain; charset=utf-16\n",
        b"Content-Type: image/png; name*0*=utf-8''%ff; name*2=x\n",
        b"Content-Disposition: attachment; filename==?x?b?/?=\n",
        b"Content-Transfer-Encoding: base64\n",
        b"Content-Transfer-Encoding: quoted-printable\n",
        b"Content-Transfer-Encoding: x-uuencode\n",
        b"From: =?utf-8?b?////?= <>,,;:\n",
        b"Date: \xff\x00 Mon\n",
        b"Subject: =?koi8-r?q?=FF?=\n",
        b"To: undisclosed:;, @, <a@[\n",
        b"\n",
        b"--a\n",
        b"--a--\n",
        b"<table><tr><td colspan=99>x</b></table><!--",
    ]
)


def _check(raw: bytes) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        path = folder / "mail"
        path.write_bytes(raw)
        found = inspect(path, folder, "a.eml", LIMITS)
        pages = written_pages(folder)
        assert list(pages) == list(range(1, found["page_count"] + 1))
        for page in pages.values():
            Page.model_validate_json(page)
        for attachment in found["attachments"]:
            assert (folder / attachment["file"]).is_file()


@given(st.binary(max_size=1000))
def test_no_bytes_break_the_reading(raw):
    _check(raw)


@given(st.lists(PARTS | st.binary(max_size=20), max_size=15))
def test_no_combination_of_broken_parts_breaks_the_reading(parts):
    _check(b"".join(parts))
