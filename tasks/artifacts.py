"""Artifacts: what a flow run shows in Prefect's UI while and after it works."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import cast
from uuid import UUID

from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactUpdate
from prefect.logging import get_run_logger

from signoff.executions.extractions import Iteration
from signoff.extraction.turns import IterationRecord
from signoff.transcript import turns_markdown

SECONDS_BETWEEN_UPDATES = 3.0


@contextmanager
def iterations_shown(record: IterationRecord, number: int) -> Iterator[IterationRecord]:
    """``record``, whose turns the flow run shows as they happen, also when it fails.

    Args:
        record: where the turns are kept.
        number: the execution's: its artifact has the same key in every run.
    """
    shown = _ShownRecord(record, f"iterations-{number}")
    try:
        yield shown
    finally:
        shown.show()


class _ShownRecord:
    """A record that shows itself, at most every few seconds."""

    def __init__(self, record: IterationRecord, key: str) -> None:
        self._record, self._key = record, key
        self._artifact: UUID | None = None
        self._turns: list[Iteration] = []
        self._waiting = False
        self._next = 0.0

    def load(self) -> list[Iteration]:
        self._turns = self._record.load()
        self._waiting = self._waiting or (bool(self._turns) and self._artifact is None)
        return list(self._turns)

    def append(self, iteration: Iteration) -> None:
        self._record.append(iteration)
        self._turns.append(iteration)
        self._waiting = True
        if monotonic() >= self._next:
            self.show()

    def show(self) -> None:
        """Bring the artifact up to date; the record is what counts, so no error leaves here."""
        if not self._waiting:
            return
        markdown = turns_markdown(self._turns)
        try:
            if self._artifact is None:
                made = create_markdown_artifact(markdown, self._key, "The extraction, turn by turn")
                self._artifact = cast("UUID", made)
            else:
                with get_client(sync_client=True) as client:
                    client.update_artifact(self._artifact, ArtifactUpdate(data=markdown))
        except Exception as error:
            get_run_logger().warning("The iterations could not be shown: %s", error)
        self._waiting = False
        self._next = monotonic() + SECONDS_BETWEEN_UPDATES
