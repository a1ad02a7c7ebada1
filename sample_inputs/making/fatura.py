"""A Portuguese invoice on a customer portal: somebody's screenshot."""

from __future__ import annotations

import io
from decimal import Decimal

from PIL import Image

from making.amounts import iban, item, number, plain, rounded, spaced, total
from making.photo import rasterise
from making.sheet import BLACK, GREY, WHITE, Align, Colour, Sheet, date_of

NAME = "invoice/fatura.png"

TEAL: Colour = (0, 121, 107)
NIGHT: Colour = (20, 33, 48)
PAGE: Colour = (242, 244, 247)
EDGE: Colour = (222, 226, 232)
AMBER: Colour = (255, 236, 200)

SELLER = "Nuvem Atlântica, Lda."
BUYER = "Conservas Ria Formosa, S.A."
VAT_ID = "PT512345678"
IBAN = iban("PT", "000201231234567890154")
IVA = Decimal("0.23")
WIDTH, HEIGHT = 260.0, 246.0
LEFT, RIGHT = 52.0, 240.0

ITEMS = [
    item("", "Servidor virtual M (4 vCPU, 16 GB)", "3", "mês", "64.90"),
    item("", "Armazenamento de objetos, 2 TB", "2", "mês", "39.00"),
    item("", "Cópias de segurança diárias", "1", "mês", "48.50"),
    item("", "Licença de correio profissional", "42", "un.", "4.25"),
    item("", "Migração de dados (horas)", "16.5", "h", "55.00"),
]


