"""A call ends when its execution is cancelled or its time is up, at whatever point it is."""

import threading
from collections.abc import Callable

import pytest
from support import model_server as stub
from support.model_server import ModelServer, Reply, delta
from support.reading import DATA, request

from signoff.errors import (
    DeadlineExceededError,
    ExecutionCanceledError,
    ModelUnavailableError,
)
from signoff.extraction.models import polling
from signoff.extraction.models.model_reader import ModelReader

MakeReader = Callable[..., ModelReader]


@pytest.fixture(autouse=True)
def _quick_polling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "POLL_SECONDS", 0.02)


class Cancellation:
    """Raises from the second question on, so that the call has begun."""

    def __init__(self, *, after: int = 1) -> None:
        self.left = after
        self.threads: set[int] = set()

    def __call__(self) -> None:
        self.threads.add(threading.get_ident())
        self.left -= 1
        if self.left < 0:
            raise ExecutionCanceledError("canceled by a person")


@pytest.mark.parametrize(
    "reply",
    [stub.hang(), stub.stalled(), stub.stalled(delta(content='{"total"')), stub.drip()],
    ids=["before a byte", "while it thinks", "in the middle", "dripping"],
)
def test_cancellation_closes_the_connection(
    model_server: ModelServer, make_reader: MakeReader, reply: Reply
) -> None:
    model_server.script(reply)
    cancellation = Cancellation()
    with pytest.raises(ExecutionCanceledError, match="by a person"):
        make_reader().read(request(should_stop=cancellation))
    assert len(model_server.journal) == 1
    assert cancellation.threads == {threading.get_ident()}
    if reply.manner != "drip":
        assert model_server.disconnected.wait(10)


def test_cancellation_is_noticed_between_two_tries(
    model_server: ModelServer, make_reader: MakeReader, pauses: list[float]
) -> None:
    model_server.fallback = lambda _: stub.rate_limited(30)
    cancellation = Cancellation(after=100)
    with pytest.raises(ExecutionCanceledError):
        make_reader().read(request(should_stop=cancellation, seconds_left=3600))
    assert max(pauses) <= 0.02


@pytest.mark.parametrize("reply", [stub.hang(), stub.stalled(delta(content='{"total"'))])
def test_deadline_in_the_middle_ends_the_call(
    model_server: ModelServer, make_reader: MakeReader, reply: Reply
) -> None:
    model_server.fallback = lambda _: reply
    reader = make_reader()
    assert reader.limits  # the server has been asked what it is: only the call is timed
    with pytest.raises(DeadlineExceededError):
        reader.read(request(seconds_left=1))
    assert model_server.disconnected.wait(10)
    assert len(model_server.journal) == 1


def test_a_call_that_takes_too_long_is_tried_once_more(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    model_server.fallback = lambda _: stub.stalled(delta(content="{"))
    with pytest.raises(ModelUnavailableError, match="tried 2 times: no answer within"):
        make_reader(model_timeout=0.1).read(request())
    assert len(model_server.journal) <= 2


def test_slow_stream_within_its_time_is_an_answer(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    asked = []
    model_server.script(stub.ok(DATA))
    reading = make_reader().read(request(should_stop=lambda: asked.append(1)))
    assert reading.data == DATA
