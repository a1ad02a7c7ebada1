"""Texts that stand in a document nearly as the value has them. Numbers and dates never do."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator

from rapidfuzz.distance import Levenshtein
from rapidfuzz.fuzz import partial_ratio_alignment

from signoff.executions.extractions import MatchKind
from signoff.extraction.evidence.index import PageSpan, Stream, WordIndex
from signoff.extraction.evidence.letters import atoms, folded

MIN_SIMILARITY = 0.9
"""The share of its characters that a text must have in common with the page's text layer."""
MIN_SIMILARITY_OCR = 0.8
"""The same for a page that OCR read."""
MIN_LETTERS = 5
MAX_LETTERS = 300
MAX_COMPARED = 400_000_000
"""Characters of values times characters of pages that one grounding compares at most."""
WORDS_NEARBY = 6.0
"""So many lines apart the words of a value may stand that are all there, in another order."""
MAX_ANCHORS = 30
ALL_WORDS = 0.85
"""How similar a value is whose words are all there, in another order."""


class NearMatcher:
    """Finds texts by similarity, within a budget that hostile data cannot overdraw."""

    def __init__(self, index: WordIndex) -> None:
        self._index = index
        self._budget = MAX_COMPARED

    def hits(self, text: str) -> list[tuple[tuple[int, ...], MatchKind, float]]:
        """The places most similar to ``text``, if similar enough."""
        parts = atoms(text)
        wanted = "".join(parts)
        letters = sum(not char.isdigit() for char in wanted)
        if not MIN_LETTERS <= len(wanted) <= MAX_LETTERS or letters < 3:
            return []
        found: dict[tuple[int, ...], float] = {}
        for page in self._likely(parts):
            for stream, (start, end) in (
                (self._index.across, page.across),
                (self._index.down, page.down),
            ):
                self._budget -= len(wanted) * (end - start)
                if self._budget < 0:
                    break
                if place := _most_similar(stream, start, end, wanted, scanned=page.scanned):
                    found.setdefault(place[0], place[1])
        if not found:
            found = dict(self._in_another_order(parts))
        best = max(found.values(), default=0.0)
        return sorted(
            (tokens, MatchKind.FUZZY, round(similarity, 3))
            for tokens, similarity in found.items()
            if similarity >= best - 0.02
        )

    def _likely(self, parts: list[str]) -> list[PageSpan]:
        """The pages that have one of the longer words; all, where none has."""
        index = self._index
        numbers = {
            index.page_of(token)
            for part in parts
            if len(part) > 3
            for token in index.words.get(part, ())[:500]
        }
        return [index.pages[number] for number in sorted(numbers)] or index.pages

    def _in_another_order(self, parts: list[str]) -> Iterator[tuple[tuple[int, ...], float]]:
        """All words of a text within a few lines: an address, a name and what it is of."""
        index = self._index
        wanted = list(dict.fromkeys(parts))
        if len(wanted) < 2 or sum(map(len, wanted)) < 8 or len(wanted) > 40:
            return
        places = [index.words.get(part) for part in wanted]
        found = [place for place in places if place is not None]
        if len(found) < len(places):
            return
        for anchor in min(found, key=len)[:MAX_ANCHORS]:
            self._budget -= 1_000 * len(found)
            if self._budget < 0:
                return
            tokens = {self._nearest(place, anchor) for place in found}
            apart = (abs(index.heights[token] - index.heights[anchor]) for token in tokens)
            if max(apart) <= WORDS_NEARBY:
                yield tuple(sorted(tokens)), ALL_WORDS

    def _nearest(self, places: array[int], anchor: int) -> int:
        """Of a word's places, which are in the order of the pages, the one nearest to a token."""
        after = bisect_left(places, anchor)
        beside = places[max(after - 1, 0) : after + 1]
        heights = self._index.heights
        return min(beside, key=lambda token: abs(heights[token] - heights[anchor]))


def _most_similar(
    stream: Stream, start: int, end: int, wanted: str, *, scanned: bool
) -> tuple[tuple[int, ...], float] | None:
    """The run of whole words in a part of a stream that is most like ``wanted``."""
    limit = MIN_SIMILARITY_OCR if scanned else MIN_SIMILARITY
    text = stream.text[start:end]
    if len(text) < len(wanted) * limit:
        return None
    needle = folded(wanted) if scanned else wanted
    text = folded(text) if scanned else text
    if len(text) < len(needle):
        text = text.ljust(len(needle), "\n")
    # an alignment may cut words at its ends
    alignment = partial_ratio_alignment(needle, text, score_cutoff=100 * (limit - 0.1))
    if alignment is None:
        return None
    best: tuple[tuple[int, ...], float] | None = None
    first = stream.atom_at(start + alignment.dest_start)
    last = stream.atom_at(start + max(alignment.dest_end - 1, alignment.dest_start))
    for begin in range(max(first - 1, 0), first + 2):
        for finish in range(max(last - 1, begin), min(last + 2, len(stream.starts))):
            low, high = stream.starts[begin], stream.end_of(finish)
            if low < start or high > end or not 0.7 < (high - low) / len(wanted) < 1.4:
                continue
            window = stream.text[low:high]
            if "\n" in window:
                continue
            similarity = _similarity(wanted, window, scanned=scanned)
            if similarity >= limit and (best is None or similarity > best[1]):
                best = tuple(dict.fromkeys(stream.tokens[begin : finish + 1])), similarity
    return best


def _similarity(wanted: str, window: str, *, scanned: bool) -> float:
    """The share of characters in common; none at all where a digit differs."""
    pair = (folded(wanted), folded(window)) if scanned else (wanted, window)
    for edit in Levenshtein.editops(*pair):
        source = wanted[edit.src_pos] if edit.src_pos < len(wanted) else ""
        target = window[edit.dest_pos] if edit.dest_pos < len(window) else ""
        if edit.tag != "insert" and source.isdigit() or edit.tag != "delete" and target.isdigit():
            return 0.0
    changed = sum(a != b for a, b in zip(wanted, window, strict=False)) if scanned else 0
    similarity = Levenshtein.normalized_similarity(*pair)
    # confused characters are not quite the same ones
    return min(similarity, 0.98) if changed else similarity
