"""A German invoice of two pages: letterhead, 30 positions, carry-over, payment terms."""

from __future__ import annotations

from decimal import Decimal

from making.amounts import german, iban, item, number, plain, rounded, total
from making.sheet import GREY, WHITE, Colour, Sheet, date_of

NAME = "invoice/rechnung.pdf"

BLUE: Colour = (22, 68, 112)
ORANGE: Colour = (226, 120, 28)
STRIPE: Colour = (241, 245, 249)
LEFT, RIGHT = 25.0, 190.0
QUANTITY, UNIT, PRICE = 124.0, 126.5, 164.0
ROW = 6.6

SELLER = "Brüggenfeld Werkstattbedarf GmbH"
BUYER = "Tischlerei Kessler & Böhm KG"
VAT_ID = "DE123456788"
IBAN = iban("DE", "370400440532013000")

ITEMS = [
    item("10-4410", "Spanplattenschraube 4,0 x 40, verzinkt", "4000", "Stk", "0.03"),
    item("10-4425", "Spanplattenschraube 5,0 x 60, verzinkt", "2500", "Stk", "0.06"),
    item("10-4480", "Tellerkopfschraube TX40 8,0 x 160", "200", "Stk", "0.48"),
    item("10-7702", "Schlossschraube M10 x 120 mit Mutter", "150", "Stk", "0.62"),
    item("12-0031", "Flachdübel Buche Größe 20, Karton", "3", "Krt", "38.90"),
    item("12-0044", "Riffeldübel Buche 8 x 40, 1000 Stück", "2", "Btl", "21.75"),
    item("15-2210", "Topfscharnier 110°, Nickel, mit Dämpfung", "120", "Stk", "2.85"),
    item("15-2290", "Montageplatte Kreuz, Höhe 2 mm", "120", "Stk", "0.74"),
    item("15-3100", "Vollauszug 500 mm, 45 kg, Paar", "24", "Par", "18.40"),
    item("15-3125", "Möbelgriff Edelstahl matt, 192 mm", "60", "Stk", "4.95"),
    item("18-0100", "Schleifscheibe Klett 150 mm, K80", "200", "Stk", "0.41"),
    item("18-0120", "Schleifscheibe Klett 150 mm, K120", "200", "Stk", "0.41"),
    item("18-0180", "Schleifscheibe Klett 150 mm, K180", "300", "Stk", "0.43"),
    item("18-0510", "Schleifvlies, Rolle 10 m", "4", "Rol", "27.60"),
    item("20-1200", "Holzleim D3, Kanister", "3", "Kan", "46.50"),
    item("20-1310", "PU-Leim D4, Flasche 500 g", "18", "Fl", "11.20"),
    item("20-4005", "Hartwachsöl farblos, 2,5 l", "6", "Ds", "78.90"),
    item("20-4090", "Spiritus vergällt, 5 l", "4", "Kan", "19.35"),
    item("24-0615", "Kreissägeblatt HW 250 x 30, 48 Z", "3", "Stk", "64.00"),
    item("24-0700", "Stichsägeblatt Holz fein, 25 Stück", "5", "Pkg", "23.10"),
    item("24-1188", "Forstnerbohrer-Satz 15 bis 40 mm", "1", "Satz", "129.00"),
    item("24-2202", "Oberfräser Bündig, Schaft 8 mm", "4", "Stk", "33.80"),
    item("30-0001", "Schraubzwinge 800 x 120 mm", "12", "Stk", "21.45"),
    item("30-0044", "Korpuszwinge 1000 mm", "6", "Stk", "48.20"),
    item("30-0310", "Zulage Multiplex beschichtet, Zuschnitt", "7.5", "m²", "42.60"),
    item("41-0090", "Atemschutzmaske FFP2 mit Ventil", "40", "Stk", "1.95"),
    item("41-0120", "Gehörschutzkapsel SNR 31 dB", "6", "Stk", "24.70"),
    item("41-0300", "Schnittschutzhandschuh Größe 9", "20", "Par", "6.35"),
    item("50-9000", "Entsorgung Altlack, Pauschale", "1", "Psch", "85.00"),
    item("50-9900", "Anlieferung mit Hebebühne", "1", "Psch", "59.00"),
]
FIRST_PAGE = 16


def make() -> bytes:
    """The PDF."""
    sheet = Sheet(date_of(2026, 9, 28, 7, 42), title="Rechnung RE-2026-104817")
    sheet.set_author(SELLER)
    sheet.set_lang("de-DE")
    _first_page(sheet)
    _second_page(sheet)
    return sheet.pdf()


