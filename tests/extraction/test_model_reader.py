"""The model reader against a real server, each fault with its outcome."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from support import model_server as stub
from support.model_server import ModelServer, Reply
from support.reading import DATA, request

from signoff.documents.model import Document
from signoff.errors import (
    ConfigurationError,
    ModelRefusedError,
    ModelUnavailableError,
)
from signoff.executions.extractions import Iteration
from signoff.extraction.models.model_reader import NO_IMAGES, ModelReader
from signoff.extraction.models.server_memory import CapabilityCache
from signoff.settings import Settings

MakeDocument = Callable[..., Document]
MakeReader = Callable[..., ModelReader]


# -- what is asked ---------------------------------------------------------------------------


def test_asks_for_structured_output_by_the_translated_schema(
    model_server: ModelServer, make_reader: MakeReader, make_document: MakeDocument
) -> None:
    model_server.script(stub.ok({"total": 12.5, "note": None}))
    reading = make_reader(model_api_key="sk-1").read(request(make_document("Total 12.50")))

    assert reading.data == DATA
    assert (reading.prompt_tokens, reading.completion_tokens) == (100, 20)
    assert reading.model == "stub-model"
    assert reading.cost is None
    asked = model_server.journal[0]
    assert asked.headers["authorization"] == "Bearer sk-1"
    wanted = asked.body["response_format"]["json_schema"]
    assert wanted["strict"] is True
    assert wanted["schema"]["required"] == ["total", "note"]
    assert "Total 12.50" in asked.text
    assert "Read it." in asked.body["messages"][0]["content"]


def test_schema_that_strict_mode_cannot_say_is_sent_as_it_is(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    schema = {"type": "object", "properties": {"any": {"type": "object"}}}
    model_server.script(stub.ok({"any": {"x": 1}}))
    make_reader().read(request(schema=schema))
    wanted = model_server.journal[0].body["response_format"]["json_schema"]
    assert (wanted["strict"], wanted["schema"]) == (False, schema)


def test_correction_shows_the_last_answer_and_what_was_wrong(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    earlier = Iteration(
        number=1,
        action="submit",
        action_input={"total": "x"},
        observation="- /total: 'x' is not of type 'number'",
        timestamp=datetime.now(UTC),
        model="stub-model",
    )
    model_server.script(stub.ok(DATA))
    make_reader().read(request(earlier=(earlier,)))
    _, _, answer, correction = model_server.journal[0].body["messages"]
    assert answer == {"role": "assistant", "content": '{"total": "x"}'}
    assert "/total: 'x' is not of type 'number'" in correction["content"]


def test_vendors_key_is_not_sent_to_another_server(
    model_server: ModelServer, make_reader: MakeReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-vendor")
    model_server.script(stub.ok(DATA))
    make_reader().read(request())
    assert model_server.journal[0].headers["authorization"] == "Bearer none"


def test_vendor_default_is_used_with_its_key_alone(
    model_server: ModelServer, make_reader: MakeReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-vendor")
    monkeypatch.setenv("OPENAI_BASE_URL", model_server.url)
    model_server.script(stub.ok(DATA))
    make_reader(model_url="").read(request())
    assert model_server.journal[0].headers["authorization"] == "Bearer sk-vendor"


@pytest.mark.parametrize("settings", [{"model_url": "localhost:80"}, {"model_api_key": "sk-1\n"}])
def test_unusable_settings_are_named(make_reader: MakeReader, settings: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="SIGNOFF_MODEL_"):
        make_reader(**settings)


# -- answers that are no data ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (stub.cut_off(), "cut off after 20 tokens"),
        (stub.text(None), "empty"),
        (stub.text("  "), "empty"),
        (stub.text("I see an invoice."), "no JSON object"),
        (stub.text('{"total": NaN}'), "no JSON object"),
        (stub.text("[1, 2]"), "JSON array"),
        (stub.text('{"total": 1'), "no JSON object"),
    ],
)
def test_answer_without_an_object_says_why(
    model_server: ModelServer, make_reader: MakeReader, reply: Reply, problem: str
) -> None:
    model_server.script(reply)
    reading = make_reader().read(request())
    assert reading.data is None
    assert problem in reading.problem
    assert reading.completion_tokens == 20


@pytest.mark.parametrize(
    "content",
    [
        '```json\n{"total": 12.5}\n```',
        'Here it is:\n```\n{"total": 12.5}\n```\nAnything else?',
        'The data is {"total": 12.5}.',
        '<think>{"total": 1}?</think>{"total": 12.5}',
    ],
)
def test_object_is_found_in_text(
    model_server: ModelServer, make_reader: MakeReader, content: str
) -> None:
    model_server.script(stub.text(content))
    assert make_reader().read(request()).data == DATA


@pytest.mark.parametrize("reply", [stub.refusal("Not this one."), stub.content_filter()])
def test_refusal_is_no_outage_and_not_tried_again(
    model_server: ModelServer, make_reader: MakeReader, reply: Reply
) -> None:
    model_server.script(reply)
    with pytest.raises(ModelUnavailableError, match="refused to answer") as caught:
        make_reader().read(request())
    assert isinstance(caught.value, ModelRefusedError)
    assert not caught.value.retryable
    assert len(model_server.journal) == 1


# -- what servers do not know ----------------------------------------------------------------


def modes(server: ModelServer) -> list[str]:
    """How each request in the journal asked for JSON."""
    return [
        asked.body.get("response_format", {}).get("type")
        or (json.dumps(asked.body["tool_choice"]) if "tools" in asked.body else "plain")
        for asked in server.journal
    ]


def test_server_without_json_schema_is_asked_in_json_mode_and_remembered(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    model_server.json_schema = False
    model_server.script(stub.ok({**DATA, "note": None}), stub.ok(DATA))
    known = CapabilityCache()
    assert make_reader(known).read(request()).data == DATA
    assert make_reader(known).read(request()).data == DATA
    assert modes(model_server) == ["json_schema", "json_object", "json_object"]
    assert '"total": number' in model_server.journal[1].text


def test_server_without_json_mode_is_asked_for_a_tool_call(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    model_server.json_schema = model_server.json_object = False
    model_server.script(stub.tool_call(DATA))
    assert make_reader().read(request()).data == DATA
    assert modes(model_server)[-1] == '"auto"'


def test_tool_call_not_made_is_forced_next_time(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    model_server.json_schema = model_server.json_object = False
    model_server.script(stub.text("An invoice."), stub.text("Still one."), stub.ok(DATA))
    reader = make_reader()
    assert reader.read(request()).data is None
    assert reader.read(request()).data is None
    assert reader.read(request()).data == DATA
    assert [mode[:8] for mode in modes(model_server)[2:]] == ['"auto"', '{"type":', "plain"]


def test_server_that_knows_nothing_is_asked_plainly(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    model_server.json_schema = model_server.json_object = model_server.tools = False
    model_server.script(stub.text("Sure:\n```json\n" + json.dumps(DATA) + "\n```"))
    assert make_reader().read(request()).data == DATA
    assert modes(model_server)[-1] == "plain"
    assert '"total"' in model_server.journal[-1].body["messages"][0]["content"]


def test_schema_too_odd_for_the_server_is_not_held_against_the_model(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    odd = stub.error(400, "Invalid schema for response_format 'data': too deep")
    model_server.script(odd, stub.ok(DATA), stub.ok(DATA))
    reader = make_reader()
    assert reader.read(request()).data == DATA
    assert reader.read(request()).data == DATA
    assert modes(model_server) == ["json_schema", "json_object", "json_schema"]


def test_what_held_for_one_request_is_not_remembered_with_what_lasts(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    odd = stub.error(400, "Invalid schema for response_format 'data': too deep")
    model_server.script(odd, stub.error(400, "logprobs are not supported"), stub.ok(DATA))
    model_server.script(stub.ok(DATA))
    reader = make_reader()
    reader.read(request())
    reader.read(request())
    assert modes(model_server) == ["json_schema", "json_object", "json_object", "json_schema"]
    assert "logprobs" not in model_server.journal[-1].body


def test_images_not_supported_is_an_answer_and_remembered(
    model_server: ModelServer, make_reader: MakeReader, make_document: MakeDocument
) -> None:
    model_server.images = False
    model_server.script(stub.ok(DATA), stub.ok(DATA))
    reader, document = make_reader(), make_document("Total 12.50", image="PNG")
    reading = reader.read(request(document))
    assert reading.data == DATA
    assert NO_IMAGES in reading.thought
    reader.read(request(document))
    assert [len(asked.images) for asked in model_server.journal] == [1, 0, 0]
    assert isinstance(model_server.journal[-1].body["messages"][1]["content"], str)


def test_images_are_not_sent_to_a_model_that_sees_none(
    model_server: ModelServer, make_reader: MakeReader, make_document: MakeDocument
) -> None:
    model_server.script(stub.ok(DATA))
    reading = make_reader(model_sees_images=False).read(request(make_document("x", image="PNG")))
    assert model_server.journal[0].images == []
    assert reading.thought == ""


def test_parameters_that_a_model_refuses_are_left_out(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    model_server.script(
        stub.error(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'."),
        stub.error(400, "Unsupported value: 'temperature' does not support 0."),
        stub.ok(DATA),
    )
    assert make_reader().read(request()).data == DATA
    last = model_server.journal[-1].body
    assert last["max_completion_tokens"] == Settings().model_max_output_tokens
    assert not {"max_tokens", "temperature"}.intersection(last)


def test_reasoning_is_kept_as_the_thought(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    model_server.script(
        stub.completion({"content": json.dumps(DATA), "reasoning_content": "The sum is below."})
    )
    assert make_reader().read(request()).thought == "The sum is below."


def test_unstorable_characters_are_replaced(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    model_server.script(stub.text('{"total": 1, "note": "a\\u0000b\\ud800"}'))
    assert make_reader().read(request()).data == {"total": 1, "note": "a\ufffdb\ufffd"}


def test_odd_completion_is_survived(model_server: ModelServer, make_reader: MakeReader) -> None:
    model_server.script(Reply(body={"choices": [{"message": {"content": json.dumps(DATA)}}]}))
    reading = make_reader().read(request())
    assert (reading.data, reading.model) == (DATA, "stub-model")
    assert reading.tokens_estimated


def test_one_reader_serves_many_threads(
    model_server: ModelServer, make_reader: MakeReader, make_document: MakeDocument
) -> None:
    def echo(asked: stub.Request) -> Reply:
        return stub.ok({"total": float(asked.text.rpartition("Total ")[2].split()[0])})

    model_server.json_schema = False
    model_server.fallback = echo
    reader = make_reader()

    def read(number: int) -> object:
        return reader.read(request(make_document(f"Total {number}"))).data

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(read, range(24))) == [{"total": number} for number in range(24)]
