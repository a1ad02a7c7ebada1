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
    ModelRefusedError,
    TokenLimitError,
    ValidationFailedError,
)
from signoff.executions.checks import OneOfCheck, OnFailure
from signoff.executions.extractions import Evidence, Extraction, Iteration
from signoff.extraction.assignment import Assignment
from signoff.extraction.loop import extract
from signoff.extraction.models.model_reader import ModelReader
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
    part: str = "",
    pages: tuple[int, int, int] | None = None,
    **more: Any,
) -> Extraction:
    assignment = Assignment(schema=schema, max_corrections=max_corrections, seconds=seconds, **more)
    return extract(assignment, reader=reader, record=record, part=part, pages=pages)


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


def test_what_is_read_offline_is_not_said_to_have_been_tried_again() -> None:
    record = Record()
    with pytest.raises(MaxRetriesExceededError, match="would be read the same again") as caught:
        run(Scripted(ONE_WRONG, offline=True), record)
    assert "/date: '31.01.2026' is not a valid date" in str(caught.value)
    assert caught.value.best is not None
    assert len(record.iterations) == 1


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


@pytest.mark.parametrize(
    "nothing", [{"total": None, "date": None}, {"total": None, "rows": [{"x": ""}]}]
)
def test_data_without_any_value_is_a_failure(nothing: dict[str, Any]) -> None:
    anything = {"type": "object", "properties": {"total": {}}}
    with pytest.raises(MaxRetriesExceededError, match="no value at all") as caught:
        run(Scripted(nothing), Record(), schema=anything, max_corrections=0)
    assert caught.value.best is None


# -- checks ---------------------------------------------------------------------------------


def currency(on_failure: OnFailure, *values: str) -> OneOfCheck:
    return OneOfCheck(
        name="currency", fields=["/currency"], values=[*values], on_failure=on_failure
    )


def test_failed_check_goes_back_to_the_model() -> None:
    record = Record()
    reader = Scripted({**GOOD, "currency": "USD"}, {**GOOD, "currency": "EUR"})
    checks = [currency(OnFailure.RETRY, "EUR")]
    assert run(reader, record, checks=checks).data == {**GOOD, "currency": "EUR"}
    first, second = record.iterations
    assert first.observation.startswith("- currency: ")
    assert "'USD'" in first.observation or "USD" in first.observation
    assert second.observation == ""
    assert reader.requests[1].earlier[0].observation == first.observation


def test_flagged_check_stops_nothing() -> None:
    wrong = {**GOOD, "currency": "USD"}
    assert run(Scripted(wrong), Record(), checks=[currency(OnFailure.FLAG, "EUR")]).data == wrong


def test_rejecting_check_ends_at_once_and_stays_so_after_a_restart() -> None:
    record = Record()
    checks = [currency(OnFailure.REJECT, "EUR")]
    reader = Scripted({**GOOD, "currency": "USD"}, GOOD)
    for _ in range(2):
        with pytest.raises(ValidationFailedError, match="currency"):
            run(reader, record, checks=checks)
    assert len(record.iterations) == len(reader.requests) == 1
    # a person has restarted it: it is read anew
    assert run(reader, record, checks=checks, forgiven=1).data == GOOD


def test_checks_wait_until_the_schema_is_met() -> None:
    record = Record()
    checks = [currency(OnFailure.REJECT, "EUR")]
    reader = Scripted({**ONE_WRONG, "currency": "USD"}, GOOD)
    assert run(reader, record, checks=checks).data == GOOD
    assert "currency" not in record.iterations[0].observation


def test_best_attempt_has_the_fewest_problems_then_failed_checks() -> None:
    euro = currency(OnFailure.RETRY, "EUR")
    flag = OneOfCheck(name="n", fields=["/total"], values=[1.0], on_failure=OnFailure.FLAG)
    one_failed = {**GOOD, "total": 1.0, "currency": "USD"}
    reader = Scripted(one_failed, {**GOOD, "currency": "USD"}, ONE_WRONG)
    with pytest.raises(MaxRetriesExceededError) as caught:
        run(reader, Record(), checks=[euro, flag], max_corrections=2)
    assert caught.value.best is not None
    assert caught.value.best.data == one_failed