def expected() -> dict[str, object]:
    """What the invoice says."""
    net, tax, gross = _totals()
    return {
        "invoice_number": "RE-2026-104817",
        "invoice_date": "2026-09-28",
        "due_date": "2026-10-28",
        "order_number": "B-77120",
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
        "total_gross": number(gross),
    }


def _totals() -> tuple[Decimal, Decimal, Decimal]:
    net = total(ITEMS)
    tax = rounded(net * Decimal("0.19"))
    return net, tax, net + tax


def _first_page(sheet: Sheet) -> None:
    sheet.add_page()
    _letterhead(sheet)
    sheet.put(LEFT, 50.5, f"{SELLER} · Lindenstraße 48 · 33602 Bielefeld", size=6.5, colour=GREY)
    sheet.rule(LEFT, LEFT + 78, 51.8, width=0.1, colour=GREY)
    address = [BUYER, "Einkauf", "Am Güterbahnhof 7", "49074 Osnabrück"]
    sheet.lines(LEFT, 58, address, size=10.5, leading=5)
    y = 52.0
    for label, value in (
        ("Rechnungsnummer", "RE-2026-104817"),
        ("Rechnungsdatum", "28.09.2026"),
        ("Kundennummer", "20488"),
        ("Ihre Bestellnummer", "B-77120"),
        ("Lieferdatum", "24.09.2026"),
        ("Lieferschein", "LS-88213"),
        ("Ansprechpartner", "Jörg Hallmann"),
        ("Durchwahl", "0521 5577-214"),
    ):
        sheet.put(126, y, label, size=8.5, colour=GREY)
        sheet.put(RIGHT, y, value, size=9, align="R")
        y += 4.7
    sheet.put(LEFT, 100, "Rechnung RE-2026-104817", size=16, style="B", colour=BLUE)
    sheet.put(LEFT, 108, "Sehr geehrte Damen und Herren,", size=9.5)
    sheet.put(
        LEFT, 113, "für unsere Lieferung vom 24.09.2026 berechnen wir Ihnen wie folgt:", size=9.5
    )
    y = _table_head(sheet, 119)
    y = _rows(sheet, y, start=0, stop=FIRST_PAGE)
    carried = german(total(ITEMS[:FIRST_PAGE]))
    sheet.rule(LEFT, RIGHT, y - 4.2, width=0.3, colour=BLUE)
    sheet.put(PRICE, y + 0.8, "Übertrag", style="B", align="R")
    sheet.put(RIGHT, y + 0.8, carried, style="B", align="R")
    _footer(sheet, 1)


def _second_page(sheet: Sheet) -> None:
    sheet.add_page()
    _mark(sheet, LEFT, 14, 0.6)
    sheet.put(LEFT + 13, 20.5, SELLER, size=10, style="B", colour=BLUE)
    sheet.put(RIGHT, 20.5, "Rechnung RE-2026-104817 vom 28.09.2026", align="R", colour=GREY)
    y = _table_head(sheet, 30)
    sheet.put(PRICE, y, "Übertrag", style="B", align="R")
    sheet.put(RIGHT, y, german(total(ITEMS[:FIRST_PAGE])), style="B", align="R")
    y = _rows(sheet, y + ROW, start=FIRST_PAGE, stop=len(ITEMS))
    net, tax, gross = _totals()
    sheet.rule(LEFT, RIGHT, y - 4.2, width=0.3, colour=BLUE)
    for label, value in (("Nettobetrag", net), ("zzgl. 19 % MwSt.", tax)):
        y += 1.2
        sheet.put(PRICE, y, label, align="R")
        sheet.put(RIGHT, y, f"{german(value)} €", align="R")
        y += 5
    sheet.block(110, y - 3.6, RIGHT - 110 + 2, 8.6, colour=BLUE)
    sheet.put(PRICE, y + 2.2, "Rechnungsbetrag", size=10.5, style="B", align="R", colour=WHITE)
    sheet.put(RIGHT, y + 2.2, f"{german(gross)} €", size=10.5, style="B", align="R", colour=WHITE)
    y += 19
    sheet.put(LEFT, y, "Zahlbar ohne Abzug, fällig am 28.10.2026.", style="B", size=9.5)
    sheet.lines(
        LEFT,
        y + 5.5,
        [
            "Bitte geben Sie bei der Überweisung die Rechnungsnummer an.",
            "Die Ware bleibt bis zur vollständigen Bezahlung unser Eigentum (§ 449 BGB).",
            "",
            "Mit freundlichen Grüßen",
        ],
        size=9.5,
        leading=4.8,
    )
    sheet.put(LEFT, y + 33, SELLER, size=9.5)
    _footer(sheet, 2)


