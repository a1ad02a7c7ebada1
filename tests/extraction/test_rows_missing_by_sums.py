"""Rows that were not read, told by amounts that do not make the total."""

from __future__ import annotations

from typing import Any

from signoff.documents.model import Page, TextSource
from signoff.extraction.long_documents.coverage import compare
from signoff.extraction.long_documents.merging import Row
from signoff.extraction.long_documents.page_lines import page_lines
from signoff.extraction.long_documents.placement import place_rows
from signoff.extraction.long_documents.unread_amounts import numbers_beside, unread_rows

INVOICE = """\
Pos  Description            Qty      Price      Amount
1    Oak desk                 1     410.00      410.00
2    Desk lamp                2      35.50       71.00

     Shipping                                    12.00
     Net total                                  493.00
     VAT 20 %                                    98.60
     Total to pay                               591.60
"""
DESK = {"description": "Oak desk", "quantity": 1, "unit_price": 410.0, "amount": 410.0}
LAMP = {"description": "Desk lamp", "quantity": 2, "unit_price": 35.5, "amount": 71.0}
SHIPPING = {"description": "Shipping", "amount": 12.0}
TOTALS = {"net": 493.0, "tax": 98.6, "gross": 591.6}

RECEIPT = """\
Corner Cafe
Flat white            3.20
Apple cake            4.50
Rounding              0.10
Total                 7.80
Cash                 10.00
Change                2.20
"""


def notes(text: str, data: dict[str, Any]) -> list[str]:
    page = Page(number=1, width=0, height=0, source=TextSource.TEXT, text=text)
    lines = page_lines(page, document=1)
    rows = data["lines"]
    placed = zip(rows, place_rows(rows, lines), strict=True)
    found: dict[tuple[str, ...], list[Row]] = {
        ("lines",): [Row(value, place, part=0, index=0) for value, place in placed]
    }
    return compare([lines], found, totals=list(numbers_beside(data)))[1]


def test_the_one_row_that_completes_the_sum_is_missing() -> None:
    (note,) = notes(INVOICE, {"lines": [DESK, SHIPPING], **TOTALS})
    assert note == (
        "Page 1 of document 1 shows 3 rows, 2 were read; missing is: 2 Desk lamp 2 35.50 71.00"
    )


def test_a_list_that_makes_a_total_lacks_nothing() -> None:
    assert notes(INVOICE, {"lines": [DESK, LAMP, SHIPPING], **TOTALS}) == []


def test_postage_and_sums_are_no_rows_though_they_complete_the_sum() -> None:
    assert notes(INVOICE, {"lines": [DESK, LAMP], **TOTALS}) == []
    cake = {"description": "Apple cake", "amount": 4.5}
    coffee = {"description": "Flat white", "amount": 3.2}
    assert notes(RECEIPT, {"lines": [coffee, cake], "total": 7.8}) == []


def test_a_receipts_row_of_two_columns_is_missed_too() -> None:
    coffee = {"description": "Flat white", "amount": 3.2}
    (note,) = notes(RECEIPT, {"lines": [coffee], "total": 7.7})
    assert "Apple cake" in note


def test_an_article_whose_amount_stands_below_its_name_is_missed() -> None:
    text = """\
4711 Oolong tea
  2 x 2.95                5.90
4712 Green tea
  1 x 9.90                9.90
Total                    15.80
"""
    tea = {"description": "Oolong tea", "quantity": 2, "amount": 5.9}
    (note,) = notes(text, {"lines": [tea], "total": 15.8})
    assert note.endswith("1 x 9.90 9.90")


def test_without_a_total_that_was_read_nothing_is_said() -> None:
    assert notes(INVOICE, {"lines": [DESK, SHIPPING]}) == []
    assert notes(INVOICE, {"lines": [DESK, SHIPPING], "order": 4711}) == []


def test_any_rows_at_all_are_taken() -> None:
    page = Page(number=1, width=0, height=0, source=TextSource.TEXT, text=INVOICE)
    lines = page_lines(page, document=1)
    totals = list(numbers_beside({"a": 1.0, "b": {"c": 1e308, "d": float("nan")}}))
    odd: list[Any] = [
        "text",
        None,
        {"amount": None},
        {"amount": True},
        {"amount": {"a": 1}},
        {"amount": 1e308},
        {},
    ]
    for value in odd:
        assert unread_rows(lines, [Row(value, None, part=0, index=0)], totals) == []
    assert unread_rows([], [], [5]) == []
