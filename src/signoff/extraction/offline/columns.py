"""A table's header: which column holds what, and which column a word stands in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from signoff.extraction.offline.found import Corpus
from signoff.extraction.offline.labels import concept_labels, words_of
from signoff.extraction.offline.layout import PHRASE_GAP, WORD_GAP, Line, Sheet, Token
from signoff.extraction.offline.lexicon import Kind
from signoff.extraction.offline.targets import Target

NUMERIC = frozenset({Kind.MONEY, Kind.NUMBER, Kind.PERCENT})
MAX_HEADER_WORDS = 5
_NUMBER_LIKE = re.compile(r"^[-–−+(]?\s?(?:[€$£₹]|[A-Z]{3})?-?\d[\d.,'’]*[)%€$£-]*$|^[€$£₹%–−-]$")


@dataclass(eq=False)
class Column:
    """One column: where its heading stands, and the row's properties that it holds.

    ``depth`` counts the headings stacked above the property's own: in a row, as many lines
    come before its value.
    """

    tokens: list[Token]
    labels: list[str] = field(default_factory=list)
    target: str | None = None
    kind: Kind | None = None
    depth: int = 0

    @property
    def left(self) -> float:
        """The heading's left edge."""
        return min(token.left for token in self.tokens)

    @property
    def right(self) -> float:
        """The heading's right edge."""
        return max(token.right for token in self.tokens)

    @property
    def numeric(self) -> bool:
        """Whether numbers stand in it."""
        return self.kind in NUMERIC


@dataclass(eq=False)
class Header:
    """A table's header on one page."""

    columns: list[Column]
    last_line: int

    @property
    def top(self) -> float:
        """The upper edge of its headings."""
        return min(token.top for column in self.columns for token in column.tokens)

    def limit(self, target: str) -> float:
        """Where the column of a property ends: at the next heading."""
        own = next((c for c in self.columns if c.target == target), None)
        right = [c.left for c in self.columns if own is not None and c.left > own.right]
        return min(right, default=1.0)

    @property
    def signature(self) -> tuple[str, ...]:
        """The properties it has columns for: equal headers continue one table."""
        return tuple(sorted(column.target for column in self.columns if column.target))


