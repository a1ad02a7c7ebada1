"""Rows of line items: below a header, by column, over pages."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from signoff.extraction.offline.column_guess import guess_columns
from signoff.extraction.offline.columns import NUMERIC, Header, HeaderFinder, distribute
from signoff.extraction.offline.found import Candidate, Corpus
from signoff.extraction.offline.labels import STRONG, concept_labels, key, words_of
from signoff.extraction.offline.layout import Line, Sheet, Token
from signoff.extraction.offline.lexicon import Kind
from signoff.extraction.offline.open_rows import (
    ROW_SCORE,
    Accept,
    Cells,
    OpenRow,
    Row,
    RowMaker,
)
from signoff.extraction.offline.table_ends import (
    CARRIED,
    CHARGES,
    LETTERHEAD,
    TOTALS,
    ends_table,
    is_field,
    opens_with,
)
from signoff.extraction.offline.targets import Group, Table, Target

MAX_GAP = 8
"""Line steps between a row's beginning and what can still belong to the table."""


@dataclass(eq=False)
class _Section:
    """What was read below headers of one kind."""

    rows: list[Row] = field(default_factory=list)
    held: OpenRow | None = None


class TableReader:
    """Reads the rows of one array of objects, page after page."""

    def __init__(self, table: Table, accept: Accept) -> None:
        self.table = table
        self._targets = flat_row(table.row)
        self._accept = accept
        self._maker = RowMaker(self._targets, accept)
        self._identifiers = {n for n, t in self._targets.items() if t.kind is Kind.IDENTIFIER}
        self._finder = HeaderFinder(self._targets)
        self._sections: dict[tuple[str, ...], _Section] = {}
        self._header: Header | None = None
        self._document = 0
        self._ending = False

    def feed(self, sheet: Sheet, corpus: Corpus) -> None:
        """Read one page's rows; pages come in order."""
        if sheet.document != self._document:
            self._header, self._document = None, sheet.document
        headers = self._finder.headers(sheet, corpus)
        starts = [header.last_line for header in headers]
        if self._header is not None and not self._ending:
            # the table goes on without a header of its own
            first = headers[0].top if headers else math.inf
            lines = [line for line in sheet.lines if line.middle < first]
            if not headers or self._finder_continues(headers[0]):
                self._read(sheet, corpus, lines, self._header, carried=True)
        for position, header in enumerate(headers):
            end = len(sheet.lines)
            if position + 1 < len(headers):
                end = sum(line.middle < headers[position + 1].top for line in sheet.lines)
            self._header, self._ending = header, False
            lines = sheet.lines[starts[position] + 1 : end]
            guess_columns(header, self._targets, lines, corpus)
            self._read(sheet, corpus, lines, header)

    def _finder_continues(self, header: Header) -> bool:
        return self._header is not None and header.signature != self._header.signature

    def rows(self) -> list[Row]:
        """All rows, of the headers that name most of the properties and have rows."""
        if not self._sections:
            return []
        for section in self._sections.values():
            self._settle(section)
        best = max(self._sections, key=self._worth)
        return self._without_remarks(self._sections[best].rows)

    def _worth(self, signature: tuple[str, ...]) -> tuple[bool, int, int]:
        rows = self._sections[signature].rows
        return bool(rows), len(signature), len(rows)

    def _without_remarks(self, rows: list[Row]) -> list[Row]:
        """The rows but for notes that a stray number made one: without an amount, unlike others."""
        amount = next((n for n, t in self._targets.items() if t.concept == "amount"), None)
        if amount is None or not any(amount in row for row in rows):
            return rows
        numeric = {n for n, t in self._targets.items() if t.kind in NUMERIC}
        most = max(len(numeric & row.keys()) for row in rows)
        # a discount or the postage between the rows and their sum has an amount and no more
        while len(rows) > 1 and most > 1 and not numeric - {amount} & rows[-1].keys():
            if not self._is_charge(rows[-1]):
                break
            rows = rows[:-1]
        return [row for row in rows if amount in row or len(numeric & row.keys()) > 1]

    def _is_charge(self, row: Row) -> bool:
        names = [name for name, target in self._targets.items() if target.concept == "description"]
        texts = [str(row[name].value) for name in names if name in row]
        labels = [key(text) for text in texts] + [word for text in texts for word in words_of(text)]
        uses = [dict(concept_labels().get(label, ())) for label in labels]
        return any(each.get(name) == STRONG for each in uses for name in CHARGES)

    def _read(
        self,
        sheet: Sheet,
        corpus: Corpus,
        lines: list[Line],
        header: Header,
        *,
        carried: bool = False,
    ) -> None:
        section = self._sections.setdefault(header.signature, _Section())
        row: OpenRow | None = None
        left = False
        pending: list[tuple[Line, dict[str, list[Token]]]] = []
        for line in lines:
            if self._finder.heads_other_table(line, corpus) or ends_table(line, corpus):
                self._header = None
                break
            by_column = distribute(line, header.columns)
            cells = {
                str(header.columns[i].target): tokens
                for i, tokens in by_column.items()
                if header.columns[i].target
            }
            numbers = self._numbers(_without_notes(cells, line), corpus, sheet)
            total = opens_with(line, corpus, TOTALS | LETTERHEAD) or is_field(line, corpus)
            carry = total and opens_with(line, corpus, CARRIED)
            self._ending |= total and not carry
            left |= carry and row is not None
            # what stands far below the last row ends the table on this page only
            left |= row is not None and line.middle - row.line.middle > MAX_GAP * sheet.pitch
            strong = len(numbers) >= 2 and self._is_described(cells)
            # the numbers of a row that the page before began
            strong |= row is None and self._is_rest(numbers, cells, sheet, section.held)
            over = self._ending or left or (carried and row is None)
            if total or (over and not strong):
                self._close(row, section)
                row = None
                pending.clear()
                continue
            self._ending = left = False
            texts = {name: cells[name] for name in self._text_cells(cells)}
            if self._starts_row(texts) or (numbers and not self._continues(row, numbers, line)):
                self._close(row, section)
                row = OpenRow(sheet, line, header, last=line)
                self._take_pending(row, pending, sheet)
                pending.clear()
            if row is None:
                pending.append((line, texts))
                continue
            if numbers:
                row.values.update({k: v for k, v in numbers.items() if k not in row.values})
            elif row.last is not None and line.middle - row.last.middle > 1.8 * sheet.pitch:
                # behind a gap a text belongs to what follows
                self._close(row, section)
                row = None
                pending.append((line, texts))
                continue
            row.add(sheet, texts, numbered=bool(numbers))
            row.last = line
        self._close(row, section)

    def _starts_row(self, texts: Mapping[str, list[Token]]) -> bool:
        """Whether a line without numbers is a row: an article's number, its name and more."""
        return len(texts) > 2 and not self._identifiers.isdisjoint(texts)

    def _continues(self, row: OpenRow | None, numbers: Row, line: Line) -> bool:
        """Whether numbers complete the row above instead of starting one."""
        if row is None or row.last is None:
            return False
        near = line.middle - row.line.middle < 1.3 * row.sheet.pitch
        return near and not (set(numbers) & row.numbers)

    def _take_pending(
        self, row: OpenRow, pending: list[tuple[Line, dict[str, list[Token]]]], sheet: Sheet
    ) -> None:
        """Text right above a row's first numbers belongs to it."""
        nearest = row.line
        taken = []
        for line, texts in reversed(pending):
            if nearest.middle - line.middle > 1.2 * sheet.pitch or not texts:
                break
            taken.append(texts)
            nearest = line
        for texts in reversed(taken[:2]):
            row.add(sheet, texts)

    def _is_described(self, cells: Mapping[str, list[Token]]) -> bool:
        concepts = {self._targets[name].concept for name in self._text_cells(cells)}
        return bool(concepts - {"unit"})

    def _text_cells(self, cells: Mapping[str, list[Token]]) -> list[str]:
        return [
            name
            for name in cells
            if self._targets[name].kind in (Kind.TEXT, Kind.NAME, Kind.IDENTIFIER)
        ]

    def _numbers(self, cells: Mapping[str, list[Token]], corpus: Corpus, sheet: Sheet) -> Row:
        found: Row = {}
        for name, tokens in cells.items():
            target = self._targets[name]
            if target.kind not in (Kind.MONEY, Kind.NUMBER, Kind.PERCENT, Kind.DATE):
                continue
            text = Line(tokens).text
            for match in corpus.find(target.kind, text):
                # a number among words is part of a text
                rest = words_of(text[: match.start] + " " + text[match.end :])
                if len(rest) > 3:
                    continue
                value = self._accept(target, match.value)
                if value is not None:
                    found[name] = Candidate(value, ROW_SCORE, "in its column", sheet, tuple(tokens))
                    if target.concept == "quantity" and rest:
                        self._unit_behind(found, text[match.end :], sheet, tokens)
                    break
        positions = [n for n in found if self._targets[n].concept == "position"]
        if positions and len(found) == len(positions):
            return {}
        return found

    def _unit_behind(self, found: Row, text: str, sheet: Sheet, tokens: list[Token]) -> None:
        unit = next((n for n, t in self._targets.items() if t.concept == "unit"), None)
        text = text.strip(" \t.,;")
        if unit is None or not text or any(char.isdigit() for char in text) or len(text) > 20:
            return
        value = self._accept(self._targets[unit], text)
        if value is not None:
            found[unit] = Candidate(
                value, ROW_SCORE, "behind its quantity", sheet, tuple(tokens[1:])
            )

    def _close(self, row: OpenRow | None, section: _Section) -> None:
        """End a row; it is made when the next one ends, which may turn out to be a part of it."""
        if row is None:
            return
        before = section.held
        if before is not None and self._is_rest(row.values, row.lines[0].cells, row.sheet, before):
            row.lines = [*before.cut_begun(self._identifiers), *row.lines]
        self._settle(section)
        section.held = row

    def _is_rest(self, numbers: Row, texts: Cells, sheet: Sheet, before: OpenRow | None) -> bool:
        """Whether a page's first numbers belong to a row that the page before began."""
        return (
            before is not None
            and before.sheet is not sheet
            and before.sheet.document == sheet.document
            and bool(before.numbers)
            and before.numbers <= numbers.keys()
            and not self._text_cells(texts)
        )

    def _settle(self, section: _Section) -> None:
        if section.held is not None and (made := self._maker.make(section.held)) is not None:
            section.rows.append(made)
        section.held = None


def flat_row(group: Group) -> dict[str, Target]:
    """A row's scalar properties by name; those of nested objects as a/b."""
    found: dict[str, Target] = {}
    for name, child in group.children.items():
        if isinstance(child, Target):
            found[name] = child
        elif isinstance(child, Group):
            found |= {f"{name}/{inner}": target for inner, target in flat_row(child).items()}
    return found


def _without_notes(cells: Mapping[str, list[Token]], line: Line) -> dict[str, list[Token]]:
    """The cells but for those that a "Discount: 5.00" inside the line reaches into."""
    before = {token: earlier for earlier, token in zip(line.tokens, line.tokens[1:], strict=False)}
    return {
        name: tokens
        for name, tokens in cells.items()
        if tokens[0] not in before
        or not before[tokens[0]].text.endswith(":")
        or tokens[0].left - before[tokens[0]].right > 4 * line.char_width
    }
