"""One extraction as it is asked for: what is wanted of which documents, within which limits."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from signoff.documents.model import Document
from signoff.executions.agents import Agent, JsonObject
from signoff.executions.checks import Check
from signoff.extraction.evidence import Grounder
from signoff.extraction.prompts.shown_schema import without_examples
from signoff.extraction.reader import Reader, ReadRequest

MAX_TOKENS = 2_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Assignment:
    """What an extraction is to bring, and what it may take.

    Attributes:
        schema: the agent's data schema.
        instructions: trusted text: the agent's, its execution type's and the caller's.
        documents: what to read, untrusted.
        input_data: given by the caller beside the files.
        max_corrections: correction cycles after a first failed answer. The offline reader gets
            none, since it would answer the same again.
        checks: what the data must meet beyond its schema.
        tools: the names of those that the model may use. The offline reader uses none.
        show_examples: whether the model sees the schema's examples and defaults.
        seconds: the time that all readings of the execution together may take, those of other
            parts and of the challenger included.
        max_tokens: the tokens that they may take.
        should_stop: called before each reading and while it lasts; raises to stop the extraction
            (:class:`ExecutionCanceledError`, :class:`LeaseLostError`).
        forgiven: the number of the last iteration that belongs to an earlier try which failed
            and which a person has restarted: kept on record, neither counted nor corrected.
        clock: seconds that only go forward.
    """

    schema: JsonObject
    instructions: str = ""
    documents: Sequence[Document] = ()
    input_data: JsonObject | None = None
    max_corrections: int = 3
    checks: Sequence[Check] = ()
    tools: Sequence[str] = ()
    show_examples: bool = False
    seconds: float
    max_tokens: int = MAX_TOKENS
    should_stop: Callable[[], None] = lambda: None
    forgiven: int = 0
    clock: Callable[[], float] = time.monotonic

    @classmethod
    def of(
        cls,
        agent: Agent,
        *,
        instructions: str,
        documents: Sequence[Document],
        input_data: JsonObject | None,
        seconds: float,
        max_tokens: int = MAX_TOKENS,
        should_stop: Callable[[], None] = lambda: None,
        forgiven: int = 0,
    ) -> Assignment:
        """What ``agent`` wants of some documents."""
        if agent.page_pictures == "all":
            documents = [replace(each, needs_picture=lambda number: True) for each in documents]
        return cls(
            schema=agent.data_schema or {},
            instructions=instructions,
            documents=documents,
            input_data=input_data,
            max_corrections=agent.max_corrections,
            checks=agent.checks,
            tools=agent.tools,
            show_examples=agent.show_examples,
            seconds=seconds,
            max_tokens=max_tokens,
            should_stop=should_stop,
            forgiven=forgiven,
        )

    def turn(
        self, reader: Reader, *, pages: tuple[int, int, int] | None = None, seconds_left: float = 0
    ) -> ReadRequest:
        """What ``reader`` is asked in one turn."""
        with_examples = reader.offline or self.show_examples
        return ReadRequest(
            schema=self.schema if with_examples else without_examples(self.schema),
            instructions=self.instructions,
            documents=self.documents,
            input_data=self.input_data,
            pages=pages,
            seconds_left=seconds_left,
            should_stop=self.should_stop,
        )

    @cached_property
    def grounder(self) -> Grounder:
        """What looks values up in the documents; their words are indexed once."""
        return Grounder(self.schema, self.documents, input_data=self.input_data)
