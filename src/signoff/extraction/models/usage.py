"""What a turn used up: as the server says, or as far as it can be told from what it sent.

A call that is stopped or given up is paid all the same, and its server says nothing any more. Its
tokens are estimated then, and the record says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from signoff.extraction.models.answers import Answer
from signoff.extraction.prompts.page_text import estimate_tokens


@dataclass(frozen=True)
class TurnUsage:
    """Tokens; ``cached_tokens`` are those of ``prompt_tokens`` that the vendor had in its cache."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    estimated: bool


def turn_usage(answer: Answer, *, prompt_tokens: int, given_up: Sequence[str]) -> TurnUsage:
    """What ``answer`` and the calls before it took.

    Args:
        answer: the turn's.
        prompt_tokens: of one call, by our estimate.
        given_up: what calls had answered that were given up, and made again.
    """
    prompt, completion = answer.prompt_tokens, answer.completion_tokens
    if not answer.usage_told:
        written = answer.thinking + answer.text + "".join(c.arguments for c in answer.tool_calls)
        prompt, completion = prompt_tokens, len(answer.tokens) or _tokens(written)
    return TurnUsage(
        prompt_tokens=prompt + prompt_tokens * len(given_up),
        completion_tokens=completion + sum(map(_tokens, given_up)),
        cached_tokens=min(answer.cached_tokens, prompt),
        estimated=bool(given_up) or not answer.usage_told,
    )


def _tokens(text: str) -> int:
    return estimate_tokens(text) if text else 0
