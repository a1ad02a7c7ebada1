"""The body of a chat completion's request, as far as the server is known to take it."""

from __future__ import annotations

from collections.abc import Sequence

from signoff.executions.agents import JsonObject
from signoff.extraction.models.capabilities import Capabilities, Mode
from signoff.extraction.models.vendor_schema import VendorSchema
from signoff.extraction.reader import SUBMIT, ToolSpec

SUBMIT_DESCRIPTION = "Submit the data read from the documents."


def chat_request(
    *,
    model: str,
    messages: list[JsonObject],
    schema: VendorSchema,
    tools: Sequence[ToolSpec],
    known: Capabilities,
    output_tokens: int,
    temperature: float = 0,
) -> JsonObject:
    """The request for one turn.

    Args:
        model: the model's name.
        messages: what it is told.
        schema: of the data to submit.
        tools: what it may call instead; none: it must submit.
        known: what the server takes.
        output_tokens: the longest answer.
        temperature: how far the model may stray from what is likeliest.
    """
    limit = "max_completion_tokens" if known.max_completion_tokens else "max_tokens"
    body: JsonObject = {"model": model, "messages": messages, limit: output_tokens}
    if known.temperature:
        body["temperature"] = temperature
    if known.streaming:
        body["stream"] = True
        if known.stream_options:
            body["stream_options"] = {"include_usage": True}
    if tools:
        submit = ToolSpec(SUBMIT, SUBMIT_DESCRIPTION, schema.schema)
        body["tools"] = [_function(tool) for tool in (*tools, submit)]
        body["tool_choice"] = "required" if known.required_tools else "auto"
        return body
    if known.logprobs and not known.mode.is_tool:
        # the alternatives are of no use, but some servers send twenty unless told otherwise
        body |= {"logprobs": True, "top_logprobs": 1}
    match known.mode:
        case Mode.JSON_SCHEMA:
            said = schema.constrained if known.constraints else schema.schema
            wanted = {"name": "data", "schema": said, "strict": schema.strict}
            body["response_format"] = {"type": "json_schema", "json_schema": wanted}
        case Mode.JSON_OBJECT:
            body["response_format"] = {"type": "json_object"}
        case Mode.TOOL | Mode.FORCED_TOOL:
            forced = {"type": "function", "function": {"name": SUBMIT}}
            body["tools"] = [_function(ToolSpec(SUBMIT, SUBMIT_DESCRIPTION, schema.schema))]
            body["tool_choice"] = forced if known.mode is Mode.FORCED_TOOL else "auto"
    return body


def _function(tool: ToolSpec) -> JsonObject:
    function = {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
    }
    return {"type": "function", "function": function}
