"""Requests as vendors' prompt caches see them: what comes first is the same, byte for byte."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from support import model_server as stub
from support.model_server import ModelServer, Request
from support.pages import document_of, page_of
from support.reading import DATA, request

from signoff.executions.extractions import Iteration
from signoff.extraction.models.model_reader import ModelReader
from signoff.extraction.reader import ToolSpec

MakeReader = Callable[..., ModelReader]
TOOLS = [ToolSpec("search", "Find words.", {"type": "object"})]


def fixed(sent: Request) -> str:
    """What stands before the documents, wherever a server puts tools and schema."""
    body = {key: sent.body.get(key) for key in ("model", "tools", "tool_choice", "response_format")}
    return json.dumps([body, sent.body["messages"][0]])


def wrong(number: int) -> Iteration:
    return Iteration(
        number=number,
        action="submit",
        action_input={"total": f"wrong {number}"},
        observation="- /total: is no number",
        timestamp=datetime.now(UTC),
        model="m",
    )


@pytest.mark.parametrize("tools", [[], TOOLS], ids=["no tools", "tools"])
@pytest.mark.parametrize("structured", [True, False])
def test_executions_of_an_agent_begin_the_same(
    model_server: ModelServer, make_reader: MakeReader, tools: list[ToolSpec], structured: bool
) -> None:
    model_server.json_schema = structured
    model_server.fallback = lambda _: stub.ok(DATA)
    answered = []
    for text in ("Total 12.50", "Total 99.00"):
        make_reader().read(request(document_of(page_of(text)), tools=tools))
        answered.append(model_server.journal[-1])
    one, other = answered
    assert fixed(one) == fixed(other)
    assert one.body["messages"][1] != other.body["messages"][1]


@pytest.mark.parametrize("tools", [[], TOOLS], ids=["no tools", "tools"])
def test_each_turn_of_an_execution_goes_on_where_the_last_one_ended(
    model_server: ModelServer, make_reader: MakeReader, tools: list[ToolSpec]
) -> None:
    model_server.fallback = lambda _: stub.ok(DATA)
    reader, document = make_reader(), document_of(page_of("Total 12.50"))
    for count in range(4):
        turns = [wrong(number) for number in range(1, count + 1)]
        reader.read(request(document, tools=tools, earlier=turns))
    before: list[Any] = []
    for sent in model_server.journal:
        assert fixed(sent) == fixed(model_server.journal[0])
        messages = sent.body["messages"]
        assert messages[: len(before)] == before
        assert len(messages) > len(before)
        before = messages
