"""Recaps of taxes by rate, known by their arithmetic: whatever their headings are called."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from signoff.extraction.offline.found import Corpus, Match
from signoff.extraction.offline.layout import Line, Sheet, Token
from signoff.extraction.offline.lexicon import Kind

CENT = Decimal("0.011")
ROUNDING = Decimal("0.021")
MAX_AMOUNTS = 5
_RATES = (Decimal(1), Decimal(28))


@dataclass(frozen=True, eq=False)
class TaxRow:
    """One rate's net, tax and gross, on one line."""

    net: Decimal
    tax: Decimal
    sheet: Sheet
    tokens: dict[str, tuple[Token, ...]]

    @property
    def gross(self) -> Decimal:
        """Net and tax."""
        return self.net + self.tax


def tax_recaps(corpus: Corpus) -> list[list[TaxRow]]:
    """The recaps on the sheets: rows on neighbouring lines, a row of sums left out."""
    recaps: list[list[TaxRow]] = []
    for sheet in corpus.sheets:
        previous: Line | None = None
        for line in sheet.lines:
            row = _row(line, sheet, corpus)
            if row is None:
                continue
            near = previous is not None and line.middle - previous.middle < 2.5 * sheet.pitch
            if near and recaps:
                recaps[-1].append(row)
            else:
                recaps.append([row])
            previous = line
    return [_without_sum(rows) for rows in recaps]


def _row(line: Line, sheet: Sheet, corpus: Corpus) -> TaxRow | None:
    run = line.run()
    rates = [m.value for m in corpus.find(Kind.PERCENT, run.text) if m.quality == 1.0]
    rates = [rate for rate in rates if _RATES[0] <= rate <= _RATES[1]]
    amounts = [m for m in corpus.find(Kind.MONEY, run.text) if m.quality == 1.0 and m.value]
    if len(rates) > 1 or not 2 <= len(amounts) <= MAX_AMOUNTS:
        return None
    rate = rates[0] if rates else None
    for net in amounts:
        for tax in amounts:
            if tax is net or abs(tax.value) >= abs(net.value) or tax.value * net.value < 0:
                continue
            gross = next((m for m in amounts if abs(m.value - net.value - tax.value) < CENT), None)
            if rate is None and gross is None:
                continue
            if rate is None:
                exact = _RATES[0] <= 100 * tax.value / net.value <= _RATES[1]
            else:
                exact = abs(net.value * rate / 100 - tax.value) < ROUNDING
            if exact and (gross is not None or len(amounts) == 2):
                places = {"total_net": net, "total_tax": tax, "total_gross": gross}
                tokens = {name: _tokens(line, m) for name, m in places.items() if m is not None}
                return TaxRow(net.value, tax.value, sheet, tokens)
    return None


def _tokens(line: Line, match: Match) -> tuple[Token, ...]:
    start, end = line.run().positions(match.start, match.end)
    return tuple(line.tokens[start:end])


def _without_sum(rows: list[TaxRow]) -> list[TaxRow]:
    """The rows but for a last one that adds up the others."""
    if len(rows) > 2:
        *others, last = rows
        if abs(sum((row.gross for row in others), Decimal(0)) - last.gross) < CENT:
            return others
    if len(rows) == 2 and abs(rows[0].gross - rows[1].gross) < CENT:
        return rows[:1]
    return rows
