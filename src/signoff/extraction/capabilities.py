"""What a model server can do, learnt from what it refuses and never guessed from a name.

OpenAI-compatible servers differ in what they know of the protocol: structured output, JSON mode,
tools, images, parameters. A refusal that names one of them is an answer, not an outage: the next
call does without.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

REMEMBERED_SECONDS = 3600.0


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
    """What is known of one model at one server; optimistic at first."""

    mode: Mode = Mode.JSON_SCHEMA
    images: bool = True
    temperature: bool = True
    max_completion_tokens: bool = False


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
    r"invalid[ _](json[ _])?schema|schema conversion|parse grammar|unrecognized schema"
    r"|schema (is )?(too|not valid|invalid)|grammar"
)
_TOOLS = re.compile(
    r"\btools?\b|tool_choice|tool[ _-]call|function[ _-]?call|\bfunctions\b|--jinja"
)
_IMAGES = re.compile(r"image|vision|multi-?modal|mmproj")
_UNABLE = re.compile(
    r"support|unknown variant|multi-?modal|mmproj|not allowed|invalid content type"
    r"|must be a string|expected (a )?(string|`?text)|no endpoints|does ?n[o']t (have|accept|take)"
)
_TEMPERATURE = re.compile(r"temperature")
_TOKENS = re.compile(r"max_tokens.*(not supported|unsupported|\buse\b)|unsupported.*max_tokens")
_TOO_LONG = re.compile(r"context.?(length|size|window)|exceeds? the available context")


def adapt(capabilities: Capabilities, message: str, *, sent_images: bool) -> Adaptation | None:
    """How to ask again after the server refused a request with ``message``.

    ``None`` when the refusal names nothing that could be left out.
    """
    text = message.lower()
    if is_too_long(text):
        return None
    if sent_images and _IMAGES.search(text):
        return Adaptation(replace(capabilities, images=False), lasting=bool(_UNABLE.search(text)))
    if _TOKENS.search(text) and not capabilities.max_completion_tokens:
        return Adaptation(replace(capabilities, max_completion_tokens=True), lasting=True)
    if capabilities.temperature and _TEMPERATURE.search(text):
        return Adaptation(replace(capabilities, temperature=False), lasting=True)
    names_mode = _TOOLS if capabilities.mode.is_tool else _FORMAT
    if capabilities.mode is not Mode.PLAIN and names_mode.search(text):
        next_mode = replace(capabilities, mode=capabilities.mode.next)
        return Adaptation(next_mode, lasting=not _SCHEMA_ITSELF.search(text))
    return None


def is_too_long(message: str) -> bool:
    """Whether a refusal says that the prompt exceeds the model's context."""
    return bool(_TOO_LONG.search(message.lower()))


class CapabilityCache:
    """What was learnt in this process, per server and model. It only saves refused calls."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], tuple[float, Capabilities]] = {}

    def get(self, base_url: str, model: str) -> Capabilities:
        """What is known of the model there; everything is expected of an unknown one."""
        with self._lock:
            expires, capabilities = self._known.get((base_url, model), (0.0, Capabilities()))
            return capabilities if self._clock() < expires else Capabilities()

    def put(self, base_url: str, model: str, capabilities: Capabilities) -> None:
        """Remember it for a while: servers are updated, and an error may have been misread."""
        with self._lock:
            self._known[base_url, model] = (self._clock() + REMEMBERED_SECONDS, capabilities)


CAPABILITIES = CapabilityCache()
"""The process's cache; losing it costs one refused call per model."""