class HeaderFinder:
    """Finds the headers of tables whose columns match a row's properties."""

    def __init__(self, row: Mapping[str, Target]) -> None:
        self._row = row
        self._own = {label for target in row.values() for label in target.labels}
        self._vocabulary = concept_labels(lines=True).keys() | self._own

    def headers(self, sheet: Sheet, corpus: Corpus) -> list[Header]:
        """The headers on a sheet, from top to bottom."""
        found: list[Header] = []
        scored = [(self._matches(line), line) for line in sheet.lines]
        for position, (matches, line) in enumerate(scored):
            if found and line.index <= found[-1].last_line:
                continue
            if len({name for _, _, name in matches if name}) < min(2, len(self._row)):
                continue
            if _has_values(line, corpus):
                continue
            # of two header lines, the one that names more columns is the anchor
            below = scored[position + 1] if position + 1 < len(scored) else ([], line)
            close = 0 < below[1].middle - line.middle < 1.4 * sheet.pitch
            if close and len(below[0]) > len(matches) and not _has_values(below[1], corpus):
                continue
            header = self._header(sheet, line, matches, corpus)
            if header is not None:
                found.append(header)
        return found

    def heads_other_table(self, line: Line, corpus: Corpus) -> bool:
        """Whether a line is the header of some table."""
        return len(self._matches(line)) >= 3 and not _has_values(line, corpus)

    def _matches(self, line: Line) -> list[tuple[int, int, str | None]]:
        """(start, end, property or nothing) of each column heading that is known."""
        words = ["".join(words_of(token.text)) for token in line.tokens]
        found: list[tuple[int, int, str | None]] = []
        start = 0
        while start < len(words):
            best = None
            joined = ""
            for end in range(start + 1, min(start + MAX_HEADER_WORDS, len(words)) + 1):
                if end > start + 1 and line.gap_before(end - 1) > PHRASE_GAP * 1.3:
                    break
                joined += words[end - 1]
                if words[end - 1] and words[start] and joined in self._vocabulary:
                    best = (start, end, self._target_of(joined))
            if best is None:
                start += 1
            else:
                found.append(best)
                start = best[1]
        return found

    def _target_of(self, label: str) -> str | None:
        weights = {name: t.labels[label] for name, t in self._row.items() if label in t.labels}
        return max(weights, key=lambda name: weights[name]) if weights else None

    def _header(
        self,
        sheet: Sheet,
        line: Line,
        matches: list[tuple[int, int, str | None]],
        corpus: Corpus,
    ) -> Header | None:
        columns = _cells(line, matches)
        anchor_height = line.height
        above: list[Line] = []
        for other in reversed(sheet.lines[max(0, line.index - 3) : line.index]):
            near = (above[-1] if above else line).middle - other.middle < 1.35 * sheet.pitch
            if not near or not self._belongs(other, columns, corpus) or not self._matches(other):
                break
            above.append(other)
        last = line
        below: list[Line] = []
        for other in sheet.lines[line.index + 1 : line.index + 4]:
            near = other.middle - last.middle < 1.35 * max(sheet.pitch, anchor_height)
            if not near or not self._belongs(other, columns, corpus):
                break
            below.append(other)
            last = other
        for depth_line in [*reversed(above), None, *below]:
            if depth_line is not None:
                self._merge(depth_line, columns)
        columns.sort(key=lambda column: column.left)
        self._assign(columns, [*reversed(above), line, *below])
        header = Header(columns, last.index)
        kinds = {column.kind for column in columns if column.target}
        texts = kinds & {Kind.TEXT, Kind.NAME, Kind.IDENTIFIER, Kind.DATE}
        # a heading that nobody knows may be the text's
        told = texts or any(column.target is None for column in columns) or len(self._row) <= 2
        if len(header.signature) < min(2, len(self._row)) or not told:
            return None
        return header

    def _belongs(self, line: Line, columns: Sequence[Column], corpus: Corpus) -> bool:
        """Whether a line is one more line of the header."""
        if _has_values(line, corpus) or any(char.isdigit() for t in line.tokens for char in t.text):
            return False
        matched = bool(self._matches(line))
        in_numbers = False
        for start, end in line.phrases:
            if end - start > 3:
                return False
            left, right = line.tokens[start].left, line.tokens[end - 1].right
            hits = [c for c in columns if min(c.right, right) - max(c.left, left) > 0]
            if not hits and not matched:
                return False
            named = [self._target_of("".join(words_of(t.text))) for c in hits for t in c.tokens]
            in_numbers |= any(n and self._row[n].kind in NUMERIC for n in named)
        return matched or in_numbers

    def _merge(self, line: Line, columns: list[Column]) -> None:
        for start, end in line.phrases:
            tokens = line.tokens[start:end]
            left, right = tokens[0].left, tokens[-1].right
            overlaps = [(min(c.right, right) - max(c.left, left), c) for c in columns]
            best = max(overlaps, key=lambda pair: pair[0])
            if best[0] > 0:
                best[1].tokens += tokens
            else:
                columns.append(Column(list(tokens)))

    def _assign(self, columns: list[Column], lines: Sequence[Line]) -> None:
        """Give each property the column that names it best, each column one property."""
        pairs: list[tuple[float, int, str, int]] = []
        for index, column in enumerate(columns):
            words = []
            for token in sorted(column.tokens, key=lambda t: (round(t.middle, 3), t.left)):
                words += [(word, token) for word in words_of(token.text)]
            whole = "".join(word for word, _ in words)
            rows = sorted({_line_of(token, lines) for _, token in words})
            for start in range(len(words)):
                for end in range(start + 1, min(start + MAX_HEADER_WORDS, len(words)) + 1):
                    label = "".join(word for word, _ in words[start:end])
                    depth = rows.index(_line_of(words[start][1], lines))
                    for name, target in self._row.items():
                        if label in target.labels:
                            cover = len(label) / max(len(whole), 1)
                            pairs.append((target.labels[label] * (0.5 + cover), index, name, depth))
        used: set[str] = set()
        for _, index, name, depth in sorted(pairs, key=lambda pair: -pair[0]):
            column = columns[index]
            if column.target is None and name not in used:
                column.target, column.kind, column.depth = name, self._row[name].kind, depth
                used.add(name)


