"""How an extraction's turns look, whatever documents and models wrote."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.executions.extractions import Iteration
from signoff.transcript import MAX_TEXT, MAX_TURNS, turn_lines, turns_markdown


def turn(number: int = 1, **fields: Any) -> Iteration:
    known: dict[str, Any] = {
        "number": number,
        "action": "submit",
        "timestamp": datetime.now(UTC),
        "model": "m-1",
        "prompt_tokens": 1234,
        "completion_tokens": 56,
        "cost": Decimal("0.0123"),
        "seconds": 2.34,
    }
    return Iteration(**(known | fields))


def test_turn_tells_what_was_thought_done_and_observed() -> None:
    call = turn(
        2,
        thought="Look closer.",
        action="search",
        action_input={"query": "total"},
        observation="a\nb",
    )
    assert list(turn_lines(call)) == [
        "2. search · m-1 · 1,234 + 56 tokens · $0.0123 · 2.3 s",
        "   thought     Look closer.",
        '   input       {"query": "total"}',
        "   observation a",
        "               b",
    ]


def test_marks_of_challenger_part_offline_and_outcome() -> None:
    def headline(**fields: Any) -> str:
        return next(iter(turn_lines(turn(**fields))))

    challenged = headline(role="challenger", part="pages 1-9", cost=None)
    assert challenged.startswith("1. submit, passed · challenger · pages 1-9 · m-1")
    assert "cost unknown" in challenged
    offline = headline(offline=True, observation="no", prompt_tokens=0, completion_tokens=0)
    assert offline == "1. submit, not accepted · offline · 2.3 s"
    assert headline(action="refused", model="").startswith("1. no answer · no model")


def test_markdown_sums_up_and_keeps_to_the_latest_turns() -> None:
    text = turns_markdown([turn(number) for number in range(1, MAX_TURNS + 11)])
    assert text.startswith("**70 turns, 86,380 + 3,920 tokens, $0.8610, 163.8 s**")
    assert f"The last {MAX_TURNS} of {MAX_TURNS + 10} turns" in text
    assert text.count("### ") == MAX_TURNS
    assert "cost unknown" in turns_markdown([turn(1), turn(2, cost=None)])


def test_long_texts_are_cut() -> None:
    long = turn(observation="x" * 10_000, action_input={"a": "y" * 10_000}, thought="z\n" * 10_000)
    assert sum(map(len, turn_lines(long))) < 4 * MAX_TEXT
    assert len(turns_markdown([long])) < 6 * MAX_TEXT


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_nothing_that_was_written_acts_in_the_ui_or_the_terminal(text: str) -> None:
    hostile = f"<img src=x onerror=alert(1)> [a](javascript:b) # h\n> q \x1b[31m\u202e{text}"
    shown = turn(
        thought=hostile,
        action=hostile,
        action_input={"a": hostile},
        observation=hostile,
        model=hostile,
    )
    markdown = turns_markdown([shown])
    assert not re.search(r"(?<!\\)[<\[]|^#(?!## 1)", markdown, re.MULTILINE)
    for line in turn_lines(shown):
        assert "\x1b" not in line
        assert "\u202e" not in line
