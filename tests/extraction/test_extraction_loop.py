"""The loop: validation, corrections, restarts and its ends."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from support import model_server as stub
from support.model_server import COMPLETION_TOKENS, PROMPT_TOKENS, ModelServer

from signoff.errors import (
    DeadlineExceededError,
    ExecutionCanceledError,
    InvalidAgentError,
    LeaseLostError,
    MaxRetriesExceededError,
)
from signoff.executions.models import Evidence, Extraction, Iteration
from signoff.extraction.loop import extract
from signoff.extraction.model_reader import ModelReader
from signoff.extraction.reader import Reader, Reading, ReadRequest

SCHEMA = {
    "type": "object",
    "properties": {
        "total": {"type": "number"},
        "date": {"type": "string", "format": "date"},
        "currency": {"enum": ["EUR", "USD"]},
    },
    "required": ["total", "date"],
}
GOOD = {"total": 12.5, "date": "2026-01-31"}
ONE_WRONG = {"total": 12.5, "date": "31.01.2026"}
TWO_WRONG = {"total": "12,50", "date": "31.01.2026"}


class Record:
    """A record in memory that survives every "restart" of a test."""

    def __init__(self, *iterations: Iteration) -> None:
        self.iterations = list(iterations)

    def load(self) -> list[Iteration]:
        return [Iteration.model_validate_json(i.model_dump_json()) for i in self.iterations]

    def append(self, iteration: Iteration) -> None:
        self.iterations.append(iteration)


class Scripted:
    """A reader that answers from a list."""

    limits = None

    def __init__(self, *answers: dict[str, Any] | None, offline: bool = False, **more: Any) -> None:
        self.answers = list(answers)
        self.offline = offline
        self.more = more
        self.requests: list[ReadRequest] = []

    def read(self, request: ReadRequest) -> Reading:
        self.requests.append(request)
        return Reading(model="m", data=self.answers.pop(0), **self.more)


def run(
    reader: Reader,
    record: Record,
    *,
    schema: dict[str, Any] = SCHEMA,
    max_corrections: int = 3,
    seconds: float = 60,
    **more: Any,
) -> Extraction:
    return extract(
        schema=schema,
        instructions="",
        documents=(),
        input_data=None,
        reader=reader,
        record=record,
        max_corrections=max_corrections,
        seconds=seconds,
        **more,
    )


def submitted(
    number: int, data: dict[str, Any], observation: str = "wrong", seconds: float = 1.0
) -> Iteration:
    return Iteration(
        number=number,
        action="submit",
        action_input=data,
        observation=observation,
        timestamp=datetime.now(UTC),
        model="m",
        seconds=seconds,
    )


def test_data_that_passes_ends_the_loop() -> None:
    record = Record()
    evidence = Evidence(file=1, page=1, quote="12,50")
    more: dict[str, Any] = {"confidence": {"/total": 0.9}, "evidence": {"/total": evidence}}
    extraction = run(Scripted(GOOD, **more, cost=Decimal("0.01"), thought="hm"), record)
    assert extraction == Extraction(data=GOOD, model="m", **more)
    (iteration,) = record.iterations
    assert (iteration.number, iteration.action, iteration.action_input) == (1, "submit", GOOD)
    assert (iteration.observation, iteration.thought) == ("", "hm")
    assert iteration.cost == Decimal("0.01")


def test_failed_answers_are_corrected(
    model_server: ModelServer, make_reader: Callable[..., ModelReader]
) -> None:
    """Through a real server: the second prompt carries what the schema said."""
    model_server.script(
        stub.ok({**ONE_WRONG, "currency": None}),
        stub.cut_off(),
        stub.ok({**GOOD, "currency": None}),
    )
    record = Record()
    assert run(make_reader(), record).data == GOOD
    first, second, third = record.iterations
    assert first.observation == "- /date: '31.01.2026' is not a valid date"
    assert "cut off" in second.observation
    assert third.observation == ""
    assert (first.prompt_tokens, first.completion_tokens) == (PROMPT_TOKENS, COMPLETION_TOKENS)
    assert first.observation in model_server.journal[1].text
    assert "cut off" in model_server.journal[2].text


@pytest.mark.parametrize("max_corrections", [0, 2])
def test_corrections_end_with_the_best_attempt(max_corrections: int) -> None:
    record = Record()
    reader = Scripted(TWO_WRONG, ONE_WRONG, {}, GOOD)
    with pytest.raises(MaxRetriesExceededError, match="failed validation") as caught:
        run(reader, record, max_corrections=max_corrections)
    assert len(record.iterations) == max_corrections + 1
    best = caught.value.best
    assert best is not None
    assert best.data == (ONE_WRONG if max_corrections else TWO_WRONG)


def test_of_two_equal_attempts_the_later_is_best() -> None:
    with pytest.raises(MaxRetriesExceededError) as caught:
        run(Scripted(ONE_WRONG, {**ONE_WRONG, "total": 2}), Record(), max_corrections=1)
    assert caught.value.best is not None
    assert caught.value.best.data["total"] == 2


@pytest.mark.parametrize("empty", [{}, None])
def test_empty_data_is_never_success(empty: dict[str, Any] | None) -> None:
    anything = {"type": "object", "properties": {"total": {}}}
    with pytest.raises(MaxRetriesExceededError) as caught:
        run(Scripted(empty), Record(), schema=anything, max_corrections=0)
    assert caught.value.best is None


def test_recorded_empty_submit_is_no_success_either() -> None:
    record = Record(submitted(1, {}, observation=""))
    assert run(Scripted(GOOD), record).data == GOOD


def test_offline_reader_is_not_asked_to_correct() -> None:
    record = Record()
    with pytest.raises(MaxRetriesExceededError) as caught:
        run(Scripted(ONE_WRONG, offline=True), record)
    assert len(record.iterations) == 1
    assert caught.value.best is not None
    assert caught.value.best.offline


def test_restart_returns_what_passed_without_a_call() -> None:
    record = Record()
    more: dict[str, Any] = {
        "confidence": {"/total": 0.4},
        "evidence": {"/total": Evidence(file=1, page=2, quote="x")},
    }
    first = run(Scripted(ONE_WRONG, GOOD, offline=False, **more), record)
    nobody = Scripted(offline=True)
    assert run(nobody, record) == first
    assert first.evidence == more["evidence"]
    assert nobody.requests == []


@pytest.mark.parametrize("calls_before_the_kill", range(4))
def test_restart_at_any_call_pays_nothing_twice(calls_before_the_kill: int) -> None:
    answers = [TWO_WRONG, None, ONE_WRONG, GOOD]
    record = Record()
    killed = Scripted(*answers[:calls_before_the_kill])
    with pytest.raises(IndexError):
        run(killed, record)
    restarted = Scripted(*answers[calls_before_the_kill:])
    assert run(restarted, record).data == GOOD
    assert [i.number for i in record.iterations] == [1, 2, 3, 4]
    assert len(killed.requests) - 1 + len(restarted.requests) == 4
    assert list(restarted.requests[0].earlier) == record.load()[:calls_before_the_kill]


def test_recorded_failures_count_as_corrections() -> None:
    record = Record(*(submitted(number, ONE_WRONG) for number in (1, 2, 3, 4)))
    nobody = Scripted()
    with pytest.raises(MaxRetriesExceededError) as caught:
        run(nobody, record)
    assert caught.value.best is not None
    assert nobody.requests == []


def test_forgiven_failures_are_kept_but_not_counted() -> None:
    record = Record(*(submitted(number, ONE_WRONG, seconds=100) for number in (1, 2, 3, 4)))
    reader = Scripted(GOOD)
    assert run(reader, record, forgiven=4).data == GOOD
    assert reader.requests[0].earlier == ()
    assert record.iterations[-1].number == 5


def test_time_is_shared_by_all_calls() -> None:
    now = iter([0.0, 10.0, 40.0, 45.0, 70.0])
    record = Record()
    reader = Scripted(ONE_WRONG, GOOD)
    with pytest.raises(DeadlineExceededError, match="SIGNOFF_EXTRACTION_TIMEOUT") as caught:
        run(reader, record, seconds=30, clock=lambda: next(now))
    assert [r.seconds_left for r in reader.requests] == [20]
    assert record.iterations[0].seconds == 30
    assert caught.value.best is not None
    assert caught.value.best.data == ONE_WRONG


def test_time_of_recorded_calls_is_used_up() -> None:
    record = Record(submitted(1, ONE_WRONG, seconds=59), submitted(2, {}, seconds=2))
    with pytest.raises(DeadlineExceededError) as caught:
        run(Scripted(), record, seconds=60)
    assert caught.value.best is not None


def test_deadline_within_a_call_keeps_the_best_attempt() -> None:
    class TooSlow(Scripted):
        def read(self, request: ReadRequest) -> Reading:
            if not self.answers:
                raise DeadlineExceededError("no answer in time")
            return super().read(request)

    with pytest.raises(DeadlineExceededError, match="SIGNOFF_EXTRACTION_TIMEOUT") as caught:
        run(TooSlow(ONE_WRONG), Record())
    assert caught.value.best is not None


@pytest.mark.parametrize("reason", [ExecutionCanceledError, LeaseLostError])
def test_stop_is_asked_for_before_each_call(reason: type[Exception]) -> None:
    calls: Sequence[int] = (1, 0)
    left = list(calls)

    def should_stop() -> None:
        if not left.pop():
            return
        raise reason("stop")

    record = Record()
    with pytest.raises(reason):
        run(Scripted(ONE_WRONG, GOOD), record, should_stop=should_stop)
    assert len(record.iterations) == 1


def test_many_problems_are_told_in_few_lines() -> None:
    schema = {
        "type": "object",
        "properties": {"rows": {"type": "array", "items": {"type": "number"}}},
    }
    record = Record()
    with pytest.raises(MaxRetriesExceededError):
        run(Scripted({"rows": ["x"] * 1000}), record, schema=schema, max_corrections=0)
    lines = record.iterations[0].observation.splitlines()
    assert len(lines) == 21
    assert lines[-1] == "- and 980 more problems like these"


@pytest.mark.parametrize("sub", [{"type": "string", "pattern": "["}, {"$ref": "#/$defs/nowhere"}])
def test_schema_that_cannot_be_applied_is_the_agents_fault(sub: dict[str, Any]) -> None:
    with pytest.raises(InvalidAgentError, match="data schema"):
        run(Scripted({"x": "y"}), Record(), schema={"type": "object", "properties": {"x": sub}})
