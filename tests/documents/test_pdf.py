"""PDFs: text layers with boxes, OCR where there is none, forms, embedded files, broken ones."""

from __future__ import annotations

import io

import pypdfium2 as pdfium
import pytest
from fpdf import FPDF
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

from signoff.documents.model import TextSource
from signoff.documents.pdf_layer import Frame
from signoff.errors import UnreadableFileError

INCH = 72


def printed(*pages: str) -> bytes:
    """A4 pages, each text at (30 mm, 20 mm)."""
    document = FPDF()
    for text in pages:
        document.add_page()
        document.set_font("helvetica", size=20)
        document.text(30, 20, text)
    return bytes(document.output())


def scanned(text: str, **stamp: str) -> bytes:
    """A page that is a picture."""
    picture = Image.new("L", (1240, 1754), "white")
    draw = ImageDraw.Draw(picture)
    draw.text((200, 200), text, "black", ImageFont.load_default(48))
    document = FPDF()
    document.add_page()
    document.image(picture, 0, 0, 210, 297)
    for content in stamp.values():
        document.set_font("helvetica", size=8)
        document.text(10, 290, content)
    return bytes(document.output())


def rewritten(data: bytes, change=lambda writer: None) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    change(writer)
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def ink(picture: Image.Image) -> tuple[float, float, float, float]:
    """Where the picture is not white, in fractions."""
    box = picture.convert("L").point(lambda value: 255 if value < 128 else 0).getbbox()
    assert box is not None
    width, height = picture.size
    return box[0] / width, box[1] / height, box[2] / width, box[3] / height


def test_a_text_layer_is_read_with_boxes_where_the_ink_is(parse):
    [document] = parse(parse.write("a.pdf", printed("Rechnung Größe 17")))
    page = document.load_page(1)
    assert page.source is TextSource.TEXT_LAYER
    assert (round(page.width), round(page.height)) == (595, 842)
    assert page.text == "Rechnung Größe 17"
    assert [word.text for word in page.words] == ["Rechnung", "Größe", "17"]
    left, top, right, bottom = ink(Image.open(io.BytesIO(document.load_image(1, 2000))))
    assert page.words[0].box.left == pytest.approx(left, abs=0.005)
    assert page.words[2].box.right == pytest.approx(right, abs=0.005)
    assert min(word.box.top for word in page.words) == pytest.approx(top, abs=0.005)
    assert max(word.box.bottom for word in page.words) == pytest.approx(bottom, abs=0.005)


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_boxes_follow_rotation_and_crop_box(parse, rotation):
    def change(writer: PdfWriter) -> None:
        page = writer.pages[0]
        page.cropbox.lower_left = (50, 400)
        page.cropbox.upper_right = (500, 830)
        page.rotate(rotation)

    [document] = parse(parse.write("a.pdf", rewritten(printed("Rechnung 17"), change)))
    page = document.load_page(1)
    expected = (450, 430) if rotation == 180 else (430, 450)
    assert (page.width, page.height) == expected
    boxes = [word.box for word in page.words]
    left, top, right, bottom = ink(Image.open(io.BytesIO(document.load_image(1, 2000))))
    assert min(box.left for box in boxes) == pytest.approx(left, abs=0.01)
    assert min(box.top for box in boxes) == pytest.approx(top, abs=0.01)
    assert max(box.right for box in boxes) == pytest.approx(right, abs=0.01)
    assert max(box.bottom for box in boxes) == pytest.approx(bottom, abs=0.01)


def test_words_outside_of_the_crop_box_are_not_on_the_page(parse):
    def change(writer: PdfWriter) -> None:
        writer.pages[0].cropbox.upper_right = (595, 700)

    document = FPDF()
    document.add_page()
    document.set_font("helvetica", size=12)
    document.text(30, 20, "cut off")
    document.text(30, 200, "still there")
    [parsed] = parse(parse.write("a.pdf", rewritten(bytes(document.output()), change)))
    assert parsed.load_page(1).text == "still there"


def test_columns_stay_apart(parse):
    document = FPDF()
    document.add_page()
    document.set_font("helvetica", size=10)
    for y, row in ((30, ("Artikel", "Betrag")), (36, ("Schraube", "1,00")), (42, ("Öl", "2,50"))):
        document.text(20, y, row[0])
        document.text(150, y, row[1])
    [parsed] = parse(parse.write("a.pdf", bytes(document.output())))
    lines = parsed.load_page(1).text.split("\n")
    assert [line.split() for line in lines] == [
        ["Artikel", "Betrag"],
        ["Schraube", "1,00"],
        ["Öl", "2,50"],
    ]
    assert len({line.index(line.split()[1]) for line in lines}) == 1


