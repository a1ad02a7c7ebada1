"""Invoices that all differ, each with the data that stands on it."""

from __future__ import annotations

import random
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from fpdf import FPDF

AGENT = "benchmark-invoice"
_GOODS = ("Steel bolts", "Office paper", "Desk lamp", "Printer toner", "Copper wire", "Oak board")
_NAMES = ("Nordic", "Alpine", "Harbour", "Summit", "Valley", "Copper")
_KINDS = ("Supplies Ltd", "Trading Ltd", "Works Ltd", "Tools Ltd")
_NUMBER = re.compile(r"INV-(\d{6})")

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "invoice_number": {"type": "string", "description": "Invoice number"},
        "invoice_date": {"type": "string", "format": "date", "description": "Invoice date"},
        "seller": {"type": "string", "description": "Who issues the invoice"},
        "buyer": {"type": "string", "description": "Who pays"},
        "currency": {"type": "string", "description": "Currency, ISO 4217 code"},
        "lines": {
            "type": "array",
            "description": "Line items",
            "items": {
                "type": "object",
                "properties": {
                    "description": {"type": "string", "description": "What is sold"},
                    "quantity": {"type": "number", "description": "Quantity"},
                    "unit_price": {"type": "number", "description": "Price of one"},
                    "amount": {"type": "number", "description": "Net amount of the line"},
                },
                "required": ["description", "amount"],
            },
        },
        "total_net": {"type": "number", "description": "Net total, before tax"},
        "total_tax": {"type": "number", "description": "Tax"},
        "total_gross": {"type": "number", "description": "Total to pay, with tax"},
    },
    "required": ["invoice_number", "invoice_date", "total_gross"],
}


def agent(webhook: str) -> dict[str, Any]:
    """The agent that reads them, signs off by itself and delivers to ``webhook``."""
    return {
        "name": AGENT,
        "data_schema": SCHEMA,
        "review": {"auto_confirm": True},
        "destinations": [{"type": "WEBHOOK", "url": webhook}],
    }


def data(number: int) -> dict[str, Any]:
    """What stands on invoice ``number``."""
    chance = random.Random(number)
    lines: list[dict[str, Any]] = []
    for goods in chance.sample(_GOODS, 3):
        quantity, cents = chance.randint(1, 40), chance.randint(150, 9900)
        amount = round(quantity * cents / 100, 2)
        lines.append(
            {
                "description": goods,
                "quantity": quantity,
                "unit_price": cents / 100,
                "amount": amount,
            }
        )
    net = round(sum(line["amount"] for line in lines), 2)
    tax = round(net * 0.2, 2)
    return {
        "invoice_number": f"INV-{number:06}",
        "invoice_date": str(date(2026, 1, 1) + timedelta(days=chance.randint(0, 300))),
        "seller": f"{chance.choice(_NAMES)} {chance.choice(_KINDS)}",
        "buyer": f"{chance.choice(_NAMES)} Stores Ltd",
        "currency": "GBP",
        "lines": lines,
        "total_net": net,
        "total_tax": tax,
        "total_gross": round(net + tax, 2),
    }


def number_in(text: str) -> int:
    """Which invoice a prompt ends with."""
    return int(_NUMBER.findall(text)[-1])


def make(folder: Path, numbers: range) -> list[Path]:
    """Write the invoices as PDFs with a text layer."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_write(folder / f"{data(number)['invoice_number']}.pdf", number) for number in numbers]


def _write(path: Path, number: int) -> Path:
    found = data(number)
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=16)
    pdf.cell(text=f"{found['seller']}", new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("Helvetica", size=10)
    for line in (
        " ",
        f"Invoice number: {found['invoice_number']}",
        f"Invoice date: {found['invoice_date']}",
        f"Bill to: {found['buyer']}",
        f"Currency: {found['currency']}",
        " ",
    ):
        pdf.cell(h=6, text=line, new_x="LMARGIN", new_y="NEXT")
    rows = [("Description", "Quantity", "Unit price", "Amount")]
    for row in found["lines"]:
        money = (f"{row['unit_price']:.2f}", f"{row['amount']:.2f}")
        rows.append((row["description"], str(row["quantity"]), *money))
    for cells in rows:
        for width, cell, align in zip((80, 30, 30, 30), cells, "LRRR", strict=True):
            pdf.cell(w=width, h=6, text=cell, align=align)
        pdf.ln()
    pdf.ln()
    for label, key in (("Net total", "net"), ("VAT 20%", "tax"), ("Total to pay", "gross")):
        pdf.cell(w=140, h=6, text=label)
        pdf.cell(w=30, h=6, text=f"{found[f'total_{key}']:.2f}", align="R")
        pdf.ln()
    pdf.output(str(path))
    return path
