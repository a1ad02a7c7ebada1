"""Several parts' data as one: lists joined row by row, single values chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from signoff.executions.agents import JsonObject
from signoff.executions.validation import json_pointer
from signoff.extraction.equality import same_value
from signoff.extraction.long_documents.page_lines import Line, Place
from signoff.extraction.long_documents.part_schema import NOTHING, Path
from signoff.extraction.long_documents.parts import Part
from signoff.extraction.long_documents.placement import place_rows


@dataclass(frozen=True)
class PartData:
    """What was read of a part, and the lines that its reader was shown.

    Of pages that are read ``again`` for missing rows only rows at places without one count.
    """

    part: Part
    data: JsonObject
    lines: Sequence[Line]
    again: bool = False
    _places: dict[Path, list[Place | None]] = field(default_factory=dict, repr=False)

    def places(self, path: Path) -> list[Place | None]:
        """Where the rows of a list stand; looked up once."""
        if path not in self._places:
            self._places[path] = place_rows(_at(self.data, path), self.lines)
        return self._places[path]


@dataclass(frozen=True)
class Row:
    """A row of the merged list, where it stands, and which part's list it comes from."""

    value: Any
    place: Place | None
    part: int
    index: int


@dataclass
class Merged:
    """The data of all parts, and where each piece of it comes from.

    Attributes:
        data: as the whole document's.
        rows: each list's rows, in the order of the pages.
        sources: pointer in ``data`` to the number of a part and the pointer in its data.
        conflicts: single values on which parts differ, in words.
    """

    data: JsonObject = field(default_factory=dict)
    rows: dict[Path, list[Row]] = field(default_factory=dict)
    sources: dict[str, tuple[int, str]] = field(default_factory=dict)
    conflicts: list[str] = field(default_factory=list)

    def moved(self, part: int, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """What is said of a part's values, said of the merged ones."""
        for target, (number, source) in self.sources.items():
            if number != part:
                continue
            for pointer, value in values.items():
                if pointer == source or pointer.startswith(f"{source}/"):
                    yield target + pointer.removeprefix(source), value


def merge(parts: Sequence[PartData], lists: Sequence[Path]) -> Merged:
    """All parts' data as one. Parts are in the documents' order."""
    merged = Merged()
    for path in lists:
        if not any(isinstance(_at(part.data, path), list) for part in parts):
            continue
        rows = merge_rows(parts, path)
        merged.rows[path] = rows
        _put(merged.data, path, [row.value for row in rows])
        for number, row in enumerate(rows):
            source = json_pointer([*path, row.index])
            merged.sources[json_pointer([*path, number])] = (row.part, source)
    for path in dict.fromkeys(p for part in parts for p in _single_paths(part.data, lists)):
        _choose(merged, parts, path)
    return merged


# -- rows -----------------------------------------------------------------------------------


def merge_rows(parts: Sequence[PartData], path: Path) -> list[Row]:
    """The rows of all parts in the order of the pages.

    Rows are the same only where they stand at the same place: equal ones at two places are two.
    Of a row that two parts read, the part that owns the place has the say.
    """
    placed: dict[Place, Row] = {}
    loose: list[tuple[Place, int, int, Row]] = []
    for number, part in enumerate(parts):
        values = _at(part.data, path)
        if not isinstance(values, list):
            continue
        places = part.places(path)
        for index, (value, place) in enumerate(zip(values, places, strict=True)):
            row = Row(value, place, number, index)
            if part.again:
                if place is not None and part.part.owns(place):
                    placed.setdefault(place, row)
            elif place is None:
                before, behind = _around(places, index)
                shared = _is_shared(part.part, before, behind)
                if not (shared and _is_known(value, parts, number, path)):
                    anchor = before or Place(part.part.document, part.part.first, -1)
                    loose.append((anchor, number, index, row))
            elif place not in placed or part.part.owns(place):
                placed[place] = row
    ordered = [(place, -1, -1, row) for place, row in placed.items()]
    return [entry[3] for entry in sorted([*ordered, *loose], key=lambda entry: entry[:3])]


def _around(places: Sequence[Place | None], index: int) -> tuple[Place | None, Place | None]:
    before = next((place for place in reversed(places[:index]) if place), None)
    behind = next((place for place in places[index + 1 :] if place), None)
    return before, behind


def _is_shared(part: Part, before: Place | None, behind: Place | None) -> bool:
    """Whether what stands between these two is in a neighbour's pages too."""
    known = [place for place in (before, behind) if place]
    return bool(known) and not any(part.owns(place) for place in known)


def _is_known(value: Any, parts: Sequence[PartData], number: int, path: Path) -> bool:
    neighbours = [parts[n] for n in (number - 1, number + 1) if 0 <= n < len(parts)]
    return any(
        same_row(value, other)
        for neighbour in neighbours
        for other in (_at(neighbour.data, path) or ())
    )


def same_row(left: Any, right: Any) -> bool:
    """Whether two rows say the same."""
    if isinstance(left, dict) and isinstance(right, dict):
        return all(same_row(left.get(name), right.get(name)) for name in {*left, *right})
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same_row, left, right))
    return same_value(left, right)


# -- single values --------------------------------------------------------------------------


def _choose(merged: Merged, parts: Sequence[PartData], path: Path) -> None:
    """Of several values the one that stands on its part's pages.

    Among those, of numbers the last (totals stand at the end, sums carried forward before), of
    texts the one that most parts read, then the first.
    """
    found = [
        (number, value)
        for number, part in enumerate(parts)
        if not part.again and (value := _at(part.data, path)) not in (None, "", [], {})
    ]
    if not found:
        return
    grounded = [(number, value) for number, value in found if _stands(value, parts[number].lines)]
    among = grounded or found
    if all(isinstance(value, int | float) for _, value in among):
        number, value = among[-1]
    else:
        agreeing = [sum(same_row(value, other) for _, other in among) for _, value in among]
        number, value = among[agreeing.index(max(agreeing))]
    _put(merged.data, path, value)
    pointer = json_pointer(path)
    merged.sources[pointer] = (number, pointer)
    others = [(n, other) for n, other in among if not same_row(value, other)]
    if others:
        said = "; ".join(f"{parts[n].part}: {_short(other)}" for n, other in others[:3])
        merged.conflicts.append(
            f"{pointer}: {_short(value)} was taken from {parts[number].part};"
            f" other pages were read otherwise ({said})."
        )


def _stands(value: Any, lines: Sequence[Line]) -> bool:
    if isinstance(value, bool):
        return False
    return place_rows([value], lines) != [None]


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


# -- paths ----------------------------------------------------------------------------------


def _single_paths(data: JsonObject, lists: Sequence[Path]) -> Iterator[Path]:
    stack: list[tuple[Path, Any]] = [((name,), value) for name, value in data.items()]
    while stack:
        path, value = stack.pop(0)
        if path in lists or path == (NOTHING,):
            continue
        if isinstance(value, dict) and value:
            stack = [((*path, name), inner) for name, inner in value.items()] + stack
        else:
            yield path


def _at(data: Any, path: Path) -> Any:
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def _put(data: JsonObject, path: Path, value: Any) -> None:
    for name in path[:-1]:
        inner = data.setdefault(name, {})
        if not isinstance(inner, dict):
            return
        data = inner
    data[path[-1]] = value
