"""A British invoice as the scanner in the post room left it: one grey picture in a PDF."""

from __future__ import annotations

import io
from decimal import Decimal

from PIL import Image, ImageFilter
from PIL.ImageOps import invert

from making.amounts import english, iban, item, number, plain, rounded, total
from making.photo import grained, jpeg, noise, rasterise, skew, uneven_light
from making.sheet import BLACK, GREY, Align, Sheet, date_of

NAME = "invoice/scanned-invoice.pdf"

SELLER = "Harrow & Pike Engineering Supplies Ltd"
BUYER = "Calder Vale Pumps Ltd"
VAT_ID = "GB123456782"
IBAN = iban("GB", "WEST12345698765432")
MADE = date_of(2026, 9, 17, 8, 5)
LEFT, RIGHT = 22.0, 190.0

ITEMS = [
    item("", "Mechanical seal kit, 45 mm, carbon/ceramic", "6", "ea", "118.40"),
    item("", "Bearing housing gasket, EPDM", "24", "ea", "4.85"),
    item("", "Impeller, bronze, 210 mm, balanced", "2", "ea", "486.00"),
    item("", "Shaft sleeve, 316L stainless", "4", "ea", "92.75"),
    item("", "Coupling element, type L-100", "10", "ea", "13.20"),
    item("", "Grease, lithium complex, 18 kg pail", "1", "ea", "164.90"),
    item("", "Dynamic balancing on site", "3.5", "hr", "72.00"),
    item("", "Carriage, next day", "1", "", "38.50"),
]
VAT = Decimal("0.20")


def make() -> bytes:
    """The PDF: no text in it, only the scan."""
    page = rasterise(_printed(), dpi=150).convert("L")
    page = _stamped(page)
    page = page.filter(ImageFilter.GaussianBlur(0.45))
    page = page.point([min(238, 34 + round(value * 0.82)) for value in range(256)])
    page = skew(page, 1.0, paper=206)
    page = uneven_light(page, corners=(100, 97, 99, 93))
    page = grained(page, noise(page.size, seed=71, strength=0.16))
    page.paste(70, (0, 0, 5, page.height))  # the scanner's lid at the edge
    sheet = Sheet(MADE)
    sheet.set_creator("Scan station 2")
    sheet.add_page()
    sheet.image(io.BytesIO(jpeg(page, quality=58, dpi=150)), 0, 0, 210, 297)
    return sheet.pdf()


def expected() -> dict[str, object]:
    """What the invoice says."""
    net = total(ITEMS)
    tax = rounded(net * VAT)
    return {
        "invoice_number": "HP-30952",
        "invoice_date": "2026-09-14",
        "due_date": "2026-10-14",
        "order_number": "CVP/4471",
        "seller": {"name": SELLER, "vat_id": VAT_ID, "iban": IBAN.replace(" ", "")},
        "buyer": {"name": BUYER},
        "currency": "GBP",
        "lines": [
            {
                "description": line.description,
                "quantity": number(line.quantity),
                "unit_price": number(line.price),
                "amount": number(line.amount),
            }
            for line in ITEMS
        ],
        "total_net": number(net),
        "total_tax": number(tax),
        "total_gross": number(net + tax),
    }


def _printed() -> bytes:
    sheet = Sheet(MADE, family="Times")
    sheet.add_page()
    sheet.set_draw_color(*BLACK)
    sheet.set_line_width(0.9)
    sheet.circle(LEFT + 9, 25, 9, style="D")
    sheet.set_line_width(0.3)
    sheet.circle(LEFT + 9, 25, 7.6, style="D")
    sheet.put(LEFT + 9, 27.2, "H&P", size=17, style="B", align="C")
    sheet.put(LEFT + 23, 24, "HARROW & PIKE", size=22, style="B", spacing=0.8)
    sheet.put(LEFT + 23, 30.5, "Engineering Supplies Ltd", size=13, style="I")
    sheet.lines(
        RIGHT,
        18,
        [
            "Unit 7, Foundry Lane Trading Estate",
            "Halifax HX3 9TT",
            "Tel. 01422 555 0146",
            "accounts@harrowpike.example",
        ],
        align="R",
        size=9.5,
    )
    sheet.rule(LEFT, RIGHT, 38, width=0.8)
    sheet.rule(LEFT, RIGHT, 39.2, width=0.2)
    sheet.put((LEFT + RIGHT) / 2, 51, "INVOICE", size=21, style="B", align="C", spacing=2)
    _addresses(sheet)
    y = _table(sheet, 112)
    _totals(sheet, y)
    sheet.lines(
        LEFT,
        y + 8,
        [
            "Terms: 30 days net.",
            f"Pay by transfer to {SELLER}",
            "Calderdale Trading Bank, sort code 12-34-56",
            f"IBAN {IBAN}",
        ],
        size=10,
        leading=5,
    )
    sheet.rule(LEFT, RIGHT, 274, width=0.2)
    for y, text in (
        (279, f"{SELLER}. Registered in England and Wales No. 00012345."),
        (283.5, f"VAT Reg. No. {VAT_ID}. Goods remain our property until paid for in full."),
    ):
        sheet.put((LEFT + RIGHT) / 2, y, text, size=8.5, align="C")
    return sheet.pdf()