def make() -> bytes:
    """The PNG file."""
    image = rasterise(_page(), dpi=150)
    stream = io.BytesIO()
    flat = image.quantize(96, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    flat.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def expected() -> dict[str, object]:
    """What the invoice says."""
    net = total(ITEMS)
    tax = rounded(net * IVA)
    return {
        "invoice_number": "FT 2026/3187",
        "invoice_date": "2026-10-05",
        "due_date": "2026-11-04",
        "seller": {"name": SELLER, "vat_id": VAT_ID, "iban": IBAN.replace(" ", "")},
        "buyer": {"name": BUYER},
        "currency": "EUR",
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


def _page() -> bytes:
    sheet = Sheet(date_of(2026, 10, 6), size=(WIDTH, HEIGHT))
    sheet.add_page()
    sheet.block(0, 0, WIDTH, HEIGHT, colour=PAGE)
    _frame(sheet)
    sheet.block(44.7, 29.3, 203.6, 208.8, colour=EDGE, radius=3)
    sheet.block(45, 29, 203, 208.6, colour=WHITE, radius=3)
    _head(sheet)
    y = _table(sheet, 118)
    _totals(sheet, y + 4)
    _payment(sheet)
    return sheet.pdf()


def _frame(sheet: Sheet) -> None:
    """The portal around the invoice: bar and menu."""
    sheet.block(0, 0, WIDTH, 15, colour=NIGHT)
    _cloud(sheet, 8, 4.6, 0.55)
    sheet.put(20, 9.6, "nuvem", size=13, style="B", colour=WHITE)
    sheet.put(36, 9.6, "área de cliente", size=9, colour=(170, 184, 200))
    sheet.block(222, 3.5, 30, 8, colour=(44, 60, 80), radius=4)
    sheet.put(237, 8.9, "Olá, Teresa", size=8.5, align="C", colour=WHITE)
    sheet.block(0, 15, 37, HEIGHT - 15, colour=WHITE)
    y = 29.0
    for entry in ("Painel", "Serviços", "Faturas", "Suporte", "Definições"):
        chosen = entry == "Faturas"
        if chosen:
            sheet.block(0, y - 6, 37, 9.5, colour=(224, 242, 239))
            sheet.block(0, y - 6, 1.2, 9.5, colour=TEAL)
        sheet.put(
            8, y, entry, size=9.5, style="B" if chosen else "", colour=TEAL if chosen else GREY
        )
        y += 11
    sheet.put(45, 24, "Faturas  /  FT 2026/3187", size=9, colour=GREY)


def _cloud(sheet: Sheet, x: float, y: float, scale: float, colour: Colour = WHITE) -> None:
    sheet.set_fill_color(*colour)
    for cx, cy, radius in ((4, 7, 4), (9, 4.5, 4.5), (14, 7, 4)):
        sheet.circle(x + cx * scale, y + cy * scale, radius * scale, style="F")
    sheet.block(x + 4 * scale, y + 6 * scale, 10 * scale, 5 * scale, colour=colour)


def _head(sheet: Sheet) -> None:
    _cloud(sheet, LEFT, 36, 0.95, TEAL)
    sheet.put(LEFT + 22, 44.5, "Nuvem Atlântica", size=17, style="B", colour=NIGHT)
    sheet.put(RIGHT, 43, "Fatura", size=21, style="B", align="R", colour=NIGHT)
    sheet.block(RIGHT - 27, 47, 27, 7, colour=AMBER, radius=3.5)
    sheet.put(RIGHT - 13.5, 51.7, "POR PAGAR", size=8, style="B", align="C", colour=(150, 90, 0))
    seller = [SELLER, "Rua do Arsenal, 112, 3.º", "1100-040 Lisboa", f"NIF {VAT_ID}"]
    buyer = [BUYER, "Estrada da Penha, 40", "8005-139 Faro", "NIF PT509876540"]
    for x, title, texts in ((LEFT, "Emitente", seller), (LEFT + 66, "Cliente", buyer)):
        sheet.put(x, 66, title.upper(), size=7.5, style="B", colour=GREY, spacing=0.5)
        sheet.put(x, 72, texts[0], size=10, style="B")
        sheet.lines(x, 77.2, texts[1:], size=9.5, leading=5)
    sheet.rule(LEFT, RIGHT, 95, width=0.3, colour=EDGE)
    for x, label, value in (
        (LEFT, "Fatura n.º", "FT 2026/3187"),
        (LEFT + 50, "Data da fatura", "05/10/2026"),
        (LEFT + 100, "Data de vencimento", "04/11/2026"),
        (LEFT + 152, "Período", "Setembro 2026"),
    ):
        sheet.put(x, 101.5, label, size=8.5, colour=GREY)
        sheet.put(x, 107.5, value, size=11, style="B")


def _table(sheet: Sheet, top: float) -> float:
    heads: list[tuple[str, float, Align]] = [
        ("Descrição", LEFT + 3, "L"),
        ("Quantidade", 150, "R"),
        ("Un.", 155, "L"),
        ("Preço unitário", 200, "R"),
        ("Valor", RIGHT - 3, "R"),
    ]
    sheet.block(LEFT, top, RIGHT - LEFT, 9, colour=PAGE, radius=1.5)
    for text, x, align in heads:
        sheet.put(x, top + 6, text, size=9, style="B", align=align, colour=GREY)
    y = top + 16
    for line in ITEMS:
        sheet.put(LEFT + 3, y, line.description, size=10)
        sheet.put(150, y, plain(line.quantity), size=10, align="R")
        sheet.put(155, y, line.unit, size=10, colour=GREY)
        sheet.put(200, y, f"{spaced(line.price)} €", size=10, align="R")
        sheet.put(RIGHT - 3, y, f"{spaced(line.amount)} €", size=10, align="R")
        sheet.rule(LEFT, RIGHT, y + 3.6, width=0.2, colour=EDGE)
        y += 10
    return y


def _totals(sheet: Sheet, y: float) -> None:
    net = total(ITEMS)
    tax = rounded(net * IVA)
    for label, value in (("Subtotal", net), ("IVA (23%)", tax)):
        sheet.put(200, y, label, size=10, align="R", colour=GREY)
        sheet.put(RIGHT - 3, y, f"{spaced(value)} €", size=10, align="R")
        y += 7
    sheet.put(200, y + 3, "Total a pagar", size=12, style="B", align="R")
    text = f"{spaced(net + tax)} €"
    sheet.put(RIGHT - 3, y + 3, text, size=13, style="B", align="R", colour=TEAL)


def _payment(sheet: Sheet) -> None:
    sheet.block(LEFT, 214, 118, 16.5, colour=PAGE, radius=2)
    sheet.put(LEFT + 4, 220.3, "Pagamento por transferência", size=9, style="B", colour=BLACK)
    sheet.put(LEFT + 4, 226.3, f"IBAN {IBAN}", size=9.5)
    sheet.block(RIGHT - 44, 215, 44, 13, colour=TEAL, radius=2.5)
    sheet.put(RIGHT - 22, 223.1, "Pagar agora", size=11, style="B", align="C", colour=WHITE)
