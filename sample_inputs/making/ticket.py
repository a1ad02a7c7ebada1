"""A French restaurant's receipt, photographed on the table with a telephone held sideways."""

from __future__ import annotations

from decimal import Decimal

from PIL import Image, ImageFilter

from making.amounts import Item, item, number, plain, rounded, spaced, total
from making.photo import (
    grained,
    jpeg,
    laid_on,
    noise,
    rasterise,
    tinted,
    uneven_light,
    wood,
)
from making.sheet import Align, Sheet, date_of

NAME = "receipt/ticket.jpg"

MERCHANT = "Le Comptoir des Halles"
LEFT, MIDDLE, RIGHT = 5.0, 40.0, 75.0
HEIGHT = 139.0

ITEMS = [
    item("", "Formule midi", "2", "", "18.50"),
    item("", "Tartare de boeuf", "1", "", "19.90"),
    item("", "Crème brûlée", "2", "", "7.20"),
    item("", "Eau pétillante 1L", "1", "", "5.60"),
    item("", "Café gourmand", "1", "", "8.40"),
    item("", "Café", "2", "", "2.50"),
]
TVA = Decimal("0.10")


def make() -> bytes:
    """The JPEG file: stored lying on its side, with the EXIF note that turns it upright."""
    paper = rasterise(_printed(), dpi=330)
    paper = tinted(paper, paper=(246, 243, 234), ink=(58, 56, 66))
    paper = paper.filter(ImageFilter.GaussianBlur(0.8))
    paper = grained(paper, noise(paper.size, seed=18, strength=0.05, grain=4))
    paper = _creased(paper)
    table = wood((1500, 2000), seed=4)
    corners = [(256.0, 112.0), (1250.0, 128.0), (1288.0, 1880.0), (214.0, 1864.0)]
    photo = laid_on(table, paper, corners=corners)
    photo = uneven_light(photo, corners=(100, 92, 90, 80), tint=(255, 249, 236))
    photo = grained(
        photo.filter(ImageFilter.GaussianBlur(0.7)), noise(photo.size, seed=9, strength=0.07)
    )
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn by 90 degrees clockwise to see it upright
    exif[0x010F] = "Signoff"
    exif[0x0132] = "2026:10:17 14:06:31"
    lying = photo.transpose(Image.Transpose.ROTATE_90)
    return jpeg(lying, quality=78, exif=exif.tobytes())


def expected() -> dict[str, object]:
    """What the receipt says."""
    gross = total(ITEMS)
    return {
        "merchant": MERCHANT,
        "receipt_number": "004812",
        "date": "2026-10-17",
        "currency": "EUR",
        "items": [
            {"description": line.description, "amount": number(line.amount)} for line in ITEMS
        ],
        "tax": number(_tax()),
        "total": number(gross),
        "payment_method": "card",
    }


def _tax() -> Decimal:
    gross = total(ITEMS)
    return gross - rounded(gross / (1 + TVA))


def _creased(paper: Image.Image) -> Image.Image:
    """A fold across the middle, where it was carried in a wallet."""
    light = Image.new("L", (1, 9))
    light.putdata([255, 255, 253, 246, 214, 255, 249, 255, 255])
    band = light.resize((paper.width, 60), Image.Resampling.BICUBIC)
    shade = Image.new("L", paper.size, 255)
    shade.paste(band, (0, round(paper.height * 0.485)))
    dark = paper.point([round(value * 0.72) for value in range(256)] * 3)
    return Image.composite(paper, dark, shade)


def _printed() -> bytes:
    sheet = Sheet(date_of(2026, 10, 17), size=(80, HEIGHT), family="Courier")
    sheet.add_page()
    sheet.put(MIDDLE, 12, MERCHANT, size=14.5, style="B", align="C")
    y = 17.5
    for text in (
        "14, rue Montorgueil",
        "75001 PARIS",
        "Tél. 01 99 00 48 12",
        "SIRET 123 456 782 00017",
    ):
        sheet.put(MIDDLE, y, text, size=9, align="C")
        y += 4.2
    _dashes(sheet, y)
    sheet.put(LEFT, y + 5, "Ticket n° 004812", size=10, style="B")
    sheet.put(RIGHT, y + 5, "Table 12", size=10, align="R")
    sheet.put(LEFT, y + 9.6, "17/10/2026 13:42", size=10)
    sheet.put(RIGHT, y + 9.6, "2 couverts", size=10, align="R")
    _dashes(sheet, y + 13)
    y += 18.5
    for line in ITEMS:
        _row(sheet, y, line)
        y += 5.2
    _dashes(sheet, y - 1)
    gross = total(ITEMS)
    sheet.put(LEFT, y + 6, "TOTAL TTC", size=15, style="B")
    sheet.put(RIGHT, y + 6, f"{spaced(gross)} €", size=15, style="B", align="R")
    y += 13
    for label, value in (
        ("Total HT", gross - _tax()),
        ("TVA 10 %", _tax()),
    ):
        sheet.put(LEFT, y, label, size=11)
        sheet.put(RIGHT, y, spaced(value), size=11, align="R")
        y += 5.2
    _dashes(sheet, y - 1)
    sheet.put(LEFT, y + 4.5, "Carte bancaire", size=10, style="B")
    sheet.put(RIGHT, y + 4.5, f"{spaced(gross)} €", size=10, style="B", align="R")
    sheet.put(LEFT, y + 9, "VISA **** **** **** 4471", size=9)
    sheet.put(MIDDLE, y + 17, "Service compris. Merci de votre visite !", size=8, align="C")
    _bars(sheet, y + 20)
    return sheet.pdf()


def _row(sheet: Sheet, y: float, line: Item) -> None:
    places: tuple[tuple[float, str, Align], ...] = (
        (LEFT + 4, plain(line.quantity), "R"),
        (LEFT + 8, line.description, "L"),
        (RIGHT, spaced(line.amount), "R"),
    )
    for x, text, align in places:
        sheet.put(x, y, text, size=10, align=align)


def _dashes(sheet: Sheet, y: float) -> None:
    sheet.put(LEFT, y + 1, "- " * 17, size=10)


def _bars(sheet: Sheet, y: float) -> None:
    x = MIDDLE - 20
    for width in "2113221123112221311232113121132231":
        sheet.block(x, y, int(width) * 0.34, 8, colour=(30, 30, 34))
        x += int(width) * 0.34 + 0.5
