"""Streams as servers really send them, and what is made of each."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import model_server as stub
from support.model_server import DONE, USAGE, ModelServer, Reply, data, delta
from support.reading import DATA, request

from signoff.errors import ModelUnavailableError
from signoff.extraction.models import streaming
from signoff.extraction.models.answers import Answer
from signoff.extraction.models.model_reader import ModelReader
from signoff.extraction.models.streaming import (
    EndlessAnswerError,
    NoAnswerError,
    StreamedCompletion,
)

MakeReader = Callable[..., ModelReader]
TEXT = json.dumps(DATA)
START = delta(content=TEXT[:5])
REST = delta(content=TEXT[5:])
END = delta(finish_reason="stop")


@pytest.mark.parametrize(
    "events",
    [
        (START, REST, END, USAGE, DONE),
        (b": thinking\n\n", START, b": thinking\n\n", REST, END, USAGE, DONE),
        (START, REST, END, USAGE),  # no [DONE]
        (START, delta("stop", content=TEXT[5:]), USAGE, DONE),
        (START, REST, USAGE, DONE),  # no finish_reason
        (START, b"data: {broken\n\n", REST, END, USAGE, DONE),
        (START.replace(b"\n\n", b"\n"), REST.replace(b"\n", b"\r\n"), END, USAGE, DONE),
        (b"event: message\nid: 7\nretry: 10\n", START, REST, END, USAGE, b"data:[DONE]\n\n"),
        (START, REST, END, USAGE.rstrip()),  # the last line is not ended
        (data({"choices": [{"index": 1, "delta": {"content": "x"}}]}), START, REST, END, USAGE),
        (START, REST, END, USAGE, DONE, delta(content="after the end")),
        (data({"choices": [{"message": {"content": TEXT}, "finish_reason": "stop"}]}), USAGE),
        (delta(content=[{"type": "text", "text": TEXT}]), END, USAGE, DONE),
    ],
)
def test_stream_is_put_together(
    model_server: ModelServer, make_reader: MakeReader, events: tuple[bytes, ...]
) -> None:
    model_server.script(stub.stream(*events))
    reading = make_reader().read(request())
    assert reading.data == DATA
    assert (reading.prompt_tokens, reading.completion_tokens) == (100, 20)
    assert len(model_server.journal) == 1


def test_stream_without_usage_has_no_known_cost(
    model_server: ModelServer, make_reader: MakeReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    from signoff.extraction.models import model_reader

    monkeypatch.setattr(model_reader, "call_cost", lambda **_: 0)
    model_server.script(stub.stream(START, REST, END, DONE))
    reading = make_reader().read(request())
    assert (reading.data, reading.tokens_estimated, reading.cost) == (DATA, True, None)


def test_usage_is_asked_for(model_server: ModelServer, make_reader: MakeReader) -> None:
    model_server.script(stub.ok(DATA))
    make_reader().read(request())
    asked = model_server.journal[0].body
    assert (asked["stream"], asked["stream_options"]) == (True, {"include_usage": True})


def test_json_answer_to_a_streaming_request_is_read(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    whole = stub.ok(DATA).body
    assert isinstance(whole, dict)
    model_server.script(Reply(body=b"\n" + json.dumps(whole).encode()))
    reading = make_reader().read(request())
    assert (reading.data, reading.completion_tokens) == (DATA, 20)


@pytest.mark.parametrize(
    "fault",
    [
        stub.stream(START),
        stub.stream(START, b"data: {"),
        stub.stream(b": nothing but comments\n\n"),
        stub.stream(data({"error": {"message": "overloaded", "code": 503}})),
        stub.stream(START, data({"error": {"message": "the GPU is gone"}})),
        stub.stream(b'error: {"message": "slot unavailable", "code": 500}\n\n'),
    ],
)
def test_stream_without_an_answer_is_asked_for_again(
    model_server: ModelServer, make_reader: MakeReader, fault: Reply
) -> None:
    model_server.script(fault, stub.ok(DATA))
    assert make_reader().read(request()).data == DATA
    assert len(model_server.journal) == 2


def test_stream_that_never_answers_says_what_came(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    model_server.fallback = lambda _: stub.stream(START)
    with pytest.raises(ModelUnavailableError, match="broke off"):
        make_reader().read(request())


def test_answer_whose_connection_breaks_after_its_end_is_kept(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    model_server.script(Reply(body=b"".join((START, REST, END)), manner="broken_off"))
    assert make_reader().read(request()).data == DATA
    assert len(model_server.journal) == 1


def test_open_connection_after_the_end_is_not_waited_for(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    model_server.script(stub.stalled(START, REST, END, USAGE, DONE))
    assert make_reader().read(request()).data == DATA
    assert model_server.disconnected.wait(10)


@pytest.mark.parametrize(
    ("known", "asked"),
    [({"streaming": False}, [True, None, None]), ({"stream_options": False}, [True, True, True])],
)
def test_server_that_does_not_stream_is_asked_once(
    model_server: ModelServer, make_reader: MakeReader, known: dict[str, bool], asked: list[Any]
) -> None:
    for name, able in known.items():
        setattr(model_server, name, able)
    model_server.script(stub.ok(DATA), stub.ok(DATA))
    reader = make_reader()
    assert reader.read(request()).data == reader.read(request()).data == DATA
    assert "stream_options" not in model_server.journal[-1].body
    if "streaming" in known:
        assert "stream" not in model_server.journal[-1].body
    else:
        assert [entry.body.get("stream") for entry in model_server.journal] == asked


# -- the assembly by itself -----------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    text=st.text(),
    thoughts=st.text(),
    arguments=st.lists(st.text(), max_size=3),
    cuts=st.lists(st.integers(1, 40), min_size=1),
)
def test_stream_says_what_the_whole_answer_would_however_it_is_cut(
    text: str, thoughts: str, arguments: list[str], cuts: list[int]
) -> None:
    calls = [
        {"id": f"c{index}", "function": {"name": f"t{index}", "arguments": given}}
        for index, given in enumerate(arguments)
    ]
    message = {"content": text, "reasoning_content": thoughts, "tool_calls": calls}
    whole = stub.completion(message).body
    assert isinstance(whole, dict)
    raw = b"".join(stub.as_events(whole))
    streamed = StreamedCompletion()
    at = turn = 0
    while at < len(raw):
        size = cuts[turn % len(cuts)]
        streamed.feed(raw[at : at + size])
        at, turn = at + size, turn + 1
    assert Answer.from_json(streamed.completion()) == Answer.from_json(whole)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary() | st.sampled_from([START, b"data: ", b"[1]", b"null", b"\n", b"{"])))
def test_any_bytes_are_an_answer_or_none(chunks: list[bytes]) -> None:
    streamed = StreamedCompletion()
    for chunk in chunks:
        streamed.feed(chunk)
    try:
        streamed.completion()
    except NoAnswerError:
        return


def test_tool_calls_without_an_index_are_told_apart_by_their_ids() -> None:
    streamed = StreamedCompletion()
    for call in (
        {"id": "a", "function": {"name": "search", "arguments": '{"q"'}},
        {"function": {"arguments": ": 1}"}},
        {"id": "b", "function": {"name": "calculate", "arguments": {"x": 2}}},
    ):
        streamed.feed(delta(tool_calls=[call]))
    streamed.feed(DONE)
    calls = Answer.from_json(streamed.completion()).tool_calls
    assert [(call.name, call.arguments) for call in calls] == [
        ("search", '{"q": 1}'),
        ("calculate", '{"x": 2}'),
    ]


def test_endless_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "MAX_ANSWER_BYTES", 1000)
    streamed = StreamedCompletion()
    assert not streamed.feed(START)
    with pytest.raises(EndlessAnswerError):
        streamed.feed(START * 100)
