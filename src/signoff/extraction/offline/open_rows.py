"""One row of a table: its lines as they are read, and the values that they make."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from signoff.extraction.offline.columns import Header
from signoff.extraction.offline.found import Candidate
from signoff.extraction.offline.labels import words_of
from signoff.extraction.offline.layout import Line, Sheet, Token
from signoff.extraction.offline.lexicon import Kind
from signoff.extraction.offline.numbers import parse_number
from signoff.extraction.offline.targets import Target

MAX_TEXT_LINES = 3
ROW_SCORE = 0.5
CENT = Decimal("0.011")

Row = dict[str, Candidate]
Accept = Callable[[Target, Any], Any]
Cells = Mapping[str, list[Token]]


class TextLine(NamedTuple):
    """What a line says in the columns of texts, and whether it has numbers too."""

    sheet: Sheet
    cells: Cells
    numbered: bool


@dataclass(eq=False)
class OpenRow:
    """A row being read: its numbers, and its texts line by line."""

    sheet: Sheet
    line: Line
    header: Header
    values: Row = field(default_factory=dict)
    lines: list[TextLine] = field(default_factory=list)
    last: Line | None = None

    @property
    def numbers(self) -> set[str]:
        """Properties with a number so far."""
        return set(self.values)

    def add(self, sheet: Sheet, cells: Cells, *, numbered: bool = False) -> None:
        """One more line's texts."""
        self.lines.append(TextLine(sheet, cells, numbered))

    def texts(self) -> dict[str, list[TextLine]]:
        """The lines with a text, by column."""
        names = dict.fromkeys(name for line in self.lines for name in line.cells)
        return {name: [line for line in self.lines if name in line.cells] for name in names}

    def cut_begun(self, identifiers: Collection[str]) -> list[TextLine]:
        """Take away the lines that begin another row, whose numbers are on the next page.

        They are those from the last line on that has no numbers, but an identifier as the row
        itself has one.
        """
        own = {name for line in self.lines if line.numbered for name in line.cells}
        wanted = own & set(identifiers)
        for position in range(len(self.lines) - 1, 0, -1):
            line = self.lines[position]
            if line.numbered:
                break
            if wanted and wanted <= line.cells.keys():
                begun, self.lines = self.lines[position:], self.lines[:position]
                return begun
        return []


class RowMaker:
    """Makes the values of rows that are read to their end."""

    def __init__(self, targets: dict[str, Target], accept: Accept) -> None:
        self._targets = targets
        self._accept = accept

    def make(self, row: OpenRow) -> Row | None:
        """The row's values, with their evidence; ``None`` where it is no row after all."""
        depth = {c.target: c.depth for c in row.header.columns if c.target}
        texts = row.texts()
        for name, lines in texts.items():
            self._add_text(row, name, lines, skip=min(depth.get(name, 0), len(lines) - 1))
        self._split_count(row)
        text_columns = [n for n in row.header.signature if self._targets[n].kind is Kind.TEXT]
        if not row.values or (text_columns and not any(name in row.values for name in texts)):
            return None
        return {name: each.without_sheet() for name, each in row.values.items()}

    def _add_text(self, row: OpenRow, name: str, lines: list[TextLine], *, skip: int) -> None:
        target = self._targets[name]
        tokens = [line.cells[name] for line in lines[skip:]]
        if target.kind is Kind.IDENTIFIER:
            kept = tokens[:1]
        else:
            kept = _paragraph(_behind_code(tokens), limit=row.header.limit(name))
        text = " ".join(token.text for line in kept for token in line).strip(" ;|")
        if target.concept == "unit" and (len(text) > 15 or any(c.isdigit() for c in text)):
            return
        value = self._accept(target, text) if text else None
        if value is not None:
            sheet = next(line.sheet for line in lines if line.cells[name] in kept)
            # a box is one page's: of a text that goes on on the next page it shows the beginning
            shown = tuple(_tokens_on(sheet, name, lines, kept))
            row.values.setdefault(name, Candidate(value, ROW_SCORE, "in its column", sheet, shown))

    def _split_count(self, row: OpenRow) -> None:
        """Take the count from the front of a text that it ran into, where it makes the amount."""
        names = {target.concept: name for name, target in reversed(self._targets.items())}
        found = [row.values.get(names.get(c, "")) for c in ("description", "unit_price", "amount")]
        description, price, amount = found
        if "quantity" not in names or names["quantity"] in row.values or not description:
            return
        count, _, text = str(description.value).partition(" ")
        number = parse_number(count) if text else None
        if number is None or not price or not amount:
            return
        if abs(number * Decimal(str(price.value)) - Decimal(str(amount.value))) > CENT:
            return
        value = self._accept(self._targets[names["quantity"]], number)
        if value is not None:
            tokens, sheet = description.tokens, description.sheet
            row.values[names["quantity"]] = Candidate(
                value, ROW_SCORE, "before its text", sheet, tokens[:1]
            )
            row.values[names["description"]] = Candidate(
                text, ROW_SCORE, "in its column", sheet, tokens[1:]
            )


def _tokens_on(
    sheet: Sheet, name: str, lines: list[TextLine], kept: list[list[Token]]
) -> Iterator[Token]:
    for line in lines:
        if line.sheet is sheet and line.cells[name] in kept:
            yield from line.cells[name]


def _behind_code(lines: list[list[Token]]) -> list[list[Token]]:
    """The lines but for an article's number that stands above its name."""
    while len(lines) > 1 and len(lines[0]) == 1 and any(c.isdigit() for c in lines[0][0].text):
        if not any(len(word) > 2 and word.isalpha() for t in lines[1] for word in words_of(t.text)):
            break
        lines = lines[1:]
    return lines


def _paragraph(lines: list[list[Token]], *, limit: float) -> list[list[Token]]:
    """The lines that go on with the first: no notes with a colon, no bracketed remarks.

    What runs on below the next columns was set there as a remark, not wrapped.
    """
    kept = lines[:1]
    for line in lines[1:MAX_TEXT_LINES]:
        text = " ".join(token.text for token in line)
        if ":" in text[:-1] or text.startswith(("(", "*", "- ", "•")):
            break
        if abs(line[0].left - kept[0][0].left) > 0.01:
            break
        if line[-1].right > max(limit, kept[0][-1].right + 0.01):
            break
        kept.append(line)
    return kept
