"""Where evidence comes from besides words as they are: headers, forms, names, other readers."""

import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fpdf import FPDF
from support.pages import box_at, document_of, page_of

from signoff.documents.parsing import open_document, parse_files
from signoff.executions.extractions import Evidence, MatchKind
from signoff.executions.models import StoredFile
from signoff.extraction.evidence import ground
from signoff.settings import Settings
from signoff.storage.files import FileStore


def schema_of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


TEXT = {"type": "string"}
NUMBER = {"type": "number"}
LINES = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"name": TEXT, "quantity": NUMBER, "price": NUMBER},
    },
}


def test_mail_headers_and_form_fields_are_evidence_without_a_box() -> None:
    document = document_of(
        page_of("See the form."),
        number=3,
        headers={"subject": "Order PO-4711", "date": "Mon, 05 Oct 2026 10:00:00 +0200"},
        fields={"Betrag": "1.234,50"},
    )
    schema = schema_of(order=TEXT, date={"type": "string", "format": "date"}, total=NUMBER)
    data = {"order": "PO-4711", "date": "2026-10-05", "total": 1234.5}
    grounding = ground(data, schema, [document])
    assert grounding.ungrounded == []
    for evidence in grounding.evidence.values():
        assert (evidence.file, evidence.page, evidence.box) == (3, 1, None)


def test_values_of_the_input_data_are_given_not_found() -> None:
    schema = schema_of(project=TEXT, total=NUMBER, buyer=TEXT)
    data = {"project": "K-77", "total": 12.5, "buyer": "Nobody"}
    grounding = ground(
        data, schema, [document_of(page_of("Total 12.50"))], input_data={"order": [{"id": "k-77"}]}
    )
    assert set(grounding.evidence) == {"/total"}
    assert grounding.given == ["/project"]
    assert grounding.ungrounded == ["/buyer"]


def test_what_is_not_printed_as_a_value_is_not_looked_up() -> None:
    schema = schema_of(paid={"type": "boolean"}, kind={"const": "invoice"}, note=TEXT, none=TEXT)
    data = {"paid": True, "kind": "invoice", "note": " ", "none": None}
    grounding = ground(data, schema, [document_of(page_of("Hello"))])
    assert (grounding.evidence, grounding.ungrounded, grounding.given) == ({}, [], [])


@pytest.mark.parametrize(
    ("value", "rule", "line", "quote"),
    [
        ("EUR", {"type": "string", "pattern": "^[A-Z]{3}$"}, "Total 12,50 €", "€"),
        ("GBP", TEXT, "Total £12.50", "£12.50"),
        ("Germany", TEXT, "10115 Berlin, Deutschland", "Deutschland"),
        ("DE", TEXT, "10115 Berlin, Germany", "Germany"),
        ("DE123456789", TEXT, "VAT no. 123456789", "123456789"),
        ("14:05:00Z", {"type": "string", "format": "time"}, "at 2:05 pm", "2:05 pm"),
        ("card", {"enum": ["cash", "card"]}, "Kartenzahlung 12,50", "Kartenzahlung"),
        (
            "express",
            {"enum": ["express", "normal"], "description": "express (Eilsendung), normal"},
            "per Eilsendung",
            "Eilsendung",
        ),
    ],
)
def test_values_have_other_names(value: str, rule: dict[str, Any], line: str, quote: str) -> None:
    name = "currency" if len(value) == 3 else "value"
    grounding = ground({name: value}, schema_of(**{name: rule}), [document_of(page_of(line))])
    evidence = grounding.evidence[f"/{name}"]
    assert evidence.quote == quote
    assert evidence.match is MatchKind.VARIANT


def test_a_small_word_is_no_country() -> None:
    document = document_of(page_of("Fourniture de bureau"))
    assert ground({"country": "DE"}, schema_of(country=TEXT), [document]).evidence == {}


