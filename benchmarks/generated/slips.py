"""Receipts on narrow paper, and bills of restaurants, hotels and utilities."""

from __future__ import annotations

import random
from decimal import Decimal

from benchmarks.generated.facts import Facts
from benchmarks.generated.lists import draw_sums
from benchmarks.generated.paper import Paper

WIDTH = 80.0


def till(facts: Facts, source: random.Random, *, held_out: bool) -> Paper:
    """A supermarket's: name on top, items with the amount at the right, cash and change."""
    paper = _slip(facts, source, held_out=held_out)
    y = _head(paper, 10)
    y = _moment(paper, y)
    y = _goods(paper, y + 4)
    y = _payment(paper, y + 2, tip=False)
    _breakdown(paper, y + 3)
    return paper


def restaurant(facts: Facts, source: random.Random, *, held_out: bool) -> Paper:
    """With subtotal, tax and a tip."""
    paper = _slip(facts, source, held_out=held_out)
    y = _head(paper, 10)
    y = _moment(paper, y)
    y = _goods(paper, y + 4)
    _payment(paper, y + 2, tip=True)
    return paper


def asian(facts: Facts, source: random.Random, *, held_out: bool) -> Paper:
    """With codes, prices above their amounts, rounding, RM or whole rupiahs."""
    whole = source.random() < 0.5
    if whole:
        for item in facts.items:
            item.price = (item.price * 100).quantize(Decimal(1)) * 100
            item.amount = (item.price * item.quantity).quantize(Decimal(1))
    facts.currency = "IDR" if whole else "MYR"
    facts.vendor.name = source.choice(
        [
            "KEDAI MAKAN SERI SDN BHD",
            "GERBANG ALAF RESTAURANTS SDN BHD",
            "WARUNG BAMBU",
            "KOPI TIAM",
        ]
    )
    facts.vendor.street = f"NO.{source.randint(1, 90)}, JALAN SAGU {source.randint(1, 30)}"
    facts.vendor.town = "TAMAN DAYA, 81100 JOHOR BAHRU, JOHOR"
    paper = _slip(facts, source, held_out=held_out)
    sheet = paper.sheet
    y = _head(paper, 10)
    y = _moment(paper, y)
    shown = []

    def amount(value: Decimal) -> str:
        text = f"{value:,.0f}" if whole else f"{value:,.2f}"
        return text.replace(",", ".") if whole and dotted else text

    dotted = source.random() < 0.5
    codes = source.random() < 0.5
    y += 4
    for item in facts.items:
        if codes:
            number = "".join(source.choice("0123456789") for _ in range(12))
            sheet.put(4, y, f"{number} {item.description[:14]}", size=7)
            y += 3.6
            sheet.put(8, y, f"{item.quantity} x {amount(item.price)}", size=7)
        else:
            sheet.put(4, y, f"{item.quantity} {item.description}", size=7)
        sheet.put(WIDTH - 4, y, amount(item.amount), size=7, align="R")
        y += 3.8
        shown.append(
            {"description": item.description, "quantity": item.quantity, "amount": item.amount}
        )
    facts.show("items", shown)
    sheet.rule(4, WIDTH - 4, y - 2)
    y += 3
    total = facts.lines_total
    sign = source.choice(["Rp ", "Rp. ", ""]) if whole else source.choice(["RM ", "RM", ""])
    facts.shown.pop("currency", None)
    if sign:
        facts.show("currency", facts.currency)
    facts.show("gross", total)
    facts.show("net", total)
    rows = [(source.choice(["SUBTOTAL", "Sub Total", "Sub-Total"]), total)]
    if not whole:
        rows.append(("Rounding Adj", Decimal("0.00")))
    rows.append((source.choice(["TOTAL", "Total", "GRAND TOTAL", "NETT TOTAL"]), total))
    cash = total + (Decimal(50_000) if whole else Decimal(20))
    rows += [("CASH", cash), ("CHANGE", cash - total)]
    facts.show("cash", cash)
    facts.show("change", cash - total)
    for label, value in rows:
        sheet.put(4, y, label + source.choice(["", " :"]), size=8)
        sheet.put(WIDTH - 4, y, sign + amount(value), size=8, align="R")
        y += 4.4
    sheet.put(WIDTH / 2, y + 4, paper.word("thanks"), size=7, align="C")
    return paper


