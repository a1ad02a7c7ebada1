"""A small schema, data that meets it, and a request to read it."""

from typing import Any

from signoff.documents.model import Document
from signoff.extraction.reader import ReadRequest

SCHEMA = {
    "type": "object",
    "properties": {"total": {"type": "number"}, "note": {"type": "string"}},
    "required": ["total"],
}
DATA = {"total": 12.5}


def request(*documents: Document, **more: Any) -> ReadRequest:
    return ReadRequest(
        **{"schema": SCHEMA, "instructions": "Read it.", "documents": documents, **more}
    )
