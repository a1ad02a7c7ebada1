"""What got worse, and better, from one evaluation to the next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from signoff.evaluation.comparison import Comparison, Verdict
from signoff.evaluation.scores import CaseResult, Report


class Change(BaseModel):
    """One number of two evaluations."""

    model_config = ConfigDict(frozen=True)

    what: str
    before: float
    after: float

    @property
    def is_worse(self) -> bool:
        """Whether it fell: of all numbers compared, more is better."""
        return self.after < self.before


class LostValue(BaseModel):
    """A value that was right before and is not now."""

    model_config = ConfigDict(frozen=True)

    case: str
    comparison: Comparison


class Regressions(BaseModel):
    """An evaluation beside an earlier one: only cases that both have are compared.

    ``changes`` are the numbers that differ, those that got worse first.
    """

    model_config = ConfigDict(frozen=True)

    cases: int
    changes: list[Change]
    lost: list[LostValue]
    gained: int

    @property
    def worse(self) -> list[Change]:
        """The numbers that got worse."""
        return [change for change in self.changes if change.is_worse]


def compare_reports(
    earlier: Report, later: Report, *, before: Sequence[CaseResult], after: Sequence[CaseResult]
) -> Regressions:
    """Hold an evaluation against an earlier one.

    Args:
        earlier: the report to compare with.
        later: the new report.
        before: the cases behind ``earlier``.
        after: the cases behind ``later``.
    """
    old = {result.name: result for result in before}
    pairs = [(old[result.name], result) for result in after if result.name in old]
    lost, gained = [], 0
    for first, second in pairs:
        was, now = _right(first), _right(second)
        gained += len(now - was)
        # what is no longer expected, since the truth was corrected, is not lost
        lost += [
            LostValue(case=second.name, comparison=each)
            for each in second.comparisons
            if (key := _key(each)) in was and key not in now
        ]
    changes = [*_changes(earlier, later)]
    changes.sort(key=lambda change: change.after - change.before)
    return Regressions(cases=len(pairs), changes=changes, lost=lost, gained=gained)


def _changes(earlier: Report, later: Report) -> Iterable[Change]:
    old = {score.field: score for score in earlier.fields}
    for score in later.fields:
        if score.field in old:
            before = old[score.field]
            yield from _change(f"{score.field}: accuracy", before.accuracy, score.accuracy)
    yield from _change("AUROC", earlier.quality.auroc, later.quality.auroc)
    yield from _change("coverage", earlier.quality.coverage, later.quality.coverage)
    yield from _change("documents fully right", _share(earlier), _share(later))


def _change(what: str, before: float | None, after: float | None) -> Iterable[Change]:
    if before is not None and after is not None and abs(before - after) > 1e-9:
        yield Change(what=what, before=before, after=after)


def _share(report: Report) -> float | None:
    return report.cases_right / report.cases if report.cases else None


def _key(each: Comparison) -> tuple[str, str]:
    # rows move from run to run: what tells values of a field apart is what was expected of them
    return each.field, repr(each.expected)


def _right(result: CaseResult) -> set[tuple[str, str]]:
    return {_key(each) for each in result.comparisons if each.verdict is Verdict.RIGHT}