def card_slip(facts: Facts, source: random.Random, *, held_out: bool) -> Paper:
    """The amount first and large, the shop below; held out."""
    paper = _slip(facts, source, held_out=held_out)
    sheet = paper.sheet
    facts.show("gross", facts.gross)
    facts.show("date", facts.date.isoformat())
    facts.show("time", facts.time)
    vendor = facts.vendor
    y = sheet.lines(WIDTH / 2, 12, paper.seller(), size=8, align="C")
    sheet.put(WIDTH / 2, y + 6, paper.money(facts.gross), size=18, style="B", align="C")
    y += 14
    rows = [
        (paper.word("receipt_no"), facts.number),
        (paper.word("date"), paper.day(facts.date)),
        ("Terminal", "7731"),
        (paper.word("card"), "**** 4412"),
        (paper.word("net"), paper.money(facts.net)),
        *[(label, paper.money(tax)) for label, tax in paper.tax_lines()],
        (paper.word("gross"), paper.money(facts.gross)),
    ]
    facts.show("receipt_no", facts.number)
    facts.show("net", facts.net)
    facts.show("tax", facts.tax)
    for label, value in rows:
        sheet.put(6, y, label, size=8)
        sheet.put(WIDTH - 6, y, value, size=8, align="R")
        y += 5
    sheet.put(WIDTH / 2, y + 4, f"{vendor.phone}   {facts.time}", size=7, align="C")
    return paper


def statement(facts: Facts, source: random.Random, *, held_out: bool) -> Paper:
    """A utility's or a hotel's bill: a summary box on top, dated charges below."""
    paper = Paper(facts, source, held_out=held_out)
    sheet = paper.sheet
    name, *rest = paper.seller()
    sheet.put(18, 22, name, size=15, style="B")
    sheet.lines(18, 28, [*rest, *paper.contact()], size=8)
    sheet.lines(18, 62, paper.buyer())
    sheet.rect(120, 16, 72, 44)
    pairs = [*paper.particulars(), (paper.word("gross"), paper.money(facts.gross))]
    for index, (label, value) in enumerate(pairs):
        sheet.put(123, 23 + index * 6, label, size=9)
        sheet.put(189, 23 + index * 6, value, size=9, style="B", align="R")
    y = 92.0
    for item in facts.items:
        sheet.put(20, y, paper.day(facts.date), size=8)
        sheet.put(50, y, item.description, size=8)
        sheet.put(188, y, paper.money(item.amount), size=8, align="R")
        y += 5
    draw_sums(paper, y + 5, where="wide")
    sheet.lines(18, 270, paper.bank(), size=8)
    return paper


def _slip(facts: Facts, source: random.Random, *, held_out: bool) -> Paper:
    family = source.choice(["Courier", "Helvetica"])
    length = 110.0 + 8.5 * len(facts.items)
    return Paper(facts, source, held_out=held_out, size=(WIDTH, length), family=family)


def _head(paper: Paper, y: float) -> float:
    name, *rest = paper.seller()
    if paper.source.random() < 0.5:
        name = name.upper()
    paper.sheet.put(WIDTH / 2, y, name[:30], size=9, style="B", align="C")
    paper.facts.show("vendor_name", name[:30])
    lines = [*rest]
    if paper.source.random() < 0.6:
        lines += paper.contact()
    return paper.sheet.lines(WIDTH / 2, y + 4.5, lines, size=7, leading=3.6, align="C")


def _moment(paper: Paper, y: float) -> float:
    facts, source, sheet = paper.facts, paper.source, paper.sheet
    facts.show("date", facts.date.isoformat())
    facts.show("time", facts.time)
    day = paper.day(facts.date)
    style = source.choice(["bare", "labelled", "split"])
    y += 3
    if style == "bare":
        sheet.put(4, y, f"{day} {facts.time}", size=7)
    elif style == "labelled":
        sheet.put(4, y, f"{paper.word('date')}: {day} {facts.time}", size=7)
    else:
        sheet.put(4, y, day, size=7)
        sheet.put(WIDTH - 4, y, facts.time, size=7, align="R")
    if source.random() < 0.7:
        y += 4
        facts.show("receipt_no", facts.number)
        sheet.put(4, y, f"{paper.word('receipt_no')}: {facts.number}", size=7)
        if source.random() < 0.5:
            sheet.put(WIDTH - 4, y, f"{paper.word('cashier')} 3", size=7, align="R")
    return y + 3


