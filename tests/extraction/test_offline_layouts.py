"""Layouts that the offline reader once misread: receipts, letterheads, recaps, long lists."""

from __future__ import annotations

from typing import Any

import pytest

from signoff.documents.model import Document, DocumentInfo, Page, TextSource
from signoff.extraction.offline import OfflineReader
from signoff.extraction.offline.layout import words_of_text
from signoff.extraction.reader import Reading, ReadRequest

TEXT = {"type": "string"}
NUMBER = {"type": "number"}


def document_of(*texts: str) -> Document:
    def page(number: int) -> Page:
        text = texts[number - 1]
        words = words_of_text(text)
        return Page(
            number=number, width=0, height=0, source=TextSource.TEXT, text=text, words=words
        )

    return Document(
        info=DocumentInfo(
            number=1,
            name="document.txt",
            media_type="text/plain",
            sha256="0",
            key="k",
            page_count=len(texts),
        ),
        load_page=page,
        load_image=lambda number, size: b"",
    )


def reading(document: Document, pages: tuple[int, int, int] | None = None, **types: Any) -> Reading:
    schema = {"type": "object", "properties": types}
    return OfflineReader().read(
        ReadRequest(schema=schema, instructions="", documents=[document], pages=pages)
    )


def read(text: str, **types: Any) -> Any:
    return reading(document_of(text), **types).data


def read_pages(*texts: str, **types: Any) -> Any:
    return reading(document_of(*texts), **types).data


def rows_of(**types: Any) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "object", "properties": types}}


def test_a_receipt_in_whole_rupiahs_with_codes_is_read() -> None:
    text = """\
        KEDAI KOPI SERI
      NO.66, JALAN SAGU 25
  TAMAN DAYA, 81100 JOHOR BAHRU, JOHOR

21/02/2024 09:44

261165460252 Bread
   1 x 45.100                     45.100
294472753918 Caesar Salad
   2 x 55.400                    110.800

SUBTOTAL                         155.900
TOTAL                            155.900
CASH                             200.000
CHANGE                            44.100
"""
    data = read(
        text,
        company=TEXT,
        total_price=NUMBER,
        cashprice=NUMBER,
        changeprice=NUMBER,
        menu=rows_of(nm=TEXT, cnt=NUMBER, price=NUMBER),
    )
    assert data == {
        "company": "KEDAI KOPI SERI",
        "total_price": 155900,
        "cashprice": 200000,
        "changeprice": 44100,
        "menu": [
            {"nm": "Bread", "cnt": 1, "price": 45100},
            {"nm": "Caesar Salad", "cnt": 2, "price": 110800},
        ],
    }


def test_a_count_below_its_article_counts_when_it_makes_the_amount() -> None:
    text = """\
Apples               20,10
   3 x 6,70
Soup                  6,95
   Tel. 3 x 2
TOTAL                27,05
"""
    data = read(text, items=rows_of(description=TEXT, quantity=NUMBER, amount=NUMBER))
    assert data["items"] == [
        {"description": "Apples", "quantity": 3, "amount": 20.1},
        {"description": "Soup", "amount": 6.95},
    ]


def test_a_recap_of_taxes_is_known_by_its_arithmetic() -> None:
    text = """\
Total à payer             51,07 €
Espèces                   60,00
RENDU                      8,93

   TVA       HT      TVA      TTC
   20%    33,76     6,75    40,51
   10%     9,60     0,96    10,56
"""
    data = read(text, total=NUMBER, net=NUMBER, tax=NUMBER)
    assert data == {"total": 51.07, "net": 43.36, "tax": 7.71}


def test_the_recap_of_one_rate_among_others_is_not_the_total() -> None:
    text = """\
            Netto     MwSt    Brutto
  7 %      100,00     7,00    107,00
Nettobetrag                   500,00
MwSt gesamt                    83,00
Gesamtbetrag                  583,00
"""
    data = read(text, total=NUMBER, net=NUMBER, tax=NUMBER)
    assert data == {"total": 583, "net": 500, "tax": 83}


def test_a_tip_may_stand_between_tax_and_total() -> None:
    text = """\
Subtotal         40.00
Tax               3.20
Tip               8.00
Total            51.20
"""
    data = read(text, subtotal=NUMBER, tax=NUMBER, tip=NUMBER, total=NUMBER)
    assert data == {"subtotal": 40, "tax": 3.2, "tip": 8, "total": 51.2}


