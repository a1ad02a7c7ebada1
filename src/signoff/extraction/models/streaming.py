"""A streamed chat completion, put together as if it had come in one piece.

Servers differ in how they stream: comments to keep the connection alive, no ``[DONE]``, no usage,
errors in the middle, the whole answer as plain JSON although a stream was asked for. What comes
out is always a completion or an error as the protocol has them without streaming.
"""

from __future__ import annotations

import json
import time
from typing import Any

from signoff.executions.agents import JsonObject
from signoff.extraction.models.repetition import Repetition

MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""Far above any answer: probabilities make a stream a hundred times as long as its text."""

REPEATING, OUT_OF_TIME = "repeating", "out of time"
"""Reasons of our own why an answer is finished, beside the protocol's ``length``."""

SOON = 0.25
"""Of a call's time: an answer that began later has more time when it is asked for again, since
the server has the prompt in its cache then, and one that has not grown for longer has stopped."""

_FIELDS = (b"data:", b"error:")


class EndlessAnswerError(ValueError):
    """More bytes than any answer has."""


class NoAnswerError(ValueError):
    """What came is no completion, or not all of one; the message says what it was."""


class StreamedCompletion:
    """Takes the bytes of a response and gives the completion."""

    def __init__(self) -> None:
        self._size = 0
        self._rest = b""
        self._whole: bytearray | None = None
        self._seen = b""
        self._ended = False
        self._error: Any = None
        self._model = ""
        self._finish_reason: Any = None
        self._usage: JsonObject | None = None
        self._texts: dict[str, list[str]] = {}
        self._calls: dict[Any, JsonObject] = {}
        self._tokens: list[Any] = []
        self._repetitions: dict[str, Repetition] = {}
        self._opened = time.monotonic()
        self._first_text = self._last_text = float("inf")

    def feed(self, chunk: bytes) -> bool:
        """Take more bytes; true when the answer is complete and nothing more is wanted.

        Raises:
            EndlessAnswerError: it is longer than any answer.
        """
        self._size += len(chunk)
        if self._size > MAX_ANSWER_BYTES:
            raise EndlessAnswerError
        if self._whole is not None:
            self._whole += chunk
            return False
        self._rest += chunk
        if len(self._seen) < 80:
            self._seen = (self._seen + chunk).lstrip()[:80]
            if self._seen.startswith(b"{"):
                self._whole, self._rest = bytearray(self._rest), b""
                return False
        *lines, self._rest = self._rest.split(b"\n")
        for line in lines:
            self._line(line.strip())
        return self._ended

    def end_unfinished(self) -> bool:
        """Whether an answer is being written that a second call would hardly bring either.

        It is complete then, as one that was cut off. To be asked when the call's time is up.
        """
        now = time.monotonic()
        soon = SOON * (now - self._opened)
        if self._first_text - self._opened > soon or now - self._last_text > soon:
            return False
        self._finish_reason, self._ended = OUT_OF_TIME, True
        return True

    @property
    def text(self) -> str:
        """All that was written so far, thoughts and calls included."""
        texts = [part for parts in self._texts.values() for part in parts]
        return "".join([*texts, *(call["function"]["arguments"] for call in self._calls.values())])

    def completion(self) -> JsonObject:
        """The completion, or an object with an ``error``.

        Raises:
            NoAnswerError: there is neither, or the stream broke off before its end.
        """
        if self._whole is not None:
            return _object(bytes(self._whole))
        if self._rest.strip():
            self._line(self._rest.strip())
            self._rest = b""
        if self._error is not None:
            return {"error": self._error}
        if not self._ended and self._finish_reason is None:
            if self._texts or self._calls:
                raise NoAnswerError("the answer broke off")
            raise NoAnswerError(f"an answer that is no JSON: {self._seen!r}")
        message: JsonObject = {name: "".join(parts) for name, parts in self._texts.items()}
        if self._calls:
            message["tool_calls"] = list(self._calls.values())
        choice: JsonObject = {"message": message, "finish_reason": self._finish_reason}
        if self._tokens:
            choice["logprobs"] = {"content": self._tokens}
        return {"model": self._model, "choices": [choice], "usage": self._usage}

    def _line(self, line: bytes) -> None:
        # Every data line is an event of its own: no server breaks its JSON into several, but
        # some forget the blank line between two events.
        field = next((field for field in _FIELDS if line.startswith(field)), None)
        if field is None or self._ended:
            return
        payload = line[len(field) :].strip()
        if payload == b"[DONE]":
            self._ended = True
            return
        try:
            event = _object(payload)
        except NoAnswerError:
            return  # what is missing then shows in the answer
        if field == b"error:" or event.get("error"):
            self._error, self._ended = event.get("error") or event, True
            return
        self._event(event)

    def _event(self, event: JsonObject) -> None:
        self._model = self._model or _text(event.get("model"))
        usage = event.get("usage")
        if isinstance(usage, dict) and usage:
            self._usage = usage
        choices = event.get("choices")
        choice = _dict(choices[0]) if isinstance(choices, list) and choices else {}
        if choice.get("index") not in (None, 0):
            return
        if choice.get("finish_reason") is not None:
            self._finish_reason = choice["finish_reason"]
        delta = _dict(choice.get("delta") or choice.get("message"))
        for name in ("content", "reasoning_content", "reasoning", "refusal"):
            text = _content(delta.get(name))
            if text:
                self._texts.setdefault(name, []).append(text)
                self._grown(name, text)
        calls = delta.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            self._tool_call(_dict(call))
        tokens = _dict(choice.get("logprobs")).get("content")
        if isinstance(tokens, list):
            self._tokens.extend(tokens)

    def _tool_call(self, part: JsonObject) -> None:
        # what belongs together is told by the index; where there is none, by the id
        index = part.get("index")
        if not isinstance(index, int):
            known = part.get("id") or (next(reversed(self._calls)) if self._calls else 0)
            index = known if isinstance(known, (str, int)) else 0
        call = self._calls.setdefault(index, {"function": {"name": "", "arguments": ""}})
        function, given = call["function"], _dict(part.get("function"))
        call["id"] = call.get("id") or part.get("id")
        function["name"] = function["name"] or _text(given.get("name"))
        arguments = given.get("arguments")
        text = json.dumps(arguments) if isinstance(arguments, dict) else _text(arguments)
        function["arguments"] += text
        self._grown("arguments", text)

    def _grown(self, name: str, text: str) -> None:
        self._last_text = time.monotonic()
        self._first_text = min(self._first_text, self._last_text)
        if self._repetitions.setdefault(name, Repetition()).add(text):
            self._finish_reason, self._ended = REPEATING, True


def _object(raw: bytes) -> JsonObject:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise NoAnswerError(f"an answer that is no JSON: {raw[:80]!r}") from error
    if not isinstance(value, dict):
        raise NoAnswerError(f"an answer that is no JSON object: {raw[:80]!r}")
    return value


def _content(value: Any) -> str:
    """A delta's text; some servers send it in parts."""
    if isinstance(value, list):
        return "".join(_text(_dict(part).get("text")) for part in value)
    return _text(value)


def _dict(value: Any) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
