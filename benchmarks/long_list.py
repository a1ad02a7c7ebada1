"""1,200 rows over 40 pages, read by a simulated model that sees only what it is sent.

    python benchmarks/long_list.py [--rows 1200] [--per-page 30] [--context 128000]

Prints, for a model without faults and for models that err as models do, how many rows came out,
how many of them are right and in order, and what it cost in calls and tokens. The PDF is written
and parsed for real; the model is a server on this machine that reads the rows out of the prompt.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support.long_lists import SCHEMA, ReadingModel, make_rows, parsed, write_pdf  # noqa: E402
from support.model_server import ModelServer  # noqa: E402

from signoff.documents.sandbox import close_sandboxes  # noqa: E402
from signoff.errors import UnfinishedExtractionError  # noqa: E402
from signoff.executions.extractions import Extraction, Iteration  # noqa: E402
from signoff.extraction.assignment import Assignment  # noqa: E402
from signoff.extraction.long_documents import extract_documents  # noqa: E402
from signoff.extraction.offline import OfflineReader  # noqa: E402
from signoff.extraction.reader import Reader  # noqa: E402
from signoff.extraction.readers import open_readers  # noqa: E402
from signoff.settings import Settings  # noqa: E402

MODELS = {
    "reads what it is shown": {},
    "drops a third of answers beyond 80 rows": {"forgets_beyond": 80},
    "answers are cut off beyond 50 rows": {"cut_off_beyond": 50},
    "overlooks two pages": {"blind_on": frozenset({12, 13})},
    "lists its last two rows twice": {"repeats": 2},
}


class Record:
    """Iterations in memory."""

    def __init__(self) -> None:
        self.iterations: list[Iteration] = []

    def load(self) -> list[Iteration]:
        """All of them."""
        return list(self.iterations)

    def append(self, iteration: Iteration) -> None:
        """Keep one more."""
        self.iterations.append(iteration)


def main() -> None:
    """Run all models and the offline reader."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1200)
    parser.add_argument("--per-page", type=int, default=30)
    parser.add_argument("--context", type=int, default=128_000, help="tokens")
    options = parser.parse_args()
    rows = make_rows(options.rows)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        write_pdf(home / "list.pdf", rows, per_page=options.per_page)
        documents = parsed(home / "list.pdf", home)
        print(f"{options.rows} rows on {documents[0].info.page_count} pages")  # noqa: T201
        for name, faults in MODELS.items():
            with ModelServer(fallback=ReadingModel(**faults)) as server:  # type: ignore[arg-type]
                settings = Settings(
                    home=home,
                    model_url=server.url,
                    model="simulated",
                    model_sees_images=False,
                    model_context_tokens=options.context,
                )
                report(name, open_readers(settings).reader, documents, rows)
        report("offline reader", OfflineReader(), documents, rows)
    close_sandboxes()


def report(name: str, reader: Reader, documents: Any, rows: list[dict[str, Any]]) -> None:
    """One line."""
    record = Record()
    started = time.monotonic()
    try:
        extraction: Extraction | None = extract_documents(
            Assignment(
                schema=SCHEMA,
                instructions="Read the invoice.",
                documents=documents,
                seconds=3600,
                max_tokens=10**9,
            ),
            reader=reader,
            record=record,
        )
    except UnfinishedExtractionError as error:
        extraction = error.best
    seconds = time.monotonic() - started
    found = extraction.data.get("lines", []) if extraction else []
    right = sum(left == right for left, right in zip(found, rows, strict=False))
    told = sum("rows" in note for note in extraction.notes) if extraction else 0
    asked = sum(turn.prompt_tokens for turn in record.iterations)
    written = sum(turn.completion_tokens for turn in record.iterations)
    print(  # noqa: T201
        f"{name:42} {len(found):5} rows, {right:5} right in order, {told:2} notes on rows,"
        f" {len(record.iterations):3} calls, {asked:7} + {written:6} tokens, {seconds:5.1f} s"
    )


if __name__ == "__main__":
    main()
