"""Tables of line items, drawn in many ways."""

from __future__ import annotations

import textwrap

from benchmarks.generated.paper import Paper

DARK, PALE = (38, 50, 72), (238, 240, 244)
WHITE, BLACK = (255, 255, 255), (25, 25, 28)
_LONG = {
    "en": "incl. fastening material and documentation for the operator of the plant",
    "de": "inkl. Befestigungsmaterial und Dokumentation für den Betreiber der Anlage",
    "fr": "y compris matériel de fixation et documentation pour l'exploitant",
    "pt": "incluindo material de fixação e documentação para o utilizador",
}


def draw_items(paper: Paper, y: float) -> float:
    """Draw the list of items from ``y`` on and return where it ends."""
    source, facts, sheet = paper.source, paper.facts, paper.sheet
    names = ["description", "quantity", "price", "amount"]
    if source.random() < 0.35:
        names.insert(0, "code")
    if source.random() < 0.35:
        names.insert(names.index("quantity") + 1, "unit")
    if source.random() < 0.3:
        names.insert(names.index("price"), "rate")
    if source.random() < 0.2:
        names.remove("quantity")
        names.insert(0, "quantity")
    widths = {"code": 22, "quantity": 18, "unit": 16, "price": 28, "rate": 16, "amount": 30}
    left, right = 18.0, paper.width - 18.0
    wide = right - left - sum(widths.get(name, 0) for name in names)
    style = source.choice(["plain", "ruled", "band", "zebra"])
    centered = source.random() < 0.2
    positions: list[tuple[str, float, float]] = []
    x = left
    for name in names:
        width = widths.get(name, wide)
        positions.append((name, x, x + width))
        x += width
    step = source.choice([5.0, 6.0, 7.5])
    size = source.choice([8, 9, 10])
    top = y - 5
    if style == "band":
        sheet.block(left, y - 5, right - left, 7.5, colour=DARK)
    colour = WHITE if style == "band" else BLACK
    for name, a, b in positions:
        label = paper.word(name)
        if name in ("price", "amount") and paper.source.random() < 0.0:
            label += f" {facts.currency}"
        _cell(paper, name, label, a, b, y, size=size, style="B", colour=colour, centered=centered)
    if style in ("plain", "ruled"):
        sheet.rule(left, right, y + 2)
    y += step + 2
    wrap = max(int(wide / (size * 0.19)), 12)
    shown = []
    for index, item in enumerate(facts.items):
        lines = textwrap.wrap(item.description, wrap)
        note = source.random() < 0.12
        if style == "zebra" and index % 2 == 0:
            sheet.block(left, y - step * 0.7, right - left, step, colour=PALE)
        values = {
            "code": item.code,
            "quantity": paper.quantity(item.quantity),
            "unit": item.unit,
            "price": paper.plain(item.price) if source.random() < 0.5 else paper.money(item.price),
            "rate": f"{item.rate}%",
            "amount": paper.money(item.amount * facts.sign),
        }
        for name, a, b in positions:
            if name != "description":
                _cell(paper, name, values[name], a, b, y, size=size, centered=centered)
            else:
                for number, line in enumerate(lines):
                    sheet.put(a + 1, y + number * step * 0.8, line, size=size)
        y += (len(lines) - 1) * step * 0.8
        if note:
            y += step * 0.8
            sheet.put(
                next(a for n, a, _ in positions if n == "description") + 1,
                y,
                f"({textwrap.shorten(_LONG[facts.language], wrap)})",
                size=size - 1,
            )
        if style == "ruled":
            sheet.rule(left, right, y + step * 0.3)
        y += step
        row: dict[str, object] = {
            "description": item.description,
            "quantity": item.quantity,
            "amount": item.amount * facts.sign,
            "price": item.price,
        }
        for name in ("code", "unit", "rate"):
            if name in names:
                row[name] = getattr(item, name)
        shown.append(row)
    if style == "ruled":
        for _, a, _ in positions:
            sheet.line(a, top, a, y - step * 0.7)
        sheet.line(right, top, right, y - step * 0.7)
    facts.show("items", shown)
    return y + 3


def _cell(
    paper: Paper,
    name: str,
    text: str,
    left: float,
    right: float,
    y: float,
    *,
    size: float,
    centered: bool,
    style: str = "",
    colour: tuple[int, int, int] = BLACK,
) -> None:
    if name in ("description", "code"):
        paper.sheet.put(left + 1, y, text, size=size, style=style, colour=colour)
    elif centered:
        middle = (left + right) / 2
        paper.sheet.put(middle, y, text, size=size, style=style, align="C", colour=colour)
    else:
        paper.sheet.put(right - 1.5, y, text, size=size, style=style, align="R", colour=colour)


def draw_sums(paper: Paper, y: float, *, where: str) -> float:
    """Draw the totals: at the right, across the page, in a box, or as a row below headings."""
    sheet, source = paper.sheet, paper.source
    rows = paper.sums()
    right = paper.width - 20.0
    if where == "row":
        count = len(rows)
        for index, (label, value) in enumerate(rows):
            x = 60 + (right - 60) * (index + 1) / count
            sheet.put(x, y, label, size=8, style="B", align="R")
            sheet.put(x, y + 5, paper.money(value), size=9, align="R")
        return y + 14
    if where == "left":
        for label, value in rows:
            sheet.put(20, y, f"{label}:", size=9)
            sheet.put(85, y, paper.money(value), size=9, align="R")
            y += 5.5
        return y + 4
    gap = {"right": 70.0, "wide": 150.0, "box": 66.0}[where]
    colon = ":" if source.random() < 0.4 else ""
    if where == "box":
        sheet.rect(right - gap - 3, y - 5, gap + 6, len(rows) * 6 + 2)
    for index, (label, value) in enumerate(rows):
        last = index == len(rows) - 1
        if last and where != "box" and source.random() < 0.3:
            sheet.block(right - gap - 2, y - 4.2, gap + 4, 6, colour=DARK)
            colour = WHITE
        else:
            colour = BLACK
        size = 11 if last else 9
        style = "B" if last else ""
        text = label + colon
        if where == "right" and gap < 60:
            sheet.put(right - 35, y, text, size=size, style=style, align="R", colour=colour)
        else:
            sheet.put(right - gap, y, text, size=size, style=style, colour=colour)
        sheet.put(right, y, paper.money(value), size=size, style=style, align="R", colour=colour)
        y += 6
    return y + 4
