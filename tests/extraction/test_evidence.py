"""Where the values of an answer stand in the documents."""

from typing import Any

import pytest
from support.pages import document_of, page_of

from signoff.executions.extractions import MatchKind
from signoff.extraction.evidence import ground

INVOICE = {
    "type": "object",
    "properties": {
        "number": {"type": "string", "title": "Invoice number"},
        "date": {"type": "string", "format": "date"},
        "buyer": {"type": "string"},
        "net": {"type": "number", "title": "Net total"},
        "gross": {"type": "number", "title": "Total"},
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "description": {"type": "string"},
                    "quantity": {"type": "number"},
                    "amount": {"type": "number"},
                },
            },
        },
    },
}


def row(description: str, quantity: float, amount: float) -> dict[str, Any]:
    return {"description": description, "quantity": quantity, "amount": amount}


def test_values_are_found_in_the_formats_of_the_page() -> None:
    document = document_of(
        page_of(
            "Rechnung Nr. RE-2026-0047      Datum: 5. Oktober 2026",
            "Tischlerei Kessler",
            "& Böhm KG",
            "",
            "Netto      1.034,50 EUR",
            "Gesamt     1.231,06 EUR",
        )
    )
    data = {
        "number": "RE-2026-0047",
        "date": "2026-10-05",
        "buyer": "Tischlerei Kessler & Böhm KG",
        "net": 1034.5,
        "gross": 1231.06,
    }
    grounding = ground(data, INVOICE, [document])
    assert grounding.ungrounded == []
    quotes = {pointer: evidence.quote for pointer, evidence in grounding.evidence.items()}
    assert quotes == {
        "/number": "RE-2026-0047",
        "/date": "5. Oktober 2026",
        "/buyer": "Tischlerei Kessler & Böhm KG",
        "/net": "1.034,50",
        "/gross": "1.231,06",
    }
    kinds = {pointer: evidence.match for pointer, evidence in grounding.evidence.items()}
    assert kinds["/number"] is kinds["/buyer"] is MatchKind.EXACT
    assert kinds["/date"] is kinds["/net"] is MatchKind.VARIANT


def test_equal_amounts_go_to_their_own_labels() -> None:
    document = document_of(
        page_of("Net total     100.00", "VAT 0 %         0.00", "Total         100.00")
    )
    evidence = ground({"net": 100, "gross": 100.0}, INVOICE, [document]).evidence
    assert evidence["/net"].box is not None
    assert evidence["/gross"].box is not None
    assert evidence["/net"].box[1] < evidence["/gross"].box[1]
    assert evidence["/net"].places == 2


def test_rows_get_lines_of_their_own_even_where_they_are_identical() -> None:
    lines = ["Item           Qty    Amount"]
    lines += [
        f"{name}      {qty}     {amount}.00"
        for name, qty, amount in (
            ("Bolt", 1, 5),
            ("Nut", 5, 1),
            ("Bolt", 1, 5),
            ("Washer", 1, 5),
            ("Bolt", 1, 5),
        )
    ]
    data = {
        "lines": [
            row("Bolt", 1, 5),
            row("Nut", 5, 1),
            row("Bolt", 1, 5),
            row("Washer", 1, 5),
            row("Bolt", 1, 5),
        ]
    }
    grounding = ground(data, INVOICE, [document_of(page_of(*lines))])
    assert grounding.ungrounded == []
    tops = [
        [grounding.evidence[f"/lines/{n}/{name}"].box[1] for name in row("", 1, 1)]  # type: ignore[index]
        for n in range(5)
    ]
    assert all(max(row) - min(row) < 0.001 for row in tops)
    assert sorted(row[0] for row in tops) == [row[0] for row in tops]
    assert len({evidence.box for evidence in grounding.evidence.values()}) == 15


def test_a_row_too_many_is_ungrounded() -> None:
    lines = ["Bolt      1     5.00", "Nut      2     6.00", "Screw      3     7.00"]
    data = {"lines": [row("Bolt", 1, 5), row("Nut", 2, 6), row("Nut", 2, 6), row("Screw", 3, 7)]}
    grounding = ground(data, INVOICE, [document_of(page_of(*lines))])
    assert {pointer.rsplit("/", 1)[0] for pointer in grounding.ungrounded} == {"/lines/2"}
    assert len(grounding.ungrounded) == 3


@pytest.mark.parametrize(
    ("value", "found"), [("2026-04-03", False), ("2026-03-04", False), ("2026-11-25", True)]
)
def test_the_order_of_day_and_month_must_be_decided(value: str, found: bool) -> None:
    undecided = document_of(page_of("Date 03/04/2026", "Delivered 25 November 2026"))
    assert ("/date" in ground({"date": value}, INVOICE, [undecided]).evidence) is found


@pytest.mark.parametrize(
    ("other", "day"), [("25/11/2026", "2026-04-03"), ("11/25/2026", "2026-03-04")]
)
def test_the_documents_own_dates_decide_the_order_of_day_and_month(other: str, day: str) -> None:
    document = document_of(page_of("Date 03/04/2026", f"Due {other}"))
    for value in ("2026-04-03", "2026-03-04"):
        evidence = ground({"date": value}, INVOICE, [document]).evidence
        assert ("/date" in evidence) is (value == day)
        assert value != day or evidence["/date"].similarity == 1


def test_what_ocr_read_plainly_is_no_guess() -> None:
    document = document_of(
        page_of("Tax      5,00", "Rest     37:00", "Sum      l2,S0", confidence=0.8)
    )
    evidence = ground({"net": 5, "gross": 37}, INVOICE, [document]).evidence
    assert (evidence["/net"].quote, evidence["/net"].match) == ("5,00", MatchKind.VARIANT)
    assert (evidence["/gross"].quote, evidence["/gross"].match) == ("37:00", MatchKind.FUZZY)
    assert ground({"net": 12.5}, INVOICE, [document]).evidence["/net"].match is MatchKind.FUZZY
    printed = document_of(page_of("Rest     37:00", "Sum      l2,S0"))
    assert ground({"net": 12.5, "gross": 37}, INVOICE, [printed]).evidence == {}