def _addresses(sheet: Sheet) -> None:
    sheet.put(LEFT, 64, "Invoice to:", style="B", size=10.5)
    address = [BUYER, "Accounts Payable", "Mill Bank Road", "Sowerby Bridge HX6 2QQ"]
    sheet.lines(LEFT, 70, address, size=11, leading=5.2)
    y = 64.0
    for label, value in (
        ("Invoice No.", "HP-30952"),
        ("Invoice date", "14 September 2026"),
        ("Account", "CALD02"),
        ("Your order No.", "CVP/4471"),
        ("Despatched", "11 September 2026"),
        ("Due date", "14 October 2026"),
    ):
        sheet.put(122, y, f"{label}:", size=10.5, style="B")
        sheet.put(153, y, value, size=10.5)
        y += 5.8


def _table(sheet: Sheet, top: float) -> float:
    heads: list[tuple[str, float, Align]] = [
        ("Description", LEFT + 2, "L"),
        ("Qty", 126, "R"),
        ("Unit", 130, "L"),
        ("Unit price £", 164, "R"),
        ("Amount £", RIGHT - 2, "R"),
    ]
    sheet.block(LEFT, top, RIGHT - LEFT, 8, colour=(226, 226, 226))
    for text, x, align in heads:
        sheet.put(x, top + 5.4, text, size=10.5, style="B", align=align)
    y = top + 14.5
    for line in ITEMS:
        sheet.put(LEFT + 2, y, line.description, size=10.5)
        sheet.put(126, y, plain(line.quantity, "."), size=10.5, align="R")
        sheet.put(130, y, line.unit, size=10.5)
        sheet.put(164, y, english(line.price), size=10.5, align="R")
        sheet.put(RIGHT - 2, y, english(line.amount), size=10.5, align="R")
        y += 7.2
    bottom = y
    for y in (top, top + 8, bottom):
        sheet.rule(LEFT, RIGHT, y, width=0.3)
    return bottom


def _totals(sheet: Sheet, y: float) -> None:
    net = total(ITEMS)
    tax = rounded(net * VAT)
    for label, value, style in (
        ("Subtotal", net, ""),
        ("VAT @ 20%", tax, ""),
        ("Total due", net + tax, "B"),
    ):
        y += 7
        sheet.put(164, y, label, size=11.5, style=style, align="R")
        sheet.put(RIGHT - 2, y, f"£{english(value)}", size=11.5, style=style, align="R")
    sheet.rule(140, RIGHT, y - 5.2, width=0.3)
    sheet.rule(140, RIGHT, y + 2, width=0.3)
    sheet.rule(140, RIGHT, y + 2.7, width=0.3)


def _stamped(page: Image.Image) -> Image.Image:
    """The page with the post room's stamp on it."""
    stamp = Sheet(MADE, size=(64, 26))
    stamp.add_page()
    stamp.set_draw_color(*GREY)
    stamp.set_line_width(0.9)
    stamp.rect(2, 2, 60, 22, round_corners=True, corner_radius=2)
    stamp.put(32, 10, "RECEIVED", size=17, style="B", align="C", colour=GREY, spacing=1.5)
    stamp.put(32, 16, "17 SEP 2026", size=12, style="B", align="C", colour=GREY)
    stamp.put(32, 21.4, "Accounts Payable   Init. ........", size=7.5, align="C", colour=GREY)
    ink = invert(rasterise(stamp.pdf(), dpi=150).convert("L"))
    # rubber does not print evenly
    ink = grained(ink, noise(ink.size, seed=5, strength=0.55, grain=5)).point(
        [min(value, 190) if value > 60 else 0 for value in range(256)]
    )
    ink = ink.rotate(7, Image.Resampling.BICUBIC, expand=True)
    page.paste(40, (130, 1385), ink)
    return page
