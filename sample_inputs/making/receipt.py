"""An American hardware store's receipt, as its till sends it: a small picture."""

from __future__ import annotations

import io
from decimal import Decimal

from PIL import Image, ImageFilter

from making.amounts import english, item, number, rounded, total
from making.photo import grained, noise, rasterise, tinted
from making.sheet import Sheet, date_of

NAME = "receipt/receipt.gif"

MERCHANT = "Maple Street Hardware"
LEFT, MIDDLE, RIGHT = 6.0, 40.0, 74.0
TAX = Decimal("0.0825")
CASH = Decimal("120.00")

ITEMS = [
    item("0488120", "Cordless drill bit set", "1", "", "24.99"),
    item("0490077", "Wood screws #8 1-1/4 in", "1", "", "8.49"),
    item("0513300", "Paint roller kit", "1", "", "13.79"),
    item("0513942", "Interior paint, eggshell", "1", "", "36.50"),
    item("0660218", "Painter's tape, blue", "1", "", "6.29"),
]


def make() -> bytes:
    """The GIF file: 32 shades on till paper."""
    image = rasterise(_printed(), dpi=230)
    image = tinted(image, paper=(250, 250, 247), ink=(34, 34, 50))
    image = image.filter(ImageFilter.GaussianBlur(0.5))
    image = grained(image, noise(image.size, seed=33, strength=0.025, grain=3))
    stream = io.BytesIO()
    flat = image.quantize(32, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    flat.save(stream, "GIF", optimize=True)
    return stream.getvalue()


def expected() -> dict[str, object]:
    """What the receipt says."""
    net = total(ITEMS)
    tax = rounded(net * TAX)
    return {
        "merchant": MERCHANT,
        "receipt_number": "7731-0492",
        "date": "2026-10-21",
        "currency": "USD",
        "items": [
            {"description": line.description, "amount": number(line.amount)} for line in ITEMS
        ],
        "tax": number(tax),
        "total": number(net + tax),
        "payment_method": "cash",
    }


def _printed() -> bytes:
    sheet = Sheet(date_of(2026, 10, 21), size=(80, 148), family="Courier")
    sheet.add_page()
    _leaf(sheet, MIDDLE, 12)
    sheet.put(MIDDLE, 25, MERCHANT, size=14, style="B", align="C")
    y = 30.5
    for text in ("1180 Maple Street", "Burlington, VT 05401", "(802) 555-0168"):
        sheet.put(MIDDLE, y, text, size=9.5, align="C")
        y += 4.4
    sheet.rule(LEFT, RIGHT, y, width=0.4)
    sheet.put(LEFT, y + 5.5, "Receipt #: 7731-0492", size=10)
    sheet.put(LEFT, y + 10.3, "Date: 10/21/2026", size=10)
    sheet.put(RIGHT, y + 10.3, "5:37 PM", size=10, align="R")
    sheet.put(LEFT, y + 15.1, "Cashier: Dana", size=10)
    sheet.put(RIGHT, y + 15.1, "Register 04", size=10, align="R")
    sheet.rule(LEFT, RIGHT, y + 18, width=0.4)
    y += 24
    for line in ITEMS:
        sheet.put(LEFT, y, line.description, size=10)
        sheet.put(RIGHT, y, english(line.amount), size=10, align="R")
        y += 5.4
    sheet.rule(LEFT, RIGHT, y - 2, width=0.4)
    net = total(ITEMS)
    tax = rounded(net * TAX)
    y += 3.4
    for label, value in (("Subtotal", net), ("Sales tax 8.25%", tax)):
        sheet.put(LEFT, y, label, size=10)
        sheet.put(RIGHT, y, english(value), size=10, align="R")
        y += 5
    sheet.put(LEFT, y + 2, "TOTAL", size=15, style="B")
    sheet.put(RIGHT, y + 2, f"${english(net + tax)}", size=15, style="B", align="R")
    y += 9
    for label, value in (("CASH", CASH), ("CHANGE", CASH - net - tax)):
        sheet.put(LEFT, y, label, size=10)
        sheet.put(RIGHT, y, f"${english(value)}", size=10, align="R")
        y += 5
    sheet.put(MIDDLE, y + 6, "Returns within 30 days with receipt", size=8.5, align="C")
    sheet.put(MIDDLE, y + 11, "THANK YOU!", size=11, style="B", align="C")
    return sheet.pdf()


def _leaf(sheet: Sheet, x: float, y: float) -> None:
    """The shop's sign: a leaf on a stem."""
    half = [(0, -7), (1.6, -4), (3.4, -4.8), (3, -1.8), (6, -2), (4.6, 0.4), (5.4, 1.6), (1, 3.2)]
    outline = half + [(-a, b) for a, b in reversed(half)]
    sheet.set_fill_color(30, 30, 30)
    sheet.polygon([(x + a, y + b) for a, b in outline], style="F")
    sheet.block(x - 0.4, y + 2, 0.8, 4.5, colour=(30, 30, 30))
