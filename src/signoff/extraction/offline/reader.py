"""The offline reader: reads any agent's documents without a model, honestly unsure of itself."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from decimal import Decimal

from signoff.documents.model import Document
from signoff.errors import DeadlineExceededError
from signoff.extraction.offline.assembly import Assembler
from signoff.extraction.offline.found import Corpus
from signoff.extraction.offline.labels import Vocabulary
from signoff.extraction.offline.layout import Sheet, sheet_of
from signoff.extraction.offline.plans import plan_of
from signoff.extraction.offline.tables import TableReader
from signoff.extraction.offline.targets import Group, Table
from signoff.extraction.reader import Reading, ReadRequest

FREE = Decimal(0)
MODEL_NAME = "offline"
FIRST_PAGES = 4
LAST_PAGES = 3
MAX_SHEETS = 60
MAIL_BODY_WEIGHT = 0.8


class OfflineReader:
    """Fills a schema by layout heuristics over the parsed words.

    It needs no network and answers the same documents in the same way each time, so that a
    correction cycle changes nothing. Its confidence is low throughout.
    """

    @property
    def offline(self) -> bool:
        """No model is behind it."""
        return True

    @property
    def limits(self) -> None:
        """It passes over the pages one by one: documents of any length."""
        return None

    def read(self, request: ReadRequest) -> Reading:
        """One reading.

        Raises:
            DeadlineExceededError: the documents have more pages than the time allows.
        """
        deadline = time.monotonic() + request.seconds_left
        plan = plan_of(request.schema)
        vocabulary = plan.vocabulary
        assembler = Assembler(request.schema, plan.root)
        tables = [TableReader(table, assembler.accept) for table in tables_of(plan.root)]
        kept: list[Sheet] = []
        unseen = 0
        for document in _ordered(request.documents):
            numbers = _pages_of(document, request, whole=bool(tables))
            kept += _kept_sheets(document, numbers, request, vocabulary, tables, deadline)
            if request.pages is None:
                unseen += max(document.info.page_count - FIRST_PAGES - LAST_PAGES, 0)
        for order, sheet in enumerate(kept[:MAX_SHEETS]):
            sheet.order = order
        fields = {k: v for d in request.documents for k, v in d.info.fields.items()}
        headers = next((d.info.headers for d in request.documents if d.info.headers), {})
        corpus = Corpus.of(kept[:MAX_SHEETS], vocabulary, fields, headers)
        data = assembler.assemble(corpus, tables)
        if not data:
            return Reading(
                model=MODEL_NAME,
                data=None,
                thought="Nothing in the documents matches the schema's labels.",
                problem="the offline reader found no value for any property of the schema",
                cost=FREE,
            )
        return Reading(
            model=MODEL_NAME,
            data=data,
            thought=_thought(assembler, unseen=unseen + max(len(kept) - MAX_SHEETS, 0)),
            confidence=assembler.confidence,
            evidence=assembler.evidence,
            cost=FREE,
        )


def tables_of(group: Group) -> Iterator[Table]:
    """The tables under ``group``; none inside another."""
    for child in group.children.values():
        if isinstance(child, Table):
            yield child
        elif isinstance(child, Group):
            yield from tables_of(child)


def _ordered(documents: Sequence[Document]) -> list[Document]:
    """Attachments before the mail that brought them: what is asked for stands there."""
    return sorted(documents, key=lambda document: document.info.media_type == "message/rfc822")


def _pages_of(document: Document, request: ReadRequest, *, whole: bool) -> Sequence[int]:
    """The pages to open: those asked for; all of them only where there are rows to read."""
    count = document.info.page_count
    if request.pages is not None:
        number, first, last = request.pages
        return range(first, min(last, count) + 1) if number == document.info.number else ()
    if whole or count <= FIRST_PAGES + LAST_PAGES:
        return range(1, count + 1)
    return [*range(1, FIRST_PAGES + 1), *range(count - LAST_PAGES + 1, count + 1)]


def _kept_sheets(
    document: Document,
    numbers: Sequence[int],
    request: ReadRequest,
    vocabulary: Vocabulary,
    tables: Sequence[TableReader],
    deadline: float,
) -> list[Sheet]:
    """The first and last pages as sheets; every page's rows go to the tables as it passes.

    Of a document of a thousand pages only these few stay in memory.
    """
    info = document.info
    mail = info.media_type == "message/rfc822"
    has_children = any(other.info.parent == info.number for other in request.documents)
    weight = MAIL_BODY_WEIGHT if mail and has_children else 1.0
    first: list[Sheet] = []
    last: deque[Sheet] = deque(maxlen=LAST_PAGES)
    for number in numbers:
        request.should_stop()
        if time.monotonic() > deadline:
            raise DeadlineExceededError(
                f"{info.name}: time ran out on page {number} of {info.page_count};"
                " raise the execution's time limit or split the document"
            )
        page = document.load_page(number)
        sheet = sheet_of(page, document=info.number, pages=info.page_count, weight=weight)
        if tables:
            corpus = Corpus.of([sheet], vocabulary)
            for table in tables:
                table.feed(sheet, corpus)
        (first if len(first) < FIRST_PAGES else last).append(sheet)
    return [*first, *last]


def _thought(assembler: Assembler, *, unseen: int) -> str:
    counts = Counter(assembler.how.values())
    ways = ", ".join(f"{count} {how}" for how, count in counts.most_common())
    text = f"Read without a model, by layout. {sum(counts.values())} values: {ways}."
    if assembler.rows_left_out:
        text += (
            " Rows left out because a value that every row must have was not found:"
            f" {assembler.rows_left_out}."
        )
    if unseen:
        text += (
            f" Rows were looked for on every page, other values not on {unseen} pages in the"
            f" middle (only on each document's first {FIRST_PAGES} and last {LAST_PAGES})."
        )
    return text
