"""How much of what documents say the offline reader finds: per field and in all.

    python benchmarks/offline_accuracy.py [--misses] [--pages FOLDER] [FOLDER...]
    python benchmarks/offline_accuracy.py --generated 90 [--held-out] [--seed 1]

A folder holds documents with their expected data: ``<file>.expected.json`` beside each, or a
``manifest.json`` that lists files with ``expected`` fields (beside the files or one level up).
Which agent reads a document is decided by its expected data: the sample agent whose schema has
most of these properties, or a plain invoice schema. Without folders: the project's sample_inputs
and, where it is present, ../shared/data/invoices.

``--generated`` makes documents up at random instead, in layouts and schemas of many kinds, and
prints by layout too; ``--held-out`` takes layouts and wordings that nothing was developed on.

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
from pathlib import Path
from uuid import uuid4

from signoff.documents.model import Document
from signoff.documents.parsing import open_document, parse_files
from signoff.documents.sandbox import close_sandboxes
from signoff.documents.validation import media_type_of
from signoff.errors import SignoffError
from signoff.executions.agent_files import read_agent_file
from signoff.executions.agents import JsonObject
from signoff.executions.models import StoredFile
from signoff.extraction.offline import OfflineReader
from signoff.extraction.reader import Reading, ReadRequest
from signoff.settings import Settings
from signoff.storage.files import FileStore

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.comparison import Comparison, Tally, show, summary  # noqa: E402
from benchmarks.generated.documents import make_documents  # noqa: E402

DEFAULT_FOLDERS = (ROOT / "sample_inputs", ROOT.parent / "shared" / "data" / "invoices")
SUFFIX = ".expected.json"

Case = tuple[Path, JsonObject, JsonObject]

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


def parse(path: Path, store: FileStore, record: MemoryRecord) -> list[Document]:
    """One file's documents."""
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
    return [open_document(info, store=store, settings=settings) for info in infos]


def reading_of(documents: list[Document], schema: JsonObject) -> Reading:
    """What the offline reader makes of documents."""
    return OfflineReader().read(ReadRequest(schema=schema, instructions="", documents=documents))


def measure(
    tally: Tally, case: Case, store: FileStore, record: MemoryRecord, *, complete: bool
) -> None:
    """Read one document and add to the tally."""
    path, schema, expected = case
    try:
        documents = parse(path, store, record)
        started = time.monotonic()
        reading = reading_of(documents, schema)
        tally.seconds += time.monotonic() - started
    except SignoffError as error:
        tally.misses.append(f"{path.name}: {error}")
        reading = Reading(model="offline", data=None)
    tally.documents += 1
    comparison = Comparison(
        path.name,
        tally,
        confidence=reading.confidence,
        evidence=reading.evidence,
        complete=complete,
    )
    comparison.compare(expected, reading.data or {})


def report(title: str, tally: Tally, *, misses: bool) -> None:
    """Print a set's counts."""
    print(f"\n== {title}: {tally.documents} documents, {tally.seconds:.1f} s of reading")
    print(f"   {summary(tally)}")
    show("scalar fields", tally.fields)
    if tally.lines:
        show("fields of line items", tally.lines)
    if misses:
        print("\n" + "\n".join(tally.misses))


def generated(
    count: int, *, seed: int, held_out: bool, store: FileStore, record: MemoryRecord, misses: bool
) -> int:
    """Make documents, read them, and print by field, by layout and by schema family."""
    whole, parts = Tally(), defaultdict[str, Tally](Tally)
    with tempfile.TemporaryDirectory() as folder:
        for made in make_documents(Path(folder), count, seed=seed, held_out=held_out):
            kind = "scans" if made.path.suffix == ".jpg" else "text layers"
            case = (made.path, made.schema, made.expected)
            groups = (f"layout {made.layout}", f"schema {made.family}", kind)
            for tally in (whole, *(parts[group] for group in groups)):
                measure(tally, case, store, record, complete=True)
    report(f"generated, {'held-out' if held_out else 'development'} layouts", whole, misses=misses)
    print()
    for group, tally in sorted(parts.items()):
        print(f"  {group:24} {tally.documents:3} documents: {summary(tally)}")
    return whole.documents


def main() -> int:
    """Measure the folders given; exit 1 where there was nothing to measure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else None)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--misses", action="store_true", help="list every value that is wrong")
    parser.add_argument("--pages", type=Path, help="keep parsed pages here, for the next run")
    parser.add_argument("--generated", type=int, metavar="N", help="read N made-up documents")
    parser.add_argument("--held-out", action="store_true", help="of the layouts kept for the end")
    parser.add_argument("--seed", type=int, default=1, help="of the made-up documents")
    arguments = parser.parse_args()
    folders = arguments.folders or [folder for folder in DEFAULT_FOLDERS if folder.exists()]
    measured = 0
    keep = arguments.pages
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
    with nullcontext(str(keep)) if keep is not None else tempfile.TemporaryDirectory() as root:
        record = MemoryRecord() if keep is None else FileRecord(keep)
        store = FileStore(root)
        if arguments.generated:
            measured = generated(
                arguments.generated,
                seed=arguments.seed,
                held_out=arguments.held_out,
                store=store,
                record=record,
                misses=arguments.misses,
            )
            folders = []
        known = schemas()
        for folder in folders:
            tally = Tally()
            for path, expected in cases(folder.resolve()):
                case = (path, schema_for(expected, known), expected)
                measure(tally, case, store, record, complete=False)
            measured += tally.documents
            report(str(folder), tally, misses=arguments.misses)
    close_sandboxes()
    return 0 if measured else 1


if __name__ == "__main__":
    sys.exit(main())
