"""An evaluation as one HTML file that needs nothing else."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from signoff.errors import InvalidInputError
from signoff.evaluation import charts
from signoff.evaluation.figures import figures, percent
from signoff.evaluation.running import Outcome
from signoff.storage.store import Store

MAX_VALUE = 200


def write_page(store: Store, outcome: Outcome, path: Path | None = None) -> Path:
    """Write the page; by default into the folder ``evaluations`` of Signoff's home.

    Raises:
        InvalidInputError: it cannot be written there.
    """
    folder = store.settings.home / "evaluations"
    target = path or folder / f"{outcome.evaluation.number}-{outcome.report.agent}.html"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(html_page(outcome), encoding="utf-8")
    except OSError as error:
        raise InvalidInputError(f"{target}: cannot be written: {error}") from error
    return target


def html_page(outcome: Outcome) -> str:
    """The whole page; everything that comes from documents is escaped."""
    report = outcome.report
    return _template().render(
        number=outcome.evaluation.number,
        started=f"{outcome.evaluation.started_at:%Y-%m-%d %H:%M}",
        report=report,
        figures=figures(report),
        results=outcome.results,
        earlier=outcome.earlier.number if outcome.earlier else None,
        regressions=outcome.regressions,
        plots=[charts.as_svg(figure) for figure in charts.of_report(report)],
        percent=percent,
        shown=_shown,
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("signoff.evaluation", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    return environment.get_template("page.html")


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 1] + "…"
