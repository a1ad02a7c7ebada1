"""What a reviewer should look at first, and what needs no look: shared by form and terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from signoff.executions.extractions import (
    CheckResult,
    CheckStatus,
    Disagreement,
    Evidence,
    Extraction,
    FieldSignals,
    MatchKind,
)
from signoff.executions.pointers import enclosing
from signoff.executions.scalars import changed

SURE = 0.9
"""From this confidence on a value that nothing speaks against is summed up with others."""

MANY_VALUES = 6
"""A check over more values than this tells little of each."""

STANDS_OUT = 0.15
"""So much less sure than the others of such a check, a value is one to look at."""

CLEAR_WORDS = 0.7
"""OCR that is less sure of a word is mentioned."""

_ABSENT = 0.5  # where a value that was not read stands among those that were
_READERS = {"challenger": "the challenger", "offline": "the offline reader"}


@dataclass(frozen=True)
class Doubt:
    """A value to look at. ``against`` says why in plain words, the gravest first.

    ``confidence`` is ``None`` for what was not read. ``evidence`` is where it was found, if it
    was.
    """

    pointer: str
    name: str
    value: str
    confidence: float | None
    against: list[str]
    evidence: Evidence | None = None


@dataclass(frozen=True)
class Attention:
    """What needs eyes, and how many values do not.

    ``only_checks`` have nothing against them but a failed check over many values, which says for
    itself what it found: one of them may be wrong, and a list of all of them would hide what is.
    Those that stand out among them are listed.
    """

    failed_checks: list[CheckResult] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    only_checks: int = 0
    sure: int = 0
    edited: int = 0


def attention_for(extraction: Extraction) -> Attention:
    """Sort an extraction's values into those to look at, the least certain first, and the rest."""
    failed = [check for check in extraction.checks if check.status is CheckStatus.FAILED]
    others: dict[str, list[Disagreement]] = {}
    for other in extraction.disagreements:
        others.setdefault(other.pointer, []).append(other)
    named: dict[str, list[str]] = {}
    for check in failed:
        for pointer in check.pointers:
            named.setdefault(pointer, []).append(check.name)
    many = {f"check “{check.name}”" for check in failed if len(check.pointers) > MANY_VALUES}
    as_read = extraction.data if extraction.as_read is None else extraction.as_read
    edited = changed(as_read, extraction.data)
    scores = {p: score for p, score in extraction.confidence.items() if p not in edited}
    reasons = {
        pointer: list(_against(extraction, pointer, named, others.get(pointer, [])))
        for pointer in scores
    }
    # the check lowered all of them: how sure they are says which to look at, not how far
    of_many = [scores[p] for p, against in reasons.items() if against and many.issuperset(against)]
    usual = median(of_many) if of_many else SURE
    doubts, only_checks, sure = [], 0, 0
    for pointer, confidence in scores.items():
        against = reasons[pointer]
        if not against and confidence >= SURE:
            sure += 1
            continue
        if against and many.issuperset(against) and confidence >= usual - STANDS_OUT:
            only_checks += 1
            continue
        name, value = name_and_value(extraction.data, pointer)
        evidence = extraction.evidence.get(pointer)
        doubts.append(Doubt(pointer, name, value, confidence, against, evidence))
    for pointer, opinions in others.items():
        known = [other for other in opinions if other.value is not None]
        if pointer not in extraction.confidence and known:
            name, value = name_and_value(extraction.data, pointer)
            if not value:
                doubts.append(Doubt(pointer, name, "", None, [*map(_opinion, known)]))
    doubts.sort(key=lambda doubt: _ABSENT if doubt.confidence is None else doubt.confidence)
    return Attention(failed, list(extraction.notes), doubts, only_checks, sure, len(edited))


def _against(
    extraction: Extraction,
    pointer: str,
    failed: dict[str, list[str]],
    others: list[Disagreement],
) -> Iterator[str]:
    if pointer in extraction.ungrounded:
        yield "stands nowhere in the documents"
    yield from map(_opinion, others)
    for at in enclosing(pointer):
        for name in failed.get(at, ()):
            yield f"check “{name}”"
    signals = extraction.signals.get(pointer, FieldSignals())
    if signals.match is MatchKind.FUZZY:
        yield f"found only nearly ({signals.similarity:.0%})"
    if signals.word_confidence is not None and signals.word_confidence < CLEAR_WORDS:
        yield f"hard to read (OCR {signals.word_confidence:.0%})"


def _opinion(other: Disagreement) -> str:
    what = "nothing" if other.value is None else shown(other.value)
    return f"{_READERS[other.reader]} read {what}"


def name_and_value(data: Any, pointer: str) -> tuple[str, str]:
    """What a pointer points at, rows counted as people do: ``lines › 1 › amount``."""
    names = []
    for part in (p.replace("~1", "/").replace("~0", "~") for p in pointer.split("/")[1:]):
        row = isinstance(data, list) and part.isdecimal() and len(part) < 10
        names.append(str(int(part) + 1) if row else part)
        try:
            data = data[int(part)] if row else data[part]
        except (LookupError, TypeError):
            data = None
    return " › ".join(names), "" if data is None else shown(data)


def shown(value: Any) -> str:
    """A value for people: a row as ``name: value`` pairs."""
    match value:
        case dict():
            pairs = (f"{name}: {shown(item)}" for name, item in value.items() if item is not None)
            return ", ".join(pairs)
        case list():
            return "; ".join(map(shown, value))
        case _:
            return str(value)
