"""What makes an answer worth another look, though it meets the schema and the checks.

A value that stands nowhere in the documents was made up, misread or written in another way than
asked for, and a value that was left out may stand beside its label all the same. The model gets
one turn to look again, with what the offline reader found there; it costs one call where
something is in doubt, and none where nothing is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from signoff.executions.agents import JsonObject
from signoff.executions.extractions import Evidence
from signoff.executions.scalars import scalars
from signoff.extraction.alignment import align
from signoff.extraction.equality import same_value
from signoff.extraction.evidence import Grounding
from signoff.extraction.reader import Reading

MAX_DOUBTS = 12
MAX_COPIED = 80
"""Longer texts are summaries and the like, which stand nowhere as they are."""
MIN_RATING = 0.5
"""How sure the offline reader must be of a value that the model has left out."""


def doubts(data: JsonObject, grounding: Grounding, *, second: Reading | None) -> list[str]:
    """One line for each value in doubt, as text that a model can act on.

    Args:
        data: the answer.
        grounding: where its values stand; those copied from input data are in no doubt.
        second: what the offline reader made of the documents.
    """
    values = dict(scalars(data))
    shown = dict(_shown(data, second)) if second is not None else {}
    lines = [
        f"- {pointer}: {_quoted(values[pointer])} stands nowhere in the documents."
        + (f" {shown[pointer]}" if pointer in shown else "")
        for pointer in grounding.ungrounded
        if not (isinstance(values[pointer], str) and len(values[pointer]) > MAX_COPIED)
    ]
    lines += [
        f"- {pointer}: left out. {place}"
        for pointer, place in shown.items()
        if pointer not in values
        and second is not None
        and second.confidence.get(pointer, 0.0) >= MIN_RATING
    ]
    return lines[:MAX_DOUBTS]


def _shown(data: JsonObject, second: Reading) -> Iterator[tuple[str, str]]:
    """What the offline reader found in place of each single value that it does not agree on."""
    own = dict(scalars(second.data or {}))
    for pointer, value, theirs in align(data, second.data) if second.data else ():
        place = second.evidence.get(pointer)
        # rows may stand in another order there: then the place is not this value's
        if place is not None and own.get(pointer) == theirs and not same_value(value, theirs):
            yield pointer, _place(theirs, place)


def _place(value: Any, evidence: Evidence) -> str:
    return (
        f"Where it could stand, page {evidence.page} of document {evidence.file} shows"
        f" {_quoted(evidence.quote)}, that is {_quoted(value)}."
    )


def _quoted(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    return f"“{text[:MAX_COPIED]}”"
