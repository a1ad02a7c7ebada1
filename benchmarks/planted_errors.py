"""How many errors in extracted data are noticed, and how many right values are suspected.

    python benchmarks/planted_errors.py [--generated N] [--count 200] [--misses] [FOLDER...]

Each document's expected data is taken for a correct extraction, one value of it is changed as
readers get values wrong, and it is asked who notices: the look-up of the value in the document
(ungrounded), the agent's checks, the offline reader's own reading (disagreement), the rows that
the pages show, or the offline reader has, beyond those that were read (rows). Then the same four
are asked about the data as it should be: what they suspect there is a false alarm.

Folders are those of benchmarks/offline_accuracy.py.
"""

from __future__ import annotations

import argparse
import copy
import random
import re
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import offline_accuracy as accuracy  # noqa: E402
from benchmarks.generated.documents import make_documents  # noqa: E402
from signoff.documents.model import Document  # noqa: E402
from signoff.documents.sandbox import close_sandboxes  # noqa: E402
from signoff.executions.agent_files import read_agent_file  # noqa: E402
from signoff.executions.agents import Agent, JsonObject  # noqa: E402
from signoff.executions.extractions import CheckStatus  # noqa: E402
from signoff.executions.pointers import json_pointer  # noqa: E402
from signoff.extraction.checks import run_checks  # noqa: E402
from signoff.extraction.confidence.signals import Opinions  # noqa: E402
from signoff.extraction.equality import same_value, whole_date  # noqa: E402
from signoff.extraction.evidence import ground  # noqa: E402
from signoff.extraction.long_documents.coverage import compare  # noqa: E402
from signoff.extraction.long_documents.merging import Row  # noqa: E402
from signoff.extraction.long_documents.page_lines import lines_of  # noqa: E402
from signoff.extraction.long_documents.placement import place_rows  # noqa: E402
from signoff.extraction.long_documents.unread_amounts import numbers_beside  # noqa: E402
from signoff.extraction.offline.dates import find_dates  # noqa: E402
from signoff.extraction.offline.numbers import decimal_mark, find_numbers  # noqa: E402
from signoff.storage.files import FileStore  # noqa: E402

Path_ = tuple[str | int, ...]
SIGNALS = ("ungrounded", "checks", "disagreement", "rows")

PLAIN_CHECKS: list[JsonObject] = [
    {
        "name": "net and tax make the total",
        "type": "equation",
        "equation": "total_net + total_tax == total_gross",
    },
    {
        "name": "lines make the total",
        "type": "equation",
        "equation": "sum(lines.amount) == total_net or sum(lines.amount) == total_gross",
    },
    {"name": "due after issue", "type": "date_order", "fields": ["/date", "/due_date"]},
    {"name": "IBAN", "type": "format", "fields": ["/iban"], "formats": ["iban"]},
    {"name": "VAT id", "type": "format", "fields": ["/vendor_vat_id"], "formats": ["eu.vat"]},
]
"""For the plain invoice schema, what the sample agent for invoices checks."""


@dataclass
class Case:
    """One document with its correct data, and what is needed to judge an answer."""

    name: str
    documents: list[Document]
    agent: Agent
    expected: JsonObject
    offline: JsonObject
    text: str

    def suspects(self, data: JsonObject) -> dict[str, set[str]]:
        """What each of the four finds wrong with ``data``: pointers, and names of checks."""
        grounding = ground(data, self.agent.data_schema or {}, self.documents)
        checks = run_checks(self.agent.checks, data, ungrounded=grounding.ungrounded)
        opinions = Opinions(data, self.offline, reader="offline")
        lines = [page for document in self.documents for page in lines_of(document)]
        every = [line for page in lines for line in page]
        rows: dict[tuple[str, ...], list[Row]] = {
            (name,): [
                Row(*row, part=0, index=0)
                for row in zip(value, place_rows(value, every), strict=True)
            ]
            for name, value in data.items()
            if isinstance(value, list)
        }
        _, missing = compare(lines, rows, totals=list(numbers_beside(data)))
        others = {each.pointer: isinstance(each.value, dict) for each in opinions.disagreements}
        return {
            "ungrounded": set(grounding.ungrounded),
            "checks": {check.name for check in checks if check.status is CheckStatus.FAILED},
            "disagreement": {p for p, row in others.items() if not row},
            "rows": {*missing, *(p for p, row in others.items() if row)},
        }


