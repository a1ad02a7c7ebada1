"""The offline reader on documents laid out in this file, one page of text each."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.documents.model import Box, Document, DocumentInfo, Page, TextSource, Word
from signoff.errors import DeadlineExceededError
from signoff.executions.validation import find_problems
from signoff.extraction.offline import OfflineReader
from signoff.extraction.offline.layout import words_of_text
from signoff.extraction.reader import Reading, ReadRequest


def page_of(text: str, number: int = 1) -> Page:
    words = words_of_text(text)
    return Page(number=number, width=0, height=0, source=TextSource.TEXT, text=text, words=words)


def document_of(*texts: str, number: int = 1, **info: Any) -> Document:
    pages = [page_of(text, index) for index, text in enumerate(texts, 1)]
    known = {
        "name": "document.txt",
        "media_type": "text/plain",
        "sha256": "0",
        "key": "k",
        **info,
    }
    return Document(
        info=DocumentInfo(number=number, page_count=len(pages), **known),
        load_page=lambda n: pages[n - 1],
        load_image=lambda n, size: b"",
    )


def read(schema: dict[str, Any], *documents: Document) -> Reading:
    return OfflineReader().read(ReadRequest(schema=schema, instructions="", documents=documents))


def schema_of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def list_of(**properties: Any) -> dict[str, Any]:
    return {"type": "array", "items": schema_of(**properties)}


TEXT = {"type": "string"}
DATE = {"type": "string", "format": "date"}
NUMBER = {"type": "number"}

GERMAN = """\
Muster Werkzeuge GmbH · Hafenstraße 12 · 20457 Hamburg

Bäckerei Sonnenschein
Lindenweg 3                                     Rechnungs-Nr.:      RE-2026-0815
10115 Berlin                                    Rechnungsdatum:     03.02.2026
                                                Kunden-Nr.:         4711

Rechnung

Pos  Bezeichnung                       Menge  Einheit     Einzelpreis      Gesamtpreis
1    Handrührer Profi                      2  Stk              499,00           998,00
     mit Ersatzbesen
2    Lieferung frei Haus                   1  psch             236,50           236,50

                                              Summe netto                     1.234,50
                                              zzgl. 19 % MwSt.                  234,56
                                              Gesamtbetrag EUR                1.469,06

