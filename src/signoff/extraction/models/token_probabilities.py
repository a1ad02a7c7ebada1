"""How sure a model was of each value that it wrote, from the probabilities of its tokens.

A value is as certain as its least certain token: one wrong digit makes a wrong number.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from signoff.executions.agents import JsonObject

_SPACE = " \t\n\r"
_DECODER = json.JSONDecoder()


@dataclass(frozen=True)
class Token:
    """A piece of an answer; its bytes need be no whole characters."""

    data: bytes
    logprob: float


def tokens_from_json(content: Any) -> tuple[Token, ...]:
    """The ``logprobs.content`` of a completion; empty when anything in it is odd."""
    tokens: list[Token] = []
    for entry in content if isinstance(content, list) else ():
        token = _token(entry)
        if token is None:
            return ()
        tokens.append(token)
    return tuple(tokens)


def _token(entry: Any) -> Token | None:
    if not isinstance(entry, dict):
        return None
    text, raw, logprob = entry.get("token"), entry.get("bytes"), entry.get("logprob")
    if isinstance(logprob, bool) or not isinstance(logprob, int | float) or math.isnan(logprob):
        return None
    try:
        data = bytes(raw) if isinstance(raw, list) else str(text).encode()
    except (TypeError, ValueError):
        return None
    return Token(data, float(logprob))


def least_probabilities(tokens: Sequence[Token], answer: str) -> dict[str, float]:
    """Each scalar value's least probable token, by JSON pointer.

    Args:
        tokens: of the whole text that the model wrote.
        answer: the JSON object in it.

    Returns:
        Nothing when the tokens do not make up the answer.
    """
    start = b"".join(token.data for token in tokens).rfind(answer.encode("utf-8", "replace"))
    if start < 0 or not tokens or not answer:
        return {}
    try:
        spans = dict(_spans(answer))  # of equal names in an object the last one counts
    except (ValueError, IndexError, RecursionError):
        return {}
    # bytes before each character, and before each token's end: both ascending
    sizes = (len(character.encode("utf-8", "replace")) for character in answer)
    offsets = list(accumulate(sizes, initial=start))
    ends = list(accumulate(len(token.data) for token in tokens))
    least: dict[str, float] = {}
    for pointer, (first, last) in spans.items():
        begin, end = offsets[first], offsets[last]
        index, lowest = bisect_right(ends, begin), 0.0
        while index < len(tokens) and ends[index] - len(tokens[index].data) < end:
            lowest = min(lowest, tokens[index].logprob)
            index += 1
        least[pointer] = math.exp(lowest)
    return least


def existing(probabilities: dict[str, float], data: JsonObject) -> dict[str, float]:
    """Those of values that ``data`` holds: nulls that only said "absent" are gone from it."""
    pointers = {pointer for pointer, _ in _scalars(data, "")}
    return {pointer: value for pointer, value in probabilities.items() if pointer in pointers}


def _scalars(value: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _scalars(item, f"{pointer}/{_escaped(name)}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _scalars(item, f"{pointer}/{index}")
    else:
        yield pointer, value


def _spans(text: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """Where each scalar value of a JSON text stands, strings with their quotes."""
    yield from _Scanner(text).value("")


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0

    def value(self, pointer: str) -> Iterator[tuple[str, tuple[int, int]]]:
        self._skip()
        match self._text[self._at]:
            case "{":
                yield from self._members(pointer)
            case "[":
                yield from self._items(pointer)
            case _:
                start = self._at
                _, self._at = _DECODER.raw_decode(self._text, start)
                yield pointer, (start, self._at)

    def _members(self, pointer: str) -> Iterator[tuple[str, tuple[int, int]]]:
        self._at += 1
        while not self._closed("}"):
            name, self._at = _DECODER.raw_decode(self._text, self._at)
            self._expect(":")
            yield from self.value(f"{pointer}/{_escaped(name)}")

    def _items(self, pointer: str) -> Iterator[tuple[str, tuple[int, int]]]:
        self._at += 1
        index = 0
        while not self._closed("]"):
            yield from self.value(f"{pointer}/{index}")
            index += 1

    def _closed(self, bracket: str) -> bool:
        """Whether the list ends here; else its next entry begins."""
        self._skip()
        if self._text[self._at] == ",":
            self._at += 1
            self._skip()
        if self._text[self._at] != bracket:
            return False
        self._at += 1
        return True

    def _expect(self, character: str) -> None:
        self._skip()
        if self._text[self._at] != character:
            raise ValueError(f"no {character} at {self._at}")
        self._at += 1

    def _skip(self) -> None:
        while self._text[self._at] in _SPACE:
            self._at += 1


def _escaped(name: str) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")
