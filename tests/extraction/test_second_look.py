"""A second look: values in doubt are looked at again once, and it can only help."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from support.model_server import ModelServer, ok
from support.pages import document_of, page_of

from signoff.errors import ModelUnavailableError
from signoff.executions.extractions import Extraction, Iteration
from signoff.extraction.assignment import Assignment
from signoff.extraction.evidence import ground
from signoff.extraction.loop import extract
from signoff.extraction.models.model_reader import ModelReader
from signoff.extraction.offline import OfflineReader
from signoff.extraction.reader import Reader, Reading, ReadRequest
from signoff.extraction.second_look import doubts
from signoff.extraction.turns import LOOK_AGAIN
from signoff.settings import ModelSettings

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "invoice_number": {"type": "string"},
        "total": {"type": "number"},
        "due_date": {"type": "string", "format": "date"},
        "summary": {"type": "string"},
    },
    "required": ["invoice_number"],
}
TEXT = "Invoice number: R-2026-17\nDue date: 2026-04-03\nTotal: 118.50 EUR\n"
DOCUMENT = document_of(page_of(*TEXT.splitlines()))
RIGHT = {"invoice_number": "R-2026-17", "total": 118.5, "due_date": "2026-04-03"}


class Record:
    def __init__(self, *iterations: Iteration) -> None:
        self.iterations = list(iterations)

    def load(self) -> list[Iteration]:
        return list(self.iterations)

    def append(self, iteration: Iteration) -> None:
        self.iterations.append(iteration)


class Scripted:
    """A reader that answers from a list; an exception in it is raised."""

    limits = None
    offline = False

    def __init__(self, *answers: dict[str, Any] | Exception) -> None:
        self.answers = list(answers)

    def read(self, request: ReadRequest) -> Reading:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Reading(model="m", data=answer)


def read_offline() -> Reading:
    return OfflineReader().read(ReadRequest(schema=SCHEMA, instructions="", documents=[DOCUMENT]))


def doubted(data: dict[str, Any]) -> list[str]:
    grounding = ground(data, SCHEMA, [DOCUMENT], input_data={"order": "PO-9"})
    return doubts(data, grounding, second=read_offline())


def look(reader: Reader, record: Record, *, max_corrections: int = 3) -> Extraction:
    assignment = Assignment(
        schema=SCHEMA,
        documents=[DOCUMENT],
        input_data={"order": "PO-9"},
        max_corrections=max_corrections,
        seconds=60,
    )
    return extract(assignment, reader=reader, record=record, doubts=doubted)


def test_a_value_that_stands_nowhere_is_in_doubt_and_its_place_is_shown() -> None:
    (line,) = doubted(RIGHT | {"total": 181.5})
    assert "/total: “181.5” stands nowhere" in line
    assert "118.5" in line


def test_an_answer_that_is_on_the_page_is_in_no_doubt() -> None:
    assert doubted(RIGHT) == []


def test_a_value_copied_from_the_input_data_is_in_no_doubt() -> None:
    assert doubted(RIGHT | {"invoice_number": "PO-9"}) == []


def test_a_summary_in_own_words_is_in_no_doubt() -> None:
    summary = "The supplier asks for payment of one hundred and eighteen euros and a half by April."
    assert doubted(RIGHT | {"summary": summary}) == []


def test_the_second_answer_counts_when_it_is_better() -> None:
    record = Record()
    extraction = look(Scripted(RIGHT | {"total": 181.5}, RIGHT), record)
    assert extraction.data == RIGHT
    assert record.iterations[0].observation.startswith(LOOK_AGAIN)
    assert record.iterations[1].observation == ""


def test_the_first_answer_counts_when_the_second_is_worse() -> None:
    first = RIGHT | {"total": 181.5}
    second = {"invoice_number": "X-1", "total": 999.0}
    assert look(Scripted(first, second), Record()).data == first


def test_there_is_one_second_look_only() -> None:
    record = Record()
    extraction = look(Scripted(RIGHT | {"total": 1.0}, RIGHT | {"total": 2.0}), record)
    assert len(record.iterations) == 2
    assert extraction.data["total"] == 2.0


def test_an_outage_at_the_second_look_costs_nothing_but_the_look() -> None:
    first = RIGHT | {"total": 181.5}
    outage = ModelUnavailableError("no connection")
    assert look(Scripted(first, outage), Record()).data == first


def test_a_second_answer_that_never_passes_leaves_the_first() -> None:
    first = RIGHT | {"total": 181.5}
    reader = Scripted(first, {"total": "?"}, {"total": "?"}, {"total": "?"})
    assert look(reader, Record()).data == first
    assert reader.answers == []


def test_without_corrections_there_is_no_second_look() -> None:
    record = Record()
    look(Scripted(RIGHT | {"total": 181.5}), record, max_corrections=0)
    assert [turn.observation for turn in record.iterations] == [""]


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_a_restart_goes_on_with_the_second_look_and_repeats_no_call(kept: int) -> None:
    answers: Sequence[dict[str, Any]] = (RIGHT | {"total": 181.5}, RIGHT)
    whole = Record()
    expected = look(Scripted(*answers), whole)
    again = Record(*whole.iterations[:kept])
    reader = Scripted(*answers[kept:])
    assert look(reader, again).data == expected.data
    assert reader.answers == []


def test_the_model_sees_its_doubtful_answer_and_the_doubts_as_data() -> None:
    with ModelServer() as server:
        server.script(ok(RIGHT | {"total": 181.5}), ok(RIGHT))
        settings = ModelSettings(url=server.url, model="m", sees_images=False)
        extraction = look(ModelReader(settings), Record())
        asked = server.journal[1].text
    assert extraction.data == RIGHT
    assert "181.5" in asked
    assert "<observation-" in asked
    assert "not accepted" not in asked


def test_a_doubted_turn_of_a_forgiven_try_still_counts_as_an_answer() -> None:
    turn = Iteration(
        number=1,
        action="submit",
        action_input=RIGHT,
        observation=f"{LOOK_AGAIN}- /total: …",
        timestamp=datetime.now(UTC),
        model="m",
    )
    assert look(Scripted(RIGHT), Record(turn)).data == RIGHT
