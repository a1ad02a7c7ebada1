"""Long lists, read in parts by a model that sees only what it is sent."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.long_lists import SCHEMA, ReadingModel, Row, make_rows, parsed, write_pdf
from support.model_server import ModelServer, Request, delta, error, ok, stalled

from signoff.documents.model import Document
from signoff.documents.sandbox import close_sandboxes
from signoff.errors import DeadlineExceededError, MaxRetriesExceededError, ModelUnavailableError
from signoff.executions.extractions import Extraction, Iteration
from signoff.extraction.assignment import Assignment
from signoff.extraction.long_documents import extract_documents
from signoff.extraction.models.model_reader import ModelReader
from signoff.extraction.offline import OfflineReader

ROWS = make_rows(1200)
SHORT = ROWS[:100]
TOTAL = round(sum(row["amount"] for row in ROWS), 2)

MakeReader = Callable[..., ModelReader]


class Record:
    """A record in memory."""

    def __init__(self) -> None:
        self.iterations: list[Iteration] = []

    def load(self) -> list[Iteration]:
        return list(self.iterations)

    def append(self, iteration: Iteration) -> None:
        self.iterations.append(iteration)

    @property
    def parts(self) -> list[str]:
        return [iteration.part for iteration in self.iterations]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield tmp_path_factory.mktemp("lists")
    close_sandboxes()


@pytest.fixture(scope="module")
def forty_pages(folder: Path) -> list[Document]:
    """1,200 rows, some identical, some divided by a page break."""
    write_pdf(folder / "long.pdf", ROWS)
    return documents_of(folder / "long.pdf", folder)


@pytest.fixture(scope="module")
def eight_pages(folder: Path) -> list[Document]:
    write_pdf(folder / "eight.pdf", ROWS[:240])
    return documents_of(folder / "eight.pdf", folder)


@pytest.fixture(scope="module")
def four_pages(folder: Path) -> list[Document]:
    write_pdf(folder / "short.pdf", SHORT, per_page=25)
    return documents_of(folder / "short.pdf", folder)


@pytest.fixture(scope="module")
def one_page(folder: Path) -> list[Document]:
    write_pdf(folder / "page.pdf", ROWS[:20])
    return documents_of(folder / "page.pdf", folder)


def documents_of(path: Path, home: Path) -> list[Document]:
    read: list[Document] = parsed(path, home)
    return read


def extract(reader: Any, documents: list[Document], record: Record, **more: Any) -> Extraction:
    arguments: dict[str, Any] = {
        "schema": SCHEMA,
        "instructions": "Read the invoice.",
        "input_data": None,
        "max_corrections": 1,
        "seconds": 600,
        "max_tokens": 10**9,
    }
    assignment = Assignment(documents=documents, **{**arguments, **more})
    return extract_documents(assignment, reader=reader, record=record)


def numbers(extraction: Extraction) -> list[Row]:
    rows: list[Row] = extraction.data["lines"]
    return rows


def test_1200_rows_over_40_pages_come_out_as_1200_rows(
    model_server: ModelServer, make_reader: MakeReader, forty_pages: list[Document]
) -> None:
    model_server.fallback = model = ReadingModel()
    record = Record()
    extraction = extract(make_reader(), forty_pages, record)
    assert numbers(extraction) == ROWS
    assert extraction.data["total"] == TOTAL
    assert extraction.data["invoice_number"] == "R-2026-77"
    assert set(extraction.data) == {"lines", "total", "invoice_number"}
    assert not [note for note in extraction.notes if "rows" in note]
    assert max(model.asked) <= 100
    assert len(model_server.journal) == len(set(record.parts)) == 14
    assert record.parts[:2] == ["document 1, pages 1 to 3", "document 1, pages 4 to 6"]


def test_a_restart_goes_on_with_the_parts_that_are_missing(
    model_server: ModelServer, make_reader: MakeReader, eight_pages: list[Document]
) -> None:
    model = ReadingModel()

    def fails_after_two(request: Request) -> Any:
        return model(request) if len(model_server.journal) <= 2 else error(401, "no such key")

    model_server.fallback = fails_after_two
    record = Record()
    with pytest.raises(ModelUnavailableError):
        extract(make_reader(), eight_pages, record)
    model_server.fallback = model
    # the model's limits may be known better by now: parts that were read stay as they are
    before = len(model_server.journal)
    extraction = extract(make_reader(model_max_output_tokens=4000), eight_pages, record)
    assert numbers(extraction) == ROWS[:240]
    assert record.parts[:2] == ["document 1, pages 1 to 3", "document 1, pages 4 to 6"]
    assert len(set(record.parts)) == len(record.parts)
    assert not [r for r in model_server.journal[before:] if "You see pages 1" in r.text]
    calls = len(model_server.journal)
    assert numbers(extract(make_reader(), eight_pages, record)) == ROWS[:240]
    assert len(model_server.journal) == calls


def test_a_tail_that_is_left_out_is_read_again(
    model_server: ModelServer, make_reader: MakeReader, forty_pages: list[Document]
) -> None:
    # a third of all rows, rows of every page but the first of three
    model_server.fallback = ReadingModel(forgets_beyond=80)
    record = Record()
    extraction = extract(make_reader(), forty_pages, record)
    assert numbers(extraction) == ROWS
    assert any(part.endswith(", again") for part in record.parts)


def test_rows_of_a_page_that_were_overlooked_are_read_again(
    model_server: ModelServer, make_reader: MakeReader, eight_pages: list[Document]
) -> None:
    model_server.fallback = ReadingModel(blind_on=frozenset({5, 6}))
    record = Record()
    assert numbers(extract(make_reader(), eight_pages, record)) == ROWS[:240]
    assert record.parts[-2:] == ["document 1, page 5, again", "document 1, page 6, again"]


def test_rows_that_stay_missing_are_said(
    model_server: ModelServer, make_reader: MakeReader, four_pages: list[Document]
) -> None:
    def drops_washers(data: Row) -> Row:
        rows = [row for row in data["lines"] if row["article"] not in ("A-1031", "A-1036")]
        return {**data, "lines": rows}

    model_server.fallback = ReadingModel(change=drops_washers)
    extraction = extract(make_reader(), four_pages, Record())
    assert len(numbers(extraction)) == 98
    assert [note for note in extraction.notes if "rows" in note] == [
        "Page 2 of document 1 shows 25 rows, 23 were read; among those missing is:"
        " A-1031 Washer 5 12,00 60,00"
    ]
    assert len(model_server.journal) == 2


def test_an_answer_that_is_cut_off_is_asked_for_in_halves(
    model_server: ModelServer, make_reader: MakeReader, four_pages: list[Document]
) -> None:
    model_server.fallback = ReadingModel(cut_off_beyond=20)
    record = Record()
    extraction = extract(make_reader(), four_pages, record)
    assert numbers(extraction) == SHORT
    assert record.parts[0] == ""  # all in one call, at first
    assert record.parts.count("") == 1
    calls = len(model_server.journal)
    assert numbers(extract(make_reader(), four_pages, record)) == SHORT
    assert len(model_server.journal) == calls


def test_a_model_that_repeats_itself_on_few_rows_is_corrected(
    model_server: ModelServer, make_reader: MakeReader, one_page: list[Document]
) -> None:
    model_server.script(stalled(*[delta(content='{"lines": [1, 2, 3], ')] * 200))
    model_server.fallback = ReadingModel()
    record = Record()
    assert numbers(extract(make_reader(), one_page, record)) == ROWS[:20]
    assert record.parts == ["", ""]
    assert "over and over" in model_server.journal[1].text


def test_a_model_that_repeats_itself_on_many_rows_is_asked_for_halves(
    model_server: ModelServer, make_reader: MakeReader, four_pages: list[Document]
) -> None:
    model_server.script(stalled(*[delta(content='{"lines": [1, 2, 3], ')] * 200))
    model_server.fallback = ReadingModel()
    record = Record()
    assert numbers(extract(make_reader(), four_pages, record)) == SHORT
    assert record.parts.count("") == 1


def test_a_small_context_is_kept_to(
    model_server: ModelServer, make_reader: MakeReader, four_pages: list[Document]
) -> None:
    model_server.fallback = model = ReadingModel()
    extraction = extract(make_reader(model_context_tokens=4096), four_pages, Record())
    assert numbers(extraction) == SHORT
    assert max(model.asked) < 25
    assert all("left-out" not in request.text for request in model_server.journal)


def test_what_fits_is_read_in_one_call(
    model_server: ModelServer, make_reader: MakeReader, one_page: list[Document]
) -> None:
    model_server.fallback = ReadingModel()
    record = Record()
    extraction = extract(make_reader(), one_page, record)
    assert numbers(extraction) == ROWS[:20]
    assert extraction.notes == []
    assert record.parts == [""]


def test_row_listed_more_often_than_shown_is_said(
    model_server: ModelServer, make_reader: MakeReader, one_page: list[Document]
) -> None:
    model_server.fallback = ReadingModel(repeats=1)
    extraction = extract(make_reader(), one_page, Record())
    assert extraction.notes == ["One row is listed more often than the pages show."]


def test_the_offline_reader_reads_everything_at_once(one_page: list[Document]) -> None:
    record = Record()
    extraction = extract(OfflineReader(), one_page, record)
    assert extraction.offline
    assert record.parts == [""]
    assert len(numbers(extraction)) == 20


def test_a_part_that_fails_leaves_the_rest_as_best_attempt(
    model_server: ModelServer, make_reader: MakeReader, eight_pages: list[Document]
) -> None:
    model = ReadingModel()

    def answers(request: Request) -> Any:
        return ok({"lines": "none"}) if "You see pages 4 to 6" in request.text else model(request)

    model_server.fallback = answers
    with pytest.raises(
        MaxRetriesExceededError, match="pages 4 to 6 was not read in full"
    ) as raised:
        extract(make_reader(), eight_pages, Record())
    best = raised.value.best
    assert best is not None
    # the pages were read one by one after all
    assert numbers(best) == ROWS[:240]


def test_the_time_that_runs_out_leaves_what_was_read(
    model_server: ModelServer, make_reader: MakeReader, eight_pages: list[Document]
) -> None:
    model_server.fallback = ReadingModel()
    now = [0.0]

    def clock() -> float:
        now[0] += 30.0
        return now[0]

    with pytest.raises(DeadlineExceededError) as raised:
        extract(make_reader(), eight_pages, Record(), clock=clock, seconds=60)
    best = raised.value.best
    assert best is not None
    assert numbers(best) == ROWS[: len(numbers(best))]
    assert any(note.startswith("document 1, pages 7 to 8 was not read") for note in best.notes)


def test_values_that_only_the_whole_can_have_are_checked_at_the_end(
    model_server: ModelServer, make_reader: MakeReader, eight_pages: list[Document]
) -> None:
    def without_number(data: Row) -> Row:
        return {name: value for name, value in data.items() if name != "invoice_number"}

    model_server.fallback = ReadingModel(change=without_number)
    with pytest.raises(MaxRetriesExceededError, match="'invoice_number' is a required") as raised:
        extract(make_reader(), eight_pages, Record())
    assert raised.value.best is not None
    assert len(model_server.journal) == 3


def test_who_corrects_the_best_attempt_is_told_of_rows_that_are_not_there(
    model_server: ModelServer, make_reader: MakeReader, one_page: list[Document]
) -> None:
    def loses_a_row(data: Row) -> Row:
        lines = [row for number, row in enumerate(data["lines"]) if number != 7]
        return {"lines": lines, "invoice_number": 17}

    model_server.fallback = ReadingModel(change=loses_a_row)
    with pytest.raises(MaxRetriesExceededError) as raised:
        extract(make_reader(), one_page, Record())
    best = raised.value.best
    assert best is not None
    assert any("shows 20 rows, 19 were read" in note for note in best.notes)
