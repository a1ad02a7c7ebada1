"""An evaluation as people see it in a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from signoff.evaluation.comparison import Verdict
from signoff.evaluation.figures import COLUMNS, field_figures, figures, percent
from signoff.evaluation.regressions import Regressions
from signoff.evaluation.running import Outcome
from signoff.evaluation.scores import ALL, CaseResult, Report

MAX_LOST = 20


def outcome_view(outcome: Outcome) -> RenderableType:
    """Fields, sums, what failed, and what got worse since the evaluation before."""
    report = outcome.report
    parts: list[RenderableType] = [
        Text(
            f"Evaluation {outcome.evaluation.number}: {report.agent} (revision"
            f" {report.agent_revision}), read by {report.reader}",
            style="bold",
        ),
        _fields(report),
        _sums(report),
    ]
    parts += [
        Text(f"{result.name}: {result.error}", style="red")
        for result in outcome.results
        if result.error
    ]
    if outcome.regressions is not None and outcome.earlier is not None:
        parts += _since(outcome.regressions, outcome.earlier.number)
    return Group(*parts)


def progress_line(result: CaseResult) -> str:
    """One case on one line."""
    right = sum(each.verdict is Verdict.RIGHT for each in result.comparisons)
    problem = f"  {result.error}" if result.error else ""
    return f"{result.name}: {right} of {len(result.comparisons)} right{problem}"


def _fields(report: Report) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("field", overflow="fold")
    for name in COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    for score in report.fields:
        table.add_row(
            escape(score.field),
            *field_figures(score),
            style="bold" if score.field == ALL else None,
        )
    return table


def _sums(report: Report) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, value in figures(report):
        table.add_row(name, value)
    return table


def _since(regressions: Regressions, number: int) -> list[RenderableType]:
    lost, gained = len(regressions.lost), regressions.gained
    parts: list[RenderableType] = [
        Text(f"\nSince evaluation {number} ({regressions.cases} documents in both)", style="bold"),
        Text(f"{lost} values got worse, {gained} better."),
    ]
    for change in regressions.changes:
        parts.append(
            Text(
                f"  {change.what}: {percent(change.before)} → {percent(change.after)}",
                style="red" if change.is_worse else "green",
            )
        )
    for value in regressions.lost[:MAX_LOST]:
        each = value.comparison
        parts.append(
            Text(f"  {value.case} {each.field}: {each.expected!r} became {each.found!r}", "red")
        )
    if lost > MAX_LOST:
        parts.append(Text(f"  and {lost - MAX_LOST} more (--json lists all)"))
    return parts
