"""What fitting confidence on reviews brings: known truth plays the reviewer.

    python benchmarks/calibration_replay.py [--documents N] [--pages FOLDER] [--splits N]

Documents are made up at random, in eight layouts and as many schemas, a quarter of them scans;
the project's sample inputs come on top and, where it is present, ../shared/data/invoices. Each is
read by a model that errs at a known rate (benchmarks/simulated_model.py), with and without a
second one, and by the offline reader alone. Half of the documents are reviewed, the rest is
scored: by the prior, and by what was fitted on the reviews. The numbers are means over several
divisions into halves.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from benchmarks.generated.documents import make_documents
from benchmarks.generated.questions import INVOICE_QUESTIONS, RECEIPT_QUESTIONS
from benchmarks.offline_accuracy import (
    DEFAULT_FOLDERS,
    FileRecord,
    MemoryRecord,
    cases,
    parse,
    schema_for,
    schemas,
)
from benchmarks.simulated_model import SimulatedModel
from signoff.documents.model import Document
from signoff.documents.sandbox import close_sandboxes
from signoff.errors import SignoffError
from signoff.executions.agents import Agent, JsonObject
from signoff.executions.extractions import Extraction, Iteration
from signoff.extraction.alignment import align
from signoff.extraction.assessment import extract_assessed
from signoff.extraction.assignment import Assignment
from signoff.extraction.confidence import PRIOR
from signoff.extraction.confidence.fitting import Label, fit
from signoff.extraction.confidence.report import Quality, measure
from signoff.extraction.equality import same_value
from signoff.extraction.offline import OfflineReader
from signoff.extraction.readers import Readers
from signoff.storage.files import FileStore

MODEL_ERRS, CHALLENGER_ERRS = 0.06, 0.10
FIGURES = ("auroc", "coverage", "brier", "ece")


@dataclass(frozen=True)
class Known:
    """A document whose truth is known. In ``complete`` truth what is absent is not there."""

    name: str
    documents: list[Document]
    agent: Agent
    truth: JsonObject
    complete: bool


class Turns:
    """A record of iterations in memory."""

    def __init__(self) -> None:
        self._turns: list[Iteration] = []

    def load(self) -> list[Iteration]:
        """All so far."""
        return list(self._turns)

    def append(self, iteration: Iteration) -> None:
        """Keep one more."""
        self._turns.append(iteration)


def known_documents(count: int, store: FileStore, record: MemoryRecord) -> Iterator[Known]:
    """Made-up and real documents, parsed."""
    with tempfile.TemporaryDirectory() as folder:
        for made in make_documents(Path(folder), count, seed=7, held_out=True):
            agent = agent_of(made.schema, made.family)
            documents = parse(made.path, store, record)
            yield Known(made.path.name, documents, agent, made.expected, complete=True)
    known = schemas()
    for source in DEFAULT_FOLDERS:
        for path, truth in cases(source) if source.exists() else ():
            agent = agent_of(schema_for(truth, known), "")
            try:
                documents = parse(path, store, record)
            except SignoffError as error:
                print(f"{path.name}: {error}", file=sys.stderr)
                continue
            yield Known(path.name, documents, agent, truth, complete=source.name != "invoices")


def agent_of(schema: JsonObject, family: str) -> Agent:
    """An agent with the checks that its schema allows."""
    fields, rows, row = (INVOICE_QUESTIONS | RECEIPT_QUESTIONS).get(family, ({}, "", {}))
    names = {concept: name for name, (concept, _) in fields.items()}
    if not family and {"total_net", "total_tax", "total_gross"} <= schema["properties"].keys():
        names = {"net": "total_net", "tax": "total_tax", "gross": "total_gross"}
        rows, row = "lines", {"amount": ("amount", {})}
    amount = next((name for name, (concept, _) in row.items() if concept == "amount"), "")
    equations = []
    if {"net", "tax", "gross"} <= names.keys():
        equations.append(f"{names['net']} + {names['tax']} == {names['gross']}")
    if rows and amount and "net" in names:
        equations.append(f"sum({rows}.{amount}) == {names['net']}")
    checks = [
        {"name": f"sum {n}", "type": "equation", "equation": equation, "on_failure": "flag"}
        for n, equation in enumerate(equations)
    ]
    return Agent.model_validate({"name": "replay", "data_schema": schema, "checks": checks})


def read(known: Known, readers: Readers) -> Extraction | None:
    """One extraction, judged; ``None`` where nothing was read."""
    try:
        return extract_assessed(
            Assignment.of(
                known.agent,
                instructions="",
                documents=known.documents,
                input_data=None,
                seconds=600,
            ),
            readers=readers,
            record=Turns(),
        )
    except SignoffError:
        return None


def labels_of(known: Known, extraction: Extraction | None) -> Iterator[Label]:
    """What a reviewer who knows the truth leaves and changes."""
    if extraction is None:
        return
    for pointer, value, truth in align(extraction.data, known.truth):
        unknown = truth is None and not known.complete
        if value is not None and not unknown:
            signals = extraction.signals[pointer]
            yield Label(known.name, signals, value, same_value(value, truth))


def replay(labels: list[Label], splits: int) -> tuple[list[Quality], list[Quality]]:
    """The prior's and the fits' quality on halves of the documents that were not reviewed."""
    names = sorted({str(label.group) for label in labels})
    before: list[Quality] = []
    after: list[Quality] = []
    for split in range(splits):
        reviewed = set(random.Random(split).sample(names, len(names) // 2))
        model = fit([label for label in labels if label.group in reviewed]).model
        rest = [label for label in labels if label.group not in reviewed]
        right = [label.left for label in rest]
        for scorer, found in ((PRIOR, before), (model, after)):
            found.append(measure([scorer.score(x.signals, x.value) for x in rest], right))
    return before, after


def show(title: str, labels: list[Label], splits: int) -> None:
    """Print one reader's numbers."""
    wrong = sum(not label.left for label in labels)
    documents = len({label.group for label in labels})
    print(
        f"\n{title}: {len(labels)} values of {documents} documents, {wrong / len(labels):.1%} wrong"
    )
    before, after = replay(labels, splits)
    print(f"  {'':10} {'AUROC':>8} {'coverage at 99%':>16} {'Brier':>8} {'ECE':>8}")
    for name, found in (("prior", before), ("fitted", after)):
        means = [fmean(getattr(each, figure) or 0.0 for each in found) for figure in FIGURES]
        print(f"  {name:10} {means[0]:8.3f} {means[1]:16.3f} {means[2]:8.4f} {means[3]:8.4f}")


