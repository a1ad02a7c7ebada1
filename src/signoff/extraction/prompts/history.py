"""What a model is told of its earlier turns: what tools gave, what was wrong with its answer.

With tools on offer they are told as the protocol has tool calls; without, in plain words, since
servers take no tool messages in a request that names no tools.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from signoff.executions.extractions import Iteration
from signoff.extraction.prompts.messages import Message, fence, message_content, sendable
from signoff.extraction.prompts.page_budget import IMAGE_TOKENS, Picture
from signoff.extraction.prompts.page_text import estimate_tokens
from signoff.extraction.reader import REFUSED, SUBMIT
from signoff.extraction.turns import LOOK_AGAIN, was_doubted

CHARACTERS_PER_TOKEN = 2
"""Cautious, so that a share of tokens is never exceeded by text cut to it."""


@dataclass(frozen=True)
class History:
    """Messages, and what of the context they take."""

    messages: list[Message]
    tokens: int
    images: int


def tell_history(
    earlier: Sequence[Iteration],
    *,
    nonce: str,
    tokens: int,
    tools: bool,
    pictures: Mapping[int, Sequence[bytes]],
    ask: str,
) -> History:
    """The turns worth telling again, in order.

    Those are the last answer with what was wrong with it (older ones would only cost tokens) and
    the latest tool calls that fit.

    Args:
        earlier: all turns so far.
        nonce: what fences' names end in.
        tokens: what all of it may take.
        tools: whether tools are on offer.
        pictures: that tools gave, by the turn's number.
        ask: what the model is to do, should it not call tools any more.
    """
    turns = [turn for turn in earlier if turn.action != REFUSED]
    submits = [turn for turn in turns if turn.action == SUBMIT]
    told: list[tuple[int, _Told]] = []
    used = images = 0
    # the answer first: it must not fall victim to what was looked up before it
    for turn in [*submits[-1:], *(t for t in reversed(turns) if t.action != SUBMIT)]:
        one = _told(turn, nonce=nonce, tools=tools, pictures=pictures, limit=tokens)
        if told and used + one.tokens > tokens:
            break
        used += one.tokens
        images += one.images
        told.append((turn.number, one))
    told.sort(key=lambda entry: entry[0])
    messages = [message for _, one in told for message in one.messages]
    if not tools and turns and turns[-1].action != SUBMIT:
        messages[-1] = _with_text(messages[-1], f"\n\nThere are no more calls. {ask} now.")
    return History(messages, tokens=used, images=images)


@dataclass(frozen=True)
class _Told:
    messages: list[Message]
    tokens: int
    images: int = 0


def _told(
    turn: Iteration,
    *,
    nonce: str,
    tools: bool,
    pictures: Mapping[int, Sequence[bytes]],
    limit: int,
) -> _Told:
    characters = limit * CHARACTERS_PER_TOKEN // 2
    said = json.dumps(turn.action_input, ensure_ascii=False) if turn.action_input else ""
    said = sendable(said)
    if len(said) > characters:
        said = ""  # half a JSON object teaches the wrong thing
    if turn.action == SUBMIT:
        answer = _correction(turn, nonce=nonce, limit=characters)
        shown: list[Picture] = []
    else:
        answer = fence("observation", turn.observation[:characters], nonce=nonce)
        shown = [Picture(data) for data in pictures.get(turn.number, ())]
    if tools and said:
        messages = _as_call(turn, said, answer, shown)
    else:
        own = said if turn.action == SUBMIT else f"{turn.action} {said}".strip()
        messages = [
            {"role": "assistant", "content": own or "(no usable answer)"},
            {"role": "user", "content": message_content([answer, *shown])},
        ]
    tokens = estimate_tokens(said) + estimate_tokens(answer) + len(shown) * IMAGE_TOKENS
    return _Told(messages, tokens=tokens, images=len(shown))


def _as_call(turn: Iteration, said: str, answer: str, shown: Sequence[Picture]) -> list[Message]:
    call = f"call_{turn.number}"
    function = {"name": turn.action, "arguments": said}
    messages: list[Message] = [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": call, "type": "function", "function": function}],
        },
        {"role": "tool", "tool_call_id": call, "content": answer},
    ]
    if shown:  # tool messages hold text only
        content = message_content([f"The picture that {turn.action} gave:\n", *shown])
        messages.append({"role": "user", "content": content})
    return messages


def _correction(turn: Iteration, *, nonce: str, limit: int) -> str:
    if was_doubted(turn):
        found = turn.observation.removeprefix(LOOK_AGAIN)[:limit]
        return (
            "That answer has the right form, but some of its values are in doubt:\n"
            f"{fence('observation', found, nonce=nonce)}\n\n"
            "Look at the documents again and return the whole JSON object. Correct these values"
            " where the documents say otherwise, leave out what they do not say, and keep the"
            " rest as it is."
        )
    return (
        "That answer was not accepted:\n"
        f"{sendable(turn.observation[:limit])}\n\n"
        "Read the documents again where needed and return the whole JSON object with these"
        " problems corrected. Keep what was right. Never invent a value to satisfy the format."
    )


def _with_text(message: Message, text: str) -> Message:
    content = message["content"]
    more = (
        content + text if isinstance(content, str) else [*content, {"type": "text", "text": text}]
    )
    return {**message, "content": more}