@pytest.mark.parametrize("stamp", [{}, {"number": "Page 1 of 1"}])
def test_a_scanned_page_is_read_with_ocr(parse, stamp):
    [document] = parse(parse.write("scan.pdf", scanned("Invoice 4711", **stamp)))
    page = document.load_page(1)
    assert page.source is TextSource.OCR
    assert page.text.split("\n")[0].strip() == "Invoice 4711"
    assert page.words[0].box == pytest.approx((0.16, 0.12, 0.29, 0.14), abs=0.03)


def test_a_mapping_to_nothing_readable_is_no_text_layer(parse):
    # The font's ToUnicode map leads into the private use area, as broken exporters write it.
    cmap = (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
        b"1 begincodespacerange <00> <ff> endcodespacerange\n"
        b"1 beginbfrange <00> <ff> <e000> endbfrange endcmap"
    )

    def change(writer: PdfWriter) -> None:
        from pypdf.generic import StreamObject

        stream = StreamObject()
        stream.set_data(cmap)
        fonts = writer.pages[0]["/Resources"]["/Font"]  # type: ignore[index]
        for font in fonts.values():
            font.get_object()[NameObject("/ToUnicode")] = writer._add_object(stream)

    [document] = parse(parse.write("a.pdf", rewritten(printed("Invoice 4711"), change)))
    page = document.load_page(1)
    assert (page.source, page.text.strip()) == (TextSource.OCR, "Invoice 4711")


def test_an_empty_page_costs_no_ocr(parse):
    document = FPDF()
    document.add_page()
    [parsed] = parse(parse.write("a.pdf", bytes(document.output())))
    page = parsed.load_page(1)
    assert (page.source, page.text, page.words) == (TextSource.NONE, "", [])


def test_a_pdf_with_an_empty_user_password_opens(parse):
    document = FPDF()
    document.add_page()
    document.set_font("helvetica", size=20)
    document.text(30, 20, "Confidential")
    document.set_encryption(owner_password="owner", user_password="")
    [parsed] = parse(parse.write("a.pdf", bytes(document.output())))
    assert parsed.load_page(1).text == "Confidential"


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-256"])
def test_an_encrypted_pdf_is_refused_with_a_remedy(parse, algorithm):
    data = rewritten(
        printed("Confidential"), lambda writer: writer.encrypt("secret", algorithm=algorithm)
    )
    with pytest.raises(
        UnreadableFileError, match=r"vault\.pdf: the PDF is encrypted.*unlocked copy"
    ) as error:
        parse(parse.write("vault.pdf", data))
    assert error.value.code == "unreadable_file"


def test_a_pdf_without_pages_is_refused_also_after_an_encrypted_one(parse):
    def change(writer: PdfWriter) -> None:
        pages = writer._root_object["/Pages"].get_object()
        pages[NameObject("/Kids")] = ArrayObject()  # type: ignore[index]
        pages[NameObject("/Count")] = NumberObject(0)  # type: ignore[index]

    locked = rewritten(printed("x"), lambda writer: writer.encrypt("secret"))
    with pytest.raises(UnreadableFileError, match="encrypted"):
        parse(parse.write("locked.pdf", locked))
    with pytest.raises(UnreadableFileError, match=r"none\.pdf: the PDF has no pages"):
        parse(parse.write("none.pdf", rewritten(printed("x"), change)))


@pytest.mark.parametrize(
    "data", [b"%PDF-1.4", b"%PDF-1.4\n" + b"\x00" * 1000, printed("whole")[:300]]
)
def test_a_truncated_pdf_is_refused(parse, data):
    with pytest.raises(UnreadableFileError, match=r"cut\.pdf: the PDF"):
        parse(parse.write("cut.pdf", data))


def test_more_pages_than_allowed_are_refused(parse):
    parse.configure(max_pages=2)
    with pytest.raises(UnreadableFileError, match=r"a\.pdf.*more than 2 pages"):
        parse(parse.write("a.pdf", printed("1", "2", "3")))


def _with_form(data: bytes) -> bytes:
    def change(writer: PdfWriter) -> None:
        field = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Annot"),
                NameObject("/Subtype"): NameObject("/Widget"),
                NameObject("/FT"): NameObject("/Tx"),
                NameObject("/T"): TextStringObject("invoice_number"),
                NameObject("/V"): TextStringObject("RE-4711 Öl"),
                NameObject("/DA"): TextStringObject("/Helv 12 Tf 0 g"),
                NameObject("/F"): NumberObject(4),
                NameObject("/Rect"): ArrayObject(map(FloatObject, (100, 600, 300, 620))),
            }
        )
        reference = writer._add_object(field)
        writer.pages[0][NameObject("/Annots")] = ArrayObject([reference])
        writer._root_object[NameObject("/AcroForm")] = DictionaryObject(
            {NameObject("/Fields"): ArrayObject([reference])}
        )
        writer.update_page_form_field_values(
            writer.pages[0], {"invoice_number": "RE-4711 Öl"}, auto_regenerate=False
        )

    return rewritten(data, change)


