"""How good scores are: whether right values rank above wrong ones, and mean what they say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

PRECISION = 0.99
BINS = 10


class Bin(BaseModel):
    """Values whose confidence lies in one tenth: how many, what was said, what was true."""

    model_config = ConfigDict(frozen=True)

    low: float
    high: float
    count: int
    confidence: float
    right: float


class Quality(BaseModel):
    """What scores are worth, on values whose truth is known.

    Attributes:
        labels: values judged.
        right: those left as they were.
        auroc: how likely a right value scores above a wrong one (0.5: chance); ``None`` when all
            were right, or all wrong.
        coverage: the largest share of values, those of the highest scores, of which at least
            ``precision`` are right.
        threshold: the score from which they are; ``None`` when there is no such share.
        precision: what coverage was asked for.
        brier: mean squared distance of score and truth (0: perfect).
        ece: expected calibration error, mean distance of what was said and what was true.
        bins: the reliability plot.
    """

    model_config = ConfigDict(frozen=True)

    labels: int
    right: int
    auroc: float | None = None
    coverage: float = 0.0
    threshold: float | None = None
    precision: float = PRECISION
    brier: float = 0.0
    ece: float = 0.0
    bins: list[Bin] = Field(default_factory=list)


class CalibrationReport(BaseModel):
    """What ``signoff calibrate`` prints.

    ``used`` says which model the agent has now. ``prior`` and ``fitted`` are measured on the same
    labels, ``fitted`` by models that had not seen their executions.
    """

    model_config = ConfigDict(frozen=True)

    used: Literal["prior", "reviews"]
    executions: int
    labels: int
    missing_labels: int = 0
    missing_executions: int = 0
    strength: float = 0.0
    prior: Quality
    fitted: Quality | None = None

    @property
    def shown(self) -> Quality:
        """The quality of what is used."""
        return self.fitted if self.fitted is not None and self.used == "reviews" else self.prior


def measure(scores: Sequence[float], right: Sequence[bool]) -> Quality:
    """What ``scores`` are worth for values of which ``right`` says the truth."""
    count = len(scores)
    if not count:
        return Quality(labels=0, right=0)
    coverage, threshold = _coverage(scores, right)
    bins = _bins(scores, right)
    return Quality(
        labels=count,
        right=sum(right),
        auroc=_auroc(scores, right),
        coverage=coverage,
        threshold=threshold,
        brier=sum((s - r) ** 2 for s, r in zip(scores, right, strict=True)) / count,
        ece=sum(each.count * abs(each.confidence - each.right) for each in bins) / count,
        bins=bins,
    )


def _auroc(scores: Sequence[float], right: Sequence[bool]) -> float | None:
    if len(set(right)) < 2:
        return None
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(list(right), list(scores)))


def _coverage(scores: Sequence[float], right: Sequence[bool]) -> tuple[float, float | None]:
    """The largest share at the top with the precision, and its lowest score.

    A threshold takes all values of one score or none.
    """
    best, threshold = 0, None
    hits = 0
    ordered = sorted(zip(scores, right, strict=True), key=lambda item: -item[0])
    for position, (score, hit) in enumerate(ordered, start=1):
        hits += hit
        last = position == len(ordered) or ordered[position][0] < score
        if last and hits >= PRECISION * position:
            best, threshold = position, score
    return best / len(ordered), threshold


def _bins(scores: Sequence[float], right: Sequence[bool]) -> list[Bin]:
    found: dict[int, list[tuple[float, bool]]] = {}
    for score, hit in zip(scores, right, strict=True):
        found.setdefault(min(int(score * BINS), BINS - 1), []).append((score, hit))
    return [
        Bin(
            low=number / BINS,
            high=(number + 1) / BINS,
            count=len(members),
            confidence=sum(score for score, _ in members) / len(members),
            right=sum(hit for _, hit in members) / len(members),
        )
        for number, members in sorted(found.items())
    ]