@dataclass(frozen=True)
class Mistake:
    """One way in which one value is wrong."""

    kind: str
    pointer: str
    before: Any
    after: Any
    data: JsonObject = field(repr=False)


def values(data: Any, path: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """(path, value) of each string and number."""
    if isinstance(data, dict | list):
        for name, item in data.items() if isinstance(data, dict) else enumerate(data):
            yield from values(item, (*path, name))
    elif data is not None and not isinstance(data, bool):
        yield path, data


def changed(data: JsonObject, path: Path_, value: Any) -> JsonObject:
    """A copy of ``data`` with another value at ``path``."""
    data = copy.deepcopy(data)
    place: Any = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return data


def _is_date(value: Any) -> bool:
    return isinstance(value, str) and bool(re.match(r"\d{4}-\d\d-\d\d", value))


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and not any(c.isdigit() for c in value) and len(value) > 5


def _digits_of(value: Any) -> list[int]:
    text = str(value)
    return [i for i, c in enumerate(text) if c.isdigit()] if not _is_date(value) else []


def _with_text(value: Any, text: str) -> Any:
    if isinstance(value, str):
        return text
    number = float(text)
    return int(number) if isinstance(value, int) else number


def wrong_digit(value: Any, case: Case, chance: random.Random) -> Any:
    """Another digit somewhere."""
    if not (places := _digits_of(value)):
        return None
    text, at = str(value), chance.choice(places)
    other = chance.choice([d for d in "123456789" if d != text[at]])
    return _with_text(value, text[:at] + other + text[at + 1 :])


def swapped_digits(value: Any, case: Case, chance: random.Random) -> Any:
    """Two neighbours exchanged."""
    text = str(value)
    places = [i for i in _digits_of(value) if text[i + 1 : i + 2].isdigit()]
    places = [i for i in places if text[i] != text[i + 1]]
    if not places:
        return None
    at = chance.choice(places)
    return _with_text(value, text[:at] + text[at + 1] + text[at] + text[at + 2 :])


def shifted_decimals(value: Any, case: Case, chance: random.Random) -> Any:
    """Ten times as much, a hundred times, a tenth."""
    if isinstance(value, str) or not value:
        return None
    return round(value * chance.choice([10, 100, 0.1, 0.01]), 4)


def another_amount(value: Any, case: Case, chance: random.Random) -> Any:
    """Net for gross, a line's for another's: what else the page has."""
    if not isinstance(value, float):
        return None
    found = find_numbers(case.text, decimal=decimal_mark([case.text]))
    amounts = {float(each.value) for each in found if each.decimals == 2}
    others = sorted(amount for amount in amounts if abs(amount - value) > 0.005)
    return chance.choice(others) if others else None


def another_date(value: Any, case: Case, chance: random.Random) -> Any:
    """The due date for the date of issue."""
    if not _is_date(value):
        return None
    found = {each.value.isoformat() for each in find_dates(case.text)} - {value[:10]}
    return chance.choice(sorted(found)) if found else None


def day_for_month(value: Any, case: Case, chance: random.Random) -> Any:
    """03/04 for 04/03."""
    if not _is_date(value) or (day := whole_date(value)) is None:
        return None
    if day.day > 12 or day.day == day.month:
        return None
    return date(day.year, day.day, day.month).isoformat()


def truncated_name(value: Any, case: Case, chance: random.Random) -> Any:
    """Without the last word, or broken off."""
    if not _is_name(value) or " " not in value:
        return None
    return value.rsplit(None, 1)[0] if chance.random() < 0.5 else value[: len(value) * 2 // 3]


def other_name(value: Any, case: Case, chance: random.Random) -> Any:
    """The other party, another article."""
    if not _is_name(value):
        return None
    names = {v for _, v in values(case.expected) if _is_name(v) and not same_value(v, value)}
    return chance.choice(sorted(names)) if names else None


Change = Callable[[Any, Case, random.Random], Any]
CHANGES: dict[str, Change] = {
    "wrong digit": wrong_digit,
    "digits swapped": swapped_digits,
    "decimals shifted": shifted_decimals,
    "another amount": another_amount,
    "another date": another_date,
    "day for month": day_for_month,
    "name truncated": truncated_name,
    "other name": other_name,
}
ROWS = ("row dropped", "row doubled")


def mistakes(case: Case, kind: str, chance: random.Random) -> Iterator[Mistake]:
    """Mistakes of one kind, in random order."""
    if kind in ROWS:
        yield from _row_mistakes(case, kind, chance)
        return
    places = list(values(case.expected))
    chance.shuffle(places)
    for path, value in places:
        wrong = CHANGES[kind](value, case, chance)
        if wrong is not None and not same_value(value, wrong):
            data = changed(case.expected, path, wrong)
            yield Mistake(kind, json_pointer(path), value, wrong, data)


def _row_mistakes(case: Case, kind: str, chance: random.Random) -> Iterator[Mistake]:
    for name, rows in case.expected.items():
        if isinstance(rows, list) and len(rows) > 1 and isinstance(rows[0], dict):
            at = chance.randrange(len(rows))
            doubled = [*rows[: at + 1], *copy.deepcopy(rows[at:])]
            other = doubled if kind == "row doubled" else rows[:at] + rows[at + 1 :]
            data = {**case.expected, name: other}
            yield Mistake(kind, f"/{name}/{at}", rows[at], None, data)


def noticed(case: Case, mistake: Mistake, before: dict[str, set[str]]) -> set[str]:
    """Who notices: suspects the wrong value, or fails a check that the right one passes."""
    after = case.suspects(mistake.data)
    if mistake.kind in ROWS:
        # its rows are counted from the doubled one on; any new suspicion will do
        return {signal for signal in SIGNALS if len(after[signal]) > len(before[signal])}
    found = {s for s in ("ungrounded", "disagreement") if mistake.pointer in after[s]}
    return found | {s for s in ("checks", "rows") if after[s] - before[s]}


def agent_for(schema: JsonObject) -> Agent:
    """The sample agent that has this schema, or one with the plain invoice's checks."""
    for path in sorted((ROOT / "sample_inputs" / "agents").glob("*.y*ml")):
        agent = read_agent_file(path)
        if agent.data_schema == schema:
            return agent
    checks = PLAIN_CHECKS if schema is accuracy.INVOICE else []
    return Agent.model_validate({"name": "plain", "data_schema": schema, "checks": checks})


def printed(expected: JsonObject) -> JsonObject:
    """What can stand on a page of the expected data: no codes of units, no empty rows."""
    data = {}
    for name, value in expected.items():
        if isinstance(value, list):
            rows = [row for row in value if isinstance(row, dict)]
            rows = [{k: v for k, v in row.items() if v is not None and k != "unit"} for row in rows]
            value = [row for row in rows if row] if rows else value
        if value is not None and value != []:
            data[name] = value
    return data


def case_of(
    path: Path, schema: JsonObject, expected: JsonObject, store: FileStore, record: Any
) -> Case:
    """Parse and read one document."""
    documents = accuracy.parse(path, store, record)
    text = "\n".join(page.text for document in documents for page in document.pages())
    offline = accuracy.reading_of(documents, schema).data or {}
    return Case(path.name, documents, agent_for(schema), printed(expected), offline, text)


def plan(cases: Sequence[Case], count: int, seed: int) -> Iterator[tuple[Case, Mistake]]:
    """So many mistakes, the kinds in turn and the documents in turn."""
    chance = random.Random(seed)
    kinds = [*CHANGES, *ROWS]
    rest = {kind: [(case, mistakes(case, kind, chance)) for case in cases] for kind in kinds}
    while count and any(rest.values()):
        for kind in kinds:
            while count and rest[kind]:
                case, source = rest[kind].pop(0)
                mistake = next(source, None)
                if mistake is not None:
                    rest[kind].append((case, source))
                    count -= 1
                    yield case, mistake
                    break


def report(cases: Sequence[Case], count: int, seed: int, *, misses: bool) -> None:
    """Plant, ask, print."""
    right = {id(case): case.suspects(case.expected) for case in cases}
    table: dict[str, Counter[str]] = defaultdict(Counter)
    missed = []
    for case, mistake in plan(cases, count, seed):
        found = noticed(case, mistake, right[id(case)])
        for line in (mistake.kind, "all"):
            table[line].update(["planted", *found, *(["any"] if found else [])])
        if not found:
            missed.append(f"{case.name}: {mistake}")
    print(f"{'planted errors':20} count  " + "  ".join(f"{name:>12}" for name in (*SIGNALS, "any")))
    for kind in (*CHANGES, *ROWS, "all"):
        row = table[kind]
        shares = (f"{row[n] / max(row['planted'], 1):12.0%}" for n in (*SIGNALS, "any"))
        print(f"{kind:20} {row['planted']:5}  " + "  ".join(shares))
    stated = {id(case): {json_pointer(p) for p, _ in values(case.expected)} for case in cases}
    total = sum(map(len, stated.values()))
    print(f"\nright values: {total} in {len(cases)} documents; suspected of them")
    for signal in ("ungrounded", "disagreement"):
        flagged = [right[id(case)][signal] & stated[id(case)] for case in cases]
        count = sum(map(len, flagged))
        share = f"{count:4} values ({count / max(total, 1):.1%})"
        print(f"  {signal:12} {share} in {sum(map(bool, flagged))} documents")
    for signal in ("checks", "rows"):
        failed = [right[id(case)][signal] for case in cases]
        print(f"  {signal:12} {sum(map(len, failed)):4} in {sum(map(bool, failed))} documents")
    if misses:
        print("\nnot noticed:\n" + "\n".join(missed))
        for case in cases:
            print(case.name, {k: sorted(v) for k, v in right[id(case)].items() if v})


def main() -> int:
    """Measure; exit 1 where there was nothing to measure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else None)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--count", type=int, default=200, help="so many errors")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--generated", type=int, metavar="N", help="on N made-up documents")
    parser.add_argument("--misses", action="store_true", help="list what nobody noticed")
    parser.add_argument("--pages", type=Path, help="keep parsed pages here, for the next run")
    arguments = parser.parse_args()
    folders = arguments.folders or [f for f in accuracy.DEFAULT_FOLDERS if f.exists()]
    keep = arguments.pages
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
    with (
        nullcontext(str(keep)) if keep is not None else tempfile.TemporaryDirectory() as root,
        tempfile.TemporaryDirectory() as made_up,
    ):
        record = accuracy.MemoryRecord() if keep is None else accuracy.FileRecord(keep)
        store = FileStore(root)
        sources: list[tuple[Path, JsonObject, JsonObject]] = []
        if arguments.generated:
            documents = make_documents(
                Path(made_up), arguments.generated, seed=arguments.seed, held_out=False
            )
            sources = [(made.path, made.schema, made.expected) for made in documents]
        else:
            known = accuracy.schemas()
            for folder in folders:
                for path, expected in accuracy.cases(folder.resolve()):
                    sources.append((path, accuracy.schema_for(expected, known), expected))
        cases = [case_of(*source, store, record) for source in sources]
        report(cases, arguments.count, arguments.seed, misses=arguments.misses)
    close_sandboxes()
    return 0 if cases else 1


if __name__ == "__main__":
    sys.exit(main())
