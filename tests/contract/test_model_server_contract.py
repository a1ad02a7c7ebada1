"""What we rely on of a chat completions server, held against a real one.

Shapes are asserted, not values: the model here is too small to read anything.
"""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from support.llama_server import CONTEXT
from support.stores import apply_agent, make_agent

from signoff.documents.model import Document
from signoff.errors import ExecutionCanceledError
from signoff.evaluation.running import evaluate
from signoff.executions.extractions import Iteration
from signoff.executions.validation import find_problems
from signoff.extraction.models import polling
from signoff.extraction.models.capabilities import Capabilities
from signoff.extraction.models.model_reader import NO_IMAGES, ModelReader
from signoff.extraction.reader import Reading, ReadRequest, ToolSpec
from signoff.extraction.readers import Readers
from signoff.storage.store import Store

pytestmark = pytest.mark.xdist_group("contract")

MakeReader = Callable[..., ModelReader]
MakeDocument = Callable[..., Document]

INVOICE = "Invoice 2024-17\nDate 2024-03-01\n\nPaper    2    5.00    10.00\nTotal EUR 12.50\n"
SMALL = {
    "type": "object",
    "properties": {
        "currency": {"enum": ["EUR", "USD"]},
        "paid": {"type": "boolean"},
    },
    "required": ["currency", "paid"],
    "additionalProperties": False,
}
SEARCH = ToolSpec(
    "search",
    "Find words in the documents.",
    {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]},
)


