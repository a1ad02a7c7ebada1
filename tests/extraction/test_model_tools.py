"""Tools: what is offered, what a call becomes, and servers that know none."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from support import model_server as stub
from support.model_server import ModelServer, Reply
from support.reading import DATA, request

from signoff.extraction.models.model_reader import NO_TOOLS, ModelReader
from signoff.extraction.models.server_memory import CapabilityCache
from signoff.extraction.reader import ReadRequest, ToolSpec

MakeReader = Callable[..., ModelReader]
QUERY = {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]}
SEARCH = ToolSpec("search", "Find words.", QUERY)
VIEW = ToolSpec("view_page", "Look closer.", {"type": "object"}, pictures=True)


def with_tools() -> ReadRequest:
    wanted: ReadRequest = request(tools=(SEARCH, VIEW))
    return wanted


def calls(*made: tuple[str, str], **more: Any) -> Reply:
    return stub.completion(
        {
            "content": more.pop("content", None),
            "tool_calls": [
                {"id": f"c{at}", "type": "function", "function": {"name": n, "arguments": a}}
                for at, (n, a) in enumerate(made)
            ],
        },
        finish_reason=more.pop("finish_reason", "tool_calls"),
    )


def test_tools_are_offered_beside_submit(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    model_server.script(calls(("search", '{"query": "total"}'), content="Let me look."))
    reading = make_reader().read(with_tools())
    assert (reading.action, reading.tool_input) == ("search", {"query": "total"})
    assert reading.data is None
    assert (reading.problem, reading.thought) == ("", "Let me look.")
    asked = model_server.journal[0].body
    assert [tool["function"]["name"] for tool in asked["tools"]] == [
        "search",
        "view_page",
        "submit",
    ]
    assert asked["tools"][-1]["function"]["parameters"]["required"] == ["total", "note"]
    assert asked["tool_choice"] == "required"
    assert not {"response_format", "logprobs"}.intersection(asked)


def test_submit_call_is_data(model_server: ModelServer, make_reader: MakeReader) -> None:
    model_server.script(calls(("submit", '{"total": 12.5, "note": null}')))
    reading = make_reader().read(with_tools())
    assert (reading.action, reading.data) == ("submit", DATA)


def test_tool_that_gives_pictures_is_not_offered_to_the_blind(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    model_server.script(calls(("submit", json.dumps(DATA))))
    make_reader(model_sees_images=False).read(with_tools())
    names = [tool["function"]["name"] for tool in model_server.journal[0].body["tools"]]
    assert names == ["search", "submit"]


def test_of_several_calls_the_first_valid_one_counts(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    model_server.script(
        calls(("open_door", "{}"), ("search", '{"query": "a"}'), ("submit", json.dumps(DATA)))
    )
    reading = make_reader().read(with_tools())
    assert (reading.action, reading.tool_input) == ("search", {"query": "a"})
    assert "Ignored beside search: open_door, submit." in reading.thought


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (calls(("open_door", "{}")), "There is no tool 'open_door'; there are search, view_page,"),
        (calls(("search", '{"query": ')), "The input of search was no JSON object."),
        (calls(("search", '{"query"'), finish_reason="length"), "cut off"),
        (stub.text("I would like to search."), "no JSON object"),
        (stub.text(None), "empty"),
    ],
)
def test_call_that_cannot_be_carried_out_says_why(
    model_server: ModelServer, make_reader: MakeReader, reply: Reply, problem: str
) -> None:
    model_server.script(reply)
    reading = make_reader().read(with_tools())
    assert (reading.action, reading.data) == ("submit", None)
    assert problem in reading.problem
    assert reading.completion_tokens == 20


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "search", "arguments": {"query": "total"}}',
        '```json\n{"tool": "search", "parameters": {"query": "total"}}\n```',
        '{"name": "search", "arguments": "{\\"query\\": \\"total\\"}"}',
    ],
)
def test_call_written_as_text_is_a_call(
    model_server: ModelServer, make_reader: MakeReader, text: str
) -> None:
    model_server.script(stub.text(text))
    reading = make_reader().read(with_tools())
    assert (reading.action, reading.tool_input) == ("search", {"query": "total"})


def test_data_written_as_text_is_submitted(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    model_server.script(stub.ok(DATA))
    reading = make_reader().read(with_tools())
    assert (reading.action, reading.data) == ("submit", DATA)


def test_server_without_tool_calling_is_asked_for_the_data_and_remembered(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    model_server.tools = False
    model_server.script(stub.ok(DATA), stub.ok(DATA))
    known = CapabilityCache()
    reading = make_reader(known).read(with_tools())
    assert (reading.data, reading.thought) == (DATA, NO_TOOLS)
    make_reader(known).read(with_tools())
    assert ["tools" in asked.body for asked in model_server.journal] == [True, False, False]
    assert model_server.journal[-1].body["response_format"]["type"] == "json_schema"


def test_tool_choice_that_a_server_does_not_take_is_left_to_the_model(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    model_server.required_tools = False
    model_server.script(calls(("search", '{"query": "a"}')), calls(("submit", json.dumps(DATA))))
    reader = make_reader()
    assert reader.read(with_tools()).action == "search"
    assert reader.read(with_tools()).data == DATA
    choices = [asked.body["tool_choice"] for asked in model_server.journal]
    assert choices == ["required", "auto", "auto"]


def test_server_that_ignores_a_demanded_call_is_not_offered_tools_again(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    model_server.script(stub.text("An invoice, I think."), stub.ok(DATA))
    reader = make_reader()
    assert reader.read(with_tools()).data is None
    assert reader.read(with_tools()).data == DATA
    assert ["tools" in asked.body for asked in model_server.journal] == [True, False]


def test_model_that_was_free_to_call_is_offered_tools_again(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    model_server.required_tools = False
    model_server.script(stub.text("An invoice, I think."), calls(("submit", json.dumps(DATA))))
    reader = make_reader()
    assert reader.read(with_tools()).data is None
    assert reader.read(with_tools()).data == DATA
