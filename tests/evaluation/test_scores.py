"""The numbers of an evaluation."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from signoff.evaluation.comparison import compare
from signoff.evaluation.regressions import compare_reports
from signoff.evaluation.scores import CaseResult, Report, summarize
from signoff.executions.extractions import Evidence, Extraction

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"number": {"type": "string"}}}
EVIDENCE = Evidence(file=1, page=1, quote="R-17")


def result(
    expected: dict[str, Any],
    found: dict[str, Any],
    *,
    name: str = "a.txt",
    confidence: dict[str, float] | None = None,
    evidence: tuple[str, ...] = (),
    **more: Any,
) -> CaseResult:
    extraction = Extraction(
        data=found,
        model="test",
        confidence=confidence or {},
        evidence=dict.fromkeys(evidence, EVIDENCE),
    )
    comparisons = compare(expected, found, schema=SCHEMA)
    return CaseResult(name=name, comparisons=comparisons, extraction=extraction, **more)


def report(*results: CaseResult) -> Report:
    return summarize(
        results, agent="invoice", agent_revision=1, reader="test", folder="/f", partial=False
    )


def test_precision_counts_what_was_found_and_recall_what_was_expected() -> None:
    summed = report(
        result({"number": "R-1"}, {"number": "R-1"}),
        result({"number": "R-2"}, {"number": "R-3"}),
        result({"number": "R-4"}, {}),
        result({}, {"number": "R-5"}),
    )
    (score,) = [score for score in summed.fields if score.field == "/number"]
    assert (score.expected, score.found, score.right) == (3, 3, 1)
    assert score.accuracy == 1 / 4
    assert score.precision == score.recall == score.f1 == 1 / 3
    assert summed.total.right == 1
    assert (summed.cases, summed.cases_right) == (4, 1)


def test_a_value_counts_as_grounded_when_its_place_is_known() -> None:
    both = {"number": "R-1", "date": "2026-03-04"}
    summed = report(result(both, both, evidence=("/number",)))
    assert summed.total.grounded == 1 / 2


def test_confidence_is_held_against_what_was_right() -> None:
    summed = report(
        result({"number": "R-1"}, {"number": "R-1"}, confidence={"/number": 0.9}),
        result({"number": "R-2"}, {"number": "R-3"}, confidence={"/number": 0.2}),
    )
    assert summed.quality.auroc == 1
    assert summed.quality.coverage == 1 / 2


def test_an_unknown_price_makes_the_sum_unknown() -> None:
    known = result({"number": "R-1"}, {"number": "R-1"}, cost=Decimal("0.25"), prompt_tokens=10)
    unknown = known.model_copy(update={"cost": None})
    assert report(known, known).cost == Decimal("0.50")
    assert report(known, unknown).cost is None
    assert report(known, unknown).prompt_tokens == 20


def test_a_case_that_failed_is_not_right_even_if_its_best_attempt_is() -> None:
    failed = result({"number": "R-1"}, {"number": "R-1"}, error="max_retries_exceeded: …")
    assert (report(failed).cases_right, report(failed).failed) == (0, 1)


def test_a_report_survives_storage() -> None:
    summed = report(result({"number": "R-1"}, {"number": "R-1"}, cost=Decimal("0.1")))
    assert Report.model_validate(summed.model_dump(mode="json")) == summed


def test_values_that_were_right_before_are_named() -> None:
    before = [
        result({"number": "R-1"}, {"number": "R-1"}, name="a.txt"),
        result({"number": "R-2"}, {"number": "R-9"}, name="b.txt"),
        result({"number": "R-3"}, {"number": "R-3"}, name="gone.txt"),
    ]
    after = [
        result({"number": "R-1"}, {"number": "R-7"}, name="a.txt"),
        result({"number": "R-2"}, {"number": "R-2"}, name="b.txt"),
        result({"number": "R-4"}, {}, name="new.txt"),
    ]
    found = compare_reports(report(*before), report(*after), before=before, after=after)
    assert (found.cases, found.gained) == (2, 1)
    assert [(lost.case, lost.comparison.found) for lost in found.lost] == [("a.txt", "R-7")]
    assert found.worse[0].what == "/number: accuracy"


def test_the_same_run_again_has_no_regressions() -> None:
    results = [result({"number": "R-1"}, {"number": "R-2"})]
    found = compare_reports(report(*results), report(*results), before=results, after=results)
    assert (found.changes, found.lost, found.gained) == ([], [], 0)
