"""The extraction loop: reason, act, observe, until the data passes.

An iteration is one model call. Its action is ``submit``, whose observation is what the schema
and the checks say, or a tool, whose observation is what it gave. Each is recorded as it happens,
and everything the loop decides it decides from the record, so that it goes on from there after
a crash as if nothing had been.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from signoff.errors import (
    DeadlineExceededError,
    MaxRetriesExceededError,
    ModelRefusedError,
    ModelUnavailableError,
    TokenLimitError,
    UnfinishedExtractionError,
    ValidationFailedError,
)
from signoff.executions.agents import JsonObject
from signoff.executions.extractions import Extraction, Iteration
from signoff.extraction.assignment import Assignment
from signoff.extraction.reader import REFUSED, SUBMIT, Observation, Reader, Reading, ReadRequest
from signoff.extraction.tools.submit import REJECTED, Submit, has_value
from signoff.extraction.tools.toolbox import Toolbox
from signoff.extraction.turns import (
    LOOK_AGAIN,
    IterationRecord,
    Turns,
    extraction_of,
    is_final_refusal,
    was_cut_short,
    was_doubted,
)

MAX_TOOL_TURNS = 20
"""Tool calls that are free; then only ``submit`` is offered, and further ones count as failures."""

MAX_PICTURES = 4
MAX_REPEATED = 500
"""Characters of an observation that a repeated call is reminded of."""

Unfinished = TypeVar("Unfinished", bound=UnfinishedExtractionError)


def extract(
    assignment: Assignment,
    *,
    reader: Reader,
    record: IterationRecord,
    pages: tuple[int, int, int] | None = None,
    part: str = "",
    doubts: Callable[[JsonObject], Sequence[str]] = lambda data: (),
) -> Extraction:
    """Read until the data meets the schema and the checks.

    Started again after a crash it goes on from the record: a submit that passed is returned as
    it is, failed ones count as correction cycles, what tools gave is known, and the time and the
    tokens that all of it took are used up.

    Args:
        assignment: what is asked for.
        reader: who reads.
        record: where iterations are loaded from and kept.
        pages: the only pages to read: a document's number, its first and its last page.
        part: what to call these pages in the record; only its turns are looked at.
        doubts: what makes data that passed worth another look, one line each; asked once. The
            better of the two answers counts, and the first one where there is no second.

    Raises:
        MaxRetriesExceededError: the last correction failed too; carries the best attempt.
        ValidationFailedError: a check rejects the data without another try.
        DeadlineExceededError: the time is used up; carries the best attempt.
        TokenLimitError: the tokens are used up; carries the best attempt.
        ModelUnavailableError: the reader could get no answer.
        InvalidAgentError: the schema cannot be applied to any data.
    """
    loop = _Loop(
        request=assignment.turn(reader, pages=pages),
        reader=reader,
        turns=Turns(record, role="reader", part=part, forgiven=assignment.forgiven),
        submit=Submit(assignment.schema, assignment.checks, grounding=assignment.grounder.ground),
        toolbox=Toolbox(() if reader.offline else assignment.tools, assignment.documents),
        max_corrections=0 if reader.offline else assignment.max_corrections,
        max_tokens=assignment.max_tokens,
        seconds=assignment.seconds,
        doubts=(lambda data: ()) if reader.offline else doubts,
        clock=assignment.clock,
    )
    return loop.run()


@dataclass
class _Loop:
    request: ReadRequest
    reader: Reader
    turns: Turns
    submit: Submit
    toolbox: Toolbox
    max_corrections: int
    max_tokens: int
    seconds: float
    doubts: Callable[[JsonObject], Sequence[str]]
    clock: Callable[[], float]
    _seen: dict[int, Observation] = field(default_factory=dict)

    def run(self) -> Extraction:
        if any(_passed(turn) for turn in self.turns.ever):
            return self._better()
        try:
            return self._until_passed()
        except (UnfinishedExtractionError, ModelUnavailableError):
            # an answer that passed is none the worse for a second look that came to nothing
            if any(was_doubted(turn) for turn in self.turns.since):
                return self._better()
            raise

    def _until_passed(self) -> Extraction:
        deadline = self.clock() + self.seconds - self.turns.seconds
        self._end_if_decided()
        while self._failures() <= self.max_corrections:
            self.request.should_stop()
            started = self.clock()
            if started >= deadline:
                raise self._out_of_time()
            if self.turns.tokens >= self.max_tokens:
                raise self._out_of_tokens()
            turn = self._turn(started, seconds_left=deadline - started)
            if _passed(turn):
                return self._better()
            self._end_if_decided()
        raise self._out_of_corrections()

    def _better(self) -> Extraction:
        """Of the answers that passed the one with the least doubts, the later of two equals."""
        passed = [turn for turn in self.turns.ever if _passed(turn) or was_doubted(turn)]
        if len(passed) == 1:
            return extraction_of(passed[0])
        return extraction_of(
            min(reversed(passed), key=lambda turn: len(self.doubts(turn.action_input)))
        )

    def _turn(self, started: float, *, seconds_left: float) -> Iteration:
        request = replace(
            self.request,
            earlier=tuple(self.turns.since),
            seconds_left=seconds_left,
            tools=self.toolbox.specs if self._tool_turns() < MAX_TOOL_TURNS else (),
            pictures=self._pictures(),
        )
        try:
            reading = self.reader.read(request)
        except DeadlineExceededError as error:
            raise self._out_of_time() from error
        except ModelRefusedError as error:
            if error.prompt_tokens or error.completion_tokens:
                self.turns.add_refusal(error, seconds=self.clock() - started)
            raise
        observation = self._observe(reading)
        turn = self.turns.add(
            reading,
            observation.text,
            seconds=self.clock() - started,
            offline=self.reader.offline,
        )
        self._seen[turn.number] = observation
        return turn

    def _observe(self, reading: Reading) -> Observation:
        if reading.action == REFUSED:
            return Observation(reading.problem)
        if reading.action != SUBMIT:
            return self._use_tool(reading)
        if reading.data is None or reading.problem:  # half an answer is data with a problem
            return Observation(reading.problem or "The answer was no JSON object.")
        observation = self.submit.judge(reading.data).observation
        return Observation(observation or self._doubted(reading.data))

    def _doubted(self, data: JsonObject) -> str:
        """What is to be looked at again in data that passed; nothing the second time."""
        if self._failures() >= self.max_corrections or any(map(was_doubted, self.turns.since)):
            return ""
        found = self.doubts(data)
        return LOOK_AGAIN + "\n".join(found) if found else ""

    def _use_tool(self, reading: Reading) -> Observation:
        for turn in self.turns.since:
            if (turn.action, turn.action_input) == (reading.action, reading.tool_input):
                reminder = turn.observation[:MAX_REPEATED]
                return Observation(
                    f"This call was made before, in turn {turn.number}, and will give the same"
                    f" again. Submit, or do something else. It gave:\n{reminder}",
                    pictures=self._observation(turn).pictures,
                )
        return self.toolbox.run(reading.action, reading.tool_input)

    def _pictures(self) -> dict[int, tuple[bytes, ...]]:
        """The last few pictures that tools gave, by turn; after a restart they are made anew."""
        pictures: dict[int, tuple[bytes, ...]] = {}
        shown: list[JsonObject] = []
        gives = {spec.name for spec in self.toolbox.specs if spec.pictures}
        for turn in reversed(self.turns.since):
            if turn.action not in gives or turn.action_input in shown:
                continue
            if made := self._observation(turn).pictures:
                shown.append(turn.action_input)
                pictures[turn.number] = made
            if len(pictures) == MAX_PICTURES:
                break
        return pictures

    def _observation(self, turn: Iteration) -> Observation:
        if turn.number not in self._seen:
            self._seen[turn.number] = self.toolbox.run(turn.action, turn.action_input)
        return self._seen[turn.number]

    def _tool_turns(self) -> int:
        return sum(turn.action not in (SUBMIT, REFUSED) for turn in self.turns.since)

    def _failures(self) -> int:
        """How many turns count as corrections: all that failed, but for the free tool calls."""
        free = MAX_TOOL_TURNS if self.toolbox.specs else 0
        return len(self._submits()) + max(0, self._tool_turns() - free)

    def _submits(self) -> list[Iteration]:
        return [turn for turn in self.turns.since if turn.action == SUBMIT]

    def _end_if_decided(self) -> None:
        """End as the last turn has it, whether it was recorded just now or before a crash."""
        if not self.turns.since:
            return
        last = self.turns.since[-1]
        if is_final_refusal(last):
            raise ModelRefusedError(last.observation)
        if last.action == SUBMIT and last.observation.startswith(REJECTED):
            raise ValidationFailedError(
                f"The data that {last.model} read was rejected by a check without another try:\n"
                + last.observation.removeprefix(REJECTED)
            )

    def _out_of_time(self) -> DeadlineExceededError:
        return self._unfinished(
            DeadlineExceededError,
            f"The extraction did not end within {self.seconds:g} s (SIGNOFF_EXTRACTION_TIMEOUT)",
        )

    def _out_of_tokens(self) -> TokenLimitError:
        return self._unfinished(
            TokenLimitError,
            f"The extraction did not end within {self.max_tokens:,} tokens"
            f" (SIGNOFF_EXTRACTION_TOKENS), {self.turns.tokens:,} are used,",
        )

    def _out_of_corrections(self) -> MaxRetriesExceededError:
        last = (self._submits() or self.turns.since)[-1]
        count = self._failures()
        ending = (
            f"{count} {'answer' if count == 1 else 'answers'} of {last.model} failed validation;"
            " the last one:"
        )
        if self.reader.offline:
            ending = (
                "What was read offline failed validation, and would be read the same again:"
                " correct it, or configure a model (SIGNOFF_MODEL_URL)."
            )
        problems = "\n".join(_head(last.observation.splitlines(), 5))
        return MaxRetriesExceededError(f"{ending}\n{problems}", best=self._best())

    def _unfinished(self, error: type[Unfinished], ending: str) -> Unfinished:
        count = len(self._submits())
        return error(f"{ending} after {count} answers that failed validation.", best=self._best())

    def _best(self) -> Extraction | None:
        """The attempt with the fewest problems and failed checks, the later of two equals.

        Half an answer counts only where no whole one has come.
        """
        attempts = [turn for turn in reversed(self._submits()) if has_value(turn.action_input)]
        if not attempts:
            return None
        best = min(
            attempts,
            key=lambda turn: (was_cut_short(turn), self.submit.judge(turn.action_input).rank),
        )
        return extraction_of(best)


def _passed(turn: Iteration) -> bool:
    # the emptiness of {} is checked again here: no record may ever turn it into a success
    return turn.action == SUBMIT and not turn.observation and bool(turn.action_input)


def _head(lines: Sequence[str], count: int) -> Iterator[str]:
    yield from lines[:count]
    if len(lines) > count:
        yield f"- and {len(lines) - count} more"
