"""What can go wrong at a model server, each with its outcome."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from support import model_server as stub
from support.model_server import ModelServer, Reply
from support.reading import DATA, request

from signoff.documents.model import Document
from signoff.errors import DeadlineExceededError, ModelRefusedError, ModelUnavailableError
from signoff.extraction.models.model_reader import ModelReader

MakeDocument = Callable[..., Document]
MakeReader = Callable[..., ModelReader]


@pytest.mark.parametrize(
    "fault",
    [
        stub.error(500),
        stub.error(502),
        stub.error(503),
        stub.error(408),
        stub.error(409),
        stub.rate_limited(),
        stub.disconnect(),
        stub.broken_off(),
        Reply(body=b"<html>gateway</html>"),
        Reply(body={"error": {"message": "upstream overloaded", "code": 503}}),
        Reply(body={"choices": []}),
    ],
)
def test_passing_fault_is_tried_again(
    model_server: ModelServer, make_reader: MakeReader, pauses: list[float], fault: Reply
) -> None:
    model_server.script(fault, fault, stub.ok(DATA))
    assert make_reader().read(request()).data == DATA
    assert len(model_server.journal) == 3
    assert 0 < pauses[0] < pauses[1] + 0.001  # grows, up to the jitter


@pytest.mark.parametrize("fault", [stub.error(500, "boom"), stub.disconnect()])
def test_lasting_fault_ends_as_model_unavailable(
    model_server: ModelServer, make_reader: MakeReader, fault: Reply
) -> None:
    model_server.fallback = lambda _: fault
    with pytest.raises(ModelUnavailableError, match="tried 6 times") as caught:
        make_reader().read(request())
    assert caught.value.retryable
    assert len(model_server.journal) == 6


def test_no_server_at_all_is_model_unavailable(make_reader: MakeReader) -> None:
    with ModelServer() as gone:
        url = gone.url
    with pytest.raises(ModelUnavailableError, match="no connection"):
        make_reader(model_url=url).read(request())


def test_retry_after_is_honoured(
    model_server: ModelServer, make_reader: MakeReader, pauses: list[float]
) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    model_server.script(stub.rate_limited(7), stub.rate_limited(soon), stub.ok(DATA))
    assert make_reader().read(request()).data == DATA
    # in steps of a second, so that a cancellation is noticed
    assert max(pauses) <= 1
    assert 27 < sum(pauses) <= 37.01


def test_retry_after_beyond_the_deadline_is_not_waited_for(
    model_server: ModelServer, make_reader: MakeReader, pauses: list[float]
) -> None:
    model_server.script(stub.rate_limited(3600))
    with pytest.raises(ModelUnavailableError, match="wait 3600 s"):
        make_reader().read(request(seconds_left=60))
    assert pauses == []


@pytest.mark.parametrize(
    ("fault", "setting"),
    [
        (stub.error(401, "Incorrect API key"), "API key. Check the key: SIGNOFF_MODEL_API_KEY"),
        (stub.error(403), "SIGNOFF_MODEL_API_KEY"),
        (stub.error(404, "The model `x` does not exist"), "SIGNOFF_MODEL_URL"),
        (stub.error(413), "SIGNOFF_MODEL_MAX_IMAGES"),
        (stub.error(400), "SIGNOFF_MODEL"),
        (stub.error(429, "No money", code="insufficient_quota"), "SIGNOFF_MODEL"),
    ],
)
def test_lasting_refusal_names_the_setting_and_is_not_tried_again(
    model_server: ModelServer, make_reader: MakeReader, fault: Reply, setting: str
) -> None:
    model_server.script(fault)
    with pytest.raises(ModelRefusedError, match=setting):
        make_reader().read(request())
    assert len(model_server.journal) == 1


@pytest.mark.parametrize(
    "fault",
    [
        stub.error(400, "maximum context length is 4096"),
        stub.error(500, "the request exceeds the available context size"),
    ],
)
def test_context_smaller_than_any_prompt_names_the_setting(
    model_server: ModelServer, make_reader: MakeReader, fault: Reply
) -> None:
    model_server.fallback = lambda _: fault
    with pytest.raises(ModelRefusedError, match="SIGNOFF_MODEL_CONTEXT_TOKENS"):
        make_reader(model_context_tokens=8000).read(request())
    assert len(model_server.journal) < 8


@pytest.mark.parametrize("fault", [stub.hang(), stub.drip()])
def test_slow_answer_ends_at_the_deadline(
    model_server: ModelServer, make_reader: MakeReader, fault: Reply
) -> None:
    model_server.fallback = lambda _: fault
    started = time.monotonic()
    with pytest.raises(DeadlineExceededError):
        make_reader().read(request(seconds_left=0.3))
    assert time.monotonic() - started < 10


def test_slow_answer_is_tried_again_after_one_calls_timeout(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    model_server.script(stub.drip())
    model_server.fallback = lambda _: stub.ok(DATA)
    assert make_reader(model_timeout=0.5).read(request(seconds_left=60)).data == DATA


def test_no_time_left_makes_no_call(model_server: ModelServer, make_reader: MakeReader) -> None:
    with pytest.raises(DeadlineExceededError):
        make_reader().read(request(seconds_left=0))
    assert model_server.journal == []


def test_prompt_too_long_for_the_servers_tokenizer_is_cut_further(
    model_server: ModelServer, make_reader: MakeReader, make_document: MakeDocument
) -> None:
    too_long = stub.error(400, "This model's maximum context length is 6000 tokens.")
    model_server.script(too_long, too_long, stub.ok(DATA))
    reader = make_reader(model_context_tokens=9000)
    reading = reader.read(request(make_document(*["word " * 200] * 50)))
    assert reading.data == DATA
    assert "did not fit into the model's context" in reading.thought
    lengths = [len(asked.text) for asked in model_server.journal]
    assert lengths[0] > lengths[1] > lengths[2]


@pytest.mark.parametrize("reply", [stub.refusal(), stub.content_filter()])
def test_refusal_carries_what_it_cost(
    model_server: ModelServer, make_reader: MakeReader, reply: Reply
) -> None:
    model_server.script(reply)
    with pytest.raises(ModelRefusedError, match="refused to answer") as caught:
        make_reader().read(request())
    paid = caught.value
    assert (paid.model, paid.prompt_tokens, paid.completion_tokens) == ("stub-model", 100, 20)
    assert not paid.retryable


@pytest.mark.parametrize(
    "usage", [None, {}, {"prompt_tokens": "many"}, {"prompt_tokens": -5, "completion_tokens": 1.5}]
)
def test_wrong_usage_loses_no_answer(
    model_server: ModelServer, make_reader: MakeReader, usage: object
) -> None:
    model_server.script(stub.ok(DATA, usage=usage))
    reading = make_reader().read(request())
    assert reading.data == DATA
    # as much as can be told of what was sent and what came
    assert reading.tokens_estimated
    assert 100 < reading.prompt_tokens < 500
    assert 3 < reading.completion_tokens < 20
