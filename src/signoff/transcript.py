"""The turns of an extraction as a person reads them: in a terminal, and in Prefect's UI."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Sequence
from decimal import Decimal

from signoff.executions.extractions import Iteration
from signoff.extraction.reader import REFUSED, SUBMIT
from signoff.review.description import escape_markdown

MAX_TEXT = 1000
"""Characters of a thought, an input or an observation; all of it is in ``signoff show --json``."""

MAX_LINES = 25
MAX_TURNS = 60
"""The latest ones; Prefect takes long for very long artifacts."""


def turn_lines(turn: Iteration) -> Iterator[str]:
    """One turn in a terminal: a headline, then what was thought, done and observed."""
    yield f"{turn.number}. {_headline(turn)}"
    for name, text in _said(turn):
        first, *more = _cut(text)
        yield f"   {name:<11} {first}"
        yield from (" " * 15 + line for line in more)


def turns_markdown(turns: Sequence[Iteration]) -> str:
    """All turns as markdown. Everything that documents or models wrote is escaped and cut."""
    blocks = [f"**{_totals(turns)}**"]
    if len(turns) > MAX_TURNS:
        blocks.append(f"The last {MAX_TURNS} of {len(turns)} turns:")
    for turn in turns[-MAX_TURNS:]:
        blocks.append(f"### {turn.number}\\. {escape_markdown(_headline(turn))}")
        for name, text in _said(turn):
            quoted = "  \n".join(f"> {escape_markdown(line)}" for line in _cut(text))
            blocks.append(f"{name}\n\n{quoted}")
    return "\n\n".join(blocks) + "\n"


def _headline(turn: Iteration) -> str:
    parts = [_outcome(turn)]
    if turn.role == "challenger":
        parts.append("challenger")
    if turn.part:
        parts.append(turn.part)
    parts.append("offline" if turn.offline else turn.model or "no model")
    if turn.prompt_tokens or turn.completion_tokens:
        cached = f" ({turn.cached_tokens:,} cached)" if turn.cached_tokens else ""
        about = "about " if turn.tokens_estimated else ""
        parts.append(f"{about}{turn.prompt_tokens:,}{cached} + {turn.completion_tokens:,} tokens")
    if not turn.offline:
        parts.append(_dollars(turn.cost))
    parts.append(f"{turn.seconds:.1f} s")
    return _clean(" · ".join(parts))


def _outcome(turn: Iteration) -> str:
    if turn.action == SUBMIT:
        return "submit, passed" if not turn.observation else "submit, not accepted"
    return "no answer" if turn.action == REFUSED else turn.action


def _said(turn: Iteration) -> Iterator[tuple[str, str]]:
    if turn.thought.strip():
        yield "thought", turn.thought
    if turn.action_input:
        yield "input", json.dumps(turn.action_input, ensure_ascii=False)
    if turn.observation.strip():
        yield "observation", turn.observation


def _cut(text: str) -> list[str]:
    lines = text.strip()[:MAX_TEXT].splitlines()
    shown = [_clean(line) for line in lines[:MAX_LINES]]
    if len(text.strip()) > MAX_TEXT or len(lines) > MAX_LINES:
        shown.append("…")
    return shown or [""]


def _clean(line: str) -> str:
    """Without what controls a terminal or turns the direction of writing."""
    return "".join(c for c in line if unicodedata.category(c) not in ("Cc", "Cf", "Cs")).rstrip()


def _totals(turns: Sequence[Iteration]) -> str:
    prompt = sum(turn.prompt_tokens for turn in turns)
    completion = sum(turn.completion_tokens for turn in turns)
    costs = [turn.cost for turn in turns if not turn.offline]
    known = [cost for cost in costs if cost is not None]
    cost = _dollars(sum(known, Decimal(0)) if len(known) == len(costs) else None)
    seconds = sum(turn.seconds for turn in turns)
    count = "1 turn" if len(turns) == 1 else f"{len(turns)} turns"
    return f"{count}, {prompt:,} + {completion:,} tokens, {cost}, {seconds:.1f} s"


def _dollars(cost: Decimal | None) -> str:
    return "cost unknown" if cost is None else f"${cost:.4f}"
