"""What the API's description shows of the agentic dialect, by the schemas' names."""

from __future__ import annotations

from typing import Any

from signoff.api.agentic.schemas import START

_DEFINITION: dict[str, Any] = {
    "key": "catalog-enrichment",
    "name": "Catalog Enrichment",
    "description": None,
    "input_schema": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "skus": {
                "title": "Skus",
                "anyOf": [{"items": {"type": "string"}, "type": "array"}, {"type": "null"}],
                "default": None,
            }
        },
    },
}
_STARTED: dict[str, Any] = {
    "id": 42,
    "agent": 7,
    "execution_key": "catalog-enrichment",
    "conversation": 42,
    "status": "pending",
    "input": {"skus": ["SKU-001", "SKU-002"]},
    "result": None,
    "failure_code": None,
    "failure_explanation": None,
    "celery_task_id": "debf5bf6-3e58-4c7d-9e30-c5a4055d951f",
    "started_at": "2025-04-10T14:00:00.000000Z",
    "finished_at": None,
    "duration_seconds": None,
    "files": [
        {
            "id": 4,
            "filename": "product_data.pdf",
            "file_url": "/media/conversations/42/4/product_data.pdf",
            "content_type": "application/pdf",
        }
    ],
}

EXAMPLES: dict[str, Any] = {
    "ExecutionDefinition": _DEFINITION,
    "AgenticExecution": _STARTED,
    "AgenticExecutionPage": {"count": 1, "next": None, "previous": None, "results": [_STARTED]},
    START: {"execution_key": "catalog-enrichment", "input": {"skus": ["SKU-001", "SKU-002"]}},
    "Detail": {"detail": "Not found."},
    "FieldErrors": {"input": ["/skus: 'SKU-001' is not of type array or null"]},
}
