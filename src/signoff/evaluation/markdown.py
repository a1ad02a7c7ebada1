"""An evaluation as Markdown, for Prefect's page of a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from signoff.evaluation import charts
from signoff.evaluation.figures import COLUMNS, field_figures, figures, percent
from signoff.evaluation.running import Outcome
from signoff.review.description import escape_markdown

MAX_ROWS = 50


def markdown_page(outcome: Outcome) -> str:
    """Sums, regressions, fields, plots, and the documents that were not fully right."""
    return "\n".join(_lines(outcome))


def _lines(outcome: Outcome) -> Iterator[str]:
    report = outcome.report
    yield f"# Evaluation {outcome.evaluation.number}: {escape_markdown(report.agent)}"
    yield ""
    yield (
        f"Revision {report.agent_revision}, read by {escape_markdown(report.reader)};"
        f" {report.cases} documents in {escape_markdown(report.folder)}."
    )
    yield ""
    yield from _table(("", ""), figures(report))
    regressions, earlier = outcome.regressions, outcome.earlier
    if regressions is not None and earlier is not None:
        yield f"## Since evaluation {earlier.number}"
        yield ""
        yield f"{len(regressions.lost)} values got worse, {regressions.gained} better."
        yield ""
        yield from _table(
            ("number", "before", "now"),
            (
                (escape_markdown(change.what), percent(change.before), percent(change.after))
                for change in regressions.changes[:MAX_ROWS]
            ),
        )
    yield "## Fields"
    yield ""
    yield from _table(
        ("field", *COLUMNS),
        ((escape_markdown(score.field), *field_figures(score)) for score in report.fields),
    )
    for figure in charts.of_report(report):
        yield f"![]({charts.as_data_uri(figure)})"
        yield ""
    wrong = [result for result in outcome.results if not result.right]
    if wrong:
        yield "## Documents that were not fully right"
        yield ""
        yield from _table(
            ("document", "values not right", "failure"),
            (
                (
                    escape_markdown(result.name),
                    escape_markdown(
                        ", ".join(
                            each.field for each in result.comparisons if each.verdict != "right"
                        ),
                        limit=300,
                    ),
                    escape_markdown(result.error, limit=200),
                )
                for result in wrong[:MAX_ROWS]
            ),
        )


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    names = list(head)
    yield f"| {' | '.join(names)} |"
    yield f"|{' --- |' * len(names)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""