Zahlbar bis 17.02.2026 ohne Abzug.
IBAN: DE89 3704 0044 0532 0130 00   BIC: COBADEFFXXX   USt-IdNr.: DE123456789
"""


def test_a_german_invoice_is_read() -> None:
    schema = schema_of(
        invoice_number=TEXT,
        invoice_date=DATE,
        due_date=DATE,
        vendor=schema_of(name=TEXT, vat_id=TEXT, city=TEXT),
        customer_name=TEXT,
        customer_number=TEXT,
        currency={"type": "string", "pattern": "^[A-Z]{3}$"},
        net_total=NUMBER,
        tax_total=NUMBER,
        total=NUMBER,
        iban=TEXT,
        bic=TEXT,
        line_items={
            "type": "array",
            "items": schema_of(
                description=TEXT, quantity=NUMBER, unit=TEXT, unit_price=NUMBER, total=NUMBER
            ),
        },
    )
    reading = read(schema, document_of(GERMAN))
    data = reading.data
    assert data is not None
    assert find_problems(schema, data) == []
    lines = data.pop("line_items")
    vendor = data.pop("vendor")
    assert data == {
        "invoice_number": "RE-2026-0815",
        "invoice_date": "2026-02-03",
        "due_date": "2026-02-17",
        "customer_name": "Bäckerei Sonnenschein",
        "customer_number": "4711",
        "currency": "EUR",
        "net_total": 1234.5,
        "tax_total": 234.56,
        "total": 1469.06,
        "iban": "DE89370400440532013000",
        "bic": "COBADEFFXXX",
    }
    assert vendor["name"] == "Muster Werkzeuge GmbH"
    assert vendor["vat_id"] == "DE123456789"
    assert [(row["quantity"], row["unit"], row["total"]) for row in lines] == [
        (2, "Stk", 998.0),
        (1, "psch", 236.5),
    ]
    assert lines[0]["description"] == "Handrührer Profi mit Ersatzbesen"


def test_confidence_is_low_and_evidence_quotes_the_page() -> None:
    schema = schema_of(invoice_number=TEXT, total=NUMBER)
    reading = read(schema, document_of(GERMAN))
    assert reading.model == "offline"
    assert set(reading.confidence) == {"/invoice_number", "/total"}
    assert all(0 < value <= 0.6 for value in reading.confidence.values())
    assert reading.evidence["/invoice_number"].quote == "RE-2026-0815"
    assert reading.evidence["/total"].quote == "1.469,06"
    box = reading.evidence["/total"].box
    assert box is not None
    assert 0 <= box[0] < box[2] <= 1


def test_labels_come_from_the_schemas_own_words() -> None:
    schema = schema_of(
        gizmo={"type": "string", "description": "Flux key (Flussschlüssel, clé de flux)"},
        ripeness={"type": "integer", "title": "Reifegrad"},
        organic={"type": "boolean", "title": "Bio"},
        kind={"enum": ["apple", "pear"], "title": "Obstsorte"},
    )
    text = "Flussschlüssel: QX 7\nReifegrad: 4\nBio: ja\nObstsorte: Pear\n"
    assert read(schema, document_of(text)).data == {
        "gizmo": "QX 7",
        "ripeness": 4,
        "organic": True,
        "kind": "pear",
    }


def test_nothing_found_is_a_problem_not_empty_data() -> None:
    reading = read(schema_of(invoice_number=TEXT), document_of("Lorem ipsum dolor sit amet.\n"))
    assert reading.data is None
    assert reading.problem


def test_reading_twice_gives_the_same() -> None:
    schema = schema_of(invoice_number=TEXT, invoice_date=DATE, total=NUMBER)
    assert read(schema, document_of(GERMAN)) == read(schema, document_of(GERMAN))


def test_the_reader_says_that_it_is_offline() -> None:
    assert OfflineReader().offline


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Invoice Date: 03/20/2026\nDue Date: 04/05/2026\n", "2026-04-05"),
        ("Invoice Date: 20/03/2026\nDue Date: 04/05/2026\n", "2026-05-04"),
        ("Date de facture : 1er mars 2026\nDate d'échéance : 31 mars 2026\n", "2026-03-31"),
        ("Data da fatura: 2 de março de 2026\nData de vencimento: 04-05-2026\n", "2026-05-04"),
        ("Rechnungsdatum: 7. Mai 2026\nFällig am 21.05.26\n", "2026-05-21"),
    ],
)
def test_the_documents_own_dates_decide_the_order_of_day_and_month(
    text: str, expected: str
) -> None:
    data = read(schema_of(due_date=DATE), document_of(text)).data
    assert data == {"due_date": expected}


ORDER = """\
From: Claire Fontaine <c.fontaine@atelier-lumiere.example>
To: commandes@papeterie-duval.example
Date: Tue, 10 Feb 2026 09:12:44 +0100
Subject: Bon de commande

Bonjour, veuillez trouver notre commande ci-joint.
"""

ATTACHED = """\
Atelier Lumière SARL
12 rue des Capucins - 69001 Lyon

Bon de commande n° BC-2026-118
Date de commande : 09/02/2026                 Livraison souhaitée : 24/02/2026

Réf.       Désignation                         Qté    Unité    P.U. HT     Total HT
PA-100     Papier dessin A3 180 g               20    ramette    12,40       248,00
ENC-7      Encre noire 1 l                       6    flacon     18,50       111,00

                                                        Total HT             359,00
                                                        TVA 20 %              71,80
                                                        Total TTC            430,80 €
"""


def test_a_mails_attachment_is_preferred_and_its_sender_is_the_customer() -> None:
    mail = document_of(
        ORDER,
        media_type="message/rfc822",
        headers={
            "from": "Claire Fontaine <c.fontaine@atelier-lumiere.example>",
            "to": "commandes@papeterie-duval.example",
        },
    )
    attachment = document_of(ATTACHED, number=2, parent=1)
    schema = schema_of(
        order_number=TEXT,
        order_date=DATE,
        delivery_date=DATE,
        customer=TEXT,
        contact_email={"type": "string", "format": "email"},
        total=NUMBER,
        lines={
            "type": "array",
            "items": schema_of(article=TEXT, description=TEXT, quantity=NUMBER),
        },
    )
    reading = read(schema, mail, attachment)
    assert reading.data == {
        "order_number": "BC-2026-118",
        "order_date": "2026-02-09",
        "delivery_date": "2026-02-24",
        "customer": "Atelier Lumière SARL",
        "contact_email": "c.fontaine@atelier-lumiere.example",
        "total": 430.8,
        "lines": [
            {"article": "PA-100", "description": "Papier dessin A3 180 g", "quantity": 20},
            {"article": "ENC-7", "description": "Encre noire 1 l", "quantity": 6},
        ],
    }
    assert reading.evidence["/order_number"].file == 2


RECEIPT = """\
        GREEN GROCER LTD
     14 Market Street, Leeds
            LS1 6DT

