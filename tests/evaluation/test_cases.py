"""The folder that an evaluation reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from signoff.errors import InvalidInputError
from signoff.evaluation.cases import read_cases


def put(path: Path, content: object = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("beside", ["a.txt.expected.json", "a.expected.json", "a.json"])
def test_expected_data_lies_beside_its_document(tmp_path: Path, beside: str) -> None:
    document = put(tmp_path / "a.txt")
    put(tmp_path / beside, {"total": 1})
    (case,) = read_cases(tmp_path)
    assert (case.name, case.files, case.expected) == ("a.txt", [document], {"total": 1})


def test_documents_without_expected_data_are_no_cases(tmp_path: Path) -> None:
    put(tmp_path / "a.txt")
    put(tmp_path / "b.txt")
    put(tmp_path / "b.txt.expected.json", {"total": 1})
    assert [case.name for case in read_cases(tmp_path)] == ["b.txt"]


def test_a_subfolder_with_expected_data_is_one_case_of_several_files(tmp_path: Path) -> None:
    put(tmp_path / "0007" / "order.eml")
    put(tmp_path / "0007" / "plan.pdf")
    put(tmp_path / "0007" / "notes.docx")
    put(tmp_path / "0007" / "expected.json", {"total": 1})
    put(tmp_path / "0007" / "input.json", {"warehouse": "north"})
    (case,) = read_cases(tmp_path)
    assert case.name == "0007"
    assert [file.name for file in case.files] == ["order.eml", "plan.pdf"]
    assert case.input_data == {"warehouse": "north"}


def test_subfolders_are_looked_into(tmp_path: Path) -> None:
    put(tmp_path / "2026" / "march" / "a.txt")
    put(tmp_path / "2026" / "march" / "a.txt.expected.json", {"total": 1})
    assert [case.name for case in read_cases(tmp_path)] == ["2026/march/a.txt"]


def test_a_folder_without_cases_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"invoice\.pdf\.expected\.json"):
        read_cases(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="nowhere: there is no such folder"):
        read_cases(tmp_path / "nowhere")


@pytest.mark.parametrize("content", ["{", "[1]", "{}", "7"])
def test_expected_data_that_is_no_object_is_refused_by_its_name(
    tmp_path: Path, content: str
) -> None:
    put(tmp_path / "a.txt")
    put(tmp_path / "a.txt.expected.json", content)
    with pytest.raises(InvalidInputError, match=r"a\.txt\.expected\.json"):
        read_cases(tmp_path)


def test_expected_data_without_a_document_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "0007" / "expected.json", {"total": 1})
    with pytest.raises(InvalidInputError, match="no document beside it"):
        read_cases(tmp_path)
