"""What the offline reader makes of the names of properties."""

from __future__ import annotations

import pytest

from signoff.extraction.offline.meanings import meaning_of, spaced
from signoff.extraction.offline.planner import own_labels


def meaning(name: str, *, number: bool = False, in_table: bool = False) -> str:
    words = spaced(name)
    found = meaning_of(
        words, own_labels(words, {}), "", role=None, in_table=in_table, numeric=number
    )
    return found.concept.name if found.concept else f"{found.role} {found.attribute}"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("document_id", "invoice_number"),
        ("date_due", "due_date"),
        ("date_issue", "date"),
        ("faelligkeitsdatum", "due_date"),
        ("waehrung", "currency"),
        ("currency_code_amount_due", "currency"),
        ("transaction_time", "time"),
        ("customer_billing_name", "buyer name"),
        ("customer_billing_address", "buyer address"),
        ("rechnungsempfaenger", "buyer name"),
        ("billTo", "buyer name"),
        ("shipToAddress", "ship_to address"),
        ("merchant_name", "seller name"),
        ("sellerVATNumber", "seller vat_id"),
        ("PONumber", "order_number"),
        ("invoice_type", "None None"),
        ("check_in_date", "None None"),
    ],
)
def test_a_text_means(name: str, expected: str) -> None:
    assert meaning(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vat", "total_tax"),
        ("tax_price", "total_tax"),
        ("subtotal_price", "total_net"),
        ("amount_total_gross", "total_gross"),
        ("due_amount", "total_gross"),
        ("cashprice", "cash"),
        ("changeprice", "change"),
        ("total_items", "None None"),
        ("number_of_items", "None None"),
    ],
)
def test_a_number_means(name: str, expected: str) -> None:
    assert meaning(name, number=True) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("line_item_unit_price_net", "unit_price"),
        ("line_item_amount_gross", "amount"),
        ("itemsubtotal", "amount"),
        ("cnt", "quantity"),
        ("preisProEinheit", "unit_price"),
        ("line_item_tax_rate", "tax_rate"),
    ],
)
def test_a_rows_number_means(name: str, expected: str) -> None:
    assert meaning(name, number=True, in_table=True) == expected
