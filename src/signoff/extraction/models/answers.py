"""A model's answer, and the JSON object in it, however server and model wrapped it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

from signoff.executions.agents import JsonObject
from signoff.extraction.models.streaming import OUT_OF_TIME, REPEATING
from signoff.extraction.models.token_probabilities import Token, tokens_from_json
from signoff.extraction.reader import REPEATED

MAX_STARTS = 200
"""Braces tried as the start of an object, so that a hostile answer costs no quadratic time."""

_THINKING = re.compile(r"<think(?:ing)?>(.*?)</think(?:ing)?>", re.DOTALL)
_FENCED = re.compile(r"```[a-zA-Z0-9]*[ \t]*\n(.*?)```", re.DOTALL)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


_COMPACTLY = (
    " Write it compactly, without indentation, and leave out what the schema does not ask for."
)
_CUT_OFF = {
    "length": f", before the JSON object was complete.{_COMPACTLY}",
    OUT_OF_TIME: f": it took too long.{_COMPACTLY}",
    REPEATING: (
        f"{REPEATED}. List only what the documents show, each row as often as it stands there."
    ),
}


class NoJsonObjectError(ValueError):
    """The answer holds no JSON object; the message says so to the model."""


@dataclass(frozen=True)
class ToolCall:
    """A tool the model wants called; its arguments are JSON, or ought to be."""

    name: str
    arguments: str


@dataclass(frozen=True)
class Answer:
    """What matters of a chat completion, whatever its server left out or wrote wrong.

    ``cut_off`` says why it is not whole, as the end of a sentence; it is empty when it is.
    ``repeats`` tells that it was only going on with the same.
    """

    model: str
    text: str
    tool_calls: tuple[ToolCall, ...]
    thinking: str
    refusal: str
    cut_off: str
    repeats: bool
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    usage_told: bool
    tokens: tuple[Token, ...] = field(repr=False)

    @classmethod
    def from_json(cls, completion: JsonObject) -> Answer:
        """Read a completion that has at least one choice."""
        choice = _dict(completion["choices"][0] if completion["choices"] else None)
        message, usage = _dict(choice.get("message")), _dict(completion.get("usage"))
        filtered = choice.get("finish_reason") == "content_filter"
        return cls(
            model=_text(completion.get("model")),
            text=_content(message.get("content")),
            tool_calls=tuple(_tool_calls(message)),
            thinking=_text(message.get("reasoning_content") or message.get("reasoning")),
            refusal=_text(message.get("refusal")) or ("content filter" if filtered else ""),
            cut_off=_CUT_OFF.get(_text(choice.get("finish_reason")), ""),
            repeats=choice.get("finish_reason") == REPEATING,
            prompt_tokens=_count(usage.get("prompt_tokens")),
            completion_tokens=_count(usage.get("completion_tokens")),
            cached_tokens=_count(_dict(usage.get("prompt_tokens_details")).get("cached_tokens"))
            or _count(usage.get("prompt_cache_hit_tokens")),
            usage_told=_count(usage.get("prompt_tokens")) > 0,
            tokens=tokens_from_json(_dict(choice.get("logprobs")).get("content")),
        )


def split_thinking(text: str) -> tuple[str, str]:
    """The thoughts some models write into their answer, and the answer without them."""
    thoughts = "\n".join(found.strip() for found in _THINKING.findall(text))
    return thoughts, _THINKING.sub("", text).strip()


@dataclass(frozen=True)
class FoundObject:
    """A JSON object, and the text of the answer that is it."""

    data: JsonObject
    text: str


def find_object(text: str) -> FoundObject:
    """The JSON object that ``text`` is, or holds: in a code fence, or between other words.

    Raises:
        NoJsonObjectError: there is none.
    """
    text = text.strip()
    for candidate in (text, *(fenced.strip() for fenced in _FENCED.findall(text))):
        value = _parse(candidate)
        if isinstance(value, dict):
            return FoundObject(_object(value), candidate)
    if isinstance(_parse(text), list):
        raise NoJsonObjectError("The answer was a JSON array; one JSON object is needed.")
    embedded = _longest_embedded(text)
    if embedded is None:
        raise NoJsonObjectError(
            "The answer was no JSON object. Return exactly one JSON object and nothing else."
        )
    return embedded


def _longest_embedded(text: str) -> FoundObject | None:
    decoder = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)
    longest: tuple[int, int, JsonObject] | None = None
    start = text.find("{")
    for _ in range(MAX_STARTS):
        if start < 0:
            break
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            start = text.find("{", start + 1)
            continue
        if value and (longest is None or end - start > longest[1] - longest[0]):
            longest = (start, end, value)
        start = text.find("{", end)
    if longest is None:
        return None
    start, end, value = longest
    return FoundObject(_object(value), text[start:end])


def _parse(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        return None


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits} is too large")
    return number


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _object(value: JsonObject) -> JsonObject:
    return {_storable(name): _storable(item) for name, item in value.items()}


def _storable(value: Any) -> Any:
    """Without NUL and lone surrogates, which databases and UTF-8 do not take."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return _object(value)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    return value


def _content(value: Any) -> str:
    """A message's text; some servers send it in parts."""
    if isinstance(value, list):
        return "".join(_text(_dict(part).get("text")) for part in value)
    return _text(value)


def _tool_calls(message: JsonObject) -> Iterator[ToolCall]:
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        function = _dict(_dict(call).get("function"))
        arguments = function.get("arguments")
        if isinstance(arguments, dict):
            arguments = json.dumps(arguments)
        name = _text(function.get("name"))
        if name or arguments:
            yield ToolCall(name, _text(arguments))


def _dict(value: Any) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0
