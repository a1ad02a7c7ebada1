"""How much of what documents say the offline reader finds: per field and in all.

    python benchmarks/offline_accuracy.py [--misses] [--pages FOLDER] [FOLDER...]

A folder holds documents with their expected data: ``<file>.expected.json`` beside each, or a
``manifest.json`` that lists files with ``expected`` fields (beside the files or one level up).
Which agent reads a document is decided by its expected data: the sample agent whose schema has
most of these properties, or a plain invoice schema. Without folders: the project's sample_inputs
and, where it is present, ../shared/data/invoices.

What is embedded in a PDF is not read: only what a person would see on its pages counts.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

from signoff.documents.parsing import open_document, parse_files
from signoff.documents.sandbox import close_sandboxes
from signoff.documents.validation import media_type_of
from signoff.errors import SignoffError
from signoff.executions.agent_files import read_agent_file
from signoff.executions.agents import JsonObject
from signoff.executions.models import StoredFile
from signoff.extraction.offline import OfflineReader
from signoff.extraction.reader import ReadRequest
from signoff.settings import Settings
from signoff.storage.files import FileStore

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_FOLDERS = (ROOT / "sample_inputs", ROOT.parent / "shared" / "data" / "invoices")
SUFFIX = ".expected.json"
TOLERANCE = 0.005

_TEXT: JsonObject = {"type": "string"}
_DATE: JsonObject = {"type": "string", "format": "date"}
_NUMBER: JsonObject = {"type": "number"}
INVOICE: JsonObject = {
    "type": "object",
    "properties": {
        "invoice_number": _TEXT,
        "date": _DATE,
        "due_date": _DATE,
        "vendor": _TEXT,
        "buyer": _TEXT,
        "vendor_vat_id": _TEXT,
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "total_net": _NUMBER,
        "total_tax": _NUMBER,
        "total_gross": _NUMBER,
        "iban": _TEXT,
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "description": _TEXT,
                    "quantity": _NUMBER,
                    "unit": _TEXT,
                    "unit_price": _NUMBER,
                    "amount": _NUMBER,
                },
            },
        },
    },
}


@dataclass
class Count:
    """Values of one field: in the expected data, found, found right; and those made up."""

    total: int = 0
    found: int = 0
    right: int = 0
    extra: int = 0


@dataclass
class Tally:
    """All counts of one folder."""

    fields: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    lines: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    misses: list[str] = field(default_factory=list)
    seconds: float = 0.0
    documents: int = 0


class MemoryRecord:
    """What was parsed, for one run of this script."""

    def __init__(self) -> None:
        self._manifests: dict[str, JsonObject] = {}

    def get(self, key: str) -> JsonObject | None:
        """The manifest under ``key``."""
        return self._manifests.get(key)

    def put(self, key: str, manifest: JsonObject) -> None:
        """Keep ``manifest`` under ``key``."""
        self._manifests[key] = manifest


class FileRecord(MemoryRecord):
    """The same, kept beside the parsed pages from run to run."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def get(self, key: str) -> JsonObject | None:
        """The manifest under ``key``."""
        path = self._folder / f"{key}.manifest"
        return json.loads(path.read_text()) if path.exists() else None

    def put(self, key: str, manifest: JsonObject) -> None:
        """Keep ``manifest`` under ``key``."""
        (self._folder / f"{key}.manifest").write_text(json.dumps(manifest))


def cases(folder: Path) -> Iterator[tuple[Path, JsonObject]]:
    """Documents with their expected data, from expected files and manifests."""
    for expected in sorted(folder.rglob(f"*{SUFFIX}")):
        document = expected.with_name(expected.name.removesuffix(SUFFIX))
        if document.exists():
            yield document, json.loads(expected.read_text(encoding="utf-8"))
    for manifest in (folder / "manifest.json", folder.parent / "manifest.json"):
        if manifest.exists():
            for entry in json.loads(manifest.read_text(encoding="utf-8")):
                document = manifest.parent / entry["file"]
                inside = folder in document.resolve().parents or manifest.parent == folder
                if inside and entry.get("expected") and document.exists():
                    yield document, entry["expected"]
            return


def schemas() -> list[JsonObject]:
    """The sample agents' schemas."""
    folder = ROOT / "sample_inputs" / "agents"
    agents = [read_agent_file(path) for path in sorted(folder.glob("*.y*ml"))]
    return [agent.data_schema for agent in agents if agent.data_schema]


def schema_for(expected: JsonObject, known: list[JsonObject]) -> JsonObject:
    """The schema that has most of the expected properties; the plain invoice's in doubt."""
    names = set(expected)

    def fit(schema: JsonObject) -> tuple[int, int]:
        properties = set(schema["properties"])
        return len(names & properties), -len(properties - names)

    return max([INVOICE, *known], key=fit)


