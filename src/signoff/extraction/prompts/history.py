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
from signoff.extraction.prompts.page_text import estimate_tokens
from signoff.extraction.prompts.pictures import Picture, Tiling, fitted
from signoff.extraction.reader import REFUSED, SUBMIT
from signoff.extraction.turns import LOOK_AGAIN, was_cut_short, was_doubted

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
    spare: int,
    tools: bool,
    pictures: Mapping[int, Sequence[bytes]],
    tiling: Tiling,
    ask: str,
) -> History:
    """The turns worth telling again, in order.

    Where there is room they are all told: each call then begins as the one before it, and a
    server that has that in its cache reads only what is new. Where there is none, the documents
    need it more, and the last answer with what was wrong with it is told, and the latest tool
    calls that fit.

    Args:
        earlier: all turns so far.
        nonce: what fences' names end in.
        tokens: what all of it may take.
        spare: what of that the documents leave free.
        tools: whether tools are on offer.
        pictures: that tools gave, by the turn's number.
        tiling: how the model cuts up pictures.
        ask: what the model is to do, should it not call tools any more.
    """
    turns = [turn for turn in earlier if turn.action != REFUSED]
    # the model is told behind its last call: what comes later is added behind that
    ending = "" if tools else f"\n\nThere are no more calls. {ask} now."
    last_call = max((turn.number for turn in turns if turn.action != SUBMIT), default=0)
    told = {
        turn.number: _told(
            turn,
            nonce=nonce,
            tools=tools,
            pictures=pictures,
            tiling=tiling,
            limit=tokens,
            ending=ending if turn.number == last_call else "",
        )
        for turn in turns
    }
    if sum(one.tokens for one in told.values()) > min(spare, tokens):
        told = _latest(told, turns, tokens=tokens)
    return History(
        [message for one in told.values() for message in one.messages],
        tokens=sum(one.tokens for one in told.values()),
        images=sum(one.images for one in told.values()),
    )


def _latest(
    told: Mapping[int, _Told], turns: Sequence[Iteration], *, tokens: int
) -> dict[int, _Told]:
    """The last answer, and as many of the latest calls as ``tokens`` allow."""
    submits = [turn.number for turn in turns if turn.action == SUBMIT]
    calls = [turn.number for turn in reversed(turns) if turn.action != SUBMIT]
    kept: dict[int, _Told] = {}
    used = 0
    # the answer first: it must not fall victim to what was looked up before it
    for number in [*submits[-1:], *calls]:
        if kept and used + told[number].tokens > tokens:
            break
        used += told[number].tokens
        kept[number] = told[number]
    return dict(sorted(kept.items()))


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
    tiling: Tiling,
    limit: int,
    ending: str,
) -> _Told:
    characters = limit * CHARACTERS_PER_TOKEN // 2
    said = json.dumps(turn.action_input, ensure_ascii=False) if turn.action_input else ""
    said = sendable(said)
    if len(said) > characters or was_cut_short(turn):
        said = ""  # half a JSON object teaches the wrong thing
    if turn.action == SUBMIT:
        answer = _correction(turn, nonce=nonce, limit=characters)
        shown: list[Picture] = []
    else:
        answer = fence("observation", turn.observation[:characters], nonce=nonce)
        shown = [fitted(data, tiling) for data in pictures.get(turn.number, ())]
    if tools and said:
        messages = _as_call(turn, said, answer, shown)
    else:
        own = said if turn.action == SUBMIT else f"{turn.action} {said}".strip()
        messages = [
            {"role": "assistant", "content": own or "(no usable answer)"},
            {"role": "user", "content": message_content([answer, *shown, ending])},
        ]
    tokens = estimate_tokens(said) + estimate_tokens(answer + ending)
    return _Told(
        messages, tokens=tokens + sum(picture.tokens for picture in shown), images=len(shown)
    )


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