def test_the_first_of_two_addresses_is_the_senders_though_contacts_stand_between() -> None:
    text = """\
Harbor Light Logistics
73 Harbour Way
York YO1 9TJ

Phone: +44 20 7946 7347
VAT No.: GB000749427

Brightwater Hardware
9 Mill Lane
Leeds LS1 4AP

Inv #: 2023-453
"""
    data = read(text, vendor_name=TEXT, vendor_address=TEXT, customer_billing_name=TEXT)
    assert data == {
        "vendor_name": "Harbor Light Logistics",
        "vendor_address": "73 Harbour Way, York YO1 9TJ",
        "customer_billing_name": "Brightwater Hardware",
    }


def test_a_senders_line_tells_name_and_address() -> None:
    text = """\
Azulejos Norte, Travessa do Poço 46, 1200-109 Lisboa
Oficinas Tejo, Lda
Rua das Flores 89
1200-109 Lisboa
"""
    data = read(text, seller_name=TEXT, seller_address=TEXT, buyer_name=TEXT)
    assert data == {
        "seller_name": "Azulejos Norte",
        "seller_address": "Travessa do Poço 46, 1200-109 Lisboa",
        "buyer_name": "Oficinas Tejo, Lda",
    }


def test_an_order_number_on_an_invoice_makes_it_no_order() -> None:
    text = """\
Brightwater Design - 18 Market St - York YO1 9TJ
Tallgrass Design Ltd.                            PO Number:    45099613
114 Main Street
London EC1A 4HD

TAX INVOICE No. RE20245171
"""
    data = read(text, supplierName=TEXT, customerName=TEXT)
    assert data == {"supplierName": "Brightwater Design", "customerName": "Tallgrass Design Ltd."}


def test_a_town_called_like_a_label_does_not_hide_the_date() -> None:
    data = read("Porto, 7 de novembro de 2023\n\nFatura nº 12/A", invoice_date=TEXT)
    assert data == {"invoice_date": "2023-11-07"}


def test_tax_numbers_of_other_countries_are_taken_behind_their_label() -> None:
    assert read("Phone: 5125550100   Tax ID: 12-4680352", vendor_tax_id=TEXT) == {
        "vendor_tax_id": "12-4680352"
    }


def test_articles_called_like_contact_details_are_rows() -> None:
    text = """\
Description          Qty    Price     Amount
Web design             2   433.08     866.16
Phone repair           1    20.00      20.00

Shipping                              12.00
Total                                898.16
"""
    data = read(
        text,
        line_items=rows_of(
            line_item_description=TEXT, line_item_quantity=NUMBER, line_item_amount_net=NUMBER
        ),
    )
    assert [row["line_item_description"] for row in data["line_items"]] == [
        "Web design",
        "Phone repair",
    ]


def test_a_list_of_1200_rows_over_40_pages_comes_out_whole() -> None:
    heading = "Pos  Description          Qty       Price      Amount\n"

    def line(number: int) -> str:
        return f"{number:<5}Bolt M{number % 20:<12}{2:>8}{number:>9}.50{2 * number + 1:>9}.00\n"

    pages = [
        (heading if page == 0 else "Carried forward                        99.00\n")
        + "".join(line(30 * page + i) for i in range(1, 31))
        + f"\n\n\n\n\n\n\n\n\nPage {page + 1} of 40\n"
        for page in range(40)
    ]
    found = reading(
        document_of(*pages),
        total=NUMBER,
        lines=rows_of(description=TEXT, quantity=NUMBER, unit_price=NUMBER, amount=NUMBER),
    )
    assert found.data is not None
    rows = found.data["lines"]
    assert len(rows) == 1200
    assert rows[0] == {"description": "Bolt M1", "quantity": 2, "unit_price": 1.5, "amount": 3}
    assert rows[-1]["amount"] == 2401
    assert found.evidence["/lines/1199/amount"].page == 40
    assert "not on 33 pages" in found.thought