def schema(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def ask(*documents: Document, **more: Any) -> ReadRequest:
    return ReadRequest(
        **{"schema": SMALL, "instructions": "", "documents": documents, "seconds_left": 300, **more}
    )


def assert_answered(reading: Reading) -> None:
    """An answer came, was counted, and is data or says why not, or why not all of it."""
    assert reading.model
    assert reading.prompt_tokens > 0
    assert reading.completion_tokens > 0
    assert reading.data is not None or reading.problem or reading.action != "submit"


def test_answer_meets_the_schema(make_reader: MakeReader, make_document: MakeDocument) -> None:
    reading = make_reader().read(ask(make_document(INVOICE)))
    assert_answered(reading)
    assert reading.data is not None
    assert find_problems(SMALL, reading.data) == []


def test_values_come_with_probabilities(
    make_reader: MakeReader, make_document: MakeDocument, live: bool
) -> None:
    reading = make_reader().read(ask(make_document(INVOICE)))
    assert all(0 <= value <= 1 for value in reading.probabilities.values())
    if live and not reading.probabilities:
        pytest.skip("the live server gives no probabilities")
    assert set(reading.probabilities) == {"/currency", "/paid"}


@pytest.mark.parametrize(
    "wanted",
    [
        schema(
            date={"type": "string", "format": "date"},
            number={"type": "string", "pattern": "^[A-Z]{2}\\d+$"},
            net={"anyOf": [{"type": "number"}, {"type": "null"}]},
            total={"type": ["number", "string", "null"], "minimum": 0},
        ),
        schema(number={"type": "string", "pattern": "^(?=A)(?!B)\\p{L}+$"}),
        schema(total={"not": {"type": "string"}}, any={}),
        schema(map={"type": "object", "additionalProperties": {"type": "number"}}),
        {
            **schema(lines={"type": "array", "items": {"$ref": "#/$defs/line"}, "maxItems": 2}),
            "$defs": {"line": schema(text={"type": "string"}, price={"type": "number"})},
        },
        {
            **schema(part={"$ref": "#/$defs/part"}),
            "$defs": {
                "part": {
                    "type": "object",
                    "properties": {"part": {"$ref": "#/$defs/part"}},
                }
            },
        },
    ],
    ids=["formats", "odd pattern", "not", "map", "$ref", "circle"],
)
def test_every_schema_gets_an_answer(
    make_reader: MakeReader, make_document: MakeDocument, wanted: dict[str, Any]
) -> None:
    reading = make_reader(max_output_tokens=24).read(ask(make_document(INVOICE), schema=wanted))
    assert_answered(reading)


def test_strings_are_held_to_formats_and_patterns(
    make_reader: MakeReader, make_document: MakeDocument, live: bool
) -> None:
    wanted = schema(
        date={"type": "string", "format": "date"},
        currency={"type": "string", "pattern": "^[A-Z]{3}$"},
        number={"type": "string", "pattern": r"^(RE|AR)-\d{2,4}$"},
    )
    reading = make_reader().read(ask(make_document(INVOICE), schema=wanted))
    assert_answered(reading)
    if live:
        pytest.skip("a live server may not hold them to anything")
    assert reading.data is not None
    assert find_problems(wanted, reading.data) == []


def test_answer_that_is_cut_off_says_so(
    make_reader: MakeReader, make_document: MakeDocument
) -> None:
    long = schema(**{f"text_{number}": {"type": "string"} for number in range(20)})
    reading = make_reader(max_output_tokens=16).read(ask(make_document(INVOICE), schema=long))
    assert "cut off after" in reading.problem
    assert reading.completion_tokens > 0
    # of what was begun, only what is whole is kept
    assert reading.data is None or 0 < len(reading.data) < 20


def test_server_says_what_fits_into_it(make_reader: MakeReader, live: bool) -> None:
    limits = make_reader(context_tokens=1_000_000).limits
    if live and limits.context_tokens == 1_000_000:
        pytest.skip("the live server tells nothing of its context")
    assert live or limits.context_tokens == CONTEXT


def test_prompt_that_is_too_long_is_cut_to_the_context_that_the_server_names(
    make_reader: MakeReader, make_document: MakeDocument, live: bool
) -> None:
    if live:
        pytest.skip("a live server's context may be too dear to exceed")
    reader = make_reader(Capabilities(asked=True))  # as if it had told nothing
    assert reader.limits.context_tokens > CONTEXT
    reading = reader.read(ask(make_document(*[INVOICE * 20] * 20)))
    assert_answered(reading)
    assert "did not fit" in reading.thought
    assert reader.limits.context_tokens == CONTEXT


def test_model_that_sees_nothing_reads_the_text(
    make_reader: MakeReader, make_document: MakeDocument, live: bool
) -> None:
    reader = make_reader(Capabilities(asked=True))
    reading = reader.read(ask(make_document(INVOICE, image=True)))
    assert_answered(reading)
    assert live or NO_IMAGES in reading.thought
    # and one that says so beforehand is sent no picture at all
    assert_answered(make_reader().read(ask(make_document(INVOICE, image=True))))


def test_tools_are_called_or_done_without(
    make_reader: MakeReader, make_document: MakeDocument
) -> None:
    reader, document = make_reader(max_output_tokens=24), make_document(INVOICE)
    earlier: list[Iteration] = []
    for number in (1, 2):
        reading = reader.read(ask(document, tools=(SEARCH,), earlier=tuple(earlier)))
        assert_answered(reading)
        assert reading.action in ("search", "submit")
        submitted = reading.action == "submit"
        earlier.append(
            Iteration(
                number=number,
                action=reading.action,
                action_input=(reading.data or {}) if submitted else reading.tool_input,
                observation=reading.problem or "Nothing was found.",
                timestamp=datetime.now(UTC),
                model=reading.model,
            )
        )
    last = reader.read(ask(document, earlier=tuple(earlier)))
    assert last.action == "submit"
    assert_answered(last)


def test_history_of_tool_calls_is_taken(
    make_reader: MakeReader, make_document: MakeDocument
) -> None:
    turn = Iteration(
        number=1,
        action="search",
        action_input={"query": "total"},
        observation="Page 1: Total EUR 12.50",
        timestamp=datetime.now(UTC),
        model="m",
    )
    for tools in ((SEARCH,), ()):
        assert_answered(
            make_reader(max_output_tokens=8).read(
                ask(make_document(INVOICE), tools=tools, earlier=(turn,))
            )
        )


def test_call_that_is_called_off_lets_the_server_go(
    make_reader: MakeReader,
    make_document: MakeDocument,
    model_settings: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    live: bool,
) -> None:
    if live:
        pytest.skip("a live server does not show what it is at")
    monkeypatch.setattr(polling, "POLL_SECONDS", 0.05)
    questions = 0

    def cancel() -> None:
        nonlocal questions
        questions += 1
        if questions > 2:
            raise ExecutionCanceledError("canceled")

    text = schema(story={"type": "string", "minLength": 4000})
    reader = make_reader(max_output_tokens=500)
    assert reader.limits
    with pytest.raises(ExecutionCanceledError):
        reader.read(ask(make_document(INVOICE), schema=text, should_stop=cancel))
    assert _written_since(model_settings["url"]) < 100


def _written_since(url: str) -> int:
    """How many tokens the server still writes before it is at rest."""
    written = 0
    while True:
        (slot,) = requests.get(url.replace("/v1", "/slots"), timeout=60).json()
        if not slot["is_processing"]:
            return written
        written = slot["next_token"][0]["n_decoded"]
        time.sleep(0.02)


def test_evaluation_comes_to_its_end(
    tmp_path: Path, store: Store, make_reader: MakeReader, live: bool
) -> None:
    """However little the model understands: every document ends with an outcome."""
    folder = tmp_path / "cases"
    folder.mkdir()
    for number in range(2):
        (folder / f"{number}.txt").write_text(INVOICE)
        expected = {"number": "2024-17", "lines": [{"item": "Paper", "amount": 10}]}
        (folder / f"{number}.txt.expected.json").write_text(json.dumps(expected))
    rows = schema(item={"type": "string"}, amount={"type": "number"})
    wanted = schema(number={"type": "string"}, lines={"type": "array", "items": rows})
    agent = make_agent(data_schema=wanted, max_corrections=1)
    reader = make_reader(max_output_tokens=4000 if live else 48)
    outcome = evaluate(store, apply_agent(store, agent), folder, readers=Readers(reader))
    assert outcome.report.cases == len(outcome.results) == 2
    for result in outcome.results:
        assert bool(result.extraction) or result.error
        assert result.prompt_tokens > 0
        assert result.completion_tokens > 0
