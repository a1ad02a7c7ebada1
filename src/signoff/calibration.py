"""Fitting an agent's confidence on its reviews, and how good it is, in words and pictures."""

from __future__ import annotations

import io
from collections.abc import Iterator

from signoff.executions.models import AgentRevision
from signoff.extraction.confidence import PRIOR, ConfidenceModel, loaded
from signoff.extraction.confidence.fitting import Label, fit, shortage
from signoff.extraction.confidence.labels import labels_of
from signoff.extraction.confidence.report import CalibrationReport, Quality, measure
from signoff.storage import calibrations
from signoff.storage.store import Store

BAR = 40


def confidence_model(store: Store, revision: AgentRevision) -> ConfidenceModel:
    """The agent's newest fitted model; the prior where there is none."""
    with store.database.reading() as session:
        found = calibrations.newest(session, revision.agent_id)
    return loaded(None if found is None else found.model)


def calibrate(store: Store, revision: AgentRevision) -> CalibrationReport:
    """Fit the agent's confidence on what people left and changed, and keep the model.

    With too few reviews nothing is kept, and the report says how many are missing.
    """
    with store.database.reading() as session:
        reviews = calibrations.reviews_of(session, revision.agent_id)
    labels: list[Label] = []
    for review in reviews:
        labels += labels_of(review.extraction, review.confirmed, group=review.execution_id)
    report, model = judged(labels)
    if model is not None:
        with store.database.transaction() as session:
            calibrations.save(
                session,
                revision.agent_id,
                model=model.model_dump(mode="json"),
                report=report.model_dump(mode="json"),
            )
    return report


def judged(labels: list[Label]) -> tuple[CalibrationReport, ConfidenceModel | None]:
    """A report on labels, and the model fitted on them where they are enough."""
    right = [label.left for label in labels]
    prior = measure([PRIOR.score(label.signals, label.value) for label in labels], right)
    executions = len({label.group for label in labels})
    missing_labels, missing_executions = shortage(labels)
    if missing_labels or missing_executions:
        report = CalibrationReport(
            used="prior",
            executions=executions,
            labels=len(labels),
            missing_labels=missing_labels,
            missing_executions=missing_executions,
            prior=prior,
        )
        return report, None
    learnt = fit(labels)
    report = CalibrationReport(
        used=learnt.model.source,
        executions=executions,
        labels=len(labels),
        strength=learnt.strength,
        prior=prior,
        fitted=measure(learnt.held_out, right),
    )
    return report, learnt.model


def describe(report: CalibrationReport) -> Iterator[str]:
    """The report in plain lines."""
    changed = report.labels - report.prior.right
    yield f"Labels: {report.labels} values of {report.executions} reviews, {changed} changed."
    if report.fitted is None:
        wanting = [
            f"{missing} more {what}"
            for missing, what in (
                (report.missing_labels, "labels"),
                (report.missing_executions, "reviewed executions"),
            )
            if missing
        ]
        yield f"Too few for a fit: {' and '.join(wanting)} needed. The prior stays in use."
    elif report.used == "prior":
        yield "No fit describes reviews that it has not seen better than the prior: it stays."
    else:
        yield "Fitted on the reviews. Measured on executions held out from the fit."
    if not report.labels:
        return
    yield ""
    yield f"{'':24}{'prior':>10}" + ("" if report.fitted is None else f"{'fitted':>10}")
    for name, key in ROWS:
        figures = [_figure(getattr(quality, key)) for quality in _qualities(report)]
        yield f"{name:24}" + "".join(f"{figure:>10}" for figure in figures)
    threshold = report.shown.threshold
    if threshold is not None:
        yield (
            f"Of values of {threshold:.3f} and more, {report.shown.precision:.0%} were left as"
            " they were."
        )


ROWS = (
    ("AUROC", "auroc"),
    ("coverage at 99% right", "coverage"),
    ("Brier score", "brier"),
    ("calibration error", "ece"),
)


def _qualities(report: CalibrationReport) -> list[Quality]:
    return [report.prior] if report.fitted is None else [report.prior, report.fitted]


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def bars(quality: Quality) -> Iterator[str]:
    """The reliability plot for a terminal: ``#`` is what was right, ``|`` what was said."""
    if not quality.bins:
        return
    yield "confidence    right as said (|) and in truth (#)           values"
    for each in quality.bins:
        line = ["#"] * round(each.right * BAR) + [" "] * (BAR - round(each.right * BAR))
        line[min(round(each.confidence * BAR), BAR - 1)] = "|"
        yield (
            f"{each.low:.1f} to {each.high:.1f}    {''.join(line)}"
            f"  {each.right:4.0%} of {each.count}"
        )


def plot(report: CalibrationReport, *, format: str = "png") -> bytes:
    """The reliability plot as a picture, ``png`` or ``svg``."""
    # here and not above: it takes a second to load; and without pyplot, which is not thread-safe
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.6, 5.2), layout="constrained")
    axes, counts = figure.subplots(2, 1, height_ratios=[4, 1], sharex=True)
    axes.plot([0, 1], [0, 1], color="#adb5bd", linestyle="--", linewidth=1, label="as said")
    named = [("prior", report.prior, "#868e96", "s")]
    if report.fitted is not None:
        named.append(("fitted, held out", report.fitted, "#1971c2", "o"))
    for name, quality, colour, marker in named:
        label = name if quality.auroc is None else f"{name}: AUROC {quality.auroc:.3f}"
        axes.plot(
            [each.confidence for each in quality.bins],
            [each.right for each in quality.bins],
            color=colour,
            marker=marker,
            label=label,
        )
    shown = report.shown
    counts.bar(
        [(each.low + each.high) / 2 for each in shown.bins],
        [each.count for each in shown.bins],
        width=0.09,
        color="#1971c2",
    )
    axes.set(ylabel="left as it was", xlim=(0, 1), ylim=(0, 1.02))
    counts.set(xlabel="confidence", ylabel="values")
    axes.legend(loc="upper left")
    buffer = io.BytesIO()
    figure.savefig(buffer, format=format, dpi=110)
    return buffer.getvalue()
