"""Line items of a list without a header, as on receipts: a text, and an amount at the right."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from typing import Any, NamedTuple

from signoff.extraction.offline.found import Candidate, Corpus, Match
from signoff.extraction.offline.labels import concept_labels
from signoff.extraction.offline.layout import Line, Sheet, Token
from signoff.extraction.offline.lexicon import Kind
from signoff.extraction.offline.open_rows import Accept, Row
from signoff.extraction.offline.table_ends import TOTALS
from signoff.extraction.offline.tables import flat_row
from signoff.extraction.offline.targets import Table, Target

SCORE = 0.35
CENT = Decimal("0.011")
MAX_SHEETS = 3
_SUMS = TOTALS | {"amount_paid", "cash", "change", "discount", "service_charge", "rounding"}
_TIMES = re.compile(
    r"(?<![\w.,])(\d{1,4}(?:[.,]\d{1,3})?)\s?(?:x|X|×|\*|à|@|st\.?|stk\.?)(?=[\s\d]|$)"
)
_CODE = re.compile(r"^\d{8,14}\s+(?=\S)")
_LEADING = re.compile(r"^\s*(\d{1,3})\s+(?=[^\W\d]{2})")


class _Amount(NamedTuple):
    """A line's last amount: the position of its first token, its last token, its value."""

    start: int
    token: Token
    value: Decimal


class _Parts(NamedTuple):
    """What stands left of the amount."""

    text: str
    quantity: Any = None
    unit: str | None = None
    unit_price: Any = None


def receipt_rows(corpus: Corpus, table: Table, accept: Accept) -> list[Row]:
    """The rows of the first page that has any; the table must ask for text and amount."""
    fields = {t.concept: (n, t) for n, t in reversed(flat_row(table.row).items()) if t.concept}
    if "amount" not in fields and "unit_price" in fields:
        # the one price that a row is asked for is the one that a receipt's line has
        fields["amount"] = fields.pop("unit_price")
    if not {"description", "amount"} <= fields.keys():
        return []
    for sheet in corpus.sheets[:MAX_SHEETS]:
        rows: list[Row] = []
        for line, amount, before in _item_lines(sheet, corpus):
            row = _row(line, amount, before, corpus, sheet, fields, accept)
            if row is not None:
                _add_count_below(row, line, amount, corpus, sheet, fields, accept)
                rows.append(row)
        if rows:
            return rows
    return []


def _item_lines(sheet: Sheet, corpus: Corpus) -> list[tuple[Line, _Amount, Line | None]]:
    """Lines with an amount at the usual right edge, up to the sums, each with the line before."""
    amounts = [_last_amount(line, corpus) for line in sheet.lines]
    edges = Counter(round(amount.token.right, 2) for amount in amounts if amount)
    if not edges:
        return []
    edge = edges.most_common(1)[0][0]
    found: list[tuple[Line, _Amount, Line | None]] = []
    before: Line | None = None
    for line, amount in zip(sheet.lines, amounts, strict=True):
        if _is_sum(line, corpus) and (amount or found):
            break
        if amount is None or abs(amount.token.right - edge) > 0.06:
            before = line if amount is None else None
            continue
        found.append((line, amount, before))
        before = None
    return found


def _is_sum(line: Line, corpus: Corpus) -> bool:
    table = concept_labels()
    return any(
        label.opens and any(concept in _SUMS for concept, _ in table.get(label.key, ()))
        for label in corpus.labels_by_line.get(line, ())
    )


def _last_amount(line: Line, corpus: Corpus) -> _Amount | None:
    run = line.run()
    matches = [match for match in corpus.find(Kind.MONEY, run.text) if match.quality == 1.0]
    if not matches or corpus.find(Kind.DATE, run.text):
        return None
    start, end = run.positions(matches[-1].start, matches[-1].end)
    if start == end or len(line.tokens) - end > 2:
        return None
    return _Amount(start, line.tokens[end - 1], matches[-1].value)


def _row(
    line: Line,
    amount: _Amount,
    before: Line | None,
    corpus: Corpus,
    sheet: Sheet,
    fields: dict[str, tuple[str, Target]],
    accept: Accept,
) -> Row | None:
    tokens = tuple(line.tokens[: amount.start])
    parts = _parts(line.run(0, amount.start).text, amount.value, corpus)
    text = _CODE.sub("", " ".join(parts.text.split())).strip(" *-.:€$£")
    if sum(char.isalpha() for char in text) < 2:
        # "2 x 1.50   3.00" below the article's name
        if parts.quantity is None or before is None:
            return None
        tokens = tuple(before.tokens)
        text = _CODE.sub("", " ".join(token.text for token in tokens))
    row: Row = {}
    for concept, value in (
        ("description", text),
        ("quantity", parts.quantity),
        ("unit", parts.unit),
        ("unit_price", parts.unit_price),
        ("amount", amount.value),
    ):
        if concept in fields and value is not None:
            name, target = fields[concept]
            taken = accept(target, value)
            if taken is not None:
                place = (amount.token,) if concept == "amount" else tokens
                row[name] = Candidate(taken, SCORE, "in its line", sheet, place)
    return row if fields["description"][0] in row else None


def _add_count_below(
    row: Row,
    line: Line,
    amount: _Amount,
    corpus: Corpus,
    sheet: Sheet,
    fields: dict[str, tuple[str, Target]],
    accept: Accept,
) -> None:
    """Take "2 x 1.50" from the line below an article whose amount it makes."""
    lower = next(iter(sheet.after(line, steps=1.6)), None)
    if lower is None or "quantity" not in fields or fields["quantity"][0] in row:
        return
    text = lower.text
    parts = _parts(text, amount.value, corpus)
    if parts.quantity is None or sum(char.isalpha() for char in parts.text) > 3:
        return
    price = parts.unit_price
    if price is None:
        prices = [match.value for match in corpus.find(Kind.MONEY, text)]
        price = next((p for p in prices if abs(parts.quantity * p - amount.value) <= CENT), None)
    if price is None or abs(parts.quantity * price - amount.value) > CENT:
        return
    for concept, value in (("quantity", parts.quantity), ("unit_price", price)):
        if concept in fields:
            name, target = fields[concept]
            taken = accept(target, value)
            if taken is not None:
                row[name] = Candidate(taken, SCORE, "below its article", sheet, tuple(lower.tokens))


def _parts(text: str, amount: Decimal, corpus: Corpus) -> _Parts:
    """Text, quantity and price apart, where "2 x", a leading count or arithmetic tells them."""
    numbers = corpus.find(Kind.NUMBER, text)
    if (times := _TIMES.search(text)) is not None:
        quantity = next(iter(corpus.find(Kind.NUMBER, times[1])), None)
        prices = [m for m in corpus.find(Kind.MONEY, text) if m.start >= times.end()]
        price = prices[-1] if prices and prices[-1].quality == 1.0 else None
        rest = text[: times.start()] + " " + text[times.end() : price.start if price else None]
        rest += " " + text[price.end :] if price else ""
        return _Parts(rest, quantity and quantity.value, None, price and price.value)
    for price in reversed(numbers):
        for count in numbers:
            if count.end < price.start and _is_product(count, price, amount):
                unit = text[count.end : price.start].strip(" \t.") or None
                return _Parts(text[: count.start], count.value, unit, price.value)
    if (leading := _LEADING.match(text)) is not None:
        return _Parts(text[leading.end() :], Decimal(leading[1]))
    return _Parts(text)


def _is_product(count: Match, price: Match, amount: Decimal) -> bool:
    return bool(count.value) and abs(count.value * price.value - amount) <= CENT
