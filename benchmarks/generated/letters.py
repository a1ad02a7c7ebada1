"""Invoices and credit notes on A4: parts put together at random."""

from __future__ import annotations

import random

from benchmarks.generated.facts import Facts
from benchmarks.generated.lists import DARK, WHITE, draw_items, draw_sums
from benchmarks.generated.paper import Paper

_TODAY = {"de": "{town}, den {day}", "fr": "{town}, le {day}", "pt": "{town}, {day}", "en": "{day}"}
_PLEASE = {
    "en": "Please transfer the amount by {day} to the account below.",
    "de": "Bitte überweisen Sie den Betrag bis zum {day} auf das unten genannte Konto.",
    "fr": "Merci de régler cette facture avant le {day}.",
    "pt": "Agradecemos o pagamento até {day}.",
}


def classic(facts: Facts, source: random.Random, *, held_out: bool) -> Paper:
    """Seller at the left, title and particulars at the right, parties below."""
    paper = Paper(facts, source, held_out=held_out)
    sheet = paper.sheet
    big = source.choice([14, 18])
    name, *rest = paper.seller()
    sheet.put(18, 24, name, size=big, style="B")
    y = sheet.lines(18, 31, [*rest, *paper.contact()])
    sheet.put(192, 24, paper.word(_title(facts)), size=20, style="B", align="R")
    pairs = paper.particulars()
    colon = source.choice([":", ""])
    x = source.choice([125, 135])
    for index, (label, value) in enumerate(pairs):
        sheet.put(x, 34 + index * 5.4, label + colon, style="B" if source.random() < 0.5 else "")
        if colon and source.random() < 0.3:
            sheet.put(x + sheet.get_string_width(label) + 4, 34 + index * 5.4, value)
        else:
            sheet.put(192, 34 + index * 5.4, value, align="R")
    y = max(y, 34 + len(pairs) * 5.4) + 8
    y = _parties(paper, y)
    y = draw_items(paper, y + 4)
    y = draw_sums(paper, y + 3, where=source.choice(["right", "box", "wide"]))
    _closing(paper, y)
    return paper


def banded(facts: Facts, source: random.Random, *, held_out: bool) -> Paper:
    """White on a dark band on top; particulars as a row of headings above their values."""
    paper = Paper(facts, source, held_out=held_out)
    sheet = paper.sheet
    sheet.block(0, 0, 210, 38, colour=DARK)
    name, *rest = paper.seller()
    sheet.put(18, 17, name, size=16, style="B", colour=WHITE)
    sheet.lines(18, 24, rest, size=8, colour=WHITE)
    sheet.put(192, 20, paper.word(_title(facts)), size=22, style="B", align="R", colour=WHITE)
    pairs = paper.particulars()
    step = 174 / len(pairs)
    for index, (label, value) in enumerate(pairs):
        sheet.put(18 + index * step, 52, label, size=8, style="B")
        sheet.put(18 + index * step, 57, value, size=9)
    y = _parties(paper, 72)
    y = draw_items(paper, y + 6)
    y = draw_sums(paper, y + 2, where=source.choice(["right", "wide"]))
    _closing(paper, y)
    return paper


def window(facts: Facts, source: random.Random, *, held_out: bool) -> Paper:
    """As a letter: the sender's line above the address in the window, a footer in columns."""
    paper = Paper(facts, source, held_out=held_out)
    sheet, vendor = paper.sheet, facts.vendor
    seller = paper.seller()
    if source.random() < 0.6:
        sheet.put(192, 22, vendor.name, size=16, style="B", align="R")
    mark = source.choice([" · ", ", ", " | ", " - "])
    sheet.put(20, 48, mark.join(seller), size=6.5)
    sheet.lines(20, 55, paper.buyer())
    pairs = paper.particulars()
    inside = source.random() < 0.7
    y = 55.0
    for label, value in pairs:
        if label == paper.word("number") or (not inside and label == paper.word("date")):
            continue
        sheet.put(128, y, f"{label}:")
        sheet.put(165, y, value)
        y += 5
    if not inside:
        today = _TODAY[facts.language].format(
            town=vendor.town.split()[-1], day=paper.day(facts.date)
        )
        sheet.put(192, 88, today, align="R")
    number = source.choice([f"Nr. {facts.number}", facts.number])
    if facts.language != "de":
        number = f"n° {facts.number}" if facts.language == "fr" else f"No. {facts.number}"
    sheet.put(20, 98, f"{paper.word(_title(facts))} {number}", size=13, style="B")
    y = draw_items(paper, 112)
    y = draw_sums(paper, y + 2, where=source.choice(["wide", "right"]))
    if source.random() < 0.4:
        facts.show("due", facts.due.isoformat())
        sheet.put(20, y + 4, _PLEASE[facts.language].format(day=paper.day(facts.due)))
    columns = [seller, paper.contact(), paper.bank()]
    for index, lines in enumerate(columns):
        sheet.lines(20 + index * 60, 278, lines, size=7, leading=3.4)
    return paper


