"""Extracted data held against the expected, value by value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict
from rapidfuzz.distance import Levenshtein

from signoff.executions.agents import JsonObject
from signoff.executions.validation import json_pointer
from signoff.extraction.equality import plain_text, same_value
from signoff.extraction.rows import match_rows

ANLS_THRESHOLD = 0.5
"""Texts less alike than this score 0 (Biten et al., Scene Text Visual Question Answering, 2019)."""

Path = tuple[str | int, ...]


class Verdict(StrEnum):
    """What became of one value."""

    RIGHT = "right"
    WRONG = "wrong"
    MISSED = "missed"  # expected, and nothing was found
    EXTRA = "extra"  # found, and nothing was expected


class Comparison(BaseModel):
    """One value. ``field`` is its path with ``*`` for the rows of lists.

    ``pointer`` is the JSON pointer into the data extracted, ``None`` for a missed value.
    ``anls`` is how alike two texts are (0 to 1), ``None`` for other values.
    """

    model_config = ConfigDict(frozen=True)

    field: str
    verdict: Verdict
    expected: Any = None
    found: Any = None
    pointer: str | None = None
    anls: float | None = None


def compare(
    expected: JsonObject, found: JsonObject, *, schema: JsonObject, partial: bool = False
) -> list[Comparison]:
    """Every value that either side has.

    Values are equal by type: numbers as numbers, dates as dates, texts without regard to case
    and spaces. Null, an empty text and an absent property all mean that there is no value. Rows
    of lists are paired so that they have most in common.

    Args:
        expected: the truth.
        found: what was extracted.
        schema: the agent's data schema.
        partial: do not judge what ``expected`` does not name.
    """
    return list(_compare(expected, found, schema, (), (), partial=partial))


def anls(expected: str, found: str) -> float:
    """Normalised Levenshtein similarity of two texts, 0 below :data:`ANLS_THRESHOLD`."""
    likeness = Levenshtein.normalized_similarity(plain_text(expected), plain_text(found))
    return likeness if likeness >= ANLS_THRESHOLD else 0.0


def _compare(
    expected: Any,
    found: Any,
    schema: JsonObject,
    field: Path,
    pointer: Path,
    *,
    partial: bool,
) -> Iterator[Comparison]:
    if isinstance(expected, dict) or isinstance(found, dict):
        yield from _compare_objects(expected, found, schema, field, pointer, partial=partial)
    elif isinstance(expected, list) or isinstance(found, list):
        yield from _compare_lists(expected, found, schema, field, pointer, partial=partial)
    else:
        yield from _compare_values(expected, found, schema, field, pointer)


def _compare_objects(
    expected: Any, found: Any, schema: JsonObject, field: Path, pointer: Path, *, partial: bool
) -> Iterator[Comparison]:
    wanted: Mapping[str, Any] = expected if isinstance(expected, dict) else {}
    got: Mapping[str, Any] = found if isinstance(found, dict) else {}
    for name in wanted if partial else dict.fromkeys((*wanted, *got)):
        yield from _compare(
            wanted.get(name),
            got.get(name),
            _part(schema, "properties", name),
            (*field, name),
            (*pointer, name),
            partial=partial,
        )


def _compare_lists(
    expected: Any, found: Any, schema: JsonObject, field: Path, pointer: Path, *, partial: bool
) -> Iterator[Comparison]:
    wanted = expected if isinstance(expected, list) else []
    got = found if isinstance(found, list) else []
    for left, right in match_rows(wanted, got):
        yield from _compare(
            None if left is None else wanted[left],
            None if right is None else got[right],
            _part(schema, "items"),
            (*field, "*"),
            (*pointer, -1 if right is None else right),
            # of a row that is not expected at all, each value counts
            partial=partial and left is not None,
        )


def _compare_values(
    expected: Any, found: Any, schema: JsonObject, field: Path, pointer: Path
) -> Iterator[Comparison]:
    wanted, got = _has_value(expected), _has_value(found)
    if not wanted and not got:
        return
    if same_value(expected, found, schema=schema):
        verdict = Verdict.RIGHT
    elif wanted and got:
        verdict = Verdict.WRONG
    else:
        verdict = Verdict.MISSED if wanted else Verdict.EXTRA
    texts = isinstance(expected, str) and (isinstance(found, str) or not got)
    yield Comparison(
        field=json_pointer(field),
        verdict=verdict,
        expected=expected,
        found=found,
        pointer=json_pointer(pointer) if got else None,
        anls=anls(expected, found or "") if texts else None,
    )


def _has_value(value: Any) -> bool:
    return value is not None and not (isinstance(value, str) and not value.strip())


def _part(schema: JsonObject, *names: str) -> JsonObject:
    """The schema of a property or of a list's rows; empty where it is not written so plainly."""
    part: Any = schema
    for name in names:
        part = part.get(name) if isinstance(part, dict) else None
    return part if isinstance(part, dict) else {}
