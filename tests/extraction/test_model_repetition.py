"""Models that repeat themselves, and answers that are still being written when time is up."""

import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import model_server as stub
from support.model_server import ModelServer, delta
from support.reading import DATA, request

from signoff.errors import ModelUnavailableError
from signoff.executions.extractions import Iteration
from signoff.extraction.models.model_reader import ModelReader
from signoff.extraction.models.repetition import LEAST_CHARACTERS, REPEATS, Repetition
from signoff.extraction.reader import CUT_OFF

MakeReader = Callable[..., ModelReader]
ROW = '{"description": "Le Coeur de la Vie", "amount": 1000}, '


def noticed(text: str, *, piece: int = 3) -> bool:
    repetition = Repetition()
    return any(repetition.add(text[at : at + piece]) for at in range(0, len(text), piece))


@given(st.text(min_size=1, max_size=80), st.text(max_size=300), st.integers(1, 20))
def test_any_unit_that_repeats_long_enough_is_noticed(unit: str, start: str, piece: int) -> None:
    repeats = LEAST_CHARACTERS // len(unit) + REPEATS + 2
    assert noticed(start + unit * (repeats + 300 // len(unit) + 1), piece=piece)


@pytest.mark.parametrize(
    "text",
    [
        ROW * (REPEATS - 2),
        "".join(ROW.replace("1000", str(amount)) for amount in range(500)),
        json.dumps([{"a": row // 20, "b": "Parking"} for row in range(400)], indent=1),
        "0" * 500,
        '{"text": "' + "- " * 400,
        json.dumps([0, 0, 10] * 100),
        '{"text": "' + "".join(f"Paper A{size}, " for size in range(100)),
    ],
    ids=[
        "few rows",
        "other amounts",
        "groups of equal rows",
        "zeros",
        "a rule of dashes",
        "equal numbers",
        "enumeration",
    ],
)
def test_lists_are_no_repetition(text: str) -> None:
    assert not noticed(text)


@pytest.mark.parametrize(
    "phrase", ["1234567890", "Amarilla_", "Le Coeur de la ", "which is a product of a company, "]
)
def test_a_value_of_one_phrase_is_stopped_soon(phrase: str) -> None:
    start = '{"number": "17", "vat_id": "'
    assert not noticed(start + phrase * 6)
    assert noticed(start + (phrase * 40)[:360])


def test_a_model_that_repeats_itself_is_stopped(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    endless = (delta(content='{"items": ['), *itertools.repeat(delta(content=ROW), 2 * REPEATS))
    model_server.script(stub.stalled(*endless))
    reading = make_reader().read(request())
    assert reading.data is None
    assert reading.problem.startswith(CUT_OFF)
    assert "over and over" in reading.problem
    assert model_server.disconnected.wait(10)
    assert len(model_server.journal) == 1


def test_after_a_repetition_the_model_may_stray(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    endless = (delta(content='{"items": ['), *itertools.repeat(delta(content=ROW), 2 * REPEATS))
    model_server.script(stub.stalled(*endless), stub.ok(DATA))
    reader = make_reader()
    turn = Iteration(
        number=1,
        action="submit",
        observation=reader.read(request()).problem,
        timestamp=datetime.now(UTC),
        model="m",
    )
    assert reader.read(request(earlier=[turn])).data == DATA
    first, second = (sent.body["temperature"] for sent in model_server.journal)
    assert first == 0 < second


def test_blanks_without_end_are_stopped(model_server: ModelServer, make_reader: MakeReader) -> None:
    model_server.script(stub.stalled(delta(content="{"), delta(content=" \n" * 2000)))
    assert make_reader().read(request()).problem.startswith(CUT_OFF)


def test_an_answer_still_being_written_when_time_is_up_is_not_asked_for_again(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    words = (delta(content=f"{number} ") for number in itertools.count())
    model_server.script(stub.written_slowly(words))
    reading = make_reader(model_timeout=1).read(request())
    assert reading.problem.startswith(CUT_OFF)
    assert "took too long" in reading.problem
    assert len(model_server.journal) == 1


def test_an_answer_that_began_late_gets_a_second_try(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    thinking = itertools.repeat(b": still reading\n\n", 12)
    words = (delta(content=f"{number} ") for number in itertools.count())
    model_server.script(stub.written_slowly(itertools.chain(thinking, words)), stub.ok(DATA))
    assert make_reader(model_timeout=1).read(request()).data == DATA
    assert len(model_server.journal) == 2


def test_an_answer_that_stopped_growing_gets_a_second_try(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    model_server.fallback = lambda _: stub.stalled(delta(content="{"))
    with pytest.raises(ModelUnavailableError, match="tried 2 times"):
        make_reader(model_timeout=0.4).read(request())