def boxed(facts: Facts, source: random.Random, *, held_out: bool) -> Paper:
    """Everything in ruled boxes: label cells beside value cells."""
    paper = Paper(facts, source, held_out=held_out)
    sheet = paper.sheet
    name, *rest = paper.seller()
    sheet.put(105, 20, name, size=15, style="B", align="C")
    sheet.put(105, 26, ", ".join(rest), size=9, align="C")
    sheet.put(105, 31, "   ".join(paper.contact()), size=8, align="C")
    sheet.put(105, 42, paper.word(_title(facts)), size=14, style="B", align="C")
    sheet.rect(18, 48, 87, 34)
    sheet.put(20, 54, paper.word("bill_to"), size=8, style="B")
    sheet.lines(20, 60, paper.buyer())
    pairs = paper.particulars()
    height = 34 / len(pairs)
    for index, (label, value) in enumerate(pairs):
        sheet.rect(105, 48 + index * height, 40, height)
        sheet.rect(145, 48 + index * height, 47, height)
        sheet.put(107, 48 + (index + 0.65) * height, label, size=8)
        sheet.put(147, 48 + (index + 0.65) * height, value, size=9)
    y = draw_items(paper, 94)
    y = draw_sums(paper, y + 2, where=source.choice(["box", "row"]))
    _closing(paper, y)
    return paper


def freelance(facts: Facts, source: random.Random, *, held_out: bool) -> Paper:
    """Plain text of one hand: place and date without a label, sums as the table's last lines."""
    paper = Paper(facts, source, held_out=held_out)
    sheet, vendor = paper.sheet, facts.vendor
    sheet.lines(20, 22, paper.seller())
    sheet.lines(20, 38, paper.contact(), size=8)
    sheet.lines(20, 60, paper.buyer())
    facts.show("date", facts.date.isoformat())
    facts.show("number", facts.number)
    town = vendor.town.split(",")[0].split()[-1 if facts.country in ("DE", "FR", "PT") else 0]
    today = _TODAY[facts.language].format(town=town, day=paper.day(facts.date))
    sheet.put(190, 84, today, align="R")
    sheet.put(20, 94, f"{paper.word('number')}: {facts.number}", size=12, style="B")
    y = draw_items(paper, 108)
    y = draw_sums(paper, y, where="wide")
    _closing(paper, y)
    return paper


def cards(facts: Facts, source: random.Random, *, held_out: bool) -> Paper:
    """Labels in small grey print above each value, as web shops send; held out."""
    paper = Paper(facts, source, held_out=held_out)
    sheet = paper.sheet
    sheet.put(18, 26, paper.word(_title(facts)), size=24, style="B")
    sheet.put(192, 20, facts.vendor.name, size=12, style="B", align="R")
    sheet.lines(192, 26, [*paper.seller()[1:], *paper.contact()], size=8, align="R")
    y = 56.0
    for label, value in paper.particulars():
        sheet.put(140, y, label.upper(), size=7, colour=(120, 120, 125))
        sheet.put(140, y + 4.5, value, size=10)
        y += 11
    sheet.put(18, 56, paper.word("bill_to").upper(), size=7, colour=(120, 120, 125))
    sheet.lines(18, 61, paper.buyer(), size=10)
    y = draw_items(paper, max(y, 90) + 8)
    y = draw_sums(paper, y + 3, where="right")
    _closing(paper, y)
    return paper


def mirrored(facts: Facts, source: random.Random, *, held_out: bool) -> Paper:
    """Particulars at the left, addressee at the right, sums at the left; held out."""
    paper = Paper(facts, source, held_out=held_out)
    sheet = paper.sheet
    name, *rest = paper.seller()
    sheet.put(192, 20, name, size=13, style="B", align="R")
    sheet.lines(192, 26, [*rest, *paper.contact()], align="R", size=8)
    sheet.lines(120, 58, paper.buyer())
    sheet.put(18, 58, paper.word(_title(facts)), size=16, style="B")
    y = 66.0
    for label, value in paper.particulars():
        sheet.put(18, y, f"{label} :")
        sheet.put(62, y, value, style="B")
        y += 5
    y = draw_items(paper, y + 14)
    y = draw_sums(paper, y + 2, where="left")
    _closing(paper, y)
    return paper


def _title(facts: Facts) -> str:
    return "credit" if facts.sign < 0 else "title"


def _parties(paper: Paper, y: float) -> float:
    sheet, source, facts = paper.sheet, paper.source, paper.facts
    sheet.put(18, y, paper.word("bill_to"), size=9, style="B")
    end = sheet.lines(18, y + 5, paper.buyer())
    if source.random() < 0.5:
        sheet.put(110, y, paper.word("ship_to"), size=9, style="B")
        ship = facts.ship if source.random() < 0.4 else facts.buyer
        facts.show("ship_name", ship.name)
        sheet.lines(110, y + 5, [ship.name, ship.street, ship.town])
    return end + 4


def _closing(paper: Paper, y: float) -> None:
    paper.sheet.put(18, y + 6, paper.word("terms"), size=8)
    paper.sheet.lines(18, y + 12, paper.bank(), size=8)
