"""Tools in the loop: turns, bounds, pictures, and restarts at every point."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from signoff.documents.model import Box, Document, DocumentInfo, Page, TextSource, Word
from signoff.errors import MaxRetriesExceededError, SignoffError, UnfinishedExtractionError
from signoff.executions.extractions import Extraction, Iteration
from signoff.extraction.assignment import Assignment
from signoff.extraction.loop import MAX_PICTURES, MAX_TOOL_TURNS, extract
from signoff.extraction.reader import Reading, ReadRequest

SCHEMA = {
    "type": "object",
    "properties": {"total": {"type": "number"}, "note": {"type": "string"}},
    "required": ["total"],
}
GOOD, BAD, WORSE = {"total": 12.5}, {"total": "12,50"}, {"total": "x", "note": 1}
TOOLS = ("view_page", "read_page", "search", "calculate")

Step = tuple[str, dict[str, Any] | None]


class Record:
    """Keeps iterations as JSON, as the database does."""

    def __init__(self, *iterations: Iteration) -> None:
        self.lines = [iteration.model_dump_json() for iteration in iterations]

    def load(self) -> list[Iteration]:
        return [Iteration.model_validate_json(line) for line in self.lines]

    def append(self, iteration: Iteration) -> None:
        self.lines.append(iteration.model_dump_json())


class Stepping:
    """A reader whose turns follow a script, by the number of turns before."""

    offline = False
    limits = None

    def __init__(self, *steps: Step) -> None:
        self.steps = steps
        self.requests: list[ReadRequest] = []

    def read(self, request: ReadRequest) -> Reading:
        self.requests.append(request)
        action, given = self.steps[len(request.earlier)]
        if action == "submit":
            return Reading(model="m", data=given, prompt_tokens=10)
        return Reading(
            model="m", data=None, action=action, tool_input=given or {}, prompt_tokens=10
        )


class Pages:
    """A document of one page with a picture, which counts how often it is rendered."""

    def __init__(self) -> None:
        self.sides: list[int] = []
        words = [Word("Total", Box(0.1, 0.8, 0.2, 0.82)), Word("12,50", Box(0.7, 0.8, 0.8, 0.82))]
        page = Page(
            number=1,
            width=595,
            height=842,
            source=TextSource.TEXT_LAYER,
            text="Tea     12,50\n\nTotal   12,50",
            words=words,
        )
        info = DocumentInfo(
            number=1, name="a.pdf", media_type="application/pdf", sha256="a", key="k", page_count=1
        )
        self.document = Document(info, lambda number: page, self.render)

    def render(self, number: int, side: int) -> bytes:
        self.sides.append(side)
        picture = io.BytesIO()
        Image.new("RGB", (side // 2, side), "white").save(picture, "JPEG")
        return picture.getvalue()


@pytest.fixture
def pages() -> Pages:
    return Pages()


def run(reader: Stepping, record: Record, pages: Pages | None = None, **more: Any) -> Extraction:
    arguments: dict[str, Any] = {
        "schema": SCHEMA,
        "instructions": "",
        "documents": [(pages or Pages()).document],
        "input_data": None,
        "max_corrections": 2,
        "seconds": 60,
        "tools": TOOLS,
    }
    return extract(Assignment(**{**arguments, **more}), reader=reader, record=record)


def test_tool_calls_are_turns_of_their_own() -> None:
    record = Record()
    reader = Stepping(
        ("search", {"query": "total"}),
        ("submit", BAD),
        ("calculate", {"expression": "10 + 2.5"}),
        ("submit", GOOD),
    )
    assert run(reader, record, max_corrections=1).data == GOOD
    turns = record.load()
    assert [turn.action for turn in turns] == ["search", "submit", "calculate", "submit"]
    assert "document 1, page 1: " in turns[0].observation
    assert turns[0].action_input == {"query": "total"}
    assert turns[2].observation == "= 12.5"
    assert [tool.name for tool in reader.requests[0].tools] == list(TOOLS)


def test_only_the_named_tools_are_offered_and_none_to_the_offline_reader() -> None:
    reader = Stepping(("submit", GOOD))
    run(reader, Record(), tools=("calculate",))
    assert [tool.name for tool in reader.requests[0].tools] == ["calculate"]
    offline = Stepping(("submit", GOOD))
    offline.offline = True
    run(offline, Record())
    assert offline.requests[0].tools == ()


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (("delete_file", {"name": "x"}), "There is no tool 'delete_file'. There are: view_page,"),
        (("search", {}), "- query: Field required"),
        (("read_page", {"page": 7}), "Document 1 has no page 7; its pages are 1 to 1."),
        (("read_page", {"page": 1, "document": 3}), "There is no document 3; there are: 1."),
        (("view_page", {"page": 1, "region": [1, 0, 0, 1]}), "needs left < right"),
    ],
)
def test_wrong_call_is_answered_with_what_is_wrong(call: Step, told: str) -> None:
    record = Record()
    run(Stepping(call, ("submit", GOOD)), record)
    assert told in record.load()[0].observation


def test_repeated_call_gets_a_short_answer() -> None:
    record = Record()
    call = ("read_page", {"page": 1})
    run(Stepping(call, call, ("submit", GOOD)), record)
    first, second, _ = record.load()
    assert "made before, in turn 1" in second.observation
    assert first.observation in second.observation


def test_after_the_bound_only_submit_is_offered_and_calls_count_as_failures() -> None:
    calls = [("calculate", {"expression": str(number)}) for number in range(100)]
    record = Record()
    reader = Stepping(*calls)
    with pytest.raises(MaxRetriesExceededError) as caught:
        run(reader, record, max_corrections=2)
    assert caught.value.best is None
    assert len(record.lines) == MAX_TOOL_TURNS + 3
    offered = [bool(request.tools) for request in reader.requests]
    assert offered == [True] * MAX_TOOL_TURNS + [False] * 3


def test_calls_without_any_tools_count_as_failures() -> None:
    record = Record()
    with pytest.raises(MaxRetriesExceededError):
        run(Stepping(*[("search", {"query": "x"})] * 9), record, tools=(), max_corrections=1)
    assert len(record.lines) == 2
    assert "There is no tool" in record.load()[0].observation


def test_pictures_are_rendered_anew_after_a_restart_and_not_stored(pages: Pages) -> None:
    call = ("view_page", {"page": 1, "region": "bottom-right", "resolution": 1000})
    record = Record()
    reader = Stepping(call, ("submit", GOOD))
    run(reader, record, pages)
    assert reader.requests[0].pictures == {}
    ((picture,),) = reader.requests[1].pictures.values()
    assert max(Image.open(io.BytesIO(picture)).size) == 1000
    assert len(pages.sides) == 1
    assert all(len(line) < 2000 for line in record.lines)

    restarted = Stepping(call, ("submit", GOOD))
    run(restarted, Record(*record.load()[:1]), pages)
    assert restarted.requests[0].pictures == reader.requests[1].pictures


def test_only_the_latest_pictures_are_shown_each_once() -> None:
    calls = [("view_page", {"page": 1, "resolution": 300 + number}) for number in (1, 2, 3, 4, 5)]
    reader = Stepping(*calls, calls[0], ("submit", GOOD))
    run(reader, Record())
    shown = reader.requests[-1].pictures
    assert len(shown) == MAX_PICTURES
    # the first view was asked for again: its picture is now with the later turn
    assert sorted(shown) == [3, 4, 5, 6]


steps = st.one_of(
    st.tuples(st.just("submit"), st.sampled_from([BAD, WORSE, None, {}])),
    st.tuples(st.just("search"), st.fixed_dictionaries({"query": st.sampled_from("abcd")})),
    st.just(("calculate", {"expression": "1+1"})),
    st.just(("view_page", {"page": 1, "resolution": 256})),
    st.just(("nothing_known", {"x": 1})),
    st.just(("refused", {"model": "a"})),
)
endings = st.sampled_from([("submit", GOOD), ("submit", BAD)])


def outcome(act: Callable[[], Extraction]) -> object:
    try:
        return act()
    except SignoffError as error:
        best = error.best if isinstance(error, UnfinishedExtractionError) else None
        return type(error), str(error), best


@settings(max_examples=60, deadline=None)
@given(st.lists(steps, max_size=8), endings, st.integers(60, 200), st.data())
def test_any_prefix_of_the_record_goes_on_to_the_same_end(
    script: list[Step], ending: Step, max_tokens: int, data: st.DataObject
) -> None:
    """Wherever it is killed, no recorded call is made again and the end is the same."""
    whole = [*script, *[ending] * 4]
    record = Record()
    end = outcome(lambda: run(Stepping(*whole), record, max_tokens=max_tokens))
    recorded = record.load()

    kept = data.draw(st.integers(0, len(recorded)))
    resumed, reader = Record(*recorded[:kept]), Stepping(*whole)
    assert outcome(lambda: run(reader, resumed, max_tokens=max_tokens)) == end

    def same(turns: list[Iteration]) -> list[tuple[object, ...]]:
        return [(t.number, t.action, t.action_input, t.observation) for t in turns]

    assert same(resumed.load()) == same(recorded)
    assert len(reader.requests) == len(recorded) - kept