def test_ocr_may_confuse_letters_but_not_digits() -> None:
    document = document_of(
        page_of("Brüggenfe1d Werkstattbedarf GmbH", "RE-2O26-1O48I7", confidence=0.8)
    )
    schema = schema_of(seller=TEXT, number=TEXT)
    data = {"seller": "Brüggenfeld Werkstattbedarf GmbH", "number": "RE-2026-104817"}
    grounding = ground(data, schema, [document])
    assert {e.match for e in grounding.evidence.values()} == {MatchKind.FUZZY}
    assert all(0.8 < e.similarity < 1 for e in grounding.evidence.values())
    assert grounding.evidence["/seller"].word_confidence == pytest.approx(0.8)
    wrong = {"seller": "Hagenfeld Holzbedarf GmbH", "number": "RE-2026-104917"}
    assert ground(wrong, schema, [document]).evidence == {}


def test_an_address_is_found_across_lines_and_in_another_order() -> None:
    document = document_of(page_of("Muster GmbH", "Lindenweg 12", "80331 München", "Germany"))
    schema = schema_of(address=TEXT)
    whole = ground({"address": "Lindenweg 12, 80331 München"}, schema, [document])
    assert whole.evidence["/address"].quote == "Lindenweg 12 80331 München"
    other = ground({"address": "München 80331, Lindenweg 12"}, schema, [document])
    assert other.evidence["/address"].match is MatchKind.FUZZY
    wrong = ground({"address": "Lindenweg 13, 80331 München"}, schema, [document])
    assert wrong.ungrounded == ["/address"]


def test_a_total_stated_in_parts_is_found_as_their_sum() -> None:
    document = document_of(
        page_of("Netto      100,00", "MwSt 19 %     12,30", "MwSt 7 %      4,20", "Gesamt   116,50")
    )
    schema = schema_of(total_tax=NUMBER)
    evidence = ground({"total_tax": 16.5}, schema, [document]).evidence["/total_tax"]
    assert evidence.quote == "12,30 4,20"
    assert evidence.similarity < 1
    assert ground({"total_tax": 112.3}, schema, [document]).ungrounded == ["/total_tax"]


def test_a_value_that_only_another_row_has_is_not_this_rows() -> None:
    rows = [("Bolt", 4, 10), ("Nut", 6, 20), ("Washer", 7, 30), ("Screw", 8, 40)]
    lines = [f"{name:<12}{quantity:>6}{price:>12}.00" for name, quantity, price in rows]
    data = {"lines": [{"name": n, "quantity": q, "price": p} for n, q, p in rows]}
    document = document_of(page_of(*lines))
    assert ground(data, schema_of(lines=LINES), [document]).ungrounded == []
    data["lines"][1]["quantity"] = 7  # the next row's
    data["lines"][2]["price"] = 7  # the same row's, of another column
    grounding = ground(data, schema_of(lines=LINES), [document])
    assert sorted(grounding.ungrounded) == ["/lines/1/quantity", "/lines/2/price"]


def test_what_is_said_once_for_all_rows_is_each_rows_value() -> None:
    document = document_of(page_of("All prices for 5 pieces", "", "Bolt  10.00", "Nut  20.00"))
    rows = [
        {"name": "Bolt", "price": 10, "quantity": 5},
        {"name": "Nut", "price": 20, "quantity": 5},
    ]
    grounding = ground({"lines": rows}, schema_of(lines=LINES), [document])
    assert grounding.ungrounded == []
    places = [grounding.evidence[f"/lines/{n}/quantity"].box for n in (0, 1)]
    assert places[0] == places[1] is not None


def test_the_readers_own_place_wins_where_it_holds_the_value() -> None:
    document = document_of(page_of("Total 12.50", "Paid 12.50", "Rest 0.00"))

    def told(row: int) -> Evidence:
        return Evidence(file=1, page=1, box=tuple(box_at(row, 0, 10)), quote="as read")

    schema = schema_of(total=NUMBER)
    for row, quote in ((0, "as read"), (1, "as read"), (2, "12.50")):
        known = {"/total": told(row)}
        evidence = ground({"total": 12.5}, schema, [document], known=known).evidence["/total"]
        assert evidence.quote == quote
        assert evidence.places == 2
    assert ground({"total": 9}, schema, [document], known={"/total": told(0)}).evidence == {}


