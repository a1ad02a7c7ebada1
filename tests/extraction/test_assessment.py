"""An extraction with everything that speaks for and against it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.pages import document_of, page_of

from signoff.documents.model import Document
from signoff.errors import (
    DeadlineExceededError,
    ExecutionCanceledError,
    MaxRetriesExceededError,
    ModelUnavailableError,
)
from signoff.executions.agents import Agent
from signoff.executions.extractions import (
    NO_SECOND_OPINION,
    CheckStatus,
    Disagreement,
    Extraction,
    FieldSignals,
    Iteration,
    MatchKind,
)
from signoff.extraction.assessment import extract_assessed
from signoff.extraction.assignment import Assignment
from signoff.extraction.evidence import Grounder
from signoff.extraction.reader import Reader, Reading, ReadRequest
from signoff.extraction.readers import Readers

AGENT = Agent.model_validate(
    {
        "name": "note",
        "max_corrections": 1,
        "data_schema": {
            "type": "object",
            "properties": {
                "number": {"type": "string"},
                "date": {"type": "string", "format": "date"},
                "total": {"type": "number"},
                "lines": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"item": {"type": "string"}, "amount": {"type": "number"}},
                    },
                },
            },
            "required": ["number"],
        },
        "checks": [
            {
                "name": "sum",
                "type": "equation",
                "equation": "sum(lines.amount) == total",
                "on_failure": "flag",
            }
        ],
    }
)
DOCUMENT = document_of(
    page_of(
        "Delivery note",
        "Number: LS-2041",
        "Date: 31.01.2026",
        "Item          Amount",
        "Bolts           5,00",
        "Nuts           50,20",
        "Total          55,20",
    )
)
RIGHT: dict[str, Any] = {
    "number": "LS-2041",
    "date": "2026-01-31",
    "total": 55.2,
    "lines": [{"item": "Bolts", "amount": 5}, {"item": "Nuts", "amount": 50.2}],
}
SHUFFLED = {**RIGHT, "lines": RIGHT["lines"][::-1]}


class Record:
    """A record in memory that survives every "restart" of a test."""

    def __init__(self) -> None:
        self.iterations: list[Iteration] = []

    def load(self) -> list[Iteration]:
        return [Iteration.model_validate_json(i.model_dump_json()) for i in self.iterations]

    def append(self, iteration: Iteration) -> None:
        self.iterations.append(iteration)


class Scripted:
    """A reader that answers, or raises, from a list."""

    limits = None

    def __init__(
        self, *answers: dict[str, Any] | Exception, offline: bool = False, **more: Any
    ) -> None:
        self.answers = list(answers)
        self.offline = offline
        self.more = more

    def read(self, request: ReadRequest) -> Reading:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Reading(model="m", data=answer, **self.more)


def assessed(
    reader: Reader,
    *,
    challenger: Reader | None = None,
    second: Reader | None = None,
    record: Record | None = None,
    document: Document = DOCUMENT,
    agent: Agent = AGENT,
    **more: Any,
) -> Extraction:
    return extract_assessed(
        Assignment.of(
            agent,
            instructions="Read it.",
            documents=[document],
            input_data=more.pop("input_data", None),
            seconds=60,
            **more,
        ),
        readers=Readers(reader, challenger, second),
        record=Record() if record is None else record,
    )


def test_every_value_is_found_and_scored() -> None:
    extraction = assessed(Scripted(RIGHT))
    assert set(extraction.confidence) == {
        *("/number", "/date", "/total"),
        *("/lines/0/item", "/lines/0/amount", "/lines/1/item", "/lines/1/amount"),
    }
    assert extraction.evidence["/date"].match is MatchKind.VARIANT
    assert extraction.evidence["/lines/1/amount"].quote == "50,20"
    assert extraction.signals["/total"].checks_passed == 1
    assert extraction.ungrounded == []
    assert [check.status for check in extraction.checks] == [CheckStatus.PASSED]
    assert min(extraction.confidence.values()) > 0.8


def test_what_stands_nowhere_is_ungrounded_and_not_confident() -> None:
    wrong = {**RIGHT, "number": "LS-9999"}
    extraction = assessed(Scripted(wrong, wrong))
    assert extraction.ungrounded == ["/number"]
    assert extraction.confidence["/number"] <= 0.3
    assert extraction.lowest_confidence == extraction.confidence["/number"]


def test_a_failed_check_lowers_all_that_it_looked_at() -> None:
    wrong = {**RIGHT, "lines": [{"item": "Bolts", "amount": 5}, {"item": "Nuts", "amount": 5}]}
    right, flagged = assessed(Scripted(RIGHT)), assessed(Scripted(wrong))
    assert flagged.checks[0].status is CheckStatus.FAILED
    for pointer in ("/total", "/lines/0/amount", "/lines/1/amount"):
        assert flagged.confidence[pointer] < right.confidence[pointer]
    assert flagged.confidence["/number"] == right.confidence["/number"]


def test_input_data_that_was_copied_counts_as_found() -> None:
    document = document_of(page_of("Number: LS-2041"))
    data = {"number": "LS-2041", "total": 99}
    extraction = assessed(Scripted(data), document=document, input_data={"total": 99})
    assert extraction.ungrounded == []
    assert extraction.confidence["/total"] > 0.8


def test_a_value_that_a_second_look_was_shown_has_nobody_to_agree_with() -> None:
    wrong = {**RIGHT, "number": "LS-9999"}
    second = Scripted(RIGHT, offline=True, evidence={})
    extraction = assessed(Scripted(wrong, RIGHT), second=second)
    assert extraction.data == RIGHT
    assert extraction.signals["/number"].offline_agrees is None
    assert extraction.signals["/total"].offline_agrees is True


# -- other readers --------------------------------------------------------------------------------


def test_readers_that_agree_raise_confidence_whatever_the_order_of_rows() -> None:
    alone = assessed(Scripted(RIGHT))
    together = assessed(
        Scripted(RIGHT), challenger=Scripted(SHUFFLED), second=Scripted(SHUFFLED, offline=True)
    )
    assert together.disagreements == []
    for pointer, confidence in together.confidence.items():
        assert confidence > alone.confidence[pointer]
        assert together.signals[pointer].challenger_agrees
        assert together.signals[pointer].offline_agrees


def test_what_another_reads_otherwise_is_told_and_lowers_confidence() -> None:
    other = {**SHUFFLED, "total": 52.5, "lines": [{"item": "Nuts", "amount": 50.2}]}
    del other["date"]
    extraction = assessed(Scripted(RIGHT), challenger=Scripted(other))
    assert extraction.disagreements == [
        Disagreement(pointer="/date", reader="challenger", value=None),
        Disagreement(pointer="/total", reader="challenger", value=52.5),
        Disagreement(pointer="/lines/0/item", reader="challenger", value=None),
        Disagreement(pointer="/lines/0/amount", reader="challenger", value=None),
    ]
    assert extraction.confidence["/total"] < assessed(Scripted(RIGHT)).confidence["/total"]
    assert extraction.signals["/lines/1/amount"].challenger_agrees is True


def test_what_only_another_reads_is_told() -> None:
    less = {key: value for key, value in RIGHT.items() if key != "date"}
    less["lines"] = RIGHT["lines"][:1]
    extraction = assessed(Scripted(less), challenger=Scripted(RIGHT), second=Scripted(RIGHT))
    assert extraction.disagreements == [
        Disagreement(pointer="/lines/1", reader="challenger", value=RIGHT["lines"][1]),
        Disagreement(pointer="/date", reader="challenger", value="2026-01-31"),
        Disagreement(pointer="/lines/1", reader="offline", value=RIGHT["lines"][1]),
        Disagreement(pointer="/date", reader="offline", value="2026-01-31"),
    ]


def test_rows_that_only_the_offline_reader_has_count_where_it_has_all_others_too() -> None:
    read = {**RIGHT, "lines": RIGHT["lines"][:1]}
    first, second = RIGHT["lines"]
    other = {**RIGHT, "lines": [{**first, "amount": 1}, second]}
    for lines in ([second], other["lines"], [{"item": first["item"]}, second]):
        extraction = assessed(Scripted(read), second=Scripted({**RIGHT, "lines": lines}))
        assert "/lines/1" not in {each.pointer for each in extraction.disagreements}
    nothing = assessed(Scripted({**RIGHT, "lines": []}), second=Scripted(RIGHT))
    assert nothing.disagreements == []


def test_the_offline_reader_has_no_opinion_on_what_it_did_not_find() -> None:
    extraction = assessed(Scripted(RIGHT), second=Scripted({"number": "LS-2041"}, offline=True))
    assert extraction.disagreements == []
    assert extraction.signals["/number"].offline_agrees is True
    assert extraction.signals["/total"].offline_agrees is None


@pytest.mark.parametrize(
    "failure", [ModelUnavailableError("It is down."), DeadlineExceededError("Too slow.")]
)
def test_a_challenger_that_fails_costs_nothing_but_its_opinion(failure: Exception) -> None:
    record = Record()
    extraction = assessed(Scripted(RIGHT), challenger=Scripted(failure), record=record)
    assert extraction.notes[0].startswith(NO_SECOND_OPINION)
    assert extraction.signals["/total"].challenger_agrees is None
    assert [turn.role for turn in record.iterations] == ["reader", "challenger"]


@pytest.mark.parametrize(
    "failure", [DeadlineExceededError("Too many pages."), ZeroDivisionError("oops")]
)
def test_a_second_reading_that_fails_costs_nothing_but_its_opinion(failure: Exception) -> None:
    extraction = assessed(Scripted(RIGHT), second=Scripted(failure, offline=True))
    assert extraction.notes[0].startswith(NO_SECOND_OPINION)
    assert extraction.signals["/total"].offline_agrees is None


def test_an_execution_that_is_canceled_meanwhile_stops() -> None:
    with pytest.raises(ExecutionCanceledError):
        assessed(Scripted(RIGHT), second=Scripted(ExecutionCanceledError("gone"), offline=True))


def test_the_offline_reader_is_not_asked_about_itself() -> None:
    reader = Scripted(RIGHT, offline=True, confidence={"/total": 0.5, "/number": 0.4})
    silent = Scripted()
    extraction = assessed(reader, challenger=silent, second=silent)
    assert extraction.signals["/total"].self_rating == 0.5
    assert extraction.signals["/date"].self_rating == 0
    assert max(extraction.confidence.values()) <= 0.6


# -- the model's own ------------------------------------------------------------------------------


def test_a_value_that_was_corrected_is_less_sure() -> None:
    first = {**RIGHT, "date": "31st of January", "total": 55}
    extraction = assessed(Scripted(first, RIGHT))
    assert extraction.signals["/date"].corrections == 1
    assert extraction.signals["/total"].corrections == 1
    assert extraction.signals["/number"].corrections == 0
    assert extraction.confidence["/date"] < assessed(Scripted(RIGHT)).confidence["/date"]


def test_tokens_that_the_model_was_unsure_of_lower_confidence() -> None:
    unsure = assessed(Scripted(RIGHT, probabilities={"/total": 0.3}))
    assert unsure.signals["/total"].token_probability == 0.3
    assert unsure.confidence["/total"] < assessed(Scripted(RIGHT)).confidence["/total"]


# -- failures and restarts ------------------------------------------------------------------------


def test_a_best_attempt_is_judged_too() -> None:
    wrong = {**RIGHT, "date": "31st of January", "number": "LS-1"}
    with pytest.raises(MaxRetriesExceededError) as raised:
        assessed(Scripted(wrong, wrong), challenger=Scripted(), second=Scripted(RIGHT))
    best = raised.value.best
    assert best is not None
    assert "/number" in best.ungrounded
    assert best.checks[0].status is CheckStatus.PASSED
    assert Disagreement(pointer="/number", reader="offline", value="LS-2041") in best.disagreements


def fail(*_: object, **__: object) -> Any:
    raise RuntimeError("a page that nobody foresaw")


def test_an_error_after_the_reading_is_raised_and_costs_no_second_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record, reader, challenger = Record(), Scripted(RIGHT), Scripted(SHUFFLED)
    with monkeypatch.context() as patch:
        patch.setattr(Grounder, "ground", fail)
        with pytest.raises(RuntimeError, match="nobody foresaw"):
            assessed(reader, challenger=challenger, record=record)
    extraction = assessed(reader, challenger=challenger, record=record)
    assert extraction.data == RIGHT
    assert extraction.signals["/total"].challenger_agrees
    assert len(record.iterations) == 2


def test_a_best_attempt_survives_an_error_in_judging_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Grounder, "ground", fail)
    wrong = {**RIGHT, "date": "31st of January"}
    with pytest.raises(MaxRetriesExceededError) as raised:
        assessed(Scripted(wrong, wrong))
    assert raised.value.best is not None
    assert raised.value.best.data == wrong
    assert "nobody foresaw" in raised.value.best.notes[0]


def test_signals_that_the_reading_has_already_are_kept() -> None:
    again = assessed(Scripted(RIGHT, probabilities={"/lines/1/amount": 0.7}))
    assert again.signals["/lines/1/amount"] == FieldSignals(
        match=MatchKind.VARIANT,
        similarity=1.0,
        word_confidence=1.0,
        places=1,
        checks_passed=1,
        token_probability=0.7,
    )


@pytest.mark.parametrize(("setting", "needed"), [({}, True), ({"page_pictures": "needed"}, False)])
def test_agent_says_whether_pages_that_are_all_text_are_shown(
    setting: dict[str, str], needed: bool
) -> None:
    class Looking(Scripted):
        def read(self, request: ReadRequest) -> Reading:
            assert request.documents[0].needs_picture(1) is needed
            return super().read(request)

    document = replace(DOCUMENT, needs_picture=lambda number: False)
    agent = AGENT.model_copy(update=setting)
    assert assessed(Looking(RIGHT), document=document, agent=agent).data == RIGHT
