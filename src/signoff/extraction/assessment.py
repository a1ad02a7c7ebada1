"""Reading, and what speaks for and against what was read: one extraction as everybody uses it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from signoff.errors import (
    DeadlineExceededError,
    ExecutionCanceledError,
    LeaseLostError,
    UnfinishedExtractionError,
)
from signoff.executions.agents import JsonObject
from signoff.executions.extractions import NO_SECOND_OPINION, Extraction, Iteration
from signoff.executions.scalars import scalars
from signoff.extraction.alignment import align
from signoff.extraction.assignment import Assignment
from signoff.extraction.challenger import challenge
from signoff.extraction.checks import run_checks
from signoff.extraction.confidence import PRIOR, ConfidenceModel
from signoff.extraction.confidence.signals import Opinions, ReaderName, gather
from signoff.extraction.equality import same_value
from signoff.extraction.long_documents import extract_documents
from signoff.extraction.long_documents.parts import survey
from signoff.extraction.long_documents.room import fits_one_call
from signoff.extraction.reader import SUBMIT, Reader, Reading
from signoff.extraction.readers import Readers
from signoff.extraction.second_look import doubts
from signoff.extraction.turns import IterationRecord, was_doubted

logger = logging.getLogger(__name__)

SECOND_READING_SECONDS = 60.0


def extract_assessed(
    assignment: Assignment,
    *,
    readers: Readers,
    record: IterationRecord,
    calibration: ConfidenceModel = PRIOR,
) -> Extraction:
    """Read until the data passes, let others read too, and judge every value.

    What models answered is on ``record`` as soon as they did. So an error in what comes after is
    raised like any other: the step fails visibly, and is done again without a further call. Only
    a best attempt goes on without having been judged, since a new try would be paid anew; a
    person looks at it in any case.

    Args:
        assignment: what is asked for.
        readers: who reads.
        record: where model calls are kept.
        calibration: the agent's model of confidence.

    Raises:
        UnfinishedExtractionError: no data passed; the best attempt, if any, is judged as well.
        SignoffError: as :func:`signoff.extraction.loop.extract` does.
    """
    assessor = _Assessor(assignment, readers, record, calibration)
    try:
        extraction = extract_documents(
            assignment, reader=readers.reader, record=record, doubts=assessor.doubts
        )
    except UnfinishedExtractionError as error:
        if error.best is not None:
            error.best = assessor.assess_best(error.best)
        raise
    challenged, notes = assessor.challenge(extraction)
    return assessor.assess(extraction, challenged, notes)


@dataclass(frozen=True)
class _Assessor:
    """Everything that judges one extraction."""

    assignment: Assignment
    readers: Readers
    record: IterationRecord
    calibration: ConfidenceModel

    def challenge(self, extraction: Extraction) -> tuple[JsonObject | None, list[str]]:
        """What the challenger read, and a note where it did not."""
        challenger = self.readers.challenger
        if challenger is None or extraction.offline:
            return None, []
        if not self._fits(challenger):
            # its silence about the pages that it does not see would count as denial
            return None, [
                f"{NO_SECOND_OPINION}the documents do not fit into one call of the challenger."
            ]
        read = challenge(self.assignment, reader=challenger, record=self.record)
        if read is None:
            return None, [f"{NO_SECOND_OPINION}the challenger gave none (see the iterations)."]
        return read.data, []

    def _fits(self, reader: Reader) -> bool:
        if reader.limits is None:
            return True
        return fits_one_call(
            reader.limits,
            self.assignment.schema,
            self.assignment.instructions,
            self.assignment.input_data,
            pages=survey(self.assignment.documents),
        )

    def assess_best(self, best: Extraction) -> Extraction:
        """Judge an attempt that did not pass; it goes to a person even where that fails."""
        try:
            return self.assess(best, None, [])
        except (ExecutionCanceledError, LeaseLostError):
            raise
        except Exception as error:
            logger.exception("The best attempt could not be judged")
            note = f"What speaks for and against these values could not be found out: {error}"
            return best.model_copy(update={"notes": [*best.notes, note]})

    def assess(
        self, extraction: Extraction, challenged: JsonObject | None, notes: list[str]
    ) -> Extraction:
        """Look values up, run the checks, compare the readings, score."""
        data = extraction.data
        second, second_notes = (None, []) if extraction.offline else self._second_reading
        self.assignment.should_stop()
        grounding = self.assignment.grounder.ground(data, known=extraction.evidence)
        checks = run_checks(self.assignment.checks, data, ungrounded=grounding.ungrounded)
        opinions: dict[ReaderName, Opinions] = {}
        if challenged is not None:
            opinions["challenger"] = Opinions(data, challenged, reader="challenger")
        if second is not None:
            opinions["offline"] = Opinions(data, second.data, reader="offline")
            for pointer in self._told(data):
                opinions["offline"].agrees.pop(pointer, None)
        signals = gather(
            extraction,
            evidence=grounding.evidence,
            given=grounding.given,
            checks=checks,
            opinions=opinions,
            turns=self._submits(),
        )
        return extraction.model_copy(
            update={
                "evidence": grounding.evidence,
                "ungrounded": grounding.ungrounded,
                "checks": checks,
                "signals": signals,
                "confidence": {
                    pointer: self.calibration.score(signals[pointer], value)
                    for pointer, value in scalars(data)
                },
                "disagreements": [
                    other for opinion in opinions.values() for other in opinion.disagreements
                ],
                "notes": [*extraction.notes, *notes, *second_notes],
            }
        )

    def _told(self, data: JsonObject) -> Iterator[str]:
        """Values that came with a second look: it showed what the offline reader has there.

        That they agree with it says nothing.
        """
        for turn in filter(was_doubted, self._submits()):
            for pointer, value, before in align(data, turn.action_input):
                if value is not None and not same_value(value, before):
                    yield pointer

    def _submits(self) -> list[Iteration]:
        return [
            turn
            for turn in self.record.load()
            if (turn.role, turn.part, turn.action) == ("reader", "", SUBMIT)
        ]

    def doubts(self, data: JsonObject) -> list[str]:
        """What in an answer is worth a second look."""
        try:
            grounding = self.assignment.grounder.ground(data)
            return doubts(data, grounding, second=self._second_reading[0])
        except (ExecutionCanceledError, LeaseLostError):
            raise
        except Exception:
            # the answer that was paid for is not on record yet: it must not be lost for this
            logger.exception("What is in doubt could not be found out")
            return []

    @cached_property
    def _second_reading(self) -> tuple[Reading | None, list[str]]:
        """What the offline reader makes of the documents, where a model reads, and why nothing.

        It costs nothing and is not recorded: it answers the same whenever it is asked.
        """
        if self.readers.second is None:
            return None, []
        request = self.assignment.turn(self.readers.second, seconds_left=SECOND_READING_SECONDS)
        try:
            return self.readers.second.read(request), []
        except (ExecutionCanceledError, LeaseLostError):
            raise
        except DeadlineExceededError as error:
            return None, [f"{NO_SECOND_OPINION}the offline reader ran out of time: {error}"]
        except Exception as error:
            # heuristics over hostile layouts: what fails here costs a hint, not the extraction
            logger.exception("The offline reader failed as second reader")
            kind = type(error).__name__
            return None, [f"{NO_SECOND_OPINION}the offline reader failed ({kind}): {error}"]
