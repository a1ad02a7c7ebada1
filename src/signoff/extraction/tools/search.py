"""``search``: where in the documents a text stands, misread characters forgiven."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, Field
from rapidfuzz import fuzz, process

from signoff.documents.model import Document
from signoff.executions.agents import JsonObject
from signoff.extraction.reader import Observation
from signoff.extraction.tools.inputs import UnusableInputError, find_document, tool_spec

MAX_PLACES = 10
CONTEXT = 80
"""Characters shown before and after what was found."""

MAX_PAGES = 2000
MAX_PAGE_CHARACTERS = 200_000

LEAST_FUZZY = 4
"""Shorter queries resemble too much; they are only looked for as they are."""

SIMILAR = 80.0
"""How alike a line must be, of 100: one wrong character in five."""


class SearchInput(BaseModel):
    """What to look for, and where."""

    query: str = Field(
        min_length=1, max_length=200, description="Words as they may stand in the document."
    )
    document: int | None = Field(
        default=None, description="The number of the only document to search."
    )


@dataclass(frozen=True)
class _Place:
    document: int
    page: int
    quote: str
    score: float

    def __str__(self) -> str:
        alike = "" if self.score >= 100 else f" ({self.score:.0f} % alike)"
        return f"document {self.document}, page {self.page}{alike}: {self.quote}"


class Search:
    """Places in documents."""

    spec = tool_spec(
        "search", "Find where words stand in the documents; tolerates misread letters.", SearchInput
    )

    def __init__(self, documents: Sequence[Document]) -> None:
        """Search ``documents``."""
        self._documents = documents

    def run(self, arguments: JsonObject) -> Observation:
        """The best places, exact ones first, in the documents' order."""
        wanted = SearchInput.model_validate(arguments)
        query = " ".join(wanted.query.split())
        if not query:
            raise UnusableInputError("query: is blank")
        documents = self._documents
        if wanted.document is not None:
            documents = [find_document(documents, wanted.document)]
        exact: list[_Place] = []
        similar: list[_Place] = []
        searched, pages = 0, sum(document.info.page_count for document in documents)
        for document, number, text in _texts(documents):
            searched += 1
            found = list(_exact(query, text, document, number))
            exact += found
            # a page that has the words themselves is not asked for what looks like them
            if not found and len(query) >= LEAST_FUZZY:
                similar += _similar(query, text, document, number)
            if len(exact) > MAX_PLACES:
                break
        else:
            searched = pages if searched < MAX_PAGES else searched
        similar.sort(key=lambda place: -place.score)
        return Observation(_told([*exact, *similar], query, searched=searched, pages=pages))


def _texts(documents: Sequence[Document]) -> Iterator[tuple[int, int, str]]:
    left = MAX_PAGES
    for document in documents:
        for page in document.pages():
            if left == 0:
                return
            left -= 1
            yield document.info.number, page.number, page.text[:MAX_PAGE_CHARACTERS]


def _exact(query: str, text: str, document: int, page: int) -> Iterator[_Place]:
    flat = " ".join(text.split())
    # lower() may change a text's length (İ): positions then are those of the lowered text
    lowered, wanted = flat.lower(), query.lower()
    if len(lowered) != len(flat):
        flat = lowered
    start = lowered.find(wanted)
    for _ in range(MAX_PLACES + 1):
        if start < 0:
            return
        end = start + len(wanted)
        quote = flat[max(0, start - CONTEXT) : end + CONTEXT]
        yield _Place(document, page, quote, 100.0)
        start = lowered.find(wanted, end)


def _similar(query: str, text: str, document: int, page: int) -> Iterator[_Place]:
    # shorter lines would be found inside the query, not the other way round
    lines = [line for line in map(_one_line, text.splitlines()) if len(line) >= len(query) * 0.8]
    for line, score, _ in process.extract(
        query.lower(),
        lines,
        scorer=fuzz.partial_ratio,
        processor=str.lower,
        score_cutoff=SIMILAR,
        limit=MAX_PLACES,
    ):
        yield _Place(document, page, line[: 2 * CONTEXT + len(query)], score)


def _one_line(line: str) -> str:
    return " ".join(line.split())


def _told(places: list[_Place], query: str, *, searched: int, pages: int) -> str:
    lines = [str(place) for place in places[:MAX_PLACES]]
    if not places:
        lines.append(f"Nothing like {query!r} was found. Try fewer or other words.")
    if len(places) > MAX_PLACES:
        lines.append(f"There are more places than {MAX_PLACES}: search for something rarer.")
    elif searched < pages:
        lines.append(f"Only the first {searched} of {pages} pages were searched.")
    return "\n".join(lines)
