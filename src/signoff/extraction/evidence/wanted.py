"""The values of one answer that are to be found in the documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from signoff.executions.agents import JsonObject
from signoff.executions.validation import json_pointer
from signoff.extraction.offline.lexicon import Kind
from signoff.extraction.offline.plans import without_numbers
from signoff.extraction.offline.targets import Path, Target

MAX_DEPTH = 60
MAX_VALUES = 100_000


@dataclass(frozen=True, eq=False)
class Wanted:
    """A scalar of the data; ``target`` says what its schema asks for, where that is known.

    ``column`` is its path within its row, the same in every row; for other values its own path.
    """

    path: Path
    value: Any
    target: Target | None
    column: Path

    @property
    def pointer(self) -> str:
        """Its JSON pointer."""
        return json_pointer(self.path)


Row = list[Wanted]


@dataclass(eq=False)
class WantedValues:
    """Everything to be found: single values, and lists of objects row by row."""

    single: list[Wanted] = field(default_factory=list)
    lists: list[list[Row]] = field(default_factory=list)

    @classmethod
    def of(cls, data: JsonObject, targets: Mapping[Path, Target]) -> WantedValues:
        """All strings and numbers. Booleans and null say nothing that is printed.

        Nor does a constant, which the schema lays down.
        """
        wanted = cls()
        wanted._count = 0
        wanted._collect(data, (), targets)
        return wanted

    def _collect(self, data: Any, path: Path, targets: Mapping[Path, Target]) -> None:
        if isinstance(data, list) and any(isinstance(item, dict) for item in data):
            rows = [
                list(self._scalars(item, (*path, number), targets, len(path) + 1))
                for number, item in enumerate(data)
            ]
            self.lists.append(rows)
        elif isinstance(data, dict | list) and len(path) < MAX_DEPTH:
            for name, item in data.items() if isinstance(data, dict) else enumerate(data):
                self._collect(item, (*path, name), targets)
        else:
            self.single += self._scalars(data, path, targets, 0)

    def _scalars(
        self, data: Any, path: Path, targets: Mapping[Path, Target], above: int
    ) -> Iterator[Wanted]:
        if isinstance(data, dict | list):
            if len(path) < MAX_DEPTH:
                for name, item in data.items() if isinstance(data, dict) else enumerate(data):
                    yield from self._scalars(item, (*path, name), targets, above)
            return
        if data is None or isinstance(data, bool) or isinstance(data, str) and not data.strip():
            return
        target = targets.get(without_numbers(path))
        if target is not None and (target.kind is Kind.BOOLEAN or "const" in target.schema):
            return
        self._count += 1
        if self._count <= MAX_VALUES:
            yield Wanted(path, data, target, path[above:])

    _count: int = 0
