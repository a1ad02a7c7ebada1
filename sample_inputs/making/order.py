"""An order by mail: a few words, a logo in the signature, the order itself as a PDF."""

from __future__ import annotations

import io
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP

from making.amounts import english, item, number, plain, total
from making.photo import rasterise
from making.sheet import GREY, WHITE, Align, Colour, Sheet, date_of

NAME = "purchase-order/order.eml"

NAVY: Colour = (13, 42, 74)
SEA: Colour = (30, 136, 180)
FOAM: Colour = (236, 244, 249)
LEFT, RIGHT = 20.0, 190.0

CUSTOMER = "Northwind Marine AS"
CONTACT = "ingrid.solberg@northwind-marine.example"
MADE = date_of(2026, 10, 14, 13, 20)

ITEMS = [
    item("SG-PMP-240", "Bilge pump 24 V, 240 l/min", "6", "pcs", "2480.00"),
    item("SG-HOS-038", "Suction hose 38 mm, per metre", "75", "m", "118.50"),
    item("SG-CLP-040", "Hose clamp 32-50 mm, A4 stainless", "120", "pcs", "34.20"),
    item("SG-VLV-112", "Seacock 1 1/2 in, bronze", "8", "pcs", "1265.00"),
    item("SG-FLT-007", "Strainer basket, spare", "10", "pcs", "289.00"),
    item("SG-SEN-310", "Float switch with test lever", "6", "pcs", "742.00"),
]

TEXT = """\
Dear Tom,

please find our purchase order PO-26-0917 attached, as discussed on the phone
this morning. The vessel is in the yard from week 45, so the goods have to be
here by 4 November at the latest. Partial deliveries are fine.

Could you confirm by return?

Kind regards
Ingrid Solberg
Purchasing

Northwind Marine AS
Kaigata 22, 5003 Bergen, Norway
Tel. +47 55 50 14 22
"""

HTML = """\
<html><body style="font-family: Calibri, Arial, sans-serif; font-size: 11pt; color: #222">
<p>Dear Tom,</p>
<p>please find our purchase order <b>PO-26-0917</b> attached, as discussed on the phone this
morning. The vessel is in the yard from week 45, so the goods have to be here by
<b>4 November</b> at the latest. Partial deliveries are fine.</p>
<p>Could you confirm by return?</p>
<p>Kind regards<br>Ingrid Solberg<br><span style="color: #6b7280">Purchasing</span></p>
<p><img src="cid:logo@northwind-marine.example" width="210" height="58" alt="Northwind Marine"></p>
<p style="font-size: 9pt; color: #6b7280">Northwind Marine AS<br>Kaigata 22, 5003 Bergen,
Norway<br>Tel. +47 55 50 14 22</p>
</body></html>
"""


def make() -> bytes:
    """The mail: mixed (related (alternative (text, HTML), logo), order)."""
    mail = EmailMessage(policy=SMTP)
    mail["Return-Path"] = f"<{CONTACT}>"
    mail["Date"] = "Wed, 14 Oct 2026 15:31:07 +0200"
    mail["From"] = f"Ingrid Solberg <{CONTACT}>"
    mail["To"] = "Orders <orders@signoff.example>"
    mail["Subject"] = "Purchase order PO-26-0917 – bilge system M/S Havørn"
    mail["Message-ID"] = "<20261014133107.0917@northwind-marine.example>"
    words = MIMEPart(policy=SMTP)
    words.set_content(TEXT, cte="quoted-printable")
    words.add_alternative(HTML, subtype="html", cte="quoted-printable")
    words.set_boundary("=_alternative_0917")
    logo = MIMEPart(policy=SMTP)
    logo.set_content(
        _logo_picture(),
        "image",
        "png",
        disposition="inline",
        filename="logo.png",
        cid="<logo@northwind-marine.example>",
    )
    seen = _multipart("related", [words, logo])
    order = MIMEPart(policy=SMTP)
    order.set_content(_order(), "application", "pdf", filename="PO-26-0917.pdf")
    mail["MIME-Version"] = "1.0"
    _multipart("mixed", [seen, order], mail)
    return mail.as_bytes()


def _multipart(kind: str, parts: list[MIMEPart], message: MIMEPart | None = None) -> MIMEPart:
    """``parts`` as one, with the same boundary each time."""
    message = message if message is not None else MIMEPart(policy=SMTP)
    message["Content-Type"] = f'multipart/{kind}; boundary="=_{kind}_0917"'
    for part in parts:
        message.attach(part)
    return message


def expected() -> dict[str, object]:
    """What mail and order say."""
    return {
        "order_number": "PO-26-0917",
        "order_date": "2026-10-14",
        "delivery_date": "2026-11-04",
        "customer": CUSTOMER,
        "contact_email": CONTACT,
        "currency": "NOK",
        "lines": [
            {
                "article": line.article,
                "description": line.description,
                "quantity": number(line.quantity),
                "unit_price": number(line.price),
            }
            for line in ITEMS
        ],
        "total": number(total(ITEMS)),
    }


def _logo(sheet: Sheet, x: float, y: float) -> None:
    """A sail above waves, and the name."""
    sheet.set_fill_color(*NAVY)
    sheet.polygon([(x + 9, y), (x + 9, y + 12), (x + 1, y + 12)], style="F")
    sheet.set_fill_color(*SEA)
    sheet.polygon([(x + 10, y + 2), (x + 10, y + 12), (x + 16, y + 12)], style="F")
    sheet.set_draw_color(*SEA)
    sheet.set_line_width(0.8)
    for left in (0.0, 6.0, 12.0):
        points = [(0, 15), (2, 12.6), (4, 17.4), (6, 15)]
        sheet.bezier([(x + left + a, y + b) for a, b in points])
    sheet.put(x + 22, y + 7.5, "NORTHWIND", size=17, style="B", colour=NAVY, spacing=1)
    sheet.put(x + 22, y + 14, "MARINE", size=13, colour=SEA, spacing=5)