12/03/2026  14:22     Till 3
Receipt No: 000482

Bananas                 1.20
Milk 2L                 1.65
2 x Sourdough 3.10      6.20
3 Coffee beans 1kg     14.50
----------------------------
SUBTOTAL               23.55
VAT 20%                 2.42
TOTAL                £ 23.55
CASH                   30.00
CHANGE                  6.45
"""


def test_a_receipt_is_read_without_column_headings() -> None:
    schema = schema_of(
        merchant=TEXT,
        merchant_address=TEXT,
        receipt_number=TEXT,
        date=DATE,
        currency=TEXT,
        total=NUMBER,
        payment_method={"enum": ["cash", "card"]},
        items={
            "type": "array",
            "items": schema_of(description=TEXT, quantity=NUMBER, amount=NUMBER),
        },
    )
    data = read(schema, document_of(RECEIPT)).data
    assert data == {
        "merchant": "GREEN GROCER LTD",
        "merchant_address": "14 Market Street, Leeds, LS1 6DT",
        "receipt_number": "000482",
        "date": "2026-03-12",
        "currency": "GBP",
        "total": 23.55,
        "payment_method": "cash",
        "items": [
            {"description": "Bananas", "amount": 1.2},
            {"description": "Milk 2L", "amount": 1.65},
            {"description": "Sourdough", "quantity": 2, "amount": 6.2},
            {"description": "Coffee beans 1kg", "quantity": 3, "amount": 14.5},
        ],
    }


def test_a_table_goes_on_over_pages_with_and_without_its_header() -> None:
    header = "Pos  Description               Qty   Price    Amount\n"

    def rows(first: int, last: int) -> str:
        return "".join(
            f"{n:<4} Part number {n:<13} {n:>4}   {2:>4}.00  {2 * n:>6}.00\n"
            for n in range(first, last + 1)
        )

    pages = (
        "Invoice No: 77-1\n\n" + header + rows(1, 20) + "Carried forward           420.00\n",
        header + "Brought forward           420.00\n" + rows(21, 40),
        rows(41, 50) + "\n                          Total    2550.00\n",
    )
    schema = schema_of(
        invoice_number=TEXT,
        lines={
            "type": "array",
            "items": schema_of(description=TEXT, quantity=NUMBER, amount=NUMBER),
        },
    )
    reading = read(schema, document_of(*pages))
    assert reading.data is not None
    lines = reading.data["lines"]
    assert [row["quantity"] for row in lines] == list(range(1, 51))
    assert lines[49] == {"description": "Part number 50", "quantity": 50, "amount": 100}
    assert reading.evidence["/lines/20/amount"].page == 2


def test_totals_are_chosen_so_that_they_add_up() -> None:
    text = (
        "Invoice No: A-1\n"
        "Total goods                 80.00\n"
        "Subtotal                   100.00\n"
        "VAT 20% on 100.00           20.00\n"
        "Total                      120.00\n"
        "Total savings                5.00\n"
    )
    schema = schema_of(total_net=NUMBER, total_tax=NUMBER, total_gross=NUMBER)
    assert read(schema, document_of(text)).data == {
        "total_net": 100.0,
        "total_tax": 20.0,
        "total_gross": 120.0,
    }


def test_an_unnamed_amount_that_completes_the_sum_is_the_tax() -> None:
    text = "Netto          87,39 €\nirgendwas      16,61 €\nBrutto        104,00 €\n"
    schema = schema_of(total_net=NUMBER, total_tax=NUMBER, total_gross=NUMBER)
    assert read(schema, document_of(text)).data == {
        "total_net": 87.39,
        "total_tax": 16.61,
        "total_gross": 104.0,
    }


def test_patterns_and_limits_of_the_schema_are_honoured() -> None:
    schema = schema_of(
        invoice_number={"type": "string", "pattern": r"^[A-Z]{2}-\d{4}$"},
        total={"type": "number", "maximum": 100},
    )
    text = "Invoice No: 12345\nour code AB-1234\nTotal  250.00\n"
    assert read(schema, document_of(text)).data == {"invoice_number": "AB-1234"}


def test_what_may_be_null_and_is_not_stated_is_null() -> None:
    nullable = {"type": ["string", "null"]}
    schema = schema_of(invoice_number=TEXT, iban=nullable, bic={"anyOf": [TEXT, {"type": "null"}]})
    schema["required"] = ["invoice_number", "iban", "bic"]
    assert read(schema, document_of("Invoice No: A-17\n")).data == {
        "invoice_number": "A-17",
        "iban": None,
        "bic": None,
    }


def test_references_and_unions_in_the_schema_are_followed() -> None:
    schema = {
        "type": "object",
        "$defs": {"money": {"anyOf": [{"type": "number"}, {"type": "null"}]}, "no": TEXT},
        "properties": {
            "total_gross": {"$ref": "#/$defs/money"},
            "invoice_number": {"allOf": [{"$ref": "#/$defs/no"}]},
        },
    }
    text = "Invoice No: A-17\nTotal due 1,250.00\n"
    assert read(schema, document_of(text)).data == {
        "total_gross": 1250.0,
        "invoice_number": "A-17",
    }


def test_form_fields_of_a_pdf_are_candidates() -> None:
    document = document_of("A form\n", fields={"invoice_no": "F-9", "Total amount": "12,50 EUR"})
    schema = schema_of(invoice_number=TEXT, total_amount=NUMBER)
    assert read(schema, document).data == {"invoice_number": "F-9", "total_amount": 12.5}


def test_a_long_document_past_its_deadline_stops() -> None:
    pages = ["Invoice No: 1\n"] * 3
    request = ReadRequest(
        schema=schema_of(invoice_number=TEXT),
        instructions="",
        documents=[document_of(*pages)],
        seconds_left=-1,
    )
    with pytest.raises(DeadlineExceededError, match=r"document\.txt"):
        OfflineReader().read(request)


# -- whatever comes: it never raises, and what it finds is valid

LABELS = ["Invoice", "No:", "Total", "Datum", "IBAN", "Menge", "Description", "Käufer:", "TVA", "%"]
VALUES = ["12,50", "1.234", "03/04/2026", "DE89370400440532013000", "x", "\ud83d", "€", "-"]
EDGE = st.floats(-0.5, 1.5) | st.sampled_from([float("nan"), float("inf")])
WORDS = st.builds(
    Word,
    st.sampled_from(LABELS + VALUES) | st.text(min_size=1, max_size=8),
    st.builds(Box, EDGE, EDGE, EDGE, EDGE),
    st.floats(0, 1),
)
SCALARS = st.sampled_from(
    [
        TEXT,
        NUMBER,
        DATE,
        {"type": "integer", "minimum": 3},
        {"type": "boolean"},
        {"type": "string", "pattern": "^[A-Z]+$"},
        {"type": "string", "pattern": "("},
        {"type": "string", "format": "date-time"},
        {"type": "string", "format": "email"},
        {"enum": ["x", 3, None]},
        {"type": ["number", "null"]},
        {"$ref": "#/nowhere"},
        {"const": 4},
        {},
        True,
    ]
)
NAMES = st.sampled_from(
    ["invoice_number", "total", "date", "iban", "seller", "buyerName", "description", "qty", ""]
)
SCHEMAS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.dictionaries(NAMES, inner, min_size=1, max_size=4).map(
            lambda properties: {"type": "object", "properties": properties}
        ),
        inner.map(lambda items: {"type": "array", "items": items}),
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.lists(WORDS, max_size=30), max_size=3),
    st.dictionaries(NAMES, SCHEMAS, min_size=1, max_size=5),
)
def test_whatever_words_and_schema_it_never_raises(
    pages: list[list[Word]], properties: dict[str, Any]
) -> None:
    loaded = [
        Page(number=n, width=1, height=1, source=TextSource.OCR, text="", words=words)
        for n, words in enumerate(pages, 1)
    ]
    document = replace(
        document_of(*["x"] * len(pages)), load_page=lambda number: loaded[number - 1]
    )
    reading = read({"type": "object", "properties": properties}, document)
    assert (reading.data is None) == bool(reading.problem)
    json.dumps(reading.data).encode()
    for evidence in reading.evidence.values():
        evidence.quote.encode()


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from([*LABELS, *VALUES, "\n"]), max_size=60), st.sampled_from(["de", "en"])
)
def test_values_found_meet_their_schemas(words: list[str], language: str) -> None:
    schema = schema_of(
        invoice_number={"type": "string", "minLength": 2},
        total={"type": "number", "minimum": 0},
        date=DATE,
        iban={"type": "string", "pattern": "^[A-Z]{2}[0-9]+$"},
        email={"type": "string", "format": "email"},
        seller={"type": "object", "properties": {"name": TEXT}, "required": ["name"]},
        lines=list_of(description=TEXT, quantity={"type": "integer"}),
    )
    data = read(schema, document_of(" ".join(words))).data
    assert data is None or find_problems(schema, data) == []
