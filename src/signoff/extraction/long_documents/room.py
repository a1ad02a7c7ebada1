"""How much one call takes: text of the documents, and rows in the answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from signoff.executions.agents import JsonObject
from signoff.extraction.long_documents.part_schema import list_paths, row_names
from signoff.extraction.prompts.page_text import estimate_tokens
from signoff.extraction.prompts.prompt import MESSAGES_TOKENS, RULES
from signoff.extraction.reader import ReaderLimits

if TYPE_CHECKING:
    from signoff.extraction.long_documents.parts import PageFacts

MAX_ROWS = 100
"""Rows asked for in one call. Published: models list 800 rows whole and a fifth of 1,200, and say
that they are done."""
LEAST_ROWS = 4
NO_LIMIT = 1_000_000
ANSWER_SHARE = 0.8
"""Of the longest answer, what is planned with: rows differ in length."""
TOKENS_PER_NAME = 5
"""What surrounds a property in an answer: quotation marks, colon, comma."""
LEAST_TOKENS = 100
DOCUMENT_TOKENS = 80
"""What surrounds a document."""


@dataclass(frozen=True)
class Room:
    """What one call takes: tokens of the documents' text, and rows in its answer."""

    tokens: int
    rows: int


def room_for(
    limits: ReaderLimits,
    schema: JsonObject,
    instructions: str,
    input_data: JsonObject | None,
    *,
    pages: Sequence[PageFacts],
) -> Room:
    """What a call takes beside what it always holds."""
    call = _Call.of(schema, instructions, input_data, pages)
    free = limits.context_tokens - limits.output_tokens - call.fixed
    tokens = max(free - DOCUMENT_TOKENS, LEAST_TOKENS)
    if not call.has_list:
        return Room(tokens, NO_LIMIT)
    answer = limits.output_tokens * ANSWER_SHARE - call.single
    return Room(tokens, min(MAX_ROWS, max(LEAST_ROWS, int(answer / max(call.row, 1)))))


def fits_one_call(
    limits: ReaderLimits,
    schema: JsonObject,
    instructions: str,
    input_data: JsonObject | None,
    *,
    pages: Sequence[PageFacts],
) -> bool:
    """Whether everything can be read, and answered, in one call."""
    call = _Call.of(schema, instructions, input_data, pages)
    documents = len({page.document for page in pages})
    text = sum(page.tokens for page in pages) + DOCUMENT_TOKENS * documents
    prompt = call.fixed + text
    if prompt > limits.context_tokens - limits.output_tokens:
        return False
    if not call.has_list:
        return True
    rows = sum(len(page.rows) for page in pages)
    longest = max(limits.output_tokens, min(limits.longest_answer, limits.context_tokens - prompt))
    return rows <= MAX_ROWS and call.single + rows * call.row <= longest * ANSWER_SHARE


@dataclass(frozen=True)
class _Call:
    """What a call costs beside the documents: the rest of its prompt, and its answer."""

    fixed: int
    single: float
    row: float
    has_list: bool

    @classmethod
    def of(
        cls,
        schema: JsonObject,
        instructions: str,
        input_data: JsonObject | None,
        pages: Sequence[PageFacts],
    ) -> _Call:
        """A row of the answer costs what its line on the page does, and its properties' names."""
        written = _compact_json(schema)
        given = _compact_json(input_data) if input_data else ""
        texts = (RULES, written, instructions, given)
        lists = list_paths(schema)
        names = row_names(schema, lists[0]) if lists else []
        return cls(
            fixed=sum(map(estimate_tokens, texts)) + MESSAGES_TOKENS,
            single=estimate_tokens(written) / 2,
            row=max((page.row_cost for page in pages), default=0.0)
            + sum(estimate_tokens(name) + TOKENS_PER_NAME for name in names),
            has_list=bool(lists),
        )


def _compact_json(value: JsonObject) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
