"""An execution on its way in over HTTP: begun when its files begin to arrive, then supplied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

from anyio import to_thread

from signoff import intake
from signoff.api.request_ids import current_request_id
from signoff.errors import NotFoundError
from signoff.executions.agents import JsonObject
from signoff.executions.models import AgentRevision, Execution, Trigger
from signoff.storage import executions
from signoff.storage.store import Store
from signoff.storage.tokens import Token


def asked_by(
    token: Token,
    revision: AgentRevision,
    *,
    input_data: JsonObject | None = None,
    execution_type: str | None = None,
    additional_instructions: str = "",
    context: JsonObject | None = None,
) -> intake.Request:
    """What a caller asks for, and who it is."""
    return intake.Request(
        agent=str(revision.agent_id),
        input_data=input_data,
        additional_instructions=additional_instructions,
        execution_type=execution_type,
        trigger=Trigger.API,
        triggered_by=f"{token.name} (token {token.number})",
        context={
            **(context or {}),
            "token": token.number,
            "request_id": current_request_id(),
        },
    )


@dataclass
class Arrival:
    """One request that starts an execution. Every method may be called again."""

    store: Store
    revision: AgentRevision
    wanted: intake.Request
    id: UUID = field(default_factory=uuid4)

    async def begin(self) -> None:
        """Record the execution, which waits for its files: what breaks off now leaves it so."""
        await to_thread.run_sync(self._begin, self.id)

    async def complete(self, execution_id: UUID, files: Sequence[tuple[str, Path]]) -> Execution:
        """Store the files under ``execution_id``, which need not be ours: all inputs are here."""

        def work() -> Execution:
            self._begin(execution_id, files=bool(files))
            return intake.supply(self.store, execution_id, files)

        return await to_thread.run_sync(work)

    async def discard(self) -> None:
        """Leave nothing of a request that was refused, or that another one has answered."""

        def work() -> None:
            try:
                with self.store.database.transaction() as session:
                    executions.discard(session, self.id)
            except NotFoundError:
                return  # it never began

        await to_thread.run_sync(work)

    def _begin(self, execution_id: UUID, *, files: bool = True) -> None:
        intake.begin(self.store, self.revision, self.wanted, execution_id=execution_id, files=files)
