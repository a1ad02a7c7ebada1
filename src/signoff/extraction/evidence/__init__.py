"""Where the values of an answer stand in the documents."""

from signoff.extraction.evidence.grounding import Grounding, ground

__all__ = ["Grounding", "ground"]
