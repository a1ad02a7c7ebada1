"""What needs a reviewer's eyes, as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from signoff.executions.extractions import Extraction
from signoff.review.attention import SURE, Doubt, attention_for
from signoff.review.description import one_line

MAX_LINES = 25
MAX_TEXT = 60


def attention_lines(extraction: Extraction) -> Iterator[str]:
    """Failed checks, notes, then values to look at, the least certain first."""
    attention = attention_for(extraction)
    for check in attention.failed_checks:
        yield f"check “{one_line(check.name)}” failed: {one_line(check.message)}"
    for note in attention.notes:
        yield one_line(note)
    doubts = attention.doubts[:MAX_LINES]
    width = max((len(one_line(doubt.name, limit=MAX_TEXT)) for doubt in doubts), default=0)
    for doubt in doubts:
        yield _line(doubt, width)
    if len(attention.doubts) > MAX_LINES:
        yield f"… and {len(attention.doubts) - MAX_LINES} more"
    if attention.only_checks:
        yield f"nothing against but a failed check over many values: {attention.only_checks}"
    if attention.sure:
        yield f"sure ({SURE:.0%} or more, and nothing against): {attention.sure}"
    if attention.edited:
        yield f"edited by a person since: {attention.edited}"


def _line(doubt: Doubt, width: int) -> str:
    score = "   –" if doubt.confidence is None else f"{doubt.confidence:.2f}"
    parts = [one_line(reason, limit=2 * MAX_TEXT) for reason in doubt.against]
    if doubt.evidence is not None:
        place = f"file {doubt.evidence.file}, page {doubt.evidence.page}"
        parts.append(f"{place}: {one_line(doubt.evidence.quote, limit=MAX_TEXT)}")
    name = one_line(doubt.name, limit=MAX_TEXT)
    value = one_line(doubt.value, limit=MAX_TEXT)
    return f"{score}  {name:{width}}  {value}" + (f"  ({'; '.join(parts)})" if parts else "")
