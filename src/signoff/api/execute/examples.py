"""What the API's description shows of the execute dialect."""

from __future__ import annotations

from typing import Any

INPUTS: dict[str, Any] = {
    "url": {"summary": "A file by URL", "value": {"files": ["https://files.example/invoice.pdf"]}},
    "content": {
        "summary": "A file with its content",
        "value": {"files": [{"name": "note.txt", "content": "TnVtYmVyOiBMUy0yMDQx"}]},
    },
    "text": {"summary": "Text", "value": {"text": "Delivery note LS-2041, total 55.20"}},
    "data": {"summary": "Input data", "value": {"skus": ["SKU-001", "SKU-002"]}},
}
EXAMPLES: dict[str, Any] = {
    "Refusal": {"detail": "Agent not found"},
    "AgentExecutionResponse": {
        "id": 42,
        "agent_id": 7,
        "trigger_type": "api",
        "triggered_by": 3,
        "status": "completed",
        "input_data": {"files": [{"name": "invoice.pdf", "size": 18211}]},
        "output_data": {"number": "LS-2041", "total": 55.2},
        "error_message": None,
        "context_type": "deal",
        "context_id": 815,
        "started_at": "2025-04-10T14:00:00.512000Z",
        "completed_at": "2025-04-10T14:00:16.500000Z",
        "execution_time_ms": 15988,
        "iteration_count": 1,
        "iterations": [
            {
                "iteration": 1,
                "thought": "The number stands in the header.",
                "action": "submit",
                "action_input": {"number": "LS-2041", "total": 55.2},
                "observation": "",
                "timestamp": "2025-04-10T14:00:12.100000+00:00",
                "tools_used": [],
                "total_tokens": 1834,
                "total_cost": 0.00091,
                "model_used": "gpt-4.1-mini",
            }
        ],
        "tools_used": [],
        "total_tokens": 1834,
        "total_cost": 0.00091,
        "model_used": "gpt-4.1-mini",
        "success": True,
        "actions_taken": 1,
        "extra_metadata": {
            "execution_id": "0b4c27f4-7f0a-4a0e-9d0e-0c62f3c0f8a1",
            "state": "CONFIRMED",
            "cost_known": True,
            "failure_code": None,
            "deliveries": [],
        },
        "created_at": "2025-04-10T14:00:00Z",
        "updated_at": "2025-04-10T14:00:16.500000Z",
    },
}