def _goods(paper: Paper, y: float) -> float:
    facts, source, sheet = paper.facts, paper.source, paper.sheet
    style = source.choice(["times_below", "leading", "times_inside"])
    letter = source.random() < 0.4 and facts.country in ("DE", "PT")
    shown = []
    for item in facts.items:
        amount = paper.plain(item.amount) + (" A" if letter else "")
        count = paper.quantity(item.quantity)
        text = item.description[:22]
        if style == "leading":
            text = f"{count} {text}"
        elif style == "times_inside" and item.quantity != 1:
            text = f"{text[:14].strip()} {count} x {paper.plain(item.price)}"
        sheet.put(4, y, text, size=7.5)
        sheet.put(WIDTH - 4, y, amount, size=7.5, align="R")
        y += 3.9
        row: dict[str, object] = {"description": item.description[:22], "amount": item.amount}
        if style == "times_inside" and item.quantity != 1:
            row["description"] = item.description[:14].strip()
        if style == "times_below" and item.quantity != 1:
            sheet.put(8, y, f"{count} x {paper.plain(item.price)}", size=7)
            y += 3.9
        if style == "leading" or item.quantity != 1:
            row["quantity"] = item.quantity
        shown.append(row)
    facts.show("items", shown)
    sheet.rule(4, WIDTH - 4, y - 2)
    return y + 2


def _payment(paper: Paper, y: float, *, tip: bool) -> float:
    facts, source, sheet = paper.facts, paper.source, paper.sheet
    rows: list[tuple[str, Decimal]] = []
    added = facts.country == "US" or tip
    total = facts.gross
    if added or source.random() < 0.3:
        rows.append((paper.word("net"), facts.net))
        rows += paper.tax_lines()
        facts.show("net", facts.net)
        facts.show("tax", facts.tax)
    if tip and source.random() < 0.7:
        extra = (facts.net / 10).quantize(Decimal("0.01"))
        rows.append((paper.word("tip"), extra))
        facts.show("tip", extra)
        total += extra
    gross = paper.word("gross")
    rows.append((gross, total))
    facts.show("gross", total)
    if source.random() < 0.5:
        cash = (total / 10).to_integral_value() * 10 + 10
        rows += [(paper.word("cash"), cash), (paper.word("change"), cash - total)]
        facts.show("cash", cash)
        facts.show("change", cash - total)
    else:
        rows.append((paper.word("card"), total))
    for label, value in rows:
        big = label == gross
        sheet.put(4, y, label, size=10 if big else 7.5, style="B" if big else "")
        text = paper.money(value) if big else paper.plain(value)
        sheet.put(WIDTH - 4, y, text, size=10 if big else 7.5, align="R")
        y += 4.8 if big else 4
    return y


def _breakdown(paper: Paper, y: float) -> None:
    facts, sheet = paper.facts, paper.sheet
    if facts.country in ("DE", "FR", "PT") and "tax" not in facts.shown:
        headings = {
            "de": "MwSt Netto Steuer Brutto",
            "fr": "TVA HT TVA TTC",
            "pt": "Taxa Base IVA Total",
        }
        for index, text in enumerate(headings[facts.language].split()):
            sheet.put(22 + index * 18, y, text, size=7, align="R")
        for rate, (net, tax) in facts.taxes().items():
            y += 3.8
            cells = [f"{rate}%", paper.plain(net), paper.plain(tax), paper.plain(net + tax)]
            for index, text in enumerate(cells):
                sheet.put(22 + index * 18, y, text, size=7, align="R")
        if len(facts.taxes()) == 1:
            facts.show("net", facts.net)
        facts.show("tax", facts.tax)
    sheet.put(WIDTH / 2, y + 8, paper.word("thanks"), size=7, align="C")
