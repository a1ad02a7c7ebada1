"""The extraction loop: read, hold against the schema, correct, until the data passes.

This is the loop's single-turn form: every iteration is one reading whose action is ``submit``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Protocol

from signoff.documents.model import Document
from signoff.errors import DeadlineExceededError, InvalidAgentError, MaxRetriesExceededError
from signoff.executions.agents import JsonObject
from signoff.executions.models import Extraction, Iteration
from signoff.executions.validation import Problem, find_problems
from signoff.extraction.reader import SUBMIT, Reader, Reading, ReadRequest

MAX_PROBLEMS_SHOWN = 20


class IterationRecord(Protocol):
    """Where an execution's iterations are kept, so that no model call is ever paid twice."""

    def load(self) -> list[Iteration]:
        """Every iteration recorded so far, in order, those of earlier attempts included."""
        ...

    def append(self, iteration: Iteration) -> None:
        """Keep one more iteration; it must be on record when this returns.

        Raises:
            LeaseLostError: another attempt works on the execution now.
        """
        ...


def extract(
    *,
    schema: JsonObject,
    instructions: str,
    documents: Sequence[Document],
    input_data: JsonObject | None,
    reader: Reader,
    record: IterationRecord,
    max_corrections: int,
    seconds: float,
    should_stop: Callable[[], None] = lambda: None,
    forgiven: int = 0,
    clock: Callable[[], float] = time.monotonic,
) -> Extraction:
    """Read until the data meets the schema.

    Started again after a crash it goes on from the record: a submit that passed is returned as
    it is, failed ones count as correction cycles, and the time they took is used up.

    Args:
        schema: the agent's data schema.
        instructions: trusted text.
        documents: what to read, untrusted.
        input_data: given by the caller beside the files.
        reader: who reads.
        record: where iterations are loaded from and kept.
        max_corrections: correction cycles after a first failed answer. The offline reader gets
            none, since it would answer the same again.
        seconds: the time that all readings together may take.
        should_stop: called before each reading; raises to stop the loop
            (:class:`ExecutionCanceledError`, :class:`LeaseLostError`).
        forgiven: the number of the last iteration that belongs to an earlier try which failed
            and which a person has restarted: kept on record, neither counted nor corrected.
        clock: seconds that only go forward.

    Raises:
        MaxRetriesExceededError: the last correction failed too; carries the best attempt.
        DeadlineExceededError: the time is used up; carries the best attempt.
        ModelUnavailableError: the reader could get no answer.
        InvalidAgentError: the schema cannot be applied to any data.
    """
    recorded = record.load()
    for iteration in recorded:
        if _passed(iteration):
            return _extraction(iteration)
    last_number = recorded[-1].number if recorded else 0
    turns = [iteration for iteration in recorded if iteration.number > forgiven]
    deadline = clock() + seconds - sum(turn.seconds for turn in turns)
    corrections = 0 if reader.offline else max_corrections

    while len(turns) <= corrections:
        should_stop()
        started = clock()
        if started >= deadline:
            raise _out_of_time(schema, turns, seconds)
        request = ReadRequest(
            schema=schema,
            instructions=instructions,
            documents=documents,
            input_data=input_data,
            earlier=tuple(turns),
            seconds_left=deadline - started,
        )
        try:
            reading = reader.read(request)
        except DeadlineExceededError as error:
            raise _out_of_time(schema, turns, seconds) from error
        last_number += 1
        iteration = _iteration(
            reading,
            observation=_observation(schema, reading),
            number=last_number,
            seconds=clock() - started,
            offline=reader.offline,
        )
        record.append(iteration)
        if _passed(iteration):
            return _extraction(iteration)
        turns.append(iteration)
    raise _out_of_corrections(schema, turns)


def describe_problems(problems: Sequence[Problem]) -> str:
    """What is wrong with submitted data, as text a model can act on: one line per problem."""
    lines = [f"- {problem}" for problem in problems[:MAX_PROBLEMS_SHOWN]]
    if len(problems) > MAX_PROBLEMS_SHOWN:
        lines.append(f"- and {len(problems) - MAX_PROBLEMS_SHOWN} more problems like these")
    return "\n".join(lines)


def _observation(schema: JsonObject, reading: Reading) -> str:
    if reading.data is None:
        return reading.problem or "The answer was no JSON object."
    return describe_problems(_problems(schema, reading.data))


def _problems(schema: JsonObject, data: JsonObject) -> list[Problem]:
    try:
        return find_problems(schema, data)
    except Exception as error:
        # a schema can be valid and yet not applicable: jsonschema lets through whatever a bad
        # regular expression, an unresolvable reference or a circle of references raises
        raise InvalidAgentError(
            f"The agent's data schema cannot be applied: {error}. Correct it in the agent."
        ) from error


def _iteration(
    reading: Reading, *, observation: str, number: int, seconds: float, offline: bool
) -> Iteration:
    return Iteration(
        number=number,
        thought=reading.thought,
        action=SUBMIT,
        action_input=reading.data or {},
        observation=observation,
        timestamp=datetime.now(UTC),
        model=reading.model,
        prompt_tokens=reading.prompt_tokens,
        completion_tokens=reading.completion_tokens,
        cost=reading.cost,
        seconds=seconds,
        confidence=reading.confidence,
        evidence=reading.evidence,
        offline=offline,
    )


def _passed(iteration: Iteration) -> bool:
    # the emptiness of {} is checked again here: no record may ever turn it into a success
    return iteration.action == SUBMIT and not iteration.observation and bool(iteration.action_input)


def _extraction(iteration: Iteration) -> Extraction:
    return Extraction(
        data=iteration.action_input,
        confidence=iteration.confidence,
        evidence=iteration.evidence,
        model=iteration.model,
        offline=iteration.offline,
    )


def _best(schema: JsonObject, turns: Sequence[Iteration]) -> Extraction | None:
    """The attempt with the fewest problems, the later of two equals."""
    candidates = [turn for turn in reversed(turns) if turn.action == SUBMIT and turn.action_input]
    if not candidates:
        return None
    return _extraction(min(candidates, key=lambda turn: len(_problems(schema, turn.action_input))))


def _out_of_time(
    schema: JsonObject, turns: Sequence[Iteration], seconds: float
) -> DeadlineExceededError:
    return DeadlineExceededError(
        f"The extraction did not end within {seconds:g} s (SIGNOFF_EXTRACTION_TIMEOUT)"
        f" after {len(turns)} answers that failed validation.",
        best=_best(schema, turns),
    )


def _out_of_corrections(schema: JsonObject, turns: Sequence[Iteration]) -> MaxRetriesExceededError:
    last = turns[-1]
    answers = "answer" if len(turns) == 1 else "answers"
    return MaxRetriesExceededError(
        f"{len(turns)} {answers} of {last.model} failed validation; the last one:\n"
        + "\n".join(_head(last.observation.splitlines(), 5)),
        best=_best(schema, turns),
    )


def _head(lines: Sequence[str], count: int) -> Iterator[str]:
    yield from lines[:count]
    if len(lines) > count:
        yield f"- and {len(lines) - count} more"
