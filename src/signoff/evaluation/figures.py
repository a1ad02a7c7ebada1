"""An evaluation's main numbers in words: the same on the page, in the terminal and in Prefect."""

from __future__ import annotations

from signoff.evaluation.scores import FieldScore, Report

NONE = "–"
COLUMNS = ("accuracy", "precision", "recall", "F1", "ANLS", "grounded", "right", "of")
"""What :func:`field_figures` are."""


def figures(report: Report) -> list[tuple[str, str]]:
    """(what, value) of each number that sums the evaluation up."""
    total, quality = report.total, report.quality
    cost = NONE if report.cost is None else f"${report.cost:.4f}"
    return [
        ("documents fully right", f"{report.cases_right} of {report.cases}"),
        ("documents that failed", str(report.failed)),
        ("accuracy", percent(total.accuracy)),
        ("F1", percent(total.f1)),
        ("grounded", percent(total.grounded)),
        ("AUROC", NONE if quality.auroc is None else f"{quality.auroc:.3f}"),
        (f"coverage at {percent(quality.precision)}", percent(quality.coverage)),
        ("tokens", f"{report.prompt_tokens:,} + {report.completion_tokens:,}"),
        ("cost", cost),
        ("seconds per document", f"{report.seconds / max(report.cases, 1):.1f}"),
    ]


def field_figures(score: FieldScore) -> list[str]:
    """The numbers of one field, or of all."""
    shares = (
        score.accuracy,
        score.precision,
        score.recall,
        score.f1,
        score.anls,
        score.grounded,
    )
    return [*map(percent, shares), str(score.right), str(score.expected)]


def percent(share: float | None) -> str:
    """A share between 0 and 1, or a dash where there is none."""
    if share is None:
        return NONE
    return f"{100 * share:.0f}%" if share in (0, 1) else f"{100 * share:.1f}%"
