"""The folder that an evaluation reads: documents, each with its expected data beside it.

rechnung.pdf                     one document
rechnung.pdf.expected.json       what it says (or rechnung.expected.json, or rechnung.json)

0007/                            several files that belong together
  order.eml  plan.pdf
  expected.json                  what they say together
  input.json                     input data given with them, if any
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from signoff.documents.validation import MEDIA_TYPES
from signoff.errors import InvalidInputError
from signoff.executions.agents import JsonObject

EXPECTED = "expected.json"
INPUT = "input.json"


@dataclass(frozen=True)
class Case:
    """Files that are read together, and what is expected of them.

    ``name`` is the path inside the folder; it tells cases apart and finds them in earlier runs.
    """

    name: str
    files: Sequence[Path]
    expected: JsonObject
    input_data: JsonObject | None = None


def read_cases(folder: Path) -> list[Case]:
    """The cases of a folder and its subfolders, by name.

    Raises:
        InvalidInputError: there is no such folder, no case in it, or expected data that cannot
            be read; the message names the file.
    """
    if not folder.is_dir():
        raise InvalidInputError(f"{folder}: there is no such folder.")
    cases = sorted(_cases(folder, folder), key=lambda case: case.name)
    if not cases:
        raise InvalidInputError(
            f"{folder}: no document with expected data beside it. Put the data of invoice.pdf into"
            " invoice.pdf.expected.json; `signoff export` writes such a folder."
        )
    return cases


def _cases(root: Path, folder: Path) -> Iterator[Case]:
    entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    files = [entry for entry in entries if entry.is_file() and _is_document(entry)]
    if (folder / EXPECTED).is_file():
        if not files:
            raise InvalidInputError(f"{folder / EXPECTED}: there is no document beside it.")
        given = folder / INPUT
        yield Case(
            name=folder.relative_to(root).as_posix(),
            files=files,
            expected=_read_object(folder / EXPECTED),
            input_data=_read_object(given) if given.is_file() else None,
        )
        return
    for file in files:
        expected = _expected_beside(file)
        if expected is not None:
            name = file.relative_to(root).as_posix()
            yield Case(name=name, files=[file], expected=_read_object(expected))
    for entry in entries:
        if entry.is_dir():
            yield from _cases(root, entry)


def _is_document(path: Path) -> bool:
    return path.suffix.lower() in MEDIA_TYPES


def _expected_beside(file: Path) -> Path | None:
    names = (f"{file.name}.{EXPECTED}", f"{file.stem}.{EXPECTED}", f"{file.stem}.json")
    return next((path for name in names if (path := file.with_name(name)).is_file()), None)


def _read_object(path: Path) -> JsonObject:
    try:
        value = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"{path}: cannot be read as JSON: {error}") from error
    if not isinstance(value, dict) or not value:
        raise InvalidInputError(f"{path}: a JSON object with at least one property is needed.")
    return value
