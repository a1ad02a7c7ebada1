"""A French delivery note, signed by hand and scanned in colour, as a WebP picture."""

from __future__ import annotations

import io

from PIL import ImageFilter

from making.amounts import item, number, plain
from making.photo import grained, noise, rasterise, skew, uneven_light
from making.sheet import GREY, WHITE, Align, Colour, Sheet, date_of

NAME = "delivery-note/bon-de-livraison.webp"

RED: Colour = (158, 42, 43)
SAND: Colour = (248, 240, 232)
INK: Colour = (36, 60, 150)
LEFT, RIGHT = 20.0, 190.0

SUPPLIER = "Carrelages du Luberon SARL"
RECIPIENT = "Entreprise Aubert & Fils"

ITEMS = [
    item("CL-6060-GR", "Carreau grès cérame 60 x 60, gris ciel", "28", "carton", "0"),
    item("CL-3060-BL", "Faïence murale 30 x 60, blanc mat", "16", "carton", "0"),
    item("PL-0960-CH", "Plinthe assortie, chêne clair", "45", "pièce", "0"),
    item("CO-25-FLEX", "Colle flexible C2S1, sac 25 kg", "12", "sac", "0"),
    item("JO-05-PERL", "Joint fin gris perle, seau 5 kg", "6", "seau", "0"),
    item("AC-CROIX-2", "Croisillons 2 mm, sachet de 200", "4", "sachet", "0"),
]


def make() -> bytes:
    """The WebP file."""
    page = rasterise(_printed(), dpi=150)
    page = page.filter(ImageFilter.GaussianBlur(0.5))
    page = skew(page, -0.6, paper=(236, 233, 226))
    page = uneven_light(page, corners=(100, 99, 97, 92), tint=(252, 249, 241))
    page = grained(page, noise(page.size, seed=52, strength=0.05))
    stream = io.BytesIO()
    page.save(stream, "WEBP", quality=62, method=6)
    return stream.getvalue()


def expected() -> dict[str, object]:
    """What the note says."""
    return {
        "delivery_note_number": "BL-2026-05518",
        "delivery_date": "2026-10-08",
        "order_number": "CF-30417",
        "supplier": SUPPLIER,
        "recipient": RECIPIENT,
        "weight_kg": 1362.5,
        "lines": [
            {
                "article": line.article,
                "description": line.description,
                "quantity": number(line.quantity),
            }
            for line in ITEMS
        ],
    }


def _printed() -> bytes:
    sheet = Sheet(date_of(2026, 10, 8))
    sheet.add_page()
    _letterhead(sheet)
    sheet.put(LEFT, 56, "BON DE LIVRAISON", size=19, style="B", colour=RED)
    y = 66.0
    for label, value in (
        ("Bon de livraison n°", "BL-2026-05518"),
        ("Date de livraison", "8 octobre 2026"),
        ("Numéro de commande", "CF-30417"),
        ("Transporteur", "Camion-grue, tournée 3"),
    ):
        sheet.put(LEFT, y, f"{label} :", size=10, colour=GREY)
        sheet.put(LEFT + 44, y, value, size=10.5, style="B")
        y += 6
    sheet.put(122, 57, "Destinataire", size=9, style="B", colour=RED)
    texts = [RECIPIENT, "Chantier Les Amandiers", "245, chemin des Vignes", "84400 APT"]
    sheet.lines(122, 64, texts, size=10.5, leading=5.4)
    y = _table(sheet, 99)
    sheet.put(LEFT, y + 6, "Nombre de palettes : 2", size=10.5)
    sheet.put(LEFT, y + 12, "Poids brut : 1 362,5 kg", size=10.5, style="B")
    sheet.put(LEFT, y + 22, "Réserves éventuelles :", size=10)
    sheet.put(
        LEFT + 42,
        y + 22,
        "2 cartons abîmés, contenu intact",
        size=13,
        style="I",
        family="Times",
        colour=INK,
    )
    _signature_box(sheet, 214)
    sheet.rule(LEFT, RIGHT, 276, width=0.3, colour=RED)
    for y, text in (
        (281, f"{SUPPLIER} au capital de 40 000 € - RCS Avignon 123 456 782"),
        (285, "Toute réclamation doit nous parvenir sous trois jours par lettre recommandée."),
    ):
        sheet.put(105, y, text, size=7.5, align="C", colour=GREY)
    return sheet.pdf()


def _letterhead(sheet: Sheet) -> None:
    for row in range(3):
        for column in range(3):
            colour = RED if (row + column) % 2 == 0 else (222, 160, 120)
            sheet.block(LEFT + column * 6.4, 15 + row * 6.4, 5.8, 5.8, colour=colour)
    sheet.put(LEFT + 24, 25, "Carrelages du Luberon", size=20, style="B", family="Times")
    sheet.put(LEFT + 24, 31.5, "Négoce de carrelage et de pierre naturelle", size=9.5, colour=GREY)
    sheet.lines(
        RIGHT,
        18,
        ["Zone artisanale des Ferrailles", "84800 L'Isle-sur-la-Sorgue", "Tél. 04 99 00 55 18"],
        align="R",
        size=8.5,
    )
    sheet.rule(LEFT, RIGHT, 40, width=0.8, colour=RED)


def _table(sheet: Sheet, top: float) -> float:
    edges = (LEFT, 52.0, 138.0, 162.0, RIGHT)
    heads: list[tuple[str, float, Align]] = [
        ("Référence", LEFT + 3, "L"),
        ("Désignation", 55, "L"),
        ("Quantité", 159, "R"),
        ("Unité", 166, "L"),
    ]
    sheet.block(LEFT, top, RIGHT - LEFT, 9, colour=RED)
    for text, x, align in heads:
        sheet.put(x, top + 6, text, size=10, style="B", align=align, colour=WHITE)
    y = top + 9
    for number_, line in enumerate(ITEMS):
        if number_ % 2:
            sheet.block(LEFT, y, RIGHT - LEFT, 9, colour=SAND)
        sheet.put(LEFT + 3, y + 6, line.article, size=10)
        sheet.put(55, y + 6, line.description, size=10)
        sheet.put(159, y + 6, plain(line.quantity), size=10, align="R")
        sheet.put(166, y + 6, line.unit, size=10)
        y += 9
    sheet.set_draw_color(*GREY)
    sheet.set_line_width(0.2)
    for x in edges:
        sheet.line(x, top, x, y)
    sheet.rule(LEFT, RIGHT, y, width=0.3, colour=GREY)
    return y + 4


def _signature_box(sheet: Sheet, top: float) -> None:
    sheet.set_draw_color(*GREY)
    sheet.set_line_width(0.3)
    sheet.rect(112, top, RIGHT - 112, 48)
    sheet.put(116, top + 6, "Reçu par (nom, date, signature)", size=9, colour=GREY)
    sheet.put(118, top + 15, "M. Garcin   8/10", size=15, style="I", family="Times", colour=INK)
    sheet.set_draw_color(*INK)
    sheet.set_line_width(0.7)
    strokes = [
        [(122, 36), (128, 8), (140, 60), (143, 28)],
        [(143, 28), (146, 14), (139, 44), (152, 32)],
        [(152, 32), (158, 22), (150, 46), (164, 31)],
        [(118, 43), (140, 34), (160, 42), (181, 27)],
    ]
    for stroke in strokes:
        sheet.bezier([(x, top + y) for x, y in stroke])
