"""What a model server can do, learnt from what it refuses and never guessed from a name.

OpenAI-compatible servers differ in what they know of the protocol: structured output, JSON mode,
tools, images, parameters. A refusal that names one of them is an answer, not an outage: the next
call does without.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum


class Mode(StrEnum):
    """How a server is asked for JSON, the best first."""

    JSON_SCHEMA = "json_schema"
    JSON_OBJECT = "json_object"
    TOOL = "tool"
    FORCED_TOOL = "forced_tool"
    PLAIN = "plain"

    @property
    def is_tool(self) -> bool:
        """Whether the answer is asked for as a tool call."""
        return self in (Mode.TOOL, Mode.FORCED_TOOL)

    @property
    def next(self) -> Mode:
        """What to try when the server does not take this one."""
        modes = list(Mode)
        return modes[min(modes.index(self) + 1, len(modes) - 1)]


@dataclass(frozen=True)
class Capabilities:
    """What is known of one model at one server; optimistic at first.

    Attributes:
        mode: how it is asked for JSON.
        constraints: whether it holds strings to formats and patterns.
        images: whether it sees pictures.
        temperature: whether it takes one.
        max_completion_tokens: whether it wants the newer name of that limit.
        tools: whether it calls tools.
        required_tools: whether it takes ``tool_choice: required``.
        logprobs: whether it tells the probabilities of its tokens.
        streaming: whether it streams.
        stream_options: whether it takes the wish for a stream's usage.
        context_tokens: what fits into it as it says itself; ``None`` while that is unknown.
        asked: whether it was asked what it says of itself.
    """

    mode: Mode = Mode.JSON_SCHEMA
    constraints: bool = True
    images: bool = True
    temperature: bool = True
    max_completion_tokens: bool = False
    tools: bool = True
    required_tools: bool = True
    logprobs: bool = True
    streaming: bool = True
    stream_options: bool = True
    context_tokens: int | None = None
    asked: bool = False

    @property
    def structured(self) -> bool:
        """Whether answers are held to the schema by the server itself."""
        return self.mode is Mode.JSON_SCHEMA


@dataclass(frozen=True)
class Adaptation:
    """What to do without after a refusal.

    ``lasting`` says whether it holds for the model, or only for this one request (a schema too
    odd for the server, a picture it could not decode).
    """

    capabilities: Capabilities
    lasting: bool


_FORMAT = re.compile(
    r"response_format|json_schema|json_object|json[ _-]?(mode|schema|output)|structured[ _-]output"
    r"|guided|grammar|\bschema\b"
)
_SCHEMA_ITSELF = re.compile(
    r"invalid[ _](json[ _])?schema|schema (conversion|error)|unrecognized schema|grammar"
    r"|unsupported \$ref|schema (is )?(too|not valid|invalid)"
)
_CONSTRAINT = re.compile(r"\bpatterns?\b|\bformats?\b|\bkeyword\b|\bregex|regular expression")
_TOOLS = re.compile(
    r"\btools?\b|tool_choice|tool[ _-]call|function[ _-]?call|\bfunctions\b|--jinja"
)
_IMAGES = re.compile(r"image|vision|multi-?modal|mmproj")
_UNABLE = re.compile(
    r"support|unknown variant|multi-?modal|mmproj|not (allowed|permitted)|invalid content type"
    r"|must be a string|expected (a )?(string|`?text)|no endpoints|does ?n[o']t (have|accept|take)"
)
_LOGPROBS = re.compile(r"logprobs")
_STREAM_OPTIONS = re.compile(r"stream_options|include_usage")
_STREAM = re.compile(
    r"\bstream(ing)?\b.*(support|allowed|unavailable|must be (false|disabled)|not permitted)"
    r"|(support|allow)\w*\b.*\bstream(ing)?\b"
)
_REQUIRED = re.compile(r"tool_choice|\brequired\b")
_TEMPERATURE = re.compile(r"temperature")
_TOKENS = re.compile(r"max_tokens.*(not supported|unsupported|\buse\b)|unsupported.*max_tokens")
_TOO_LONG = re.compile(
    r"context.?(length|size|window)|exceeds? the available context|too many tokens"
    r"|prompt is too long"
)
_CONTEXT = re.compile(
    r"(?:available context size|context.?(?:length|size|window))(?: of the model)?(?: is| of|:)?"
    r"(?: only)?\s*\(?\s*(\d[\d,]{2,9})"
)


def adapt(
    capabilities: Capabilities,
    message: str,
    *,
    sent_images: bool,
    sent_tools: bool = False,
    sent_constraints: bool = False,
) -> Adaptation | None:
    """How to ask again after the server refused a request with ``message``.

    ``None`` when the refusal names nothing that could be left out.

    Args:
        capabilities: what was expected of the server.
        message: its words.
        sent_images: whether pictures were sent.
        sent_tools: whether tools were offered; structured output was then not asked for.
        sent_constraints: whether the schema had formats or patterns.
    """
    text = message.lower()
    if is_too_long(text):
        return None
    # with tools no probabilities were asked for: some servers give them with either, not both
    if capabilities.logprobs and not sent_tools and _LOGPROBS.search(text):
        return Adaptation(replace(capabilities, logprobs=False), lasting=True)
    if capabilities.streaming and capabilities.stream_options and _STREAM_OPTIONS.search(text):
        return Adaptation(replace(capabilities, stream_options=False), lasting=True)
    if capabilities.streaming and _STREAM.search(text):
        return Adaptation(replace(capabilities, streaming=False), lasting=not sent_tools)
    if sent_images and _IMAGES.search(text):
        return Adaptation(replace(capabilities, images=False), lasting=bool(_UNABLE.search(text)))
    if _TOKENS.search(text) and not capabilities.max_completion_tokens:
        return Adaptation(replace(capabilities, max_completion_tokens=True), lasting=True)
    if capabilities.temperature and _TEMPERATURE.search(text):
        return Adaptation(replace(capabilities, temperature=False), lasting=True)
    if sent_tools:
        return _without_tools(capabilities, text)
    if sent_constraints and (_CONSTRAINT.search(text) or _SCHEMA_ITSELF.search(text)):
        unknown = _CONSTRAINT.search(text) and _UNABLE.search(text)
        return Adaptation(replace(capabilities, constraints=False), lasting=bool(unknown))
    names_mode = _TOOLS if capabilities.mode.is_tool else _FORMAT
    if capabilities.mode is not Mode.PLAIN and names_mode.search(text):
        next_mode = replace(capabilities, mode=capabilities.mode.next)
        return Adaptation(next_mode, lasting=not _SCHEMA_ITSELF.search(text))
    return None


def _without_tools(capabilities: Capabilities, text: str) -> Adaptation | None:
    if capabilities.required_tools and _REQUIRED.search(text):
        return Adaptation(replace(capabilities, required_tools=False), lasting=True)
    if _TOOLS.search(text) or _FORMAT.search(text):
        # a schema in a tool's parameters may be too odd for the server: that is no lasting word
        return Adaptation(
            replace(capabilities, tools=False), lasting=not _SCHEMA_ITSELF.search(text)
        )
    return None


def is_too_long(message: str) -> bool:
    """Whether a refusal says that the prompt exceeds the model's context."""
    return bool(_TOO_LONG.search(message.lower()))


def context_named(message: str) -> int | None:
    """The context that a refusal of a prompt as too long names, in tokens."""
    found = _CONTEXT.search(message.lower())
    return int(found[1].replace(",", "")) if found else None