def _letterhead(sheet: Sheet) -> None:
    _mark(sheet, LEFT, 13, 1.0)
    sheet.put(LEFT + 22, 22, "BRÜGGENFELD", size=20, style="B", colour=BLUE, spacing=1.2)
    sheet.put(LEFT + 22, 28, "Werkstattbedarf seit 1931", size=9.5, colour=ORANGE)
    sheet.rule(LEFT, RIGHT, 35, width=0.7, colour=BLUE)
    # fold and punch marks of a DIN 5008 letter
    for y, length in ((105.0, 4.0), (148.5, 6.0), (210.0, 4.0)):
        sheet.rule(4, 4 + length, y, width=0.15, colour=GREY)


def _mark(sheet: Sheet, x: float, y: float, scale: float) -> None:
    """The logo: a screw head in a hexagon."""
    points = [(9, 0), (17, 4.5), (17, 13.5), (9, 18), (1, 13.5), (1, 4.5)]
    sheet.set_fill_color(*BLUE)
    sheet.polygon([(x + a * scale, y + b * scale) for a, b in points], style="F")
    sheet.set_fill_color(*WHITE)
    sheet.circle(x + 9 * scale, y + 9 * scale, 5.6 * scale, style="F")
    sheet.block(x + 4.6 * scale, y + 8 * scale, 8.8 * scale, 2 * scale, colour=ORANGE)
    sheet.block(x + 8 * scale, y + 4.6 * scale, 2 * scale, 8.8 * scale, colour=ORANGE)


def _table_head(sheet: Sheet, y: float) -> float:
    sheet.block(LEFT - 2, y, RIGHT - LEFT + 4, 7, colour=BLUE)
    for x, text, right in (
        (LEFT, "Pos", False),
        (LEFT + 9, "Artikel", False),
        (LEFT + 25, "Bezeichnung", False),
        (QUANTITY, "Menge", True),
        (UNIT, "Einh.", False),
        (PRICE, "Einzelpreis €", True),
        (RIGHT, "Betrag €", True),
    ):
        align = "R" if right else "L"
        sheet.put(x, y + 4.7, text, size=8.5, style="B", colour=WHITE, align=align)  # type: ignore[arg-type]
    return y + 12.2


def _rows(sheet: Sheet, y: float, *, start: int, stop: int) -> float:
    for position in range(start, stop):
        line = ITEMS[position]
        if position % 2:
            sheet.block(LEFT - 2, y - 4.5, RIGHT - LEFT + 4, ROW, colour=STRIPE)
        sheet.put(LEFT + 5, y, str(position + 1), align="R", colour=GREY)
        sheet.put(LEFT + 9, y, line.article)
        sheet.put(LEFT + 25, y, line.description)
        sheet.put(QUANTITY, y, _quantity(line.quantity), align="R")
        sheet.put(UNIT, y, line.unit)
        sheet.put(PRICE, y, german(line.price), align="R")
        sheet.put(RIGHT, y, german(line.amount), align="R")
        y += ROW
    return y


def _quantity(value: Decimal) -> str:
    return german(value, 0) if value >= 1000 else plain(value)


def _footer(sheet: Sheet, page: int) -> None:
    sheet.put(RIGHT, 262, f"Seite {page} von 2", size=8, align="R", colour=GREY)
    sheet.rule(LEFT, RIGHT, 265, width=0.3, colour=BLUE)
    columns = [
        [SELLER, "Lindenstraße 48", "33602 Bielefeld", "Tel. 0521 5577-0"],
        [
            "Geschäftsführung: Anke Brüggenfeld",
            "Amtsgericht Bielefeld HRB 40117",
            f"USt-IdNr. {VAT_ID}",
            "rechnung@brueggenfeld.example",
        ],
        ["Ravensberger Handelsbank", f"IBAN {IBAN}", "BIC COBADEFFXXX"],
    ]
    for x, texts in zip((LEFT, LEFT + 56, LEFT + 112), columns, strict=True):
        sheet.lines(x, 269.5, texts, size=7.2, leading=3.6, colour=GREY)
