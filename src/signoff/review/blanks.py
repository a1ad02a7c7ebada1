"""What Prefect's form makes of fields left blank, undone."""

from __future__ import annotations

from typing import Any

from signoff.executions.agents import JsonObject
from signoff.review.agent_schema import AgentSchema, Piece, Schema

_ABSENT = object()


def mend(schema: JsonObject, data: JsonObject, *, shown: JsonObject | None = None) -> JsonObject:
    """``data`` as it came back from the form, without the form's traces.

    Prefect's form leaves out what is blank: text, numbers, dates, lists without rows. It sends
    null where a reviewer picked "None", and an empty object for one whose fields are all blank.

    Args:
        schema: the agent's data schema.
        data: what the form sent.
        shown: what the form was filled with.
    """
    whole = AgentSchema(schema)
    return _mend_object(whole, whole.branch_for(whole.flatten(schema), data), data, shown)


def _mend(whole: AgentSchema, schema: Schema, value: Any, shown: Any) -> Any:
    piece = whole.branch_for(whole.flatten(schema), value)
    if isinstance(value, dict):
        return _mend_object(whole, piece, value, shown)
    if isinstance(value, list):
        rows = shown if isinstance(shown, list) else []
        items = piece.schema.get("items", {})
        return [
            _mend(whole, items, row, rows[index] if index < len(rows) else _ABSENT)
            for index, row in enumerate(value)
        ]
    return value


def _mend_object(whole: AgentSchema, piece: Piece, value: JsonObject, shown: Any) -> JsonObject:
    before = shown if isinstance(shown, dict) else {}
    mended: JsonObject = {}
    for key, item in value.items():
        if key not in piece.properties:
            mended[key] = item
            continue
        sub = piece.properties[key]
        item = _mend(whole, sub, item, before.get(key, _ABSENT))
        if key not in piece.required:
            if item is None and not whole.accepts(sub, None):
                continue
            if item == {} and before.get(key) != {}:
                continue
        mended[key] = item
    for key, sub in piece.properties.items():
        if key in mended:
            continue
        required, was_null = key in piece.required, before.get(key, _ABSENT) is None
        if (required or was_null) and whole.accepts(sub, None):
            mended[key] = None
        elif required and whole.accepts(sub, []):
            mended[key] = []
    return mended
