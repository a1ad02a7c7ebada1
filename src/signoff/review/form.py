"""The approval form: a JSON Schema that Prefect's UI renders and its server checks answers by."""

from __future__ import annotations

from typing import Any

from signoff.executions.agents import JsonObject
from signoff.executions.models import Decision
from signoff.review.agent_schema import AgentSchema, Schema
from signoff.review.form_fields import FormFields, prefill

# where a schema holds other schemas: as a mapping, as a list, as one
_MAPPINGS = ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLE = (
    *("items", "contains", "additionalProperties", "propertyNames", "unevaluatedItems"),
    *("unevaluatedProperties", "not", "if", "then", "else"),
)


def build_form(
    *, agent_name: str, schema: JsonObject, data: JsonObject, data_revision: int
) -> JsonObject:
    """The form that shows ``data`` for approval.

    Two schemas in one. ``properties`` is what the UI renders and checks as the reviewer types; it
    is lenient, so that the form as it opens is valid and can always be canceled. ``else``, which
    the UI ignores, is what the server checks before it resumes the run: unless the decision is
    to cancel, the data must meet the agent's schema, but for formats, which the server does not
    check, and for what the form sends for blanks.

    Nothing at the root is required: HTTP and the command line resume with ``review_id`` alone.

    Args:
        agent_name: the heading above the data.
        schema: the agent's data schema.
        data: what was extracted, or last edited.
        data_revision: its version, which comes back with the answer.
    """
    agent_schema = AgentSchema(schema)
    data = _writable(data)
    data_field = FormFields(agent_schema).for_data(data)
    return {
        "title": "Approval",
        "type": "object",
        "properties": {
            "decision": {
                "title": "Decision",
                # Prefect's older UI squeezes the description above a long form out of sight
                "description": (
                    "confirm signs the data off; cancel ends the execution. If no pages are shown"
                    " above: Switch to V2 UI."
                ),
                "type": "string",
                "enum": [decision.value for decision in Decision],
                "default": Decision.CONFIRM.value,
            },
            # One default for the whole: defaults further down would come back when a reviewer
            # empties a field and the UI draws it anew.
            "data": {**data_field, "title": agent_name, "default": prefill(data_field, data)},
            "comment": {"title": "Comment", "type": "string", "default": ""},
            "data_revision": {
                "title": "Data revision",
                "description": "A form opened before the data was edited is refused.",
                "type": "integer",
                "const": data_revision,
                "default": data_revision,
            },
        },
        "if": {
            "properties": {"decision": {"const": Decision.CANCEL.value}},
            "required": ["decision"],
        },
        "else": {"properties": {"data": _for_server(agent_schema)}},
    }


def _writable(value: Any) -> Any:
    """``value`` without lone surrogates, which JSON can carry and Prefect cannot store."""
    match value:
        case str():
            return value.encode(errors="replace").decode()
        case list():
            return [_writable(item) for item in value]
        case dict():
            return {_writable(key): _writable(item) for key, item in value.items()}
        case _:
            return value


def _for_server(agent_schema: AgentSchema) -> JsonObject:
    """The agent's schema, embedded: its references must not lead into the form around it."""
    embedded = _tolerant(agent_schema.root, agent_schema)
    embedded.pop("$schema", None)
    return {"$id": "urn:signoff:data-schema", **embedded}


def _tolerant(schema: Any, whole: AgentSchema) -> Any:
    """``schema``, but taking what :mod:`signoff.review.answers` mends.

    That is: null or an empty object for an optional property, and nothing at all for a required
    one that may be null or an empty list.
    """
    if not isinstance(schema, dict):
        return schema
    copy = dict(schema)
    for key in _MAPPINGS:
        if isinstance(schema.get(key), dict):
            copy[key] = {name: _tolerant(sub, whole) for name, sub in schema[key].items()}
    for key in _LISTS:
        if key in schema:
            copy[key] = [_tolerant(sub, whole) for sub in schema[key]]
    for key in _SINGLE:
        if key in schema:
            copy[key] = _tolerant(schema[key], whole)
    if "properties" in schema:
        required = schema.get("required", [])
        copy["properties"] = {
            name: sub if name in required else _or_blank(sub)
            for name, sub in copy["properties"].items()
        }
        copy["required"] = [
            name for name in required if not _may_be_blank(schema["properties"].get(name), whole)
        ]
    return copy


def _or_blank(schema: Schema) -> JsonObject:
    # not anyOf: its errors name neither the field nor what was wrong with it
    return {"if": {"enum": [None, {}]}, "else": schema}


def _may_be_blank(schema: Schema | None, whole: AgentSchema) -> bool:
    return schema is not None and (whole.accepts(schema, None) or whole.accepts(schema, []))
