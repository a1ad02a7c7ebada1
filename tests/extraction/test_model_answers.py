"""Finding the JSON object in whatever a model wrote."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.extraction.models.answers import Answer, NoJsonObjectError, find_object, split_thinking

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    # what storage cannot take is replaced, and has its own test
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.just("k"), values),
    max_leaves=10,
)
OBJECTS = st.dictionaries(st.sampled_from(["total", "a b", "```", "{"]), VALUES, min_size=1)
PROSE = st.text(st.characters(exclude_characters="{}[]`"), max_size=40)


@settings(max_examples=100, deadline=None)
@given(OBJECTS, PROSE, PROSE, st.sampled_from([None, 2]))
def test_object_is_found_between_words(
    data: dict[str, Any], before: str, after: str, indent: int | None
) -> None:
    assert find_object(before + json.dumps(data, indent=indent) + after).data == data


@settings(max_examples=200, deadline=None)
@given(st.text() | st.text('{}[]":,`1ae\\ \n'))
def test_any_text_is_an_object_or_says_that_it_is_none(text: str) -> None:
    thoughts, rest = split_thinking(text)
    try:
        found = find_object(rest).data
    except NoJsonObjectError:
        return
    json.dumps(found, allow_nan=False).encode()


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"a": ' + "9" * 10_000 + "}",
        '{"a": 1e999}',
        '{"a": Infinity}',
        "null",
        "{}{}",
    ],
)
def test_hostile_text_is_no_object(text: str) -> None:
    with contextlib.suppress(NoJsonObjectError):
        assert find_object(text).data == {}


def test_longest_of_several_objects_is_taken() -> None:
    found = find_object('From {"a": 1} I get {"a": 1, "b": 2}, see {"c": 3}')
    assert (found.data, found.text) == ({"a": 1, "b": 2}, '{"a": 1, "b": 2}')


@pytest.mark.parametrize(
    "choice",
    [
        None,
        "x",
        {},
        {"message": None},
        {"message": {"content": 5, "tool_calls": [None, {"function": None}], "refusal": []}},
        {"message": {"content": [{"type": "thinking", "thinking": []}, None]}},
    ],
)
def test_odd_completions_are_read_as_empty(choice: Any) -> None:
    usage = {"prompt_tokens": -1, "completion_tokens": "7", "prompt_tokens_details": None}
    answer = Answer.from_json({"choices": [choice], "usage": usage, "model": None})
    assert (answer.text, answer.tool_calls, answer.refusal) == ("", (), "")
    assert (answer.prompt_tokens, answer.completion_tokens, answer.cached_tokens) == (0, 0, 0)


def test_content_in_parts_is_joined() -> None:
    parts = [{"type": "text", "text": '{"a"'}, {"type": "text", "text": ": 1}"}]
    answer = Answer.from_json({"choices": [{"message": {"content": parts}}]})
    assert find_object(answer.text).data == {"a": 1}