def test_values_of_several_files_are_found_in_theirs() -> None:
    first = document_of(page_of("Order A-1"), page_of("nothing"), number=1)
    second = document_of(page_of("nothing"), page_of("Invoice B-2"), number=2)
    evidence = ground({"a": "A-1", "b": "B-2"}, schema_of(a=TEXT, b=TEXT), [first, second]).evidence
    assert (evidence["/a"].file, evidence["/a"].page) == (1, 1)
    assert (evidence["/b"].file, evidence["/b"].page) == (2, 2)


def test_twelve_hundred_rows_on_a_hundred_pages_take_seconds() -> None:
    pages, rows = [], []
    for page in range(100):
        lines = []
        for number in range(page * 12, page * 12 + 12):
            rows.append(
                {"name": f"Schraube {number % 50}", "quantity": number % 7 + 1, "price": number}
            )
            lines.append(f"Schraube {number % 50:<12}{number % 7 + 1:<8}{number},00")
        pages.append(page_of("Beschreibung    Menge    Preis", *lines))
    started = time.process_time()
    grounding = ground({"lines": rows}, schema_of(lines=LINES), [document_of(*pages)])
    assert time.process_time() - started < 15
    assert grounding.ungrounded == []
    assert all(
        evidence.page == int(pointer.split("/")[2]) // 12 + 1
        for pointer, evidence in grounding.evidence.items()
    )


class Parsed(dict[str, Any]):
    """What was parsed, for one test."""

    def put(self, key: str, manifest: dict[str, Any]) -> None:
        self[key] = manifest


def test_values_of_a_real_pdf_are_found_in_their_boxes(tmp_path: Path) -> None:
    pdf = FPDF(unit="pt", format=(400, 600))
    pdf.add_page()
    pdf.set_font("helvetica", size=12)
    for x, y, text in (
        (40, 60, "Rechnung Nr. RE-2026-0815"),
        (40, 200, "Schreibtisch"),
        (300, 200, "1.234,50"),
        (40, 216, "aus Eiche"),
        (40, 300, "Zu zahlen bis 12. November 2026"),
    ):
        pdf.text(x, y, text)
    path = tmp_path / "rechnung.pdf"
    path.write_bytes(bytes(pdf.output()))
    store = FileStore(str(tmp_path / "store"))
    blob = store.put_file(path)
    stored = StoredFile(
        id=uuid4(),
        number=1,
        name=path.name,
        media_type="application/pdf",
        size=blob.size,
        sha256=blob.sha256,
    )
    settings = Settings()
    infos = parse_files([stored], store=store, parsed=Parsed(), settings=settings)
    documents = [open_document(info, store=store, settings=settings) for info in infos]
    schema = schema_of(number=TEXT, due={"type": "string", "format": "date"}, lines=LINES)
    data = {
        "number": "RE-2026-0815",
        "due": "2026-11-12",
        "lines": [{"name": "Schreibtisch aus Eiche", "price": 1234.5}],
    }
    grounding = ground(data, schema, documents)
    assert grounding.ungrounded == []
    for pointer, left, baseline, height in (
        ("/number", 40 + pdf.get_string_width("Rechnung Nr. "), 60, 14),
        ("/due", 40 + pdf.get_string_width("Zu zahlen bis "), 300, 14),
        ("/lines/0/price", 300, 200, 14),
        ("/lines/0/name", 40, 216, 30),
    ):
        box = grounding.evidence[pointer].box
        assert box is not None
        assert box[0] * 400 == pytest.approx(left, abs=2)
        assert box[3] * 600 == pytest.approx(baseline + 2, abs=4)
        assert (box[3] - box[1]) * 600 < height
