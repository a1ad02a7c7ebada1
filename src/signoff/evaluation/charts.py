"""The plots of an evaluation."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

from matplotlib.figure import Figure

from signoff.evaluation.scores import ALL, FieldScore, Report
from signoff.extraction.confidence.report import Quality

RIGHT, MUTED = "#1b7f5c", "#8a8f98"
MAX_FIELDS = 40


def of_report(report: Report) -> list[Figure]:
    """All plots of a report: its fields, and its confidence where values have one."""
    figures = [accuracy_by_field(report.fields)]
    if report.quality.labels:
        figures += [reliability(report.quality), precision_by_coverage(report.quality)]
    return figures


def accuracy_by_field(scores: Sequence[FieldScore]) -> Figure:
    """One bar a field, the least accurate on top; at most :data:`MAX_FIELDS` of them."""
    shown = sorted(
        (score for score in scores if score.field != ALL), key=lambda score: score.accuracy
    )[:MAX_FIELDS]
    figure = Figure(figsize=(7, 0.28 * len(shown) + 0.7), layout="constrained")
    axes = figure.subplots()
    positions = range(len(shown))
    axes.barh(positions, [1.0] * len(shown), color="#eceef1", height=0.7)
    axes.barh(positions, [score.accuracy for score in shown], color=RIGHT, height=0.7)
    for position, score in zip(positions, shown, strict=True):
        axes.text(1.01, position, f"{score.accuracy:.0%}", va="center", fontsize=8)
    axes.set_yticks(positions, [score.field for score in shown], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.08)
    axes.set_xticks([])
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return figure


def precision_by_coverage(quality: Quality) -> Figure:
    """How right values are, from a confidence on, against the share of values that have it."""
    figure = Figure(figsize=(4.2, 3.2), layout="constrained")
    axes = figure.subplots()
    coverage, precision, count, right = [], [], 0, 0.0
    for each in sorted(quality.bins, key=lambda each: -each.low):
        count += each.count
        right += each.count * each.right
        coverage.append(count / quality.labels)
        precision.append(right / count)
    axes.plot(coverage, precision, marker="o", color=RIGHT)
    axes.axhline(quality.precision, color=MUTED, linestyle=":", linewidth=1)
    axes.set_xlabel("share of values signed off")
    axes.set_ylabel("right among them")
    axes.set_xlim(0, 1.02)
    axes.set_ylim(min([*precision, 0.9]) - 0.02, 1.005)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def reliability(quality: Quality) -> Figure:
    """What was right of the values of each tenth of confidence, against what was said."""
    figure = Figure(figsize=(4.2, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=MUTED, linestyle=":", linewidth=1)
    axes.scatter(
        [each.confidence for each in quality.bins],
        [each.right for each in quality.bins],
        s=[20 + 300 * each.count / quality.labels for each in quality.bins],
        color=RIGHT,
        alpha=0.8,
    )
    axes.set_xlabel("confidence (larger: more values)")
    axes.set_ylabel("right among them")
    axes.set_xlim(0, 1.05)
    axes.set_ylim(0, 1.05)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def as_svg(figure: Figure) -> str:
    """An ``<svg>`` element."""
    target = io.StringIO()
    # without a date the same numbers make the same file
    figure.savefig(target, format="svg", metadata={"Date": None})
    text = target.getvalue()
    return text[text.index("<svg") :]


def as_data_uri(figure: Figure) -> str:
    """A PNG inside a ``data:`` URI."""
    target = io.BytesIO()
    figure.savefig(target, format="png", dpi=110)
    return f"data:image/png;base64,{base64.b64encode(target.getvalue()).decode()}"
