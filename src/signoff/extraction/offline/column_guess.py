"""Columns whose headings nobody knows, told by what stands in them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from signoff.extraction.offline.columns import Column, Header, distribute
from signoff.extraction.offline.found import Corpus
from signoff.extraction.offline.layout import Line, Token
from signoff.extraction.offline.lexicon import Kind
from signoff.extraction.offline.targets import Target

MAX_LINES = 12
CENT = Decimal("0.011")
FACTORS = ("quantity", "unit_price", "amount")
_CODE = re.compile(r"[A-Z]{0,4}[-.]?\d[\w.\-/]{2,}")


def guess_columns(
    header: Header, row: Mapping[str, Target], lines: Sequence[Line], corpus: Corpus
) -> None:
    """Give columns without a property one that the rows below show them to hold."""
    free = [column for column in header.columns if column.target is None]
    missing = {t.concept: name for name, t in row.items() if name not in header.signature}
    if not free or not missing.keys() & {*FACTORS, "description", "article_number"}:
        return
    known = {row[c.target].concept: c for c in header.columns if c.target}
    rows = [distribute(line, header.columns) for line in lines[:MAX_LINES]]
    rows = [{id(header.columns[i]): tokens for i, tokens in cells.items()} for cells in rows]
    for concept, name in missing.items():
        for column in free:
            if column.target is None and _holds(str(concept), column, known, rows, corpus):
                column.target, column.kind = name, row[name].kind
                known[concept] = column
                break


def _holds(
    concept: str,
    column: Column,
    known: Mapping[str | None, Column],
    rows: Sequence[Mapping[int, list[Token]]],
    corpus: Corpus,
) -> bool:
    if concept in FACTORS:
        columns = {**known, concept: column}
        if not set(FACTORS) <= columns.keys():
            return False
        made = 0
        for cells in rows:
            values = [_number(cells.get(id(columns[each])), corpus) for each in FACTORS]
            quantity, price, amount = values
            if quantity is None or price is None or amount is None:
                continue
            if abs(quantity * price - amount) > CENT:
                return False
            made += 1
        return made > 0
    texts = [" ".join(t.text for t in cells[id(column)]) for cells in rows if id(column) in cells]
    if not texts:
        return False
    if concept == "description":
        wordy = sum(sum(char.isalpha() for char in text) > 0.6 * len(text) for text in texts)
        return wordy > 0.6 * len(texts) and max(map(len, texts)) > 6
    coded = sum(_CODE.fullmatch(text) is not None for text in texts)
    return concept == "article_number" and coded > 0.6 * len(texts)


def _number(tokens: list[Token] | None, corpus: Corpus) -> Decimal | None:
    if not tokens:
        return None
    found = corpus.find(Kind.NUMBER, " ".join(token.text for token in tokens))
    return found[0].value if len(found) == 1 else None
