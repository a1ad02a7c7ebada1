"""Every value of an answer traced to the place on the page where it stands."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from signoff.documents.model import Document
from signoff.executions.agents import JsonObject
from signoff.executions.extractions import Evidence
from signoff.extraction.equality import same_value
from signoff.extraction.evidence.index import WordIndex
from signoff.extraction.evidence.lookup import Hit, Lookup
from signoff.extraction.evidence.row_places import RowPlacer
from signoff.extraction.evidence.single_places import SinglePlacer
from signoff.extraction.evidence.wanted import Wanted, WantedValues
from signoff.extraction.offline.plans import plan_of

MAX_QUOTE = 300
MAX_GIVEN = 10_000
KEPT_PAGES = 100
"""The words of more pages are indexed anew for each answer: while a model is waited for, they would
fill the memory."""


@dataclass(frozen=True)
class Grounding:
    """Where the values of an answer stand in the documents.

    Attributes:
        evidence: by JSON pointer, for every string and number that was found.
        ungrounded: pointers of those that appear nowhere, or not where they should.
        given: pointers of those that the caller gave as input data and no document has.
    """

    evidence: dict[str, Evidence] = field(default_factory=dict)
    ungrounded: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)


class Grounder:
    """Looks the values of answers up in documents, whose words are indexed once."""

    def __init__(
        self,
        schema: JsonObject,
        documents: Sequence[Document],
        *,
        input_data: JsonObject | None = None,
    ) -> None:
        """Look up in ``documents``; what was copied from ``input_data`` need not stand there."""
        self._plan = plan_of(schema)
        self._documents, self._input_data = documents, input_data
        self._index: WordIndex | None = None
        self._last: tuple[str, Grounding] | None = None

    def ground(self, data: JsonObject, *, known: Mapping[str, Evidence] | None = None) -> Grounding:
        """Look up every string and number of ``data``; asked the same again, it remembers.

        Args:
            data: the answer.
            known: where the reader itself says that it read a value; it is believed where the
                value does stand there.
        """
        if known:
            return self._ground(data, known)
        written = json.dumps(data)
        if self._last is None or self._last[0] != written:
            self._last = (written, self._ground(data, {}))
        return self._last[1]

    def _words(self) -> WordIndex:
        if self._index is not None:
            return self._index
        index = WordIndex.of(self._documents, self._plan.vocabulary)
        if sum(document.info.page_count for document in self._documents) <= KEPT_PAGES:
            self._index = index
        return index

    def _ground(self, data: JsonObject, known: Mapping[str, Evidence]) -> Grounding:
        wanted = WantedValues.of(data, self._plan.targets)
        index = self._words()
        lookup = Lookup(index)
        maker = _EvidenceMaker(index, lookup, known)
        pairs: list[tuple[Wanted, Evidence | None]] = []
        taken: set[tuple[int, ...]] = set()
        for rows in wanted.lists:
            found = [[lookup.hits(each.value, each.target) for each in row] for row in rows]
            placed = RowPlacer(index, rows, found).place()
            for row, options, hits in zip(rows, found, placed, strict=True):
                taken.update(hit.tokens for hit in hits if hit is not None)
                pairs += maker.pairs(row, options, hits)
        found_single = [
            lookup.hits(each.value, each.target) or lookup.sums(each.value, each.target)
            for each in wanted.single
        ]
        placed_single = SinglePlacer(index, taken).place(wanted.single, found_single)
        pairs += maker.pairs(wanted.single, found_single, placed_single)
        return _sorted_out(pairs, self._input_data)


def ground(
    data: JsonObject,
    schema: JsonObject,
    documents: Sequence[Document],
    *,
    input_data: JsonObject | None = None,
    known: Mapping[str, Evidence] | None = None,
) -> Grounding:
    """Look up one answer: :class:`Grounder` for a single time."""
    return Grounder(schema, documents, input_data=input_data).ground(data, known=known)


def _sorted_out(
    pairs: list[tuple[Wanted, Evidence | None]], input_data: JsonObject | None
) -> Grounding:
    grounding = Grounding()
    given = list(_scalars(input_data))[:MAX_GIVEN]
    for wanted, evidence in pairs:
        if evidence is not None:
            grounding.evidence[wanted.pointer] = evidence
        elif any(same_value(wanted.value, value) for value in given):
            grounding.given.append(wanted.pointer)
        else:
            grounding.ungrounded.append(wanted.pointer)
    return grounding


class _EvidenceMaker:
    def __init__(self, index: WordIndex, lookup: Lookup, known: Mapping[str, Evidence]) -> None:
        self._index = index
        self._lookup = lookup
        self._known = known

    def pairs(
        self, wanted: Sequence[Wanted], found: Sequence[list[Hit]], placed: Sequence[Hit | None]
    ) -> Iterator[tuple[Wanted, Evidence | None]]:
        """Each value with its evidence."""
        for each, hits, hit in zip(wanted, found, placed, strict=True):
            evidence = self._told(self._known.get(each.pointer), hits)
            if evidence is None and hit is not None:
                evidence = self._evidence(hit, len(hits))
            yield each, evidence

    def _told(self, told: Evidence | None, hits: Sequence[Hit]) -> Evidence | None:
        """What the reader says, where one of the value's places is there."""
        if told is None:
            return None
        for hit in hits:
            own = self._evidence(hit, len(hits))
            if own.file == told.file and own.page == told.page and _overlap(own.box, told.box):
                return own.model_copy(update={"box": told.box, "quote": told.quote})
        return None

    def _evidence(self, hit: Hit, places: int) -> Evidence:
        index = self._index
        page = index.pages[index.page_of(hit.tokens[0])]
        box = None
        if page.boxes:
            edges = [index.box(token) for token in hit.tokens]
            lefts, tops, rights, bottoms = zip(*edges, strict=True)
            box = (min(lefts), min(tops), max(rights), max(bottoms))
        return Evidence(
            file=page.file,
            page=page.page,
            box=box,
            quote=self._lookup.quote(hit.tokens)[:MAX_QUOTE],
            match=hit.match,
            similarity=hit.similarity,
            word_confidence=round(min(index.confidences[token] for token in hit.tokens), 4),
            places=places,
        )


def _overlap(
    one: tuple[float, float, float, float] | None, other: tuple[float, float, float, float] | None
) -> bool:
    if one is None or other is None:
        return one is other
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _scalars(data: Any) -> Iterator[Any]:
    pending = [data]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
        elif value is not None and not isinstance(value, bool):
            yield value
