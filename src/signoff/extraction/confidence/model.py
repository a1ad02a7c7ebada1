"""The model of confidence: weights, stored as plain JSON, and the prior for those who have none."""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from signoff.executions.agents import JsonObject
from signoff.executions.extractions import FieldSignals
from signoff.extraction.confidence.features import FEATURES, VERSION, Kind, features_of, kind_of

UNGROUNDED_CAP = 0.3
"""The most that a value gets which is nowhere in the documents, whatever a fit says."""

OFFLINE_CAP = 0.6
"""The most that the prior gives to what was read without a model."""

MOST, LEAST = 0.999, 0.001


class ConfidenceModel(BaseModel):
    """A logistic model: the log-odds that a value is right are a weighted sum of its features.

    Attributes:
        version: of the features that it weighs.
        source: the stated prior, or fitted on an agent's reviews.
        bias: the log-odds of a number that was found as it is written, and of which no more is
            known.
        weights: by feature; those left out are 0.
        offline_cap: the most that a value read without a model gets.
    """

    model_config = ConfigDict(frozen=True)

    version: int = VERSION
    source: Literal["prior", "reviews"] = "reviews"
    bias: float = Field(allow_inf_nan=False)
    weights: dict[str, float]
    offline_cap: float = Field(default=1.0, ge=0, le=1)

    def logit(self, signals: FieldSignals, kind: Kind) -> float:
        """The log-odds, before any cap."""
        found = features_of(signals, kind)
        return self.bias + sum(self.weights.get(name, 0.0) * found[name] for name in found)

    def score(self, signals: FieldSignals, value: Any) -> float:
        """How likely a reviewer leaves ``value`` as it is: more than 0, less than 1."""
        kind = kind_of(value)
        cap = cap_of(signals, kind)
        if signals.self_rating is not None:
            cap = min(cap, self.offline_cap)
        return min(max(sigmoid(self.logit(signals, kind)), LEAST), cap)


def cap_of(signals: FieldSignals, kind: Kind) -> float:
    """The most that a value gets by whatever model."""
    return UNGROUNDED_CAP if signals.match is None and kind != "truth" else MOST


def sigmoid(logit: float) -> float:
    """The probability that log-odds stand for."""
    return 1 / (1 + math.exp(-min(max(logit, -60.0), 60.0)))


def loaded(stored: JsonObject | None) -> ConfidenceModel:
    """A stored model; the prior where there is none, or one of other features than today's."""
    if stored is None:
        return PRIOR
    try:
        model = ConfidenceModel.model_validate(stored)
    except ValidationError:
        return PRIOR
    if model.version != VERSION or not model.weights.keys() <= set(FEATURES):
        return PRIOR
    return model


# Hand-set, from what published extraction systems and our own samples show; docs/confidence.md
# gives the reasons. Signs matter more than sizes: nothing that speaks for a value may lower it.
PRIOR = ConfidenceModel(
    source="prior",
    bias=2.4,  # 0.92: models misread about one value in twelve that does stand in the document
    weights={
        "ungrounded": -4.0,
        "variant": -0.2,
        "fuzzy": -1.0,
        "dissimilarity": -4.0,
        "word_doubt": -3.0,
        "many_places": -0.8,
        "offline_agrees": 2.0,
        "offline_disagrees": -1.4,
        "challenger_agrees": 1.5,
        "challenger_disagrees": -2.2,
        "checks_passed": 0.6,
        "checks_failed": -2.2,
        "corrections": -0.6,
        "token_doubt": -0.8,
        "offline_reader": -3.2,
        "self_rating": 2.0,
        "text": -0.4,
        "date": 0.2,
        "truth": -0.8,
    },
    offline_cap=OFFLINE_CAP,
)
