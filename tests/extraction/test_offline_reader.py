"""The offline reader on documents laid out in this file, one page of text each."""

from __future__ import annotations

from typing import Any

import pytest

from signoff.documents.model import Document, DocumentInfo, Page, TextSource
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
