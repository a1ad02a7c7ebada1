"""Schemas as different agents would have them, with what each should get of a document."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from signoff.executions.agents import JsonObject

TEXT: JsonObject = {"type": "string"}
DATE: JsonObject = {"type": "string", "format": "date"}
NUMBER: JsonObject = {"type": "number"}

# property: what it asks for (a name among what a document shows), and its schema
Question = dict[str, tuple[str, JsonObject]]

INVOICE_QUESTIONS: dict[str, tuple[Question, str, Question]] = {
    "docile": (
        {
            "vendor_name": ("vendor_name", TEXT),
            "vendor_address": ("vendor_address", TEXT),
            "vendor_tax_id": ("vendor_vat_id", TEXT),
            "customer_billing_name": ("buyer_name", TEXT),
            "customer_billing_address": ("buyer_address", TEXT),
            "document_id": ("number", TEXT),
            "date_issue": ("date", TEXT),
            "date_due": ("due", TEXT),
            "order_id": ("order", TEXT),
            "customer_id": ("customer", TEXT),
            "amount_total_net": ("net", NUMBER),
            "amount_total_tax": ("tax", NUMBER),
            "amount_total_gross": ("gross", NUMBER),
            "currency_code_amount_due": ("currency", TEXT),
            "iban": ("vendor_iban", TEXT),
        },
        "line_items",
        {
            "line_item_description": ("description", TEXT),
            "line_item_quantity": ("quantity", NUMBER),
            "line_item_unit_price_net": ("price", NUMBER),
            "line_item_amount_net": ("amount", NUMBER),
            "line_item_code": ("code", TEXT),
        },
    ),
    "fatura": (
        {
            "SELLER_NAME": ("vendor_name", TEXT),
            "SELLER_ADDRESS": ("vendor_address", TEXT),
            "BUYER": ("buyer_name", TEXT),
            "NUMBER": ("number", TEXT),
            "DATE": ("date", TEXT),
            "DUE_DATE": ("due", TEXT),
            "PO_NUMBER": ("order", TEXT),
            "SUB_TOTAL": ("net", NUMBER),
            "TAX": ("tax", NUMBER),
            "TOTAL": ("gross", NUMBER),
            "GSTIN": ("vendor_vat_id", TEXT),
        },
        "",
        {},
    ),
    "camel": (
        {
            "invoiceNumber": ("number", TEXT),
            "invoiceDate": ("date", DATE),
            "dueDate": ("due", DATE),
            "purchaseOrder": ("order", TEXT),
            "supplierName": ("vendor_name", TEXT),
            "supplierVatNumber": ("vendor_vat_id", TEXT),
            "supplierEmail": ("vendor_email", TEXT),
            "customerName": ("buyer_name", TEXT),
            "customerNumber": ("customer", TEXT),
            "subtotal": ("net", NUMBER),
            "taxAmount": ("tax", NUMBER),
            "totalAmount": ("gross", NUMBER),
            "currency": ("currency", TEXT),
        },
        "lineItems",
        {
            "description": ("description", TEXT),
            "quantity": ("quantity", NUMBER),
            "unitPrice": ("price", NUMBER),
            "total": ("amount", NUMBER),
            "unit": ("unit", TEXT),
        },
    ),
    "german": (
        {
            "rechnungsnummer": ("number", TEXT),
            "rechnungsdatum": ("date", DATE),
            "faelligkeitsdatum": ("due", DATE),
            "lieferant": ("vendor_name", TEXT),
            "kunde": ("buyer_name", TEXT),
            "kundennummer": ("customer", TEXT),
            "nettobetrag": ("net", NUMBER),
            "mehrwertsteuer": ("tax", NUMBER),
            "bruttobetrag": ("gross", NUMBER),
            "waehrung": ("currency", TEXT),
            "iban": ("vendor_iban", TEXT),
            "ust_id": ("vendor_vat_id", TEXT),
        },
        "positionen",
        {
            "bezeichnung": ("description", TEXT),
            "menge": ("quantity", NUMBER),
            "einzelpreis": ("price", NUMBER),
            "gesamtpreis": ("amount", NUMBER),
            "artikelnummer": ("code", TEXT),
        },
    ),
    "nested": (
        {
            "seller.name": ("vendor_name", TEXT),
            "seller.address": ("vendor_address", TEXT),
            "seller.tax_id": ("vendor_vat_id", TEXT),
            "buyer.name": ("buyer_name", TEXT),
            "buyer.address": ("buyer_address", TEXT),
            "invoice_id": ("number", {**TEXT, "description": "The invoice's unique number"}),
            "issue_date": ("date", {**DATE, "description": "When the invoice was issued"}),
            "payment_due": ("due", {**DATE, "description": "Last day to pay"}),
            "totals.net": ("net", {**NUMBER, "description": "Sum before tax"}),
            "totals.vat": ("tax", NUMBER),
            "totals.gross": ("gross", {**NUMBER, "description": "Amount payable incl. tax"}),
        },
        "items",
        {
            "name": ("description", TEXT),
            "qty": ("quantity", NUMBER),
            "price": ("price", NUMBER),
            "line_total": ("amount", NUMBER),
            "vat_rate": ("rate", NUMBER),
        },
    ),
}
RECEIPT_QUESTIONS: dict[str, tuple[Question, str, Question]] = {
    "sroie": (
        {
            "company": ("vendor_name", TEXT),
            "date": ("date", TEXT),
            "address": ("vendor_address", TEXT),
            "total": ("gross", TEXT),
        },
        "",
        {},
    ),
    "cord": (
        {
            "sub_total.subtotal_price": ("net", NUMBER),
            "sub_total.tax_price": ("tax", NUMBER),
            "total.total_price": ("gross", NUMBER),
            "total.cashprice": ("cash", NUMBER),
            "total.changeprice": ("change", NUMBER),
        },
        "menu",
        {"nm": ("description", TEXT), "cnt": ("quantity", NUMBER), "price": ("amount", NUMBER)},
    ),
    "expense": (
        {
            "merchant_name": ("vendor_name", TEXT),
            "merchant_address": ("vendor_address", TEXT),
            "transaction_date": ("date", DATE),
            "transaction_time": ("time", TEXT),
            "receipt_number": ("receipt_no", TEXT),
            "total_amount": ("gross", NUMBER),
            "tax_amount": ("tax", NUMBER),
            "tip": ("tip", NUMBER),
            "currency": ("currency", TEXT),
        },
        "items",
        {
            "description": ("description", TEXT),
            "quantity": ("quantity", NUMBER),
            "total_price": ("amount", NUMBER),
        },
    ),
}


def asked(
    question: tuple[Question, str, Question], shown: dict[str, object]
) -> tuple[JsonObject, JsonObject]:
    """The schema of a question, and the right answer for what a document shows."""
    fields, list_name, row = question
    schema: JsonObject = {"type": "object", "properties": {}}
    expected: JsonObject = {}
    for dotted, (name, rule) in fields.items():
        _place(schema, dotted, rule)
        if name in shown:
            _set(expected, dotted, _json(shown[name], rule))
    items = shown.get("items")
    if list_name:
        schema["properties"][list_name] = {
            "type": "array",
            "items": {"type": "object", "properties": {n: rule for n, (_, rule) in row.items()}},
        }
        if isinstance(items, list):
            expected[list_name] = [
                {n: _json(item[k], rule) for n, (k, rule) in row.items() if k in item}
                for item in items
            ]
    return schema, expected


def _place(schema: JsonObject, dotted: str, rule: JsonObject) -> None:
    *groups, last = dotted.split(".")
    for group in groups:
        empty: JsonObject = {"type": "object", "properties": {}}
        schema = schema["properties"].setdefault(group, empty)
    schema["properties"][last] = rule


def _set(data: JsonObject, dotted: str, value: Any) -> None:
    *groups, last = dotted.split(".")
    for group in groups:
        data = data.setdefault(group, {})
    data[last] = value


def _json(value: object, rule: JsonObject) -> Any:
    if isinstance(value, Decimal | int):
        return float(value) if rule["type"] == "number" else str(value)
    return value
