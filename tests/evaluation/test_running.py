"""Evaluations as they are run: real files, the offline reader, and a scripted model server."""

from __future__ import annotations

import json
import time
from pathlib import Path
from uuid import uuid4

import pytest
from support.model_server import ModelServer, Reply, Request, ok
from support.stores import apply_agent, make_agent, opened_store

from signoff.errors import InvalidInputError, NotFoundError
from signoff.evaluation.markdown import markdown_page
from signoff.evaluation.page import html_page, write_page
from signoff.evaluation.running import Outcome, evaluate
from signoff.extraction.readers import open_readers
from signoff.storage.store import Store


def put(folder: Path, name: str, text: str, expected: dict[str, object]) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    (folder / f"{name}.expected.json").write_text(json.dumps(expected))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put(
        tmp_path / "known",
        "a.txt",
        "Number: R-17\nTotal: 12.50\n",
        {"number": "R-17", "total": 12.5},
    )
    put(
        tmp_path / "known", "b.txt", "Number: R-18\nTotal: 20.00\n", {"number": "R-18", "total": 99}
    )
    return tmp_path / "known"


def run(store: Store, folder: Path, **more: object) -> Outcome:
    revision = apply_agent(store, make_agent())
    readers = open_readers(store.settings, database=store.database)
    return evaluate(store, revision, folder, readers=readers, **more)  # type: ignore[arg-type]


def test_every_document_is_read_and_compared(store: Store, folder: Path) -> None:
    outcome = run(store, folder)
    assert [(result.name, result.right) for result in outcome.results] == [
        ("a.txt", True),
        ("b.txt", False),
    ]
    assert (outcome.report.total.right, outcome.report.total.expected) == (3, 4)
    assert outcome.report.reader == "offline"
    assert outcome.regressions is None


def test_a_second_run_is_held_against_the_first(store: Store, folder: Path) -> None:
    first = run(store, folder)
    (folder / "a.txt").write_text("Number: R-17\nTotal: 13.50\n")
    second = run(store, folder)
    assert second.earlier is not None
    assert second.earlier.number == first.evaluation.number
    assert second.regressions is not None
    assert [lost.comparison.field for lost in second.regressions.lost] == ["/total"]


def test_an_evaluation_that_was_broken_off_reads_only_what_is_missing(
    store: Store, folder: Path
) -> None:
    id = uuid4()

    class Stopped(Exception):
        pass

    def stop(*_: object) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        run(store, folder, id=id, progress=stop)
    again: list[str] = []
    outcome = run(store, folder, id=id, progress=lambda result, *_: again.append(result.name))
    assert len(again) < 2
    assert len(outcome.results) == 2


def test_an_evaluation_to_compare_with_must_exist(store: Store, folder: Path) -> None:
    with pytest.raises(NotFoundError, match="evaluation 77"):
        run(store, folder, against=77)


def test_a_file_that_cannot_be_read_fails_alone(store: Store, folder: Path) -> None:
    put(folder, "broken.pdf", "%PDF-1.7 and nothing more", {"number": "R-19"})
    outcome = run(store, folder)
    failed = [result for result in outcome.results if result.error]
    assert [result.name for result in failed] == ["broken.pdf"]
    assert "broken.pdf" in failed[0].error
    assert outcome.report.failed == 1


def test_tokens_and_cost_of_a_model_are_summed(tmp_path: Path, folder: Path) -> None:
    with (
        ModelServer() as server,
        opened_store(
            tmp_path / "home", model_url=server.url, model_api_key="k", model="stub-model"
        ) as store,
    ):
        server.fallback = lambda request: ok({"number": "R-17", "total": 12.5})
        report = run(store, folder).report
        calls = len(server.journal)
    assert calls >= 2
    assert report.prompt_tokens == 100 * calls
    assert report.cost is None  # nobody knows the prices of a stub
    assert report.reader == "stub-model"


def test_no_more_calls_at_a_time_than_the_settings_say(tmp_path: Path, folder: Path) -> None:
    for name in ("c.txt", "d.txt", "e.txt"):
        put(folder, name, f"Number: {name}\n", {"number": name})
    at_once: list[int] = []
    under_way: list[Request] = []

    def answer(request: Request) -> Reply:
        under_way.append(request)
        at_once.append(len(under_way))
        time.sleep(0.05)
        under_way.remove(request)
        return ok({"number": "R-17", "total": 12.5})

    with (
        ModelServer(fallback=answer) as server,
        opened_store(
            tmp_path / "home",
            model_url=server.url,
            challenger={"url": server.url, "model": "other", "concurrency": 1},
        ) as store,
    ):
        run(store, folder)
    assert max(at_once) == 1


def test_what_documents_say_is_escaped_on_the_pages(store: Store, folder: Path) -> None:
    put(folder, "c.txt", "Number: <img/src=x>\n", {"number": "<script>alert(1)</script>"})
    outcome = run(store, folder)
    page = html_page(outcome)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert page.count("<svg") == 3
    assert "<script>" not in markdown_page(outcome)


def test_the_page_is_written_where_the_user_says(
    store: Store, folder: Path, tmp_path: Path
) -> None:
    outcome = run(store, folder)
    assert write_page(store, outcome, tmp_path / "new" / "report.html").is_file()
    assert write_page(store, outcome).parent == store.settings.home / "evaluations"
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInputError, match="cannot be written"):
        write_page(store, outcome, tmp_path / "file" / "report.html")