ARTICLES = """\
Article   Description         Qty    Price    Amount
A-1001    Hexagon screw         2     1.50      3.00
A-1002    Washer                1     4.00      4.00
"""


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(
            "A-1003    Wing nut\n" + " " * 20 + "Carried over             7.00\n",
            "Article   Description         Qty    Price    Amount\n"
            + " " * 20
            + "Carried over             7.00\n",
            id="between carried sums",
        ),
        pytest.param("A-1003    Wing nut\n", "", id="on a page without headings"),
    ],
)
def test_a_row_that_ends_on_the_next_page_is_one_row(first: str, second: str) -> None:
    rest = """\
                                3     5.00     15.00
A-1004    Spring pin            4     0.50      2.00
          Total                                24.00
"""
    found = reading(
        document_of(ARTICLES + first, second + rest),
        lines=rows_of(
            article=TEXT, description=TEXT, quantity=NUMBER, unit_price=NUMBER, amount=NUMBER
        ),
    )
    assert found.data is not None
    rows = found.data["lines"]
    assert [row["amount"] for row in rows] == [3, 4, 15, 2]
    assert rows[1]["description"] == "Washer"
    assert (rows[2]["article"], rows[2]["description"], rows[2]["quantity"]) == (
        "A-1003",
        "Wing nut",
        3,
    )
    assert found.evidence["/lines/2/description"].page == 1
    assert found.evidence["/lines/2/amount"].page == 2


def test_numbers_at_the_top_of_a_page_take_no_text_from_a_row_that_is_whole() -> None:
    rest = """\
Article   Description         Qty    Price    Amount
                                3     5.00     15.00
A-1004    Spring pin            4     0.50      2.00
          Total                                24.00
"""
    found = read_pages(
        ARTICLES + "          zinc plated\n",
        rest,
        lines=rows_of(
            article=TEXT, description=TEXT, quantity=NUMBER, unit_price=NUMBER, amount=NUMBER
        ),
    )
    assert [row["article"] for row in found["lines"]] == ["A-1001", "A-1002", "A-1004"]
    assert found["lines"][1]["description"] == "Washer zinc plated"


def test_only_the_pages_asked_for_are_read() -> None:
    document = document_of("Total 5.00", "Total 7.00", "Total 9.00")
    assert reading(document, (1, 2, 2), total=NUMBER).data == {"total": 7}
    assert reading(document, (2, 1, 1), total=NUMBER).data is None


def test_pages_in_the_middle_stay_closed_where_no_rows_are_asked_for() -> None:
    document = document_of(*(f"Page {n} of 30" for n in range(30)), "Total 5.00")
    opened: list[int] = []

    def open_page(number: int) -> Page:
        opened.append(number)
        return document.load_page(number)

    watched = Document(
        info=document.info,
        load_page=open_page,
        load_image=document.load_image,
    )
    assert reading(watched, total=NUMBER).data == {"total": 5}
    assert opened == [1, 2, 3, 4, 29, 30, 31]


def test_a_letterhead_set_to_the_right_is_one_block() -> None:
    text = """\
                                                            Nordlicht Service
                                                                 Am Markt 163
                                                                20095 Hamburg

RECHNUNG                                  Anna Berger
                                          Lindenweg 3
                                          80331 München
"""
    data = read(text, seller_name=TEXT, seller_address=TEXT, buyer_name=TEXT)
    assert data == {
        "seller_name": "Nordlicht Service",
        "seller_address": "Am Markt 163, 20095 Hamburg",
        "buyer_name": "Anna Berger",
    }


def test_a_column_with_an_unknown_heading_is_told_by_arithmetic() -> None:
    text = """\
Bezeichnung                 Menge        Einzel x        Betrag
Tonerkassette schwarz           2           12,50         25,00
Wartung Heizung                 3           10,00         30,00
"""
    row = {"bezeichnung": TEXT, "menge": NUMBER, "einzelpreis": NUMBER, "gesamtpreis": NUMBER}
    data = read(text, positionen=rows_of(**row))
    assert [row["einzelpreis"] for row in data["positionen"]] == [12.5, 10]


def test_confidence_is_ordered_by_what_confirms_a_value() -> None:
    text = """\
Description          Qty    Price     Amount
Bolts                  2    10.00      20.00
Nuts                   3    10.00      31.00

Subtotal                               50.00
Tax                                     4.00
Total                                  54.00
"""
    found = reading(
        document_of(text),
        total=NUMBER,
        lines=rows_of(description=TEXT, quantity=NUMBER, unit_price=NUMBER, amount=NUMBER),
    )
    sure, fits, contradicts = (
        found.confidence[pointer] for pointer in ("/total", "/lines/0/amount", "/lines/1/amount")
    )
    assert sure > contradicts
    assert fits > contradicts
    assert max(found.confidence.values()) <= 0.6
