"""The calibration's artifact."""

from __future__ import annotations

import random
from typing import Any

import pytest

from signoff.calibration import judged
from signoff.executions.extractions import FieldSignals, MatchKind
from signoff.extraction.confidence.fitting import Label
from tasks import calibrate

FOUND = FieldSignals(match=MatchKind.EXACT, similarity=1, word_confidence=1, places=1)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    artifacts: list[dict[str, Any]] = []
    monkeypatch.setattr(
        calibrate, "create_markdown_artifact", lambda **artifact: artifacts.append(artifact)
    )
    return artifacts


def test_the_report_and_its_plot_are_the_runs_artifact(shown: list[dict[str, Any]]) -> None:
    chance = random.Random(1)
    report, _ = judged([Label(n, FOUND, 12.5, chance.random() < 0.8) for n in range(80)])
    calibrate.publish.fn("Invoices + more", report)
    assert shown[0]["key"] == "calibration-invoices-more"
    assert "80 values of 80 reviews" in shown[0]["markdown"]
    assert "](data:image/png;base64," in shown[0]["markdown"]


def test_without_reviews_it_says_what_is_missing(shown: list[dict[str, Any]]) -> None:
    calibrate.publish.fn("invoice", judged([])[0])
    assert "60 more labels" in shown[0]["markdown"]
    assert "data:image" not in shown[0]["markdown"]
