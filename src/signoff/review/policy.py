"""When the review policy signs off instead of a person, and why not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from signoff.executions.data_paths import EACH, find_values, path_parts
from signoff.executions.extractions import NO_SECOND_OPINION, CheckStatus, Extraction
from signoff.executions.review_policy import Conditions, ReviewPolicy
from signoff.executions.scalars import scalars

MAX_REASONS = 5
READER_NAMES = {"challenger": "challenger", "offline": "offline reader"}


@dataclass(frozen=True)
class PolicyDecision:
    """What the policy decides; ``reason`` is a sentence for the trail, empty without a policy."""

    signs_off: bool
    reason: str = ""


def decide(policy: ReviewPolicy, extraction: Extraction, *, execution_id: UUID) -> PolicyDecision:
    """Whether ``policy`` confirms ``extraction`` without a person.

    ``auto_confirm: true`` signs off anything, an offline reading included. Decided alike however
    often it is asked: the sample goes by the execution's id.
    """
    if policy.auto_confirm is False:
        return PolicyDecision(False)
    unmet = [] if policy.conditions is None else [*_unmet(policy.conditions, extraction)]
    if unmet:
        listed = "; ".join(unmet[:MAX_REASONS])
        more = f"; and {len(unmet) - MAX_REASONS} more" if len(unmet) > MAX_REASONS else ""
        return PolicyDecision(False, f"Not signed off by the policy: {listed}{more}.")
    if sampled(execution_id, policy.sample):
        return PolicyDecision(
            False,
            "The policy would have signed this off; it is in the sample of"
            f" {100 * policy.sample:.4g}% that a person reviews all the same.",
        )
    if policy.conditions is None:
        return PolicyDecision(True, "Signed off by the policy, unconditionally.")
    weakest = extraction.lowest_confidence
    score = "" if weakest is None else f"; the weakest value has {weakest:.2f}"
    return PolicyDecision(True, f"Signed off by the policy: its conditions are met{score}.")


def sampled(execution_id: UUID, share: float) -> bool:
    """Whether this execution belongs to the share that is reviewed anyway."""
    # not the id itself: ids that callers choose need not be evenly spread
    digest = hashlib.sha256(b"sample:" + execution_id.bytes).digest()
    return int.from_bytes(digest[:8]) < share * 2**64


def _unmet(conditions: Conditions, extraction: Extraction) -> Iterator[str]:
    """Every condition that does not hold, the broadest first."""
    if extraction.offline:
        yield "the data was read offline, without a model"
        return  # every value would have its own reason
    for note in extraction.notes:
        if not note.startswith(NO_SECOND_OPINION):
            yield note.rstrip(".")
    for check in extraction.checks:
        counts = conditions.checks == "all" or check.name in conditions.checks
        if counts and check.status is CheckStatus.FAILED:
            yield f"the check “{check.name}” failed"
    counted = dict(_counted(conditions, extraction))
    for path in conditions.fields:
        found = find_values(extraction.data, path_parts(path))
        if not any(any(scalars(each.value)) for each in found):
            yield f"{path} was not found"
    if not counted and not conditions.fields:
        yield "no value was scored"
    ungrounded = set(extraction.ungrounded)
    for pointer, confidence in sorted(counted.items(), key=lambda item: item[1] or 0.0):
        if pointer in ungrounded:
            yield f"{pointer} stands nowhere in the documents"
        elif confidence is None:
            yield f"{pointer} was not scored"
        elif confidence < conditions.min_confidence:
            yield f"{pointer} {_shown(confidence)} < {conditions.min_confidence:.4g}"
    for other in extraction.disagreements:
        absent = other.value is not None and other.pointer not in extraction.confidence
        if absent and _concerns(conditions, other.pointer):
            yield f"nothing was read at {other.pointer}, but by the {READER_NAMES[other.reader]}"


def _shown(confidence: float) -> str:
    # 0.9699 is not 0.97, whatever rounding says
    return f"{int(confidence * 1000) / 1000:.4g}"


def _counted(conditions: Conditions, extraction: Extraction) -> Iterator[tuple[str, float | None]]:
    """The values that count, with their confidence."""
    if not conditions.fields:
        yield from extraction.confidence.items()
        return
    for path in conditions.fields:
        for found in find_values(extraction.data, path_parts(path)):
            for pointer, _ in scalars(found.value, at=found.pointer):
                yield pointer, extraction.confidence.get(pointer)


def _concerns(conditions: Conditions, pointer: str) -> bool:
    """Whether a value that is absent, at ``pointer``, would have counted."""
    if not conditions.fields:
        return True
    parts = tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])
    return any(_covers(path_parts(path), parts) for path in conditions.fields)


def _covers(path: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    """Whether ``parts`` lead to where ``path`` does, or below; rows may be left out of a path."""
    if not path:
        return True
    if not parts:
        return False
    if path[0] in (EACH, parts[0]):
        return _covers(path[1:], parts[1:])
    return parts[0].isdecimal() and _covers(path, parts[1:])
