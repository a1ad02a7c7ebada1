"""Confirmed executions as a folder that an evaluation reads."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

from support.stores import DATA, apply_agent, confirmed, in_review, make_agent

from signoff.evaluation.cases import read_cases
from signoff.evaluation.export import export
from signoff.storage.store import Store
from signoff.storage.tables import FileRow


def give_content(store: Store, execution_id: UUID, *contents: bytes) -> None:
    """Let the execution's files, made up by the fixture, have real contents."""
    with store.database.transaction() as session:
        first = session.query(FileRow).filter(FileRow.execution_id == execution_id).one()
        first.sha256 = store.files.put([contents[0]]).sha256
        for position, content in enumerate(contents[1:], start=1):
            blob = store.files.put([content])
            session.add(
                FileRow(
                    id=UUID(int=position),
                    execution_id=execution_id,
                    position=position,
                    name=first.name,
                    media_type="text/plain",
                    size=blob.size,
                    sha256=blob.sha256,
                )
            )


def test_what_was_confirmed_is_what_an_evaluation_expects(store: Store, tmp_path: Path) -> None:
    give_content(store, confirmed(store), b"R-17")
    in_review(store)
    agent_id = apply_agent(store, make_agent()).agent_id
    (written,) = export(store, agent_id, tmp_path / "out")
    (case,) = read_cases(tmp_path / "out")
    assert case.expected == DATA
    assert [file.read_bytes() for file in case.files] == [b"R-17"]
    assert case.name.startswith(f"{written.number:05}")


def test_files_of_one_name_in_one_execution_are_all_kept(store: Store, tmp_path: Path) -> None:
    give_content(store, confirmed(store), b"one", b"two")
    agent_id = apply_agent(store, make_agent()).agent_id
    assert len(list(export(store, agent_id, tmp_path))) == 1
    (case,) = read_cases(tmp_path)
    assert [file.read_bytes() for file in case.files] == [b"one", b"two"]


def test_exporting_again_keeps_what_is_there(store: Store, tmp_path: Path) -> None:
    give_content(store, confirmed(store), b"R-17")
    agent_id = apply_agent(store, make_agent()).agent_id
    (tmp_path / "mine.txt").write_text("mine")
    list(export(store, agent_id, tmp_path))
    names = sorted(path.name for path in tmp_path.iterdir())
    list(export(store, agent_id, tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert "mine.txt" in names


def test_exported_data_is_json_that_people_can_read(store: Store, tmp_path: Path) -> None:
    give_content(store, confirmed(store, data={"number": "Prüf-1"}), b"x")
    list(export(store, apply_agent(store, make_agent()).agent_id, tmp_path))
    (expected,) = tmp_path.glob("*.expected.json")
    assert "Prüf-1" in expected.read_text(encoding="utf-8")
    assert json.loads(expected.read_text(encoding="utf-8")) == {"number": "Prüf-1"}