# -- what was paid --------------------------------------------------------------------------


def test_tokens_have_a_ceiling() -> None:
    record = Record()
    reader = Scripted(ONE_WRONG, ONE_WRONG, GOOD, prompt_tokens=90, completion_tokens=10)
    with pytest.raises(TokenLimitError, match="SIGNOFF_EXTRACTION_TOKENS") as caught:
        run(reader, record, max_tokens=200)
    assert len(record.iterations) == 2
    assert caught.value.best is not None
    # and after a restart as well
    with pytest.raises(TokenLimitError):
        run(reader, record, max_tokens=200)
    assert len(reader.requests) == 2


def test_turns_of_other_parts_and_readers_use_time_and_tokens_up() -> None:
    other = submitted(1, GOOD, observation="", seconds=50).model_copy(
        update={"part": "pages 1-9", "prompt_tokens": 100}
    )
    challenged = submitted(2, GOOD, observation="", seconds=5).model_copy(
        update={"role": "challenger", "prompt_tokens": 100}
    )
    with pytest.raises(DeadlineExceededError):
        run(Scripted(), Record(other, challenged), seconds=55)
    with pytest.raises(TokenLimitError):
        run(Scripted(), Record(other, challenged), max_tokens=200)
    # but they are not this part's turns
    reader = Scripted(GOOD)
    record = Record(other, challenged)
    assert run(reader, record, part="pages 9-17", pages=(1, 9, 17)).data == GOOD
    assert reader.requests[0].earlier == ()
    assert reader.requests[0].pages == (1, 9, 17)
    assert (record.iterations[-1].number, record.iterations[-1].part) == (3, "pages 9-17")


def test_paid_refusal_is_on_record_and_not_asked_for_again() -> None:
    class Refusing(Scripted):
        def read(self, request: ReadRequest) -> Reading:
            self.requests.append(request)
            raise ModelRefusedError(
                "no", model="m", prompt_tokens=7, completion_tokens=3, cost=Decimal("0.1")
            )

    record, reader = Record(), Refusing()
    for _ in range(2):
        with pytest.raises(ModelRefusedError, match="no"):
            run(reader, record)
    (turn,) = record.iterations
    assert (turn.action, turn.observation, turn.cost) == ("refused", "no", Decimal("0.1"))
    assert (turn.prompt_tokens, turn.completion_tokens, turn.model) == (7, 3, "m")
    assert len(reader.requests) == 1


def test_model_that_declines_makes_way_for_the_next() -> None:
    class Two(Scripted):
        def read(self, request: ReadRequest) -> Reading:
            self.requests.append(request)
            if not any(turn.action == "refused" for turn in request.earlier):
                return Reading(
                    model="a",
                    data=None,
                    action="refused",
                    tool_input={"model": "a"},
                    problem="no",
                    prompt_tokens=5,
                )
            return Reading(model="b", data=GOOD)

    record = Record()
    assert run(Two(), record, max_corrections=0).model == "b"
    assert [turn.model for turn in record.iterations] == ["a", "b"]


# -- what models are shown ------------------------------------------------------------------


def test_examples_are_shown_only_where_asked_for() -> None:
    sub = {"type": "string", "examples": ["R-1"], "default": "R-0"}
    schema = {
        "type": "object",
        "properties": {
            "default": sub,
            "rows": {"type": "array", "items": {"properties": {"n": sub}}},
        },
    }
    data = {"default": "x"}
    for asked_for in (False, True):
        reader = Scripted(data)
        run(reader, Record(), schema=schema, show_examples=asked_for)
        assert ("examples" in str(reader.requests[0].schema)) is asked_for
        assert "default" in reader.requests[0].schema["properties"]
    reader = Scripted(data, offline=True)
    run(reader, Record(), schema=schema)
    assert reader.requests[0].schema == schema
