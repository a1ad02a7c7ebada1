"""Models in order: who is asked when, and what is on record of those who declined."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from support import model_server as stub
from support.model_server import ModelServer, Reply
from support.reading import DATA, SCHEMA, request

from signoff.errors import ConfigurationError, ModelRefusedError, ModelUnavailableError
from signoff.executions.extractions import Iteration
from signoff.extraction.assignment import Assignment
from signoff.extraction.loop import extract
from signoff.extraction.models.fallback import ModelsInOrder
from signoff.extraction.models.model_reader import ModelReader
from signoff.extraction.reader import REFUSED, Reading
from signoff.extraction.readers import open_readers
from signoff.settings import ModelSettings, Settings

MakeReader = Callable[..., ModelReader]


@pytest.fixture
def second_server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture
def models(
    model_server: ModelServer, second_server: ModelServer, make_reader: MakeReader
) -> ModelsInOrder:
    return ModelsInOrder(
        [make_reader(), make_reader(model_url=second_server.url, model="second-model")]
    )


@pytest.mark.parametrize(
    "fault", [stub.error(500), stub.disconnect(), stub.error(401), stub.error(404)]
)
def test_next_model_answers_on_an_outage(
    model_server: ModelServer, second_server: ModelServer, models: ModelsInOrder, fault: Reply
) -> None:
    model_server.fallback = lambda _: fault
    second_server.script(stub.ok(DATA, model="second-model-v2"))
    reading = models.read(request())
    assert (reading.data, reading.model) == (DATA, "second-model-v2")


@pytest.mark.parametrize(
    "reply", [stub.cut_off(), stub.text("An invoice."), stub.text(None), stub.ok({"total": "x"})]
)
def test_a_bad_answer_is_no_reason_to_ask_another(
    model_server: ModelServer, second_server: ModelServer, models: ModelsInOrder, reply: Reply
) -> None:
    model_server.script(reply)
    models.read(request())
    assert second_server.journal == []


def _turn(reading: Reading) -> Iteration:
    return Iteration(
        number=1,
        action=reading.action,
        action_input=reading.tool_input,
        observation=reading.problem,
        timestamp=datetime.now(UTC),
        model=reading.model,
        prompt_tokens=reading.prompt_tokens,
        completion_tokens=reading.completion_tokens,
    )


@pytest.mark.parametrize("decline", [stub.refusal(), stub.content_filter()])
def test_a_refusal_that_was_paid_is_handed_back_before_the_next_is_asked(
    model_server: ModelServer, second_server: ModelServer, models: ModelsInOrder, decline: Reply
) -> None:
    model_server.script(decline)
    second_server.script(stub.ok(DATA))
    declined = models.read(request())
    assert (declined.action, declined.data, declined.prompt_tokens) == (REFUSED, None, 100)
    assert "refused to answer" in declined.problem
    assert second_server.journal == []

    reading = models.read(request(earlier=(_turn(declined),)))
    assert reading.data == DATA
    assert len(model_server.journal) == 1


def test_when_all_refuse_the_last_refusal_carries_its_tokens(
    model_server: ModelServer, second_server: ModelServer, models: ModelsInOrder
) -> None:
    model_server.script(stub.refusal())
    second_server.script(stub.refusal())
    declined = models.read(request())
    with pytest.raises(ModelRefusedError) as caught:
        models.read(request(earlier=(_turn(declined),)))
    assert (caught.value.prompt_tokens, caught.value.completion_tokens) == (100, 20)
    assert caught.value.model == "stub-model"


@pytest.mark.parametrize(
    ("first", "retryable"), [(stub.error(401), False), (stub.error(503), True)]
)
def test_when_nobody_answers_every_reason_is_told(
    model_server: ModelServer,
    second_server: ModelServer,
    models: ModelsInOrder,
    first: Reply,
    retryable: bool,
) -> None:
    model_server.fallback = lambda _: first
    second_server.fallback = lambda _: stub.error(403, "not yours")
    with pytest.raises(ModelUnavailableError, match="None of 2 models") as caught:
        models.read(request())
    assert f"status {first.status}" in str(caught.value)
    assert "not yours" in str(caught.value)
    assert caught.value.retryable is retryable


def test_limits_are_those_of_the_smallest_model(make_reader: MakeReader) -> None:
    models = ModelsInOrder([make_reader(), make_reader(model_context_tokens=4000)])
    assert (models.limits.context_tokens, models.limits.output_tokens) == (4000, 1000)


class Record:
    """A record in memory."""

    def __init__(self) -> None:
        self.iterations: list[Iteration] = []

    def load(self) -> list[Iteration]:
        return list(self.iterations)

    def append(self, iteration: Iteration) -> None:
        self.iterations.append(iteration)


def test_the_loop_records_each_refusal_once_and_goes_on(
    model_server: ModelServer, second_server: ModelServer, models: ModelsInOrder
) -> None:
    model_server.script(stub.refusal())
    second_server.script(stub.ok({**DATA, "note": None}))
    record = Record()
    extraction = extract(
        Assignment(schema=SCHEMA, max_corrections=0, seconds=60), reader=models, record=record
    )
    assert extraction.data == DATA
    assert [turn.action for turn in record.iterations] == [REFUSED, "submit"]
    assert [turn.prompt_tokens for turn in record.iterations] == [100, 100]
    # the refusal is the record's business, not the second model's
    assert "refused" not in second_server.journal[0].text


# -- settings ----------------------------------------------------------------------------------


def test_fallbacks_take_defaults_and_not_the_first_models_key(
    model_server: ModelServer, second_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-vendor")
    monkeypatch.setenv("SECOND_KEY", "sk-second")
    monkeypatch.setenv(
        "SIGNOFF_MODEL_FALLBACKS",
        json.dumps(
            [
                {"url": second_server.url, "model": "b", "max_images": 0},
                {"url": second_server.url, "model": "c", "api_key_env": "SECOND_KEY"},
            ]
        ),
    )
    settings = Settings(
        model_url=model_server.url, model="a", model_api_key="sk-first", model_context_tokens=5000
    )
    model_server.fallback = lambda _: stub.error(401)
    second_server.script(stub.error(401), stub.ok(DATA))
    assert open_readers(settings).reader.read(request()).data == DATA
    keys = [asked.headers["authorization"] for asked in second_server.journal]
    assert keys == ["Bearer none", "Bearer sk-second"]
    assert settings.models[1].context_tokens == ModelSettings().context_tokens


def test_wrong_key_of_a_fallback_names_its_setting(second_server: ModelServer) -> None:
    fallback = ModelSettings(url=second_server.url, model="b")
    settings = Settings(model_fallbacks=[fallback])
    second_server.fallback = lambda _: stub.error(401, "no such key")
    with pytest.raises(ModelRefusedError, match=r"SIGNOFF_MODEL_FALLBACKS\[0\]"):
        open_readers(settings).reader.read(request())


def test_missing_key_variable_is_named() -> None:
    settings = Settings(challenger=ModelSettings(url="http://127.0.0.1:1/v1", api_key_env="NO_KEY"),
                        model_url="http://127.0.0.1:1/v1")  # fmt: skip
    with pytest.raises(ConfigurationError, match="NO_KEY"):
        open_readers(settings)


def test_keys_are_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "SIGNOFF_MODEL_FALLBACKS", '[{"url": "http://x/v1", "api_key": "sk-secret", "typo": 1}]'
    )
    with pytest.raises(ValueError, match="typo") as caught:
        Settings()
    assert "sk-secret" not in str(caught.value)
    monkeypatch.setenv("SIGNOFF_CHALLENGER", '{"api_key": "sk-secret"}')
    monkeypatch.setenv("SIGNOFF_MODEL_FALLBACKS", '[{"api_key": "sk-secret"}]')
    settings = Settings()
    assert "sk-secret" not in f"{settings!r} {settings.models!r} {settings.model_dump_json()}"


def test_readers_are_as_the_settings_say() -> None:
    url = "http://127.0.0.1:1/v1"
    offline = open_readers(Settings())
    assert (offline.reader.offline, offline.challenger, offline.second) == (True, None, None)
    both = open_readers(Settings(model_url=url, challenger=ModelSettings(url=url, model="b")))
    assert both.second is not None
    assert both.second.offline
    assert isinstance(both.challenger, ModelReader)
    in_order = open_readers(Settings(model_url=url, model_fallbacks=[ModelSettings(url=url)]))
    assert isinstance(in_order.reader, ModelsInOrder)


def test_each_call_takes_its_models_slot(model_server: ModelServer) -> None:
    taken: list[str] = []

    @contextmanager
    def slot(model: ModelSettings, /, **waiting: object) -> Iterator[None]:
        assert set(waiting) == {"seconds", "should_stop"}
        taken.append(f"{model.model} in")
        yield
        taken.append(f"{model.model} out")

    model_server.script(stub.ok(DATA))
    settings = Settings(model_url=model_server.url, model="a")
    open_readers(settings, slot=slot).reader.read(request())
    assert taken == ["a in", "a out"]
