"""Where the values of an answer stand in the documents."""

from signoff.extraction.evidence.grounding import Grounder, Grounding, ground

__all__ = ["Grounder", "Grounding", "ground"]
