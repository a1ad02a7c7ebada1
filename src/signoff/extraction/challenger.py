"""The challenger: a second model that reads on its own, so that the two can be compared."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from signoff.documents.model import Document
from signoff.errors import DeadlineExceededError, ModelUnavailableError
from signoff.executions.agents import JsonObject
from signoff.executions.extractions import Extraction
from signoff.extraction.loop import MAX_TOKENS
from signoff.extraction.prompts.shown_schema import without_examples
from signoff.extraction.reader import REFUSED, SUBMIT, Reader, ReadRequest
from signoff.extraction.tools.submit import Submit
from signoff.extraction.turns import IterationRecord, Turns, extraction_of, is_final_refusal


def challenge(
    *,
    schema: JsonObject,
    instructions: str,
    documents: Sequence[Document],
    input_data: JsonObject | None,
    reader: Reader,
    record: IterationRecord,
    seconds: float,
    max_tokens: int = MAX_TOKENS,
    show_examples: bool = False,
    pages: tuple[int, int, int] | None = None,
    part: str = "",
    should_stop: Callable[[], None] = lambda: None,
    forgiven: int = 0,
    clock: Callable[[], float] = time.monotonic,
) -> Extraction | None:
    """One independent reading: no tools, no corrections, no checks.

    It is recorded with the role ``challenger`` and found again after a restart, whether it
    brought data or not. Data that does not meet the schema is an opinion all the same. The
    arguments are those of :func:`signoff.extraction.loop.extract`; time and tokens are what the
    reader's turns on the record have left.

    Returns:
        What it read; ``None`` when it gave no data, was out of reach, or when nothing is left
        for it. The record says which.
    """
    turns = Turns(record, role="challenger", part=part, forgiven=forgiven)
    for turn in turns.ever:
        if turn.action == SUBMIT and turn.action_input:
            return extraction_of(turn)
    submit = Submit(schema, (), documents=documents, input_data=input_data)
    deadline = clock() + seconds - turns.seconds
    # asked again only when a model declined and the reader has another
    while not turns.since or (
        turns.since[-1].action == REFUSED and not is_final_refusal(turns.since[-1])
    ):
        should_stop()
        started = clock()
        if started >= deadline or turns.tokens >= max_tokens:
            return None
        request = ReadRequest(
            schema=schema if reader.offline or show_examples else without_examples(schema),
            instructions=instructions,
            documents=documents,
            input_data=input_data,
            earlier=tuple(turns.since),
            seconds_left=deadline - started,
            pages=pages,
            should_stop=should_stop,
        )
        try:
            reading = reader.read(request)
        except (ModelUnavailableError, DeadlineExceededError) as error:
            turns.add_refusal(error, seconds=clock() - started)
            return None
        observation = reading.problem
        if reading.data is not None:
            observation = submit.judge(reading.data).observation
        turn = turns.add(reading, observation, seconds=clock() - started, offline=reader.offline)
        if turn.action == SUBMIT and turn.action_input:
            return extraction_of(turn)
    return None
