"""Values are as certain as the least certain of their tokens."""

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import model_server as stub
from support.model_server import ModelServer
from support.reading import DATA, request

from signoff.extraction.models.model_reader import ModelReader
from signoff.extraction.models.token_probabilities import (
    Token,
    existing,
    least_probabilities,
    tokens_from_json,
)

MakeReader = Callable[..., ModelReader]
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-999, 999)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda values: st.lists(values, max_size=3) | st.dictionaries(NAMES, values, max_size=3),
    max_leaves=8,
)


def _pointers(value: Any, pointer: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        parts = [(name.replace("~", "~0").replace("/", "~1"), item) for name, item in value.items()]
    elif isinstance(value, list):
        parts = [(str(index), item) for index, item in enumerate(value)]
    else:
        return {pointer: value}
    return {k: v for name, item in parts for k, v in _pointers(item, f"{pointer}/{name}").items()}


@settings(max_examples=80, deadline=None)
@given(
    data=st.dictionaries(NAMES, VALUES, max_size=4),
    indent=st.sampled_from([None, 1]),
    ascii_only=st.booleans(),
    before=st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    draw=st.data(),
)
def test_each_value_has_its_own_least_probability(
    data: dict[str, Any], indent: int | None, ascii_only: bool, before: str, draw: st.DataObject
) -> None:
    """Any text, cut into tokens anywhere, also within a character."""
    answer = json.dumps(data, indent=indent, ensure_ascii=ascii_only)
    raw = (before + answer).encode()
    cuts = sorted(draw.draw(st.sets(st.integers(1, max(1, len(raw) - 1)), max_size=30)))
    pieces = [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    logprobs = [-float(index) for index in range(len(pieces))]
    tokens = [Token(piece, logprob) for piece, logprob in zip(pieces, logprobs, strict=True)]

    found = least_probabilities(tokens, answer)

    expected = _pointers(data) if data else {}
    assert set(existing(found, data)) == {p for p in expected if p}
    assert all(0 <= value <= 1 for value in found.values())
    # a doubt about one byte is a doubt about the values that it belongs to, and no other
    if pieces and len(pieces) == len(raw) and found:
        assert min(found.values()) >= math.exp(min(logprobs))


def test_doubt_about_one_digit_is_the_values_alone() -> None:
    answer = '{"a": 120, "b": "x", "c": [null, 7]}'
    tokens = [Token(piece.encode(), -0.01) for piece in answer]
    tokens[answer.index("2")] = Token(b"2", math.log(0.25))
    tokens[answer.index(",")] = Token(b",", math.log(0.001))
    tokens[answer.index("7")] = Token(b"7", math.log(0.5))
    found = least_probabilities(tokens, answer)
    assert found == pytest.approx(
        {"/a": 0.25, "/b": math.exp(-0.01), "/c/0": math.exp(-0.01), "/c/1": 0.5}
    )


def test_token_that_reaches_over_the_edge_counts_for_both() -> None:
    answer = '{"a":1,"b":2}'
    tokens = [Token(b'{"a":', 0.0), Token(b'1,"b":2', math.log(0.3)), Token(b"}", 0.0)]
    assert least_probabilities(tokens, answer) == pytest.approx({"/a": 0.3, "/b": 0.3})


@pytest.mark.parametrize("answer", ['{"a": 2}', "", "{", '{"a" 1}', '{"a": 1]'])
def test_tokens_of_another_text_tell_nothing(answer: str) -> None:
    tokens = [Token(b'{"a": 1}', -1.0)]
    assert least_probabilities(tokens, answer) == {}
    assert least_probabilities([Token(answer.encode(), -1.0)], answer or "{}") in (
        {},
        {"/a": pytest.approx(math.exp(-1))},
    )


@pytest.mark.parametrize(
    "content",
    [
        None,
        "x",
        [None],
        [{"token": "a"}],
        [{"token": "a", "logprob": "x"}],
        [{"token": "a", "logprob": float("nan")}],
        [{"token": "a", "logprob": -1, "bytes": [999]}],
        [{"token": "a", "logprob": True}],
    ],
)
def test_odd_probabilities_are_none(content: Any) -> None:
    assert tokens_from_json(content) == ()


def _told(text: str) -> dict[str, Any]:
    tokens = [{"token": piece, "bytes": None, "logprob": -0.1} for piece in text]
    return {"content": tokens}


def test_probabilities_come_with_the_reading(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    answer = '{"total": 12.5, "note": null}'
    reply = stub.text("<think>hm {}</think>" + answer)
    assert isinstance(reply.body, dict)
    reply.body["choices"][0]["logprobs"] = _told("<think>hm {}</think>" + answer)
    model_server.script(reply)
    reading = make_reader().read(request())
    assert model_server.journal[0].body["logprobs"] is True
    # null only said that there is no note
    assert reading.probabilities == pytest.approx({"/total": math.exp(-0.1)})


def test_server_without_probabilities_is_asked_once(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    model_server.logprobs = False
    model_server.script(stub.ok(DATA), stub.ok(DATA))
    reader = make_reader()
    assert reader.read(request()).probabilities == {}
    reader.read(request())
    assert ["logprobs" in asked.body for asked in model_server.journal] == [True, False, False]
    assert model_server.journal[-1].body["response_format"]["type"] == "json_schema"
