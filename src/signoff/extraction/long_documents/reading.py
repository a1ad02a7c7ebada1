"""Reading documents of any length: in one call where that is safe, else in parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from signoff.documents.model import Document
from signoff.errors import MaxRetriesExceededError, UnfinishedExtractionError, ValidationFailedError
from signoff.executions.agents import JsonObject
from signoff.executions.extractions import Extraction, Iteration
from signoff.extraction.assignment import Assignment
from signoff.extraction.long_documents.coverage import Gap, compare
from signoff.extraction.long_documents.cut_off import CutOffError, CutOffRecord, was_cut_off
from signoff.extraction.long_documents.merging import Merged, PartData, merge
from signoff.extraction.long_documents.page_lines import Line, lines_of
from signoff.extraction.long_documents.part_schema import has_table, list_paths, part_schema
from signoff.extraction.long_documents.parts import (
    WHOLE,
    PageFacts,
    Part,
    divided,
    halves,
    plan_rest,
    rows_of,
    survey,
)
from signoff.extraction.long_documents.room import LEAST_ROWS, NO_LIMIT, fits_one_call, room_for
from signoff.extraction.long_documents.unread_amounts import numbers_beside
from signoff.extraction.long_documents.views import Shown, shown
from signoff.extraction.loop import extract
from signoff.extraction.reader import SUBMIT, Reader
from signoff.extraction.tools.submit import REJECTED, Submit
from signoff.extraction.turns import IterationRecord, extraction_of, was_cut_short

AGAIN = ", again"
"""What the name of a page ends in that is read once more for missing rows."""
MAX_PAGES_AGAIN = 50


def extract_documents(
    assignment: Assignment,
    *,
    reader: Reader,
    record: IterationRecord,
    doubts: Callable[[JsonObject], Sequence[str]] = lambda data: (),
) -> Extraction:
    """Read documents of any length until the data meets the schema and the checks.

    Everything is read in one call where it fits and the answer can be given whole; else page
    ranges are read one by one and their data is joined. The rows found are held against the rows
    that the pages show: what is missing is read once more, and said in the extraction's notes if
    it stays missing. A restart goes on with the parts that are not on record.

    The errors are those of :func:`signoff.extraction.loop.extract`; ``doubts`` are asked of an
    answer about everything only.
    """
    reading = _Reading(assignment, reader, record, doubts, list_paths(assignment.schema))
    if reader.offline or reader.limits is None:
        return reading.at_once()
    reading.pages = survey(assignment.documents, rows=bool(reading.lists))
    asked = (reader.limits, assignment.schema, assignment.instructions, assignment.input_data)
    room = room_for(*asked, pages=reading.pages)
    if fits_one_call(*asked, pages=reading.pages):
        try:
            # parts on record: less was known of the model, or the one call was cut off
            if not reading.has_parts():
                return reading.in_one_call()
        except CutOffError:
            pass
    room = replace(room, rows=min(room.rows, reading.rows_answered()))
    return reading.in_parts(plan_rest(reading.pages, reading.read_before(), room))


@dataclass
class _Reading:
    """One extraction of documents that may be long."""

    assignment: Assignment
    reader: Reader
    record: IterationRecord
    doubts: Callable[[JsonObject], Sequence[str]]
    lists: list[tuple[str, ...]]
    pages: Sequence[PageFacts] = ()

    def at_once(self) -> Extraction:
        """By a reader that takes documents of any length."""
        return self.noted(self._extract_whole(self.record))

    # -- in one call --------------------------------------------------------------------------

    def in_one_call(self) -> Extraction:
        """Everything at once; pages with missing rows are read once more.

        Raises:
            CutOffError: the answer hit the limit of its length, and there is something to divide.
        """
        rows = sum(len(page.rows) for page in self.pages)
        divisible = self.lists and (len(self.pages) > 1 or rows >= 2 * LEAST_ROWS)
        if divisible and any(was_cut_off(turn, rows=rows) for turn in self._turns("")):
            raise CutOffError
        record = CutOffRecord(self.record, rows=rows) if divisible else self.record
        try:
            whole = self._extract_whole(record)
        except UnfinishedExtractionError as error:
            # a person corrects it: they should know of rows that are not there
            if error.best is not None:
                error.best = self.noted(error.best)
            raise
        parts, read = [self._whole(whole)], [whole]
        gaps, notes = self._compared(merge(parts, self.lists))
        self._read_again(gaps, parts, read)
        return _with(whole, notes) if len(parts) == 1 else self._joined(parts, read, [])

    def _extract_whole(self, record: IterationRecord) -> Extraction:
        return extract(self.assignment, reader=self.reader, record=record, doubts=self.doubts)

    def noted(self, extraction: Extraction) -> Extraction:
        """The extraction, its notes saying which rows the pages show beyond it."""
        _, notes = self._compared(merge([self._whole(extraction)], self.lists))
        return _with(extraction, notes)

    def _whole(self, extraction: Extraction) -> PartData:
        lines: list[Line] = []
        if self.lists:
            lines = [line for page in self._lines() for line in page]
        return PartData(WHOLE, extraction.data, lines)

    # -- in parts -----------------------------------------------------------------------------

    def has_parts(self) -> bool:
        """Whether a part was read before: what is known of the model may have changed since."""
        return any(Part.parse(turn.part) for turn in self._turns() if turn.part)

    def rows_answered(self) -> int:
        """Half of the rows that an answer was cut off for: no more are asked for again."""
        asked = [(turn, Part.parse(turn.part) if turn.part else WHOLE) for turn in self._turns()]
        rows = [(turn, rows_of(part, self.pages)) for turn, part in asked if part]
        too_many = [count for turn, count in rows if was_cut_off(turn, rows=count)]
        return max(min(too_many, default=NO_LIMIT) // 2, LEAST_ROWS)

    def read_before(self) -> list[Part]:
        """The parts on record."""
        done = {Part.parse(turn.part) for turn in self._turns() if _passed(turn)}
        return [part for part in done if part]

    def in_parts(self, planned: Sequence[Part]) -> Extraction:
        """All parts one by one, then as one.

        Raises:
            UnfinishedExtractionError: as the loop does; what was read of all parts is the best
                attempt.
        """
        order = {(page.document, page.number): n for n, page in enumerate(self.pages)}
        before = self.read_before()
        waiting = sorted(
            [*planned, *before],
            key=lambda part: (order[part.document, part.first], part.lines or (0, 0)),
        )
        parts: list[PartData] = []
        read: list[Extraction] = []
        failed: dict[Part, UnfinishedExtractionError] = {}
        stopped: UnfinishedExtractionError | None = None
        while waiting and not stopped:
            part = waiting.pop(0)
            try:
                extraction = self._read_part(part, str(part))
            except CutOffError:
                limit = self.rows_answered()
                # what is on record is read already, however long it is
                later = [
                    piece
                    for each in waiting
                    for piece in (
                        [each] if each in before else divided(each, self.pages, rows=limit)
                    )
                ]
                waiting = [*halves(part, self.pages), *later]
                continue
            except MaxRetriesExceededError as error:
                failed[part] = error
                extraction = error.best or Extraction(data={}, model="")
            except UnfinishedExtractionError as error:
                stopped = error
                failed |= dict.fromkeys((part, *waiting), error)
                break
            read.append(extraction)
            parts.append(PartData(part, extraction.data, self._shown(part).lines))
        if not stopped:
            gaps, _ = self._compared(merge(parts, self.lists))
            stopped = self._read_again(gaps, parts, read)
        notes = [f"{part} was not read in full: {error}" for part, error in failed.items()]
        joined = self._joined(parts, read, notes)
        best = joined if joined.data else self._begun()
        if stopped:
            raise type(stopped)(str(stopped), best=best)
        if failed:
            raise MaxRetriesExceededError("\n".join(notes), best=best)
        self._judge(joined)
        return joined

    def _read_part(self, part: Part, name: str, *, hint: str = "") -> Extraction:
        divisible = halves(part, self.pages) != [part]
        rows = rows_of(part, self.pages)
        if divisible and any(was_cut_off(turn, rows=rows) for turn in self._turns(name)):
            raise CutOffError
        view = self._shown(part)
        count = self._document(part).info.page_count
        instructions = (self.assignment.instructions.strip(), _about(part, count), hint)
        assignment = replace(
            self.assignment,
            schema=part_schema(self.assignment.schema),
            instructions="\n\n".join(filter(None, instructions)),
            documents=[
                view.document if document.info.number == part.document else document
                for document in self.assignment.documents
            ],
            checks=(),
        )
        return extract(
            assignment,
            reader=self.reader,
            record=CutOffRecord(self.record, rows=rows) if divisible else self.record,
            pages=view.pages,
            part=name,
        )

    def _document(self, part: Part) -> Document:
        return next(d for d in self.assignment.documents if d.info.number == part.document)

    def _shown(self, part: Part) -> Shown:
        return shown(part, self._document(part), self.pages)

    # -- rows that are missing ----------------------------------------------------------------

    def _read_again(
        self, gaps: Sequence[Gap], parts: list[PartData], read: list[Extraction]
    ) -> UnfinishedExtractionError | None:
        """Each page with a gap, on its own."""
        for gap in gaps[:MAX_PAGES_AGAIN]:
            part = Part(gap.document, gap.page, gap.page)
            hint = f"This page shows {gap.seen} rows: list every one of them."
            try:
                extraction = self._read_part(part, f"{part}{AGAIN}", hint=hint)
            except (CutOffError, MaxRetriesExceededError):
                continue  # the gap stays, and is noted
            except UnfinishedExtractionError as error:
                return error
            read.append(extraction)
            parts.append(PartData(part, extraction.data, self._shown(part).lines, again=True))
        return None

    def _compared(self, merged: Merged) -> tuple[list[Gap], list[str]]:
        if not self.lists:
            return [], []
        return compare(
            self._lines(),
            merged.rows,
            totals=list(numbers_beside(merged.data)),
            tables=has_table(self.assignment.schema),
        )

    def _lines(self) -> Iterator[list[Line]]:
        """Each page's lines."""
        return (page for document in self.assignment.documents for page in lines_of(document))

    # -- the whole ----------------------------------------------------------------------------

    def _joined(
        self, parts: Sequence[PartData], read: Sequence[Extraction], notes: Sequence[str]
    ) -> Extraction:
        merged = merge(parts, self.lists)
        _, seen = self._compared(merged)
        said: dict[str, dict[str, Any]] = {"confidence": {}, "evidence": {}, "signals": {}}
        for number, extraction in enumerate(read):
            for name, values in said.items():
                values.update(merged.moved(number, getattr(extraction, name)))
        return Extraction(
            data=merged.data,
            notes=[*notes, *seen, *merged.conflicts],
            model=next((extraction.model for extraction in read if extraction.model), ""),
            **said,
        )

    def _begun(self) -> Extraction | None:
        """Where no part was read: the answer that came furthest before it was cut off."""
        begun = [turn for turn in self._turns() if was_cut_short(turn) and turn.action_input]
        furthest = max(begun, key=lambda turn: len(str(turn.action_input)), default=None)
        return None if furthest is None else extraction_of(furthest)

    def _judge(self, joined: Extraction) -> None:
        assignment = self.assignment
        submit = Submit(assignment.schema, assignment.checks, grounding=assignment.grounder.ground)
        observation = submit.judge(joined.data).observation
        if observation.startswith(REJECTED):
            raise ValidationFailedError(
                f"The data that {joined.model} read was rejected by a check without another try:\n"
                + observation.removeprefix(REJECTED)
            )
        if observation:
            raise MaxRetriesExceededError(
                f"What was read of all pages together failed validation:\n{observation}",
                best=joined if joined.data else None,
            )

    def _turns(self, name: str | None = None) -> list[Iteration]:
        return [
            turn
            for turn in self.record.load()
            if turn.role == "reader"
            and (turn.number > self.assignment.forgiven or _passed(turn))
            and (name is None or turn.part == name)
        ]


def _with(extraction: Extraction, notes: Sequence[str]) -> Extraction:
    return extraction.model_copy(update={"notes": [*extraction.notes, *notes]})


def _about(part: Part, page_count: int) -> str:
    pages = f"pages {part.first} to {part.last}"
    if part.first == part.last:
        pages = f"page {part.first}"
    return (
        f"You see {pages} of {page_count}, with a few lines of the pages next to them. Return what"
        " stands here: list every row, and leave out what is not here. A sum carried over from"
        " or to another page is no total and no row."
    )


def _passed(turn: Iteration) -> bool:
    return turn.action == SUBMIT and not turn.observation and bool(turn.action_input)
