"""Holds what was read against what should have been: counts by field, and how well rated."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sklearn.metrics import roc_auc_score

from signoff.executions.agents import JsonObject
from signoff.executions.validation import json_pointer

TOLERANCE = 0.005

Pointer = tuple[str | int, ...]


@dataclass
class Count:
    """Values of one field: in the expected data, found, found right; and those made up."""

    total: int = 0
    found: int = 0
    right: int = 0
    extra: int = 0


@dataclass
class Tally:
    """All counts of one set of documents.

    ``ratings`` pairs the confidence of every value found with whether it is right;
    ``grounded`` counts values with evidence.
    """

    fields: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    lines: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    misses: list[str] = field(default_factory=list)
    ratings: list[tuple[float, bool]] = field(default_factory=list)
    grounded: int = 0
    seconds: float = 0.0
    documents: int = 0


def scalars(data: Any, path: Pointer = ()) -> Iterator[tuple[Pointer, Any]]:
    """(path, value) of each scalar outside of lists."""
    if isinstance(data, dict):
        for name, value in data.items():
            yield from scalars(value, (*path, name))
    elif data is not None and not isinstance(data, list):
        yield path, data


def same(expected: Any, found: Any) -> bool:
    """Typed equality: numbers to half a cent, dates as dates, texts without case and spaces."""
    if found is None or isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    if isinstance(expected, int | float):
        return isinstance(found, int | float) and abs(expected - found) <= TOLERANCE
    try:
        return date.fromisoformat(str(expected)[:10]) == date.fromisoformat(str(found)[:10])
    except ValueError:
        pass
    try:
        return abs(float(expected) - float(found)) <= TOLERANCE
    except ValueError:
        return _plain(expected) == _plain(found)


def _plain(value: Any) -> str:
    return "".join(str(value).casefold().replace(",", " ").split()).strip(".#")


class Comparison:
    """Compares one reading with the expected data and adds to a tally.

    Where the expected data is ``complete``, a value that it lacks is wrong; otherwise it is
    only counted.
    """

    def __init__(
        self,
        name: str,
        tally: Tally,
        *,
        confidence: Mapping[str, float],
        evidence: Mapping[str, Any],
        complete: bool,
    ) -> None:
        self._name, self._tally, self._complete = name, tally, complete
        self._confidence, self._evidence = confidence, evidence

    def compare(self, expected: JsonObject, found: JsonObject) -> None:
        """Count what is right, scalar by scalar and line by line."""
        values = dict(scalars(found))
        wanted = dict(scalars(expected))
        for path, value in wanted.items():
            self._one(self._tally.fields, path, value, values.get(path), path)
        for path in values.keys() - wanted.keys():
            self._tally.fields[_dotted(path)].extra += 1
            if self._complete:
                self._tally.misses.append(
                    f"{self._name}: {_dotted(path)}: made up {values[path]!r}"
                )
                self._rate(path, right=False)
        for list_name, rows in expected.items():
            if isinstance(rows, list) and rows and isinstance(rows[0], dict):
                self._rows(list_name, rows, found.get(list_name) or [])

    def _one(
        self, counts: dict[str, Count], path: Pointer, value: Any, got: Any, place: Pointer
    ) -> None:
        count = counts[_dotted(path)]
        right = same(value, got)
        count.total += 1
        count.found += got is not None
        count.right += right
        if got is not None:
            self._rate(place, right=right)
        if not right:
            self._tally.misses.append(
                f"{self._name}: {_dotted(path)}: expected {value!r}, found {got!r}"
            )

    def _rate(self, place: Pointer, *, right: bool) -> None:
        pointer = json_pointer(place)
        self._tally.ratings.append((self._confidence.get(pointer, 0.0), right))
        self._tally.grounded += pointer in self._evidence

    def _rows(self, list_name: str, expected: list[Any], found: list[Any]) -> None:
        expected = [row for row in expected if any(scalars(row))]
        count = self._tally.lines["(rows)"]
        count.total += len(expected)
        count.found += len(found)
        count.right += min(len(expected), len(found))
        count.extra += max(len(found) - len(expected), 0)
        if len(expected) != len(found):
            self._tally.misses.append(
                f"{self._name}: expected {len(expected)} rows, found {len(found)}"
            )
        pairs = _pairs(expected, found)
        for position, row in enumerate(expected):
            values = dict(scalars(found[pairs[position]])) if position in pairs else {}
            for path, value in scalars(row):
                place = (list_name, pairs.get(position, -1), *path)
                self._one(self._tally.lines, path, value, values.get(path), place)


def _dotted(path: Pointer) -> str:
    return ".".join(str(step) for step in path)


def _pairs(expected: list[Any], found: list[Any]) -> dict[int, int]:
    """Expected row to the row found for it: those with most in common first, then in order."""
    scored = [
        (-_hits(row, other), abs(i - j), i, j)
        for i, row in enumerate(expected)
        for j, other in enumerate(found)
    ]
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for _, _, i, j in sorted(scored):
        if i not in pairs and j not in taken:
            pairs[i] = j
            taken.add(j)
    return pairs


def _hits(row: JsonObject, other: JsonObject) -> int:
    values = dict(scalars(other))
    return sum(same(value, values.get(path)) for path, value in scalars(row))


def auroc(ratings: list[tuple[float, bool]]) -> float | None:
    """How well confidence tells right from wrong; ``None`` where all are one or the other."""
    rights = [right for _, right in ratings]
    if len(set(rights)) < 2:
        return None
    return float(roc_auc_score(rights, [confidence for confidence, _ in ratings]))


def show(title: str, counts: dict[str, Count]) -> None:
    """A table of counts and their sum."""
    print(f"\n{title:36} right  found  total  more than expected")
    for name in sorted(counts):
        count = counts[name]
        if count.total:
            share = f"{count.right / count.total:6.0%}"
            numbers = f"{count.right:5}  {count.found:5}  {count.total:5}  {count.extra:5}"
            print(f"  {name:34} {numbers} {share}")
    print(f"  {'all':34} {_share(counts)}")


def _share(counts: dict[str, Count]) -> str:
    rows = [count for name, count in counts.items() if name != "(rows)"]
    right, total = sum(count.right for count in rows), sum(count.total for count in rows)
    extra = sum(count.extra for count in rows)
    return f"{right:5}  {'':5}  {total:5}  {extra:5} {right / max(total, 1):6.1%}"


def summary(tally: Tally) -> str:
    """One line: scalars, fields of lines, grounding, AUROC."""
    parts = []
    for name, counts in (("scalars", tally.fields), ("lines", tally.lines)):
        rows = [count for field_name, count in counts.items() if field_name != "(rows)"]
        total = sum(count.total for count in rows)
        if total:
            parts.append(f"{name} {sum(count.right for count in rows) / total:.1%} of {total}")
    if tally.ratings:
        parts.append(f"grounded {tally.grounded / len(tally.ratings):.1%}")
        area = auroc(tally.ratings)
        parts.append("AUROC -" if area is None else f"AUROC {area:.3f}")
    return ", ".join(parts)