def _logo_picture() -> bytes:
    sheet = Sheet(MADE, size=(70, 20))
    sheet.add_page()
    _logo(sheet, 2, 2)
    stream = io.BytesIO()
    rasterise(sheet.pdf(), dpi=150).quantize(32).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _order() -> bytes:
    sheet = Sheet(MADE, title="Purchase order PO-26-0917")
    sheet.set_author(CUSTOMER)
    sheet.add_page()
    _logo(sheet, LEFT, 15)
    sheet.put(RIGHT, 24, "PURCHASE ORDER", size=19, style="B", align="R", colour=NAVY)
    sheet.put(RIGHT, 30, "Page 1 of 1", align="R", colour=GREY)
    sheet.rule(LEFT, RIGHT, 38, width=0.6, colour=NAVY)
    _parties(sheet)
    _facts(sheet, 84)
    y = _table(sheet, 108)
    sheet.block(118, y - 1, RIGHT - 118, 9, colour=NAVY)
    sheet.put(160, y + 5, "Order total NOK", size=10.5, style="B", align="R", colour=WHITE)
    text = english(total(ITEMS))
    sheet.put(RIGHT - 2, y + 5, text, size=10.5, style="B", align="R", colour=WHITE)
    sheet.lines(
        LEFT,
        y + 20,
        [
            "Prices exclude VAT. Partial deliveries accepted. Packing list with every parcel.",
            "Please quote our order number on all papers and confirm within two working days.",
            "Mark parcels: M/S Havørn, engine room.",
        ],
        leading=5,
    )
    sheet.put(LEFT, y + 57, "Ingrid Solberg, Purchasing", size=9.5)
    sheet.rule(LEFT, LEFT + 60, y + 52.5, colour=GREY)
    sheet.set_draw_color(20, 40, 120)
    sheet.set_line_width(0.5)
    for stroke in (
        [(26, 49), (32, 31), (30, 59), (40, 45)],
        [(40, 45), (46, 39), (42, 53), (52, 45)],
        [(52, 45), (60, 33), (50, 61), (76, 41)],
    ):
        sheet.bezier([(a, y + b) for a, b in stroke])
    sheet.rule(LEFT, RIGHT, 277, width=0.3, colour=NAVY)
    foot = f"{CUSTOMER} · Kaigata 22 · 5003 Bergen · Norway · Org. no. 912 345 678 MVA"
    sheet.put(105, 282, foot, size=8, align="C", colour=GREY)
    return sheet.pdf()


def _parties(sheet: Sheet) -> None:
    for x, title, texts in (
        (LEFT, "Customer", [CUSTOMER, "Kaigata 22", "5003 Bergen", "Norway"]),
        (78, "Deliver to", ["Northwind Marine Yard", "Damsgårdsveien 91", "5058 Bergen", "Norway"]),
        (136, "Supplier", ["Signoff Chandlery Ltd", "Quay House", "Hull HU1 2AA", "England"]),
    ):
        sheet.put(x, 48, title, size=8.5, style="B", colour=SEA)
        sheet.lines(x, 54, texts, size=10, leading=5)


def _facts(sheet: Sheet, top: float) -> None:
    sheet.block(LEFT, top - 6, RIGHT - LEFT, 18, colour=FOAM, radius=1.5)
    for x, label, value in (
        (LEFT + 4, "Order number", "PO-26-0917"),
        (62, "Order date", "14 Oct 2026"),
        (92, "Delivery date", "4 Nov 2026"),
        (124, "Contact", CONTACT),
    ):
        sheet.put(x, top, label, size=8, colour=GREY)
        size = 8.5 if label == "Contact" else 10.5
        sheet.put(x, top + 6.5, value, size=size, style="" if label == "Contact" else "B")


def _table(sheet: Sheet, top: float) -> float:
    heads: list[tuple[str, float, Align]] = [
        ("#", LEFT + 5, "R"),
        ("Article no.", LEFT + 9, "L"),
        ("Description", 56, "L"),
        ("Qty", 130, "R"),
        ("Unit", 133, "L"),
        ("Unit price", 162, "R"),
        ("Amount NOK", RIGHT - 2, "R"),
    ]
    for text, x, align in heads:
        sheet.put(x, top, text, size=8.5, style="B", align=align, colour=NAVY)
    sheet.rule(LEFT, RIGHT, top + 2, width=0.4, colour=NAVY)
    y = top + 8.5
    for position, line in enumerate(ITEMS, 1):
        cells: list[tuple[str, float, Align]] = [
            (str(position), LEFT + 5, "R"),
            (line.article, LEFT + 9, "L"),
            (line.description, 56, "L"),
            (plain(line.quantity), 130, "R"),
            (line.unit, 133, "L"),
            (english(line.price), 162, "R"),
            (english(line.amount), RIGHT - 2, "R"),
        ]
        for text, x, align in cells:
            sheet.put(x, y, text, size=9.5, align=align)
        sheet.rule(LEFT, RIGHT, y + 2.8, width=0.15, colour=GREY)
        y += 8
    return y