def main() -> int:
    """Replay reviews and print what fitting brings."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else None)
    parser.add_argument("--documents", type=int, default=160, help="to make up")
    parser.add_argument("--pages", type=Path, help="keep parsed pages here, for the next run")
    parser.add_argument("--splits", type=int, default=5, help="divisions into halves")
    arguments = parser.parse_args()
    settings: dict[str, Callable[[Known], Readers]] = {
        "model alone, with the offline reader as second": lambda k: Readers(
            SimulatedModel(k.truth, "model", k.name, MODEL_ERRS), None, OfflineReader()
        ),
        "model with a challenger and the offline reader": lambda k: Readers(
            SimulatedModel(k.truth, "model", k.name, MODEL_ERRS),
            SimulatedModel(k.truth, "challenger", k.name, CHALLENGER_ERRS),
            OfflineReader(),
        ),
        "offline reader alone": lambda k: Readers(OfflineReader()),
    }
    found: dict[str, list[Label]] = {title: [] for title in settings}
    keep = arguments.pages
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
    with nullcontext(str(keep)) if keep is not None else tempfile.TemporaryDirectory() as root:
        record = MemoryRecord() if keep is None else FileRecord(keep)
        for known in known_documents(arguments.documents, FileStore(root), record):
            for title, readers in settings.items():
                found[title] += labels_of(known, read(known, readers(known)))
    close_sandboxes()
    for title, labels in found.items():
        show(title, labels, arguments.splits)
    return 0


if __name__ == "__main__":
    sys.exit(main())
