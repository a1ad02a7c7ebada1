"""How much one call takes: text of the documents, and rows in the answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from signoff.executions.agents import JsonObject
from signoff.extraction.long_documents.part_schema import list_paths, row_names
from signoff.extraction.page_text import estimate_tokens
from signoff.extraction.prompt import MESSAGES_TOKENS, RULES
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
    """What a call takes beside what it always holds.

    A row of the answer costs what its line on the page does and the names of its properties.
    """
    written = _compact_json(schema)
    given = _compact_json(input_data) if input_data else ""
    fixed = sum(map(estimate_tokens, (RULES, written, instructions, given))) + MESSAGES_TOKENS
    tokens = max(limits.context_tokens - limits.output_tokens - fixed, LEAST_TOKENS)
    lists = list_paths(schema)
    if not lists:
        return Room(tokens, NO_LIMIT)
    names = row_names(schema, lists[0])
    row = max((page.row_cost for page in pages), default=0.0)
    row += sum(estimate_tokens(name) + TOKENS_PER_NAME for name in names)
    answer = limits.output_tokens * ANSWER_SHARE - estimate_tokens(written) / 2
    return Room(tokens, min(MAX_ROWS, max(LEAST_ROWS, int(answer / max(row, 1)))))


def _compact_json(value: JsonObject) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
