"""Learning the weights from reviews: logistic regression that starts from the prior.

One family of models reaches from the prior to a free fit. Each value is described by the prior's
log-odds, stretched so that the regularisation hardly holds its coefficient, and by all features,
which the regularisation holds near 0. Much regularisation gives the prior, rescaled (Platt);
little gives weights of the agent's own. Which one, or the prior as it is, is decided by the
likelihood of executions that were held out.

On top, the prior's own opinion counts as :data:`PRIOR_WORTH` further labels. So a fit on reviews
that changed nothing at all stays finite, and a handful of labels moves little.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signoff.executions.models import FieldSignals
from signoff.extraction.confidence.features import FEATURES, kind_of, vector_of
from signoff.extraction.confidence.model import PRIOR, ConfidenceModel, sigmoid

PRIOR_WORTH = 20.0
STRENGTHS = (0.003, 0.03, 0.3, 3.0)
"""How far the weights may leave the prior (scikit-learn's C)."""

MIN_LABELS = 60
MIN_EXECUTIONS = 10
FOLDS = 5
_STRETCH = 10.0

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Label:
    """One value that a person has judged. ``group`` is its execution: held out as a whole."""

    group: Hashable
    signals: FieldSignals
    value: Any
    left: bool


@dataclass(frozen=True)
class Fit:
    """What was learnt, and what it gives to values of executions that it had not seen.

    ``held_out`` are the scores of the labels, in their order, by models that were fitted, and
    chosen, without their executions. ``strength`` is 0 where the prior was best.
    """

    model: ConfidenceModel
    strength: float
    held_out: list[float]


def shortage(labels: Sequence[Label]) -> tuple[int, int]:
    """How many labels, and how many executions, are missing for a fit."""
    groups = len({label.group for label in labels})
    return max(0, MIN_LABELS - len(labels)), max(0, MIN_EXECUTIONS - groups)


def fit(labels: Sequence[Label]) -> Fit:
    """Fit on an agent's reviews; with too few of them (:func:`shortage`) it is the prior."""
    if any(shortage(labels)):
        return Fit(PRIOR, 0.0, [PRIOR.score(label.signals, label.value) for label in labels])
    folds = _folds(labels)
    held_out = [0.0] * len(labels)
    for fold in range(FOLDS):
        inside = [label for label, number in zip(labels, folds, strict=True) if number != fold]
        model = _fitted(inside, _strength(inside))
        for position, label in enumerate(labels):
            if folds[position] == fold:
                held_out[position] = model.score(label.signals, label.value)
    strength = _strength(labels)
    return Fit(_fitted(labels, strength), strength, held_out)


def _strength(labels: Sequence[Label]) -> float:
    """The strength whose held-out likelihood is best; 0 for the prior as it is."""
    folds = _folds(labels)
    losses = {0.0: _loss(labels, [PRIOR.score(label.signals, label.value) for label in labels])}
    for strength in STRENGTHS:
        scores = [0.0] * len(labels)
        for fold in range(FOLDS):
            inside = [label for label, number in zip(labels, folds, strict=True) if number != fold]
            if not inside:
                continue
            model = _fitted(inside, strength)
            for position, label in enumerate(labels):
                if folds[position] == fold:
                    scores[position] = model.score(label.signals, label.value)
        losses[strength] = _loss(labels, scores)
    return min(losses, key=lambda strength: (losses[strength], strength))


def _folds(labels: Sequence[Label]) -> list[int]:
    """Each label's fold: executions are dealt out in order, largest first to the smallest fold."""
    sizes: dict[Hashable, int] = {}
    for label in labels:
        sizes[label.group] = sizes.get(label.group, 0) + 1
    filled = [0] * FOLDS
    fold_of: dict[Hashable, int] = {}
    for group, size in sorted(sizes.items(), key=lambda item: -item[1]):
        fold_of[group] = filled.index(min(filled))
        filled[fold_of[group]] += size
    return [fold_of[label.group] for label in labels]


def _fitted(labels: Sequence[Label], strength: float) -> ConfidenceModel:
    if strength == 0.0 or not labels:
        return PRIOR
    # here and not above: it takes a second to load, and scoring does without
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    rows = np.array([vector_of(label.signals, kind_of(label.value)) for label in labels])
    weights = np.array([PRIOR.weights[name] for name in FEATURES])
    logits = PRIOR.bias + rows @ weights
    described = np.column_stack([rows, _STRETCH * logits])
    left = np.array([float(label.left) for label in labels])
    believed = np.array([sigmoid(float(logit)) for logit in logits])
    share = PRIOR_WORTH / len(labels)
    regression = LogisticRegression(C=strength, max_iter=1000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # near enough is near enough
        regression.fit(
            np.concatenate([described, described]),
            np.concatenate([np.ones(len(labels)), np.zeros(len(labels))]),
            sample_weight=np.concatenate(
                [left + share * believed, 1 - left + share * (1 - believed)]
            ),
        )
    coefficients: Floats = regression.coef_[0]
    scale = float(coefficients[-1]) * _STRETCH
    learnt = coefficients[:-1] + scale * weights
    return ConfidenceModel(
        bias=float(regression.intercept_[0]) + scale * PRIOR.bias,
        weights={name: round(float(w), 6) for name, w in zip(FEATURES, learnt, strict=True)},
    )


def _loss(labels: Sequence[Label], scores: Sequence[float]) -> float:
    given = np.clip(np.array(scores), 1e-6, 1 - 1e-6)
    left = np.array([label.left for label in labels])
    return float(-np.mean(np.where(left, np.log(given), np.log(1 - given))))
