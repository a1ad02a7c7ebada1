"""Documents and lists of any length."""

from signoff.extraction.long_documents.reading import extract_documents

__all__ = ["extract_documents"]
