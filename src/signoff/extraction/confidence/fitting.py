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

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signoff.executions.extractions import FieldSignals
from signoff.extraction.confidence.features import FEATURES, kind_of, vector_of
from signoff.extraction.confidence.model import LEAST, PRIOR, ConfidenceModel, cap_of

PRIOR_WORTH = 20.0
STRENGTHS = (0.003, 0.03, 0.3, 3.0)
"""How far the weights may leave the prior (scikit-learn's C)."""

MIN_LABELS = 60
MIN_EXECUTIONS = 10
FOLDS, INNER_FOLDS = 5, 3
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
    reviews = _Reviews.of(labels)
    held_out = np.zeros(len(labels))
    for inside, outside in reviews.folds(FOLDS):
        part = reviews.only(inside)
        held_out[outside] = reviews.only(outside).scores(_fitted(part, _strength(part)))
    strength = _strength(reviews)
    return Fit(_fitted(reviews, strength), strength, held_out.tolist())


@dataclass(frozen=True)
class _Reviews:
    """Labels as arrays. ``caps`` and ``offline`` are what models hold the scores under."""

    features: Floats
    left: Floats
    groups: NDArray[np.int64]
    caps: Floats
    offline: NDArray[np.bool_]

    @classmethod
    def of(cls, labels: Sequence[Label]) -> _Reviews:
        numbers: dict[Hashable, int] = {}
        return cls(
            features=np.array([vector_of(label.signals, kind_of(label.value)) for label in labels]),
            left=np.array([float(label.left) for label in labels]),
            groups=np.array([numbers.setdefault(label.group, len(numbers)) for label in labels]),
            caps=np.array([cap_of(label.signals, kind_of(label.value)) for label in labels]),
            offline=np.array([label.signals.self_rating is not None for label in labels]),
        )

    def only(self, chosen: NDArray[np.bool_]) -> _Reviews:
        return _Reviews(
            *(self.features[chosen], self.left[chosen], self.groups[chosen]),
            *(self.caps[chosen], self.offline[chosen]),
        )

    def folds(self, count: int) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
        """What to fit on and what to hold out: whole executions, dealt out by their size."""
        filled = [0] * count
        fold_of = np.zeros(int(self.groups.max()) + 1, np.int64)
        numbers, sizes = np.unique(self.groups, return_counts=True)
        for position in np.argsort(-sizes, kind="stable"):
            fold_of[numbers[position]] = smallest = filled.index(min(filled))
            filled[smallest] += int(sizes[position])
        folds = fold_of[self.groups]
        for fold in range(count):
            if filled[fold]:
                yield folds != fold, folds == fold

    def logits(self, model: ConfidenceModel) -> Floats:
        weights = np.array([model.weights.get(name, 0.0) for name in FEATURES])
        return np.asarray(model.bias + self.features @ weights)

    def scores(self, model: ConfidenceModel) -> Floats:
        """What :meth:`ConfidenceModel.score` gives, for all at once."""
        caps = np.where(self.offline, np.minimum(self.caps, model.offline_cap), self.caps)
        return np.clip(_sigmoid(self.logits(model)), LEAST, caps)

    def loss(self, scores: Floats) -> float:
        """How unlikely the reviews are by ``scores``: the mean negative log-likelihood."""
        return float(-np.mean(np.where(self.left > 0, np.log(scores), np.log(1 - scores))))


def _strength(reviews: _Reviews) -> float:
    """The strength whose held-out likelihood is best; 0 for the prior as it is."""
    losses = {0.0: reviews.loss(reviews.scores(PRIOR))}
    for strength in STRENGTHS:
        scores = np.full(len(reviews.left), 0.5)
        for inside, outside in reviews.folds(INNER_FOLDS):
            model = _fitted(reviews.only(inside), strength)
            scores[outside] = reviews.only(outside).scores(model)
        losses[strength] = reviews.loss(scores)
    return min(losses, key=lambda strength: (losses[strength], strength))


def _fitted(reviews: _Reviews, strength: float) -> ConfidenceModel:
    count = len(reviews.left)
    if strength == 0.0 or not count:
        return PRIOR
    # here and not above: it takes a second to load, and scoring does without
    from sklearn.linear_model import LogisticRegression

    logits = reviews.logits(PRIOR)
    described = np.column_stack([reviews.features, _STRETCH * logits])
    believed = _sigmoid(logits) * PRIOR_WORTH / count
    doubted = PRIOR_WORTH / count - believed
    regression = LogisticRegression(C=strength, solver="newton-cholesky", max_iter=200)
    regression.fit(
        np.concatenate([described, described]),
        np.concatenate([np.ones(count), np.zeros(count)]),
        sample_weight=np.concatenate([reviews.left + believed, 1 - reviews.left + doubted]),
    )
    *own, stretched = (float(weight) for weight in regression.coef_[0])
    scale = stretched * _STRETCH
    return ConfidenceModel(
        bias=float(regression.intercept_[0]) + scale * PRIOR.bias,
        weights={
            name: weight + scale * PRIOR.weights[name]
            for name, weight in zip(FEATURES, own, strict=True)
        },
    )


def _sigmoid(logits: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -60, 60))))
