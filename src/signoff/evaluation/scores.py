"""From compared values to the numbers of an evaluation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field

from signoff.evaluation.comparison import Comparison, Verdict
from signoff.executions.extractions import Extraction
from signoff.extraction.confidence.report import Quality, measure

ALL = "all"
"""The name under which all fields together are reported."""


class CaseResult(BaseModel):
    """What came of one case; ``error`` when nothing could be extracted from it."""

    model_config = ConfigDict(frozen=True)

    name: str
    comparisons: list[Comparison]
    extraction: Extraction | None = None
    error: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: Decimal | None = None
    seconds: float = 0.0

    @property
    def right(self) -> bool:
        """Whether every value is right and none is missing."""
        return not self.error and all(each.verdict is Verdict.RIGHT for each in self.comparisons)


class FieldScore(BaseModel):
    """One field over all cases.

    Attributes:
        field: its path, ``*`` for the rows of lists.
        expected: values that the documents have.
        found: values that were extracted.
        right: those that are the same.
        accuracy: right of all values that were expected or found.
        precision: right of the found; ``None`` when none was.
        recall: right of the expected; ``None`` when none was.
        f1: their harmonic mean.
        anls: mean likeness of texts; ``None`` for other fields.
        grounded: share of the found values whose place in the document is known.
    """

    model_config = ConfigDict(frozen=True)

    field: str
    expected: int
    found: int
    right: int
    accuracy: float
    precision: float | None
    recall: float | None
    f1: float | None
    anls: float | None = None
    grounded: float | None = None


class Report(BaseModel):
    """An evaluation as it is stored and shown.

    ``seconds`` is the time that all cases took together. ``cost`` is in US dollars and ``None``
    when a model's prices are unknown.
    """

    model_config = ConfigDict(frozen=True)

    agent: str
    agent_revision: int
    reader: str
    folder: str
    partial: bool = False
    fields: list[FieldScore] = Field(default_factory=list)
    quality: Quality
    cases: int = 0
    cases_right: int = 0
    failed: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: Decimal | None = None
    seconds: float = 0.0

    @property
    def total(self) -> FieldScore:
        """All fields together."""
        return next(score for score in self.fields if score.field == ALL)


def summarize(
    results: Sequence[CaseResult],
    *,
    agent: str,
    agent_revision: int,
    reader: str,
    folder: str,
    partial: bool,
) -> Report:
    """The report on all cases."""
    scores, right = _scored(results)
    costs = [result.cost for result in results]
    return Report(
        agent=agent,
        agent_revision=agent_revision,
        reader=reader,
        folder=folder,
        partial=partial,
        fields=_fields(results),
        quality=measure(scores, right),
        cases=len(results),
        cases_right=sum(result.right for result in results),
        failed=sum(bool(result.error) for result in results),
        prompt_tokens=sum(result.prompt_tokens for result in results),
        completion_tokens=sum(result.completion_tokens for result in results),
        cost=None if None in costs else sum(filter(None, costs), Decimal(0)),
        seconds=sum(result.seconds for result in results),
    )


def _scored(results: Sequence[CaseResult]) -> tuple[list[float], list[bool]]:
    """Each found value's confidence, and whether it is right."""
    scores, right = [], []
    for result in results:
        confidence = result.extraction.confidence if result.extraction else {}
        for each in result.comparisons:
            if each.pointer is not None and each.pointer in confidence:
                scores.append(confidence[each.pointer])
                right.append(each.verdict is Verdict.RIGHT)
    return scores, right


def _fields(results: Sequence[CaseResult]) -> list[FieldScore]:
    by_field: dict[str, list[tuple[CaseResult, Comparison]]] = defaultdict(list)
    for result in results:
        for each in result.comparisons:
            by_field[each.field].append((result, each))
    everything = [member for members in by_field.values() for member in members]
    scores = [_score(field, members) for field, members in by_field.items()]
    return [*sorted(scores, key=_lists_last), _score(ALL, everything)]


def _lists_last(score: FieldScore) -> tuple[int, str]:
    return score.field.count("/*"), score.field


def _score(field: str, members: Sequence[tuple[CaseResult, Comparison]]) -> FieldScore:
    verdicts = [each.verdict for _, each in members]
    right = verdicts.count(Verdict.RIGHT)
    expected = len(verdicts) - verdicts.count(Verdict.EXTRA)
    found = len(verdicts) - verdicts.count(Verdict.MISSED)
    likeness = [each.anls for _, each in members if each.anls is not None]
    places = [
        place for result, each in members if (place := _is_grounded(result, each)) is not None
    ]
    return FieldScore(
        field=field,
        expected=expected,
        found=found,
        right=right,
        accuracy=right / len(verdicts) if verdicts else 0.0,
        precision=right / found if found else None,
        recall=right / expected if expected else None,
        f1=2 * right / (expected + found) if expected + found else None,
        anls=sum(likeness) / len(likeness) if likeness else None,
        grounded=sum(places) / len(places) if places else None,
    )


def _is_grounded(result: CaseResult, each: Comparison) -> bool | None:
    """Whether a found value's place is known; ``None`` for values that are looked up nowhere."""
    if result.extraction is None or each.pointer is None or isinstance(each.found, bool):
        return None
    return each.pointer in result.extraction.evidence
