"""Calls that a model gets at a time, on a real Prefect server."""

import threading
from collections.abc import Iterator

import pytest
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from support import model_server as stub
from support.model_server import ModelServer
from support.platform import Platform, free_port, wait_until
from support.reading import DATA, request

from signoff import prefect_limits, prefect_runs
from signoff.errors import DeadlineExceededError, ExecutionCanceledError
from signoff.extraction.readers import open_readers
from signoff.prefect_limits import limit_name, make_limits, model_slot
from signoff.prefect_runs import PrefectUnavailableError
from signoff.settings import ModelSettings, Settings

numbers = iter(range(1000))


def never() -> None:
    """Nobody calls it off."""


@pytest.fixture
def model(platform: Platform) -> ModelSettings:
    """A model of which Prefect knows nothing yet, with one call at a time."""
    return ModelSettings(url="http://127.0.0.1:8080/v1", model=f"m/{next(numbers)}", concurrency=1)


@pytest.fixture(autouse=True)
def _quick_polling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefect_limits, "POLL_SECONDS", 0.05)


def known_limit(model: ModelSettings) -> int | None:
    with get_client(sync_client=True) as client:
        try:
            return client.read_global_concurrency_limit_by_name(limit_name(model)).limit
        except ObjectNotFound:
            return None


def test_limits_are_made_and_follow_the_settings(model: ModelSettings) -> None:
    make_limits([model])
    make_limits([model])
    assert known_limit(model) == 1
    make_limits([model.model_copy(update={"concurrency": 3})])
    assert known_limit(model) == 3


def test_missing_limit_is_made_and_held(model: ModelSettings) -> None:
    assert known_limit(model) is None
    with model_slot(model, seconds=60, should_stop=never):
        assert known_limit(model) == 1
        with (
            pytest.raises(DeadlineExceededError, match="SIGNOFF_MODEL_CONCURRENCY"),
            model_slot(model, seconds=0, should_stop=never),
        ):
            raise AssertionError("two calls at a time")
    with model_slot(model, seconds=60, should_stop=never):
        pass  # given back


def active(model: ModelSettings) -> int:
    with get_client(sync_client=True) as client:
        return client.read_global_concurrency_limit_by_name(limit_name(model)).active_slots


def test_a_place_is_kept_for_a_moment_and_then_given_back(
    model: ModelSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with model_slot(model, seconds=60, should_stop=never):
        pass
    assert active(model) == 1
    with monkeypatch.context() as away:  # the next call asks nobody
        away.setattr(prefect_limits, "connected", None)
        with model_slot(model, seconds=60, should_stop=never):
            pass
    wait_until(lambda: active(model) == 0)


def test_a_process_that_had_its_turn_gives_the_place_back_at_once(
    model: ModelSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prefect_limits, "TURN_SECONDS", 0)
    with model_slot(model, seconds=60, should_stop=never):
        assert active(model) == 1
    assert active(model) == 0


def test_waiting_for_a_slot_can_be_called_off(model: ModelSettings) -> None:
    questions = 0

    def cancel() -> None:
        nonlocal questions
        questions += 1
        if questions > 2:
            raise ExecutionCanceledError("canceled")

    with (
        model_slot(model, seconds=60, should_stop=never),
        pytest.raises(ExecutionCanceledError),
        model_slot(model, seconds=60, should_stop=cancel),
    ):
        raise AssertionError("two calls at a time")


def test_error_in_the_call_gives_the_slot_back(model: ModelSettings) -> None:
    with pytest.raises(ValueError, match="boom"), model_slot(model, seconds=60, should_stop=never):
        raise ValueError("boom")
    with model_slot(model, seconds=60, should_stop=never):
        pass


def test_many_runs_call_one_at_a_time(model: ModelSettings, no_vendor: None) -> None:
    at_once, most, lock = 0, 0, threading.Lock()

    def answer(_: stub.Request) -> stub.Reply:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        try:
            return stub.ok(DATA)
        finally:
            with lock:
                at_once -= 1

    with ModelServer(fallback=answer) as server:
        settings = Settings(model_url=server.url, model=model.model, model_concurrency=1)
        reader = open_readers(settings, slot=model_slot).reader
        threads = [threading.Thread(target=reader.read, args=(request(),)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(server.journal) == 3
    assert most == 1


@pytest.fixture
def no_server(platform: Platform) -> Iterator[None]:
    url = prefect_runs.configured_url()
    prefect_runs.use_server(f"http://127.0.0.1:{free_port()}/api")
    yield
    assert url is not None
    prefect_runs.use_server(url)


def test_without_prefect_no_call_passes_silently(model: ModelSettings, no_server: None) -> None:
    with (
        pytest.raises(PrefectUnavailableError, match="PREFECT_API_URL"),
        model_slot(model, seconds=60, should_stop=never),
    ):
        raise AssertionError("a call without a slot")
