"""Reads documents without a model: layout heuristics over the parsed words."""

from signoff.extraction.offline.reader import OfflineReader

__all__ = ["OfflineReader"]