def scalars(data: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """(dotted name, value) of each scalar outside of lists."""
    if isinstance(data, dict):
        for name, value in data.items():
            yield from scalars(value, (*path, name))
    elif data is not None and not isinstance(data, list):
        yield ".".join(path), data


def same(expected: Any, found: Any) -> bool:
    """Typed equality: numbers to half a cent, dates as dates, texts without case and spaces."""
    if found is None or isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    if isinstance(expected, int | float):
        return isinstance(found, int | float) and abs(expected - found) <= TOLERANCE
    try:
        return date.fromisoformat(str(expected)[:10]) == date.fromisoformat(str(found)[:10])
    except ValueError:
        return _plain(expected) == _plain(found)


def _plain(value: Any) -> str:
    return "".join(str(value).casefold().split()).strip(".,#")


def compare(name: str, expected: JsonObject, found: JsonObject, tally: Tally) -> None:
    """Count what is right, scalar by scalar and line by line."""
    values = dict(scalars(found))
    wanted = dict(scalars(expected))
    for field_name, value in wanted.items():
        count = tally.fields[field_name]
        got = values.get(field_name)
        right = same(value, got)
        count.total += 1
        count.found += got is not None
        count.right += right
        if not right:
            tally.misses.append(f"{name}: {field_name}: expected {value!r}, found {got!r}")
    for field_name in values.keys() - wanted.keys():
        tally.fields[field_name].extra += 1
    for list_name, rows in expected.items():
        if isinstance(rows, list) and rows and isinstance(rows[0], dict):
            _compare_rows(f"{name}: {list_name}", rows, found.get(list_name) or [], tally)


def _compare_rows(name: str, expected: list[Any], found: list[Any], tally: Tally) -> None:
    expected = [row for row in expected if any(scalars(row))]
    count = tally.lines["(rows)"]
    count.total += len(expected)
    count.found += len(found)
    count.right += min(len(expected), len(found))
    count.extra += max(len(found) - len(expected), 0)
    if len(expected) != len(found):
        tally.misses.append(f"{name}: expected {len(expected)} rows, found {len(found)}")
    pairs = _pairs(expected, found)
    for position, row in enumerate(expected):
        values = dict(scalars(found[pairs[position]])) if position in pairs else {}
        for field_name, value in scalars(row):
            got = values.get(field_name)
            count = tally.lines[field_name]
            count.total += 1
            count.found += got is not None
            count.right += same(value, got)
            if not same(value, got):
                tally.misses.append(f"{name}: {field_name}: expected {value!r}, found {got!r}")


def _pairs(expected: list[Any], found: list[Any]) -> dict[int, int]:
    """Expected row to the row found for it: those with most in common first, then in order."""
    scored = [
        (-_hits(row, other), abs(i - j), i, j)
        for i, row in enumerate(expected)
        for j, other in enumerate(found)
    ]
    pairs: dict[int, int] = {}
    for _, _, i, j in sorted(scored):
        if i not in pairs and j not in pairs.values():
            pairs[i] = j
    return pairs


def _hits(row: JsonObject, other: JsonObject) -> int:
    values = dict(scalars(other))
    return sum(same(value, values.get(name)) for name, value in scalars(row))


def read(path: Path, schema: JsonObject, store: FileStore, record: MemoryRecord) -> JsonObject:
    """What the offline reader makes of one file."""
    settings = Settings()
    blob = store.put_file(path)
    stored = StoredFile(
        id=uuid4(),
        number=1,
        name=path.name,
        media_type=media_type_of(path.name, path),
        size=blob.size,
        sha256=blob.sha256,
    )
    infos = parse_files([stored], store=store, parsed=record, settings=settings)
    documents = [open_document(info, store=store, settings=settings) for info in infos]
    reading = OfflineReader().read(ReadRequest(schema=schema, instructions="", documents=documents))
    return reading.data or {}


def measure(folder: Path, store: FileStore, record: MemoryRecord) -> Tally:
    """Read every document of a folder and compare."""
    tally = Tally()
    known = schemas()
    for path, expected in cases(folder):
        started = time.monotonic()
        try:
            found = read(path, schema_for(expected, known), store, record)
        except SignoffError as error:
            tally.misses.append(f"{path.name}: {error}")
            found = {}
        tally.seconds += time.monotonic() - started
        tally.documents += 1
        compare(path.name, expected, found, tally)
    return tally


def show(title: str, counts: dict[str, Count]) -> None:
    """A table of counts and their sum."""
    print(f"\n{title:36} right  found  total  more than expected")
    for name in sorted(counts):
        count = counts[name]
        if count.total:
            share = f"{count.right / count.total:6.0%}"
            numbers = f"{count.right:5}  {count.found:5}  {count.total:5}  {count.extra:5}"
            print(f"  {name:34} {numbers} {share}")
    rows = [count for name, count in counts.items() if name != "(rows)"]
    right, total = sum(count.right for count in rows), sum(count.total for count in rows)
    print(f"  {'all':34} {right:5}  {'':5}  {total:5}  {'':5} {right / max(total, 1):6.1%}")


def main() -> int:
    """Measure the folders given; exit 1 where there was nothing to measure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else None)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--misses", action="store_true", help="list every value that is wrong")
    parser.add_argument("--pages", type=Path, help="keep parsed pages here, for the next run")
    arguments = parser.parse_args()
    folders = arguments.folders or [folder for folder in DEFAULT_FOLDERS if folder.exists()]
    measured = 0
    keep = arguments.pages
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
    with nullcontext(str(keep)) if keep is not None else tempfile.TemporaryDirectory() as root:
        record = MemoryRecord() if keep is None else FileRecord(keep)
        store = FileStore(root)
        for folder in folders:
            tally = measure(folder.resolve(), store, record)
            measured += tally.documents
            print(f"\n== {folder}: {tally.documents} documents, {tally.seconds:.1f} s")
            show("scalar fields", tally.fields)
            if tally.lines:
                show("fields of line items", tally.lines)
            if arguments.misses:
                print("\n" + "\n".join(tally.misses))
    close_sandboxes()
    return 0 if measured else 1


if __name__ == "__main__":
    sys.exit(main())
