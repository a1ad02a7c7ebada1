"""What is known of each value, brought together from all who had a say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from signoff.executions.agents import JsonObject
from signoff.executions.extractions import (
    CheckResult,
    CheckStatus,
    Disagreement,
    Evidence,
    Extraction,
    FieldSignals,
    Iteration,
    MatchKind,
)
from signoff.executions.pointers import enclosing
from signoff.executions.scalars import scalars
from signoff.extraction.alignment import align, rows_left_out
from signoff.extraction.equality import same_value
from signoff.extraction.turns import was_cut_short

ReaderName = Literal["challenger", "offline"]


class Opinions:
    """What another reader has in place of each value.

    Attributes:
        agrees: by pointer; a value on which it has no opinion is not among them.
        disagreements: where it has something else, or something where there is nothing.
    """

    def __init__(self, data: JsonObject, other: JsonObject | None, *, reader: ReaderName) -> None:
        """Compare ``other``, which ``reader`` read, with ``data``; ``None`` is no reading.

        The challenger is a model like the one that read: a value that it has not found is one it
        denies. The offline reader finds less than it misses: what it has not found says nothing,
        nor do rows that only it has, but where it has all others too.
        """
        self.agrees: dict[str, bool] = {}
        self.disagreements: list[Disagreement] = []
        aligned = list(align(data, other)) if other is not None else []
        if reader == "offline":
            self.disagreements += [
                Disagreement(pointer=pointer, reader=reader, value=row)
                for pointer, row in rows_left_out(aligned).items()
            ]
        for pointer, value, theirs in aligned:
            absent = theirs is None or theirs == ""
            if reader == "offline" and (absent or (value is None and isinstance(theirs, dict))):
                continue
            if value is not None:
                self.agrees[pointer] = same_value(value, theirs)
            if value is None or not self.agrees[pointer]:
                self.disagreements.append(
                    Disagreement(pointer=pointer, reader=reader, value=None if absent else theirs)
                )


def gather(
    extraction: Extraction,
    *,
    evidence: Mapping[str, Evidence],
    given: Sequence[str],
    checks: Sequence[CheckResult],
    opinions: Mapping[ReaderName, Opinions],
    turns: Sequence[Iteration],
) -> dict[str, FieldSignals]:
    """The signals of every scalar value of an extraction.

    Args:
        extraction: what was read; signals that it has already, such as token probabilities, are
            kept.
        evidence: where values stand.
        given: values that the caller gave as input data: as good as found.
        checks: what the checks said.
        opinions: what others read.
        turns: the reader's submits, in order, the one that counts among them.
    """
    passed, failed = _counted(checks, CheckStatus.PASSED), _counted(checks, CheckStatus.FAILED)
    counts = [index for index, turn in enumerate(turns) if turn.action_input == extraction.data]
    corrected = Counter(_corrected(extraction.data, turns[: counts[-1]] if counts else ()))
    as_given = set(given)
    signals: dict[str, FieldSignals] = {}
    for pointer, _ in scalars(extraction.data):
        known = extraction.signals.get(pointer, FieldSignals())
        found: dict[str, Any] = {
            "offline_agrees": _opinion(opinions, "offline", pointer),
            "challenger_agrees": _opinion(opinions, "challenger", pointer),
            "checks_passed": sum(passed[at] for at in enclosing(pointer)),
            "checks_failed": sum(failed[at] for at in enclosing(pointer)),
            "corrections": corrected[pointer],
        }
        if (place := evidence.get(pointer)) is not None:
            found |= {
                "match": place.match,
                "similarity": place.similarity,
                "word_confidence": place.word_confidence,
                "places": place.places,
            }
        elif pointer in as_given:
            found |= {"match": MatchKind.EXACT, "similarity": 1.0, "places": 1}
        if extraction.offline:
            found["self_rating"] = extraction.confidence.get(pointer, 0.0)
        signals[pointer] = known.model_copy(update=found)
    return signals


def _opinion(
    opinions: Mapping[ReaderName, Opinions], reader: ReaderName, pointer: str
) -> bool | None:
    return opinions[reader].agrees.get(pointer) if reader in opinions else None


def _counted(checks: Sequence[CheckResult], status: CheckStatus) -> Counter[str]:
    return Counter(
        pointer for check in checks if check.status is status for pointer in set(check.pointers)
    )


def _corrected(data: JsonObject, earlier: Sequence[Iteration]) -> Iterator[str]:
    """A value's pointer for each earlier answer that had another value in its place."""
    for turn in earlier:
        if not turn.action_input or was_cut_short(turn):
            continue  # what half an answer lacks was not read otherwise
        for pointer, value, other in align(data, turn.action_input):
            if value is not None and not same_value(value, other):
                yield pointer