def _line_of(token: Token, lines: Sequence[Line]) -> int:
    return next((i for i, line in enumerate(lines) if token in line.tokens), 0)


def _has_values(line: Line, corpus: Corpus) -> bool:
    text = line.text
    if corpus.find(Kind.DATE, text):
        return True
    return any(match.quality == 1.0 for match in corpus.find(Kind.MONEY, text))


def _cells(line: Line, matches: Sequence[tuple[int, int, str | None]]) -> list[Column]:
    """The header line cut into columns: at wide gaps, and where another known heading starts."""
    starts = {start for start, _ in line.phrases}
    previous_end = None
    for start, end, _ in matches:
        phrase_start, _ = line.phrase_at(start)
        if previous_end is not None and phrase_start <= previous_end - 1:
            starts.add(start)
        elif line.gap_before(start) > WORD_GAP:
            starts.add(start)  # a heading that nobody knows stands close before
        previous_end = end
    cuts = sorted(starts)
    return [
        Column(list(line.tokens[start:end]))
        for start, end in zip(cuts, [*cuts[1:], len(line.tokens)], strict=True)
    ]


def is_number_like(text: str) -> bool:
    """Whether a word can stand in a column of numbers."""
    return _NUMBER_LIKE.match(text) is not None


def distribute(line: Line, columns: Sequence[Column]) -> dict[int, list[Token]]:
    """The words of a line by column, by where they stand below the headings."""
    cells: dict[int, list[Token]] = {}
    previous: int | None = None
    for position, token in enumerate(line.tokens):
        index = _nearest(token, columns)
        gap = line.gap_before(position)
        if previous is not None and gap <= PHRASE_GAP and index != previous:
            before, here = columns[previous], columns[index]
            number = is_number_like(token.text)
            counted = all(is_number_like(each.text) for each in cells[previous])
            if not before.numeric:
                stays = not number or not here.numeric or not _aligned(token, here)
                # the next text column starts where its heading does, or behind a row's number
                starts_new = abs(token.left - here.left) < 0.012 and gap > 1.2
                starts_new |= counted and before.kind is None and not number
                index = previous if stays and (here.numeric or not starts_new) else index
            elif not number and not (not here.numeric and token.left > here.left - 0.012):
                index = previous  # a unit behind its number
        cells.setdefault(index, []).append(token)
        previous = index
    return cells


def _nearest(token: Token, columns: Sequence[Column]) -> int:
    number = is_number_like(token.text)

    def distance(index: int) -> tuple[float, float]:
        column = columns[index]
        overlap = min(token.right, column.right) - max(token.left, column.left)
        edges = min(abs(token.right - column.right), abs(token.left - column.left))
        if overlap > 0:
            return (-overlap / max(token.right - token.left, 1e-6), edges)
        gap = -overlap
        if number:
            # numbers are set to the right below their heading, or overhang it a little
            gap = min(gap, abs(token.right - column.right)) + (0 if column.numeric else 0.02)
        elif column.numeric:
            gap += 0.03
        elif token.left < column.left and index:
            gap += 0.01
        return (gap, edges)

    return min(range(len(columns)), key=distance)


def _aligned(token: Token, column: Column) -> bool:
    overlap = min(token.right, column.right) - max(token.left, column.left)
    return overlap > 0.3 * (token.right - token.left) or abs(token.right - column.right) < 0.015
