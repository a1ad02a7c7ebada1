"""Confidence: how likely a reviewer leaves a value as it is, from what speaks for and against it.

:mod:`.features` turns the signals of a value into numbers, :mod:`.model` weighs them (with a
stated prior, until there are reviews enough), :mod:`.fitting` learns the weights from an agent's
reviews and :mod:`.report` says how good they are.
"""

from signoff.extraction.confidence.model import PRIOR, UNGROUNDED_CAP, ConfidenceModel, loaded

__all__ = ["PRIOR", "UNGROUNDED_CAP", "ConfidenceModel", "loaded"]
