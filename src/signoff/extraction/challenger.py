"""The challenger: a second model that reads on its own, so that the two can be compared."""

from __future__ import annotations

from dataclasses import replace

from signoff.errors import DeadlineExceededError, ModelUnavailableError
from signoff.executions.extractions import Extraction, Iteration
from signoff.extraction.assignment import Assignment
from signoff.extraction.reader import REFUSED, SUBMIT, Reader
from signoff.extraction.tools.submit import Submit
from signoff.extraction.turns import (
    IterationRecord,
    Turns,
    extraction_of,
    is_final_refusal,
    was_cut_short,
)


def challenge(
    assignment: Assignment, *, reader: Reader, record: IterationRecord
) -> Extraction | None:
    """One independent reading: no tools, no corrections, no checks.

    It is recorded with the role ``challenger`` and found again after a restart, whether it
    brought data or not. Data that does not meet the schema is an opinion all the same. Time and
    tokens are what the reader's turns on the record have left.

    Returns:
        What it read; ``None`` when it gave no data, was out of reach, or when nothing is left
        for it. The record says which.
    """
    turns = Turns(record, role="challenger", part="", forgiven=assignment.forgiven)
    for turn in turns.ever:
        if _is_opinion(turn):
            return extraction_of(turn)
    submit = Submit(assignment.schema, grounding=assignment.grounder.ground)
    clock = assignment.clock
    deadline = clock() + assignment.seconds - turns.seconds
    # asked again only when a model declined and the reader has another
    while not turns.since or (
        turns.since[-1].action == REFUSED and not is_final_refusal(turns.since[-1])
    ):
        assignment.should_stop()
        started = clock()
        if started >= deadline or turns.tokens >= assignment.max_tokens:
            return None
        request = replace(
            assignment.turn(reader), earlier=tuple(turns.since), seconds_left=deadline - started
        )
        try:
            reading = reader.read(request)
        except (ModelUnavailableError, DeadlineExceededError) as error:
            turns.add_refusal(error, seconds=clock() - started)
            return None
        observation = reading.problem
        if reading.data is not None and not reading.problem:
            observation = submit.judge(reading.data).observation
        turn = turns.add(reading, observation, seconds=clock() - started, offline=reader.offline)
        if _is_opinion(turn):
            return extraction_of(turn)
    return None


def _is_opinion(turn: Iteration) -> bool:
    # what half an answer lacks is no other opinion
    return turn.action == SUBMIT and bool(turn.action_input) and not was_cut_short(turn)
