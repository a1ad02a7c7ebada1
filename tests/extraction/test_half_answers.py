"""Answers whose end was cut off: what of them is kept, and what the calls took."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import model_server as stub
from support.model_server import ModelServer, delta
from support.pages import document_of, page_of
from support.reading import DATA, request

from signoff.documents.model import Document
from signoff.errors import MaxRetriesExceededError
from signoff.executions.agents import Agent
from signoff.executions.extractions import Extraction, Iteration
from signoff.extraction.assessment import extract_assessed
from signoff.extraction.assignment import Assignment
from signoff.extraction.models.half_answers import begun_object
from signoff.extraction.models.model_reader import ModelReader
from signoff.extraction.reader import CUT_OFF
from signoff.extraction.readers import Readers

MakeReader = Callable[..., ModelReader]
ROWS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "number": {"type": "string"},
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"item": {"type": "string"}, "amount": {"type": "number"}},
            },
        },
    },
    "required": ["number"],
}
WHOLE = {"number": "17", "lines": [{"item": "Bolts", "amount": 5}, {"item": "Nuts", "amount": 9.5}]}


@pytest.mark.parametrize(
    ("text", "begun"),
    [
        ('{"number": "17", "lines": [{"item": "Bolts", "amount": 5}, {"item": "Nu',
         {"number": "17", "lines": [{"item": "Bolts", "amount": 5}]}),
        ('{"number": "17", "lines": [{"item": "Bolts", "amount": 5}',
         {"number": "17", "lines": [{"item": "Bolts", "amount": 5}]}),
        ('{"number": "17", "seller": {"name": "Example", "vat": "DE1',
         {"number": "17", "seller": {"name": "Example"}}),
        ('```json\n{"number": "17", "total": 12', {"number": "17"}),
        ('{"number": "17", "paid": tr', {"number": "17"}),
        ('{"number": "17", "note": "a\\u00e', {"number": "17"}),
        ('{"number": "17"', {"number": "17"}),
        ('{"number": "17", "no', {"number": "17"}),
        ('{"number": "1', None),
        ("{", None),
        ("The total is {", None),
        ('{"number": "17" "total"', None),
        ('{"number": "17", total: 5, "x": ', None),
        ('{"number": "17"}', None),
        ('[{"number": "17"}, {', None),
    ],
)  # fmt: skip
def test_what_is_whole_is_kept(text: str, begun: Any) -> None:
    assert begun_object(text) == begun


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)  # fmt: skip


def is_part(part: Any, whole: Any) -> bool:
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(
            name in whole and is_part(value, whole[name]) for name, value in part.items()
        )
    if isinstance(part, list):
        pairs = list(zip(part, whole, strict=False))
        # rows are whole, but the list may go on
        return len(part) <= len(whole) and all(mine == theirs for mine, theirs in pairs)
    return bool(part == whole)


@given(st.dictionaries(st.text(max_size=4), values, max_size=4), st.data(), st.booleans())
def test_nothing_is_kept_that_is_not_there(
    whole: dict[str, Any], data: st.DataObject, ascii_only: bool
) -> None:
    text = json.dumps(whole, ensure_ascii=ascii_only)
    cut = data.draw(st.integers(0, len(text) - 1))
    begun = begun_object(text[:cut])
    assert begun is None or (begun and is_part(begun, whole))


def test_half_an_answer_is_data_with_a_problem(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    model_server.script(stub.cut_off(json.dumps(WHOLE)[:-8]))
    reading = make_reader().read(request(schema=ROWS))
    assert reading.data == {**WHOLE, "lines": WHOLE["lines"][:1]}
    assert reading.problem.startswith(CUT_OFF)


def test_half_a_call_is_data_too(model_server: ModelServer, make_reader: MakeReader) -> None:
    model_server.json_schema = model_server.json_object = False
    function = {"name": "submit", "arguments": '{"number": "17", "lines": ['}
    half = {"id": "1", "type": "function", "function": function}
    model_server.script(
        stub.completion({"content": None, "tool_calls": [half]}, finish_reason="length")
    )
    reading = make_reader().read(request(schema=ROWS))
    assert (reading.data, reading.action) == ({"number": "17"}, "submit")
    assert reading.problem


def test_answer_that_only_repeats_is_not_kept(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    endless = (
        delta(content='{"number": "17", "x": "'),
        *itertools.repeat(delta(content="la"), 300),
    )
    model_server.script(stub.stalled(*endless))
    reading = make_reader().read(request(schema=ROWS))
    assert reading.data is None
    # it was stopped before its server said what it took
    assert reading.tokens_estimated
    assert reading.cost is None
    assert 100 < reading.prompt_tokens < 1000
    assert 20 < reading.completion_tokens < 600


def test_call_that_was_given_up_is_counted(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    model_server.script(stub.stalled(delta(content="{")), stub.ok(DATA))
    reading = make_reader(model_timeout=0.4).read(request())
    assert (reading.data, reading.tokens_estimated) == (DATA, True)
    assert reading.prompt_tokens > stub.PROMPT_TOKENS + 100
    assert reading.completion_tokens > stub.COMPLETION_TOKENS


@pytest.mark.parametrize(
    "told", [{"prompt_tokens_details": {"cached_tokens": 64}}, {"prompt_cache_hit_tokens": 64}]
)
def test_tokens_in_the_vendors_cache_are_counted(
    model_server: ModelServer, make_reader: MakeReader, told: dict[str, Any]
) -> None:
    usage = {"prompt_tokens": 100, "completion_tokens": 20, **told}
    model_server.script(stub.ok(DATA, usage=usage))
    reading = make_reader().read(request())
    assert (reading.prompt_tokens, reading.cached_tokens) == (100, 64)
    assert not reading.tokens_estimated


def test_older_records_have_neither() -> None:
    old = {"number": 1, "action": "submit", "timestamp": "2026-01-01T00:00:00Z", "model": "m"}
    assert Iteration.model_validate(old).cached_tokens == 0


class Record:
    def __init__(self) -> None:
        self.turns: list[Iteration] = []

    def load(self) -> list[Iteration]:
        return list(self.turns)

    def append(self, iteration: Iteration) -> None:
        self.turns.append(iteration)


AGENT = Agent.model_validate({"name": "a", "data_schema": ROWS, "max_corrections": 1})
HALF = stub.cut_off(json.dumps(WHOLE)[:-8])


DOCUMENT = document_of(page_of("Number 17", "Bolts 5", "Nuts 9.5"))


def read(readers: Readers, record: Record, document: Document = DOCUMENT) -> Extraction:
    assignment = Assignment.of(
        AGENT,
        instructions="",
        documents=[document],
        input_data=None,
        seconds=60,
    )
    return extract_assessed(assignment, readers=readers, record=record)


def test_half_an_answer_never_passes_but_goes_to_review(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    model_server.script(HALF, HALF)
    record = Record()
    with pytest.raises(MaxRetriesExceededError, match="cut off") as caught:
        read(Readers(make_reader()), record)
    assert caught.value.best is not None
    assert caught.value.best.data == {**WHOLE, "lines": WHOLE["lines"][:1]}
    # nor after a restart, and nothing is asked for again
    with pytest.raises(MaxRetriesExceededError):
        read(Readers(make_reader()), record)
    assert len(model_server.journal) == 2
    # the model is told that it was cut off, and not shown what would look like a whole answer
    assert "Bolts" not in str(model_server.journal[1].body["messages"][2:])


def test_whole_answer_that_is_wrong_is_better_than_half_a_one(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    wrong = {**WHOLE, "number": 17}
    model_server.script(stub.ok(wrong), HALF)
    with pytest.raises(MaxRetriesExceededError) as caught:
        read(Readers(make_reader()), Record())
    assert caught.value.best is not None
    assert caught.value.best.data == wrong


def test_half_an_opinion_is_none(model_server: ModelServer, make_reader: MakeReader) -> None:
    model_server.script(stub.ok(WHOLE), HALF)
    record = Record()
    extraction = read(Readers(make_reader(), challenger=make_reader()), record)
    assert extraction.data == WHOLE
    assert extraction.disagreements == []
    assert [turn.role for turn in record.turns] == ["reader", "challenger"]


def test_half_an_answer_is_kept_where_no_part_can_be_read(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    model_server.script(HALF)
    model_server.fallback = lambda _: stub.text("I do not know.")
    document = document_of(page_of("Number 17", "Bolts 5"), page_of("Nuts 9.5"))
    record = Record()
    with pytest.raises(MaxRetriesExceededError) as caught:
        read(Readers(make_reader()), record, document)
    assert len({turn.part for turn in record.turns}) > 1
    assert caught.value.best is not None
    assert caught.value.best.data == {**WHOLE, "lines": WHOLE["lines"][:1]}