def test_form_fields_are_read_and_their_values_are_on_the_page(parse):
    data = _with_form(printed("Please fill in your number"))
    [document] = parse(parse.write("form.pdf", data))
    assert document.info.fields == {"invoice_number": "RE-4711 Öl"}
    page = document.load_page(1)
    assert "RE-4711" in page.text
    [word] = [word for word in page.words if word.text == "RE-4711"]
    assert word.box.left == pytest.approx(100 / 595, abs=0.02)
    assert word.box.top == pytest.approx(1 - 620 / 842, abs=0.02)


def test_embedded_files_become_documents_and_others_are_noted(parse):
    def change(writer: PdfWriter) -> None:
        writer.add_attachment("terms.txt", b"Zahlbar in 30 Tagen")
        writer.add_attachment("factur-x.xml", b"<?xml version='1.0'?><x/>")
        writer.add_attachment("../../inner.pdf", printed("Inside"))

    mother, *children = parse(parse.write("a.pdf", rewritten(printed("Outside"), change)))
    assert {child.info.name for child in children} == {"terms.txt", "inner.pdf"}
    assert {child.info.parent for child in children} == {1}
    assert {child.load_page(1).text for child in children} == {"Zahlbar in 30 Tagen", "Inside"}
    [note] = mother.info.notes
    assert "factur-x.xml" in note


def test_pictures_of_pages_are_at_most_as_large_as_asked(parse):
    [document] = parse(parse.write("a.pdf", printed("Rechnung 17")))
    for side in (100, 777, 2048):
        picture = Image.open(io.BytesIO(document.load_image(1, side)))
        assert side - 2 <= max(picture.size) <= side
    with pytest.raises(UnreadableFileError, match="no picture of page 2"):
        document.load_image(2, 100)


def test_a_page_as_large_as_a_house_is_rendered_small(parse):
    def change(writer: PdfWriter) -> None:
        writer.pages[0].mediabox.upper_right = (14_400 * 10, 200)

    [document] = parse(parse.write("a.pdf", rewritten(scanned("x"), change)))
    assert max(Image.open(io.BytesIO(document.load_image(1, 2048))).size) <= 2048


coordinate = st.floats(-2000, 2000) | st.floats()


@settings(deadline=None)
@given(
    st.tuples(coordinate, coordinate, coordinate, coordinate),
    st.tuples(st.floats(-500, 500), st.floats(-500, 500), st.floats(1, 900), st.floats(1, 900)),
    st.integers(0, 3),
)
def test_boxes_are_within_the_page(rect, page, rotation):
    box = Frame(page[0], page[1], page[2], page[3], rotation).box(*rect)
    if box is not None:
        assert all(0 <= value <= 1 for value in box)


@settings(deadline=None, max_examples=30)
@given(st.data())
def test_damaged_pdfs_are_read_or_refused(tmp_path_factory, data):
    from signoff.documents import pdf
    from signoff.documents.steps import Limits

    content = bytearray(DAMAGED)
    for place, value in data.draw(
        st.lists(st.tuples(st.integers(8, len(content) - 1), st.integers(0, 255)), max_size=12)
    ):
        content[place] = value
    folder = tmp_path_factory.getbasetemp()
    path = folder / "damaged.pdf"
    path.write_bytes(content)
    limits = Limits(
        max_pages=10, max_frames=3, max_image_pixels=10**6, memory=2**30, languages="eng"
    )
    try:
        found = pdf.inspect(path, folder, "damaged.pdf", limits)
        pdf.read_pages(path, folder, "damaged.pdf", 1, found["page_count"])
    except UnreadableFileError as error:
        assert "damaged.pdf" in str(error)  # noqa: PT017


DAMAGED = _with_form(printed("Rechnung 17", "Seite 2"))


def test_the_text_layer_agrees_with_pdfiums_own_text(parse):
    data = printed("Rechnung 4711 vom 5. Mai über 12,50 Franken", "zweite Seite")
    [document] = parse(parse.write("a.pdf", data))
    reference = pdfium.PdfDocument(data)
    try:
        for number, page in enumerate(document.pages()):
            text_page = reference[number].get_textpage()
            assert page.text.split() == text_page.get_text_range().split()
            text_page.close()
    finally:
        reference.close()
