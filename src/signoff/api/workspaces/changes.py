"""PATCH: what each state that a caller asks for means for the execution."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from signoff import approval, lifecycle
from signoff.api.problems import ApiError, FieldProblem
from signoff.api.workspaces import schemas
from signoff.api.workspaces.translation import made_elsewhere
from signoff.errors import InvalidDataError, NotFoundError
from signoff.executions.models import Decision, Execution
from signoff.executions.states import Status
from signoff.storage import executions
from signoff.storage.store import Store
from signoff.storage.tokens import Token

ANSWER_SECONDS = 20.0
"""How long an answer waits for the run to go on: it may be suspending at this very moment."""


def find(store: Store, token: Token, execution_id: UUID) -> Execution:
    """An execution of the token's workspace.

    Raises:
        ApiError: 404, also for another workspace's.
    """
    try:
        with store.database.reading() as session:
            found = executions.get(session, execution_id)
    except NotFoundError:
        found = None
    if found is None or found.workspace_id != token.workspace_id:
        raise ApiError(404, "Agent execution not found")
    return found


def apply(
    store: Store, token: Token, execution_id: UUID, command: schemas.AgentExecutionUpdateCommand
) -> Execution:
    """Bring the execution into the state that the command asks for; returns it as it is then.

    Raises:
        ApiError: 404, 409 or 422.
        TransitionNotAllowedError: the execution's state does not lead there.
        AnswerRefusedError: another answer to the review came first.
        LeaseLostError: a run is delivering at this moment.
        DeliveryFailedError: a destination has not got the data.
    """
    execution = find(store, token, execution_id)
    if not approval.agent_schema(store, execution):
        raise ApiError(409, "Agent schema not set")
    by = f"{token.name} (token {token.number})"
    match command.state:
        case schemas.AgentExecutionPendingReview() as wanted:
            with _data_at("PENDING_REVIEW", "dataExtracted"):
                approval.edit(store, execution_id, wanted.data_extracted, by=by)
        case schemas.AgentExecutionConfirm() as wanted:
            with _data_at("CONFIRMED", "dataConfirmed"):
                approval.answer(
                    store,
                    execution_id,
                    decision=Decision.CONFIRM,
                    data=wanted.data_confirmed,
                    source="http",
                    by=by,
                    wait=ANSWER_SECONDS,
                )
            _check_answered(find(store, token, execution_id))
        case schemas.AgentExecutionCancel():
            lifecycle.cancel(
                store,
                execution_id,
                source="http",
                by=by,
                wait=ANSWER_SECONDS,
                before_sign_off=True,
            )
            _check_answered(find(store, token, execution_id))
        case schemas.DeliveredUpdate(deliveries=[]):
            lifecycle.deliver_now(store, execution_id, by=by)
        case schemas.DeliveredUpdate() as wanted:
            made = [made_elsewhere(delivery) for delivery in wanted.deliveries]
            lifecycle.record_deliveries(store, execution_id, made, by=by)
    return find(store, token, execution_id)


def _check_answered(execution: Execution) -> None:
    if execution.status is Status.PENDING_REVIEW:
        raise ApiError(
            409,
            f"The answer to execution {execution.number} is on record, but its flow run has not"
            " gone on yet: are Prefect's server and a worker running? It counts as soon as it"
            " does, unless another answer comes first.",
        )


@contextmanager
def _data_at(status: str, field: str) -> Iterator[None]:
    """Say of data that is not valid where in the request it stands."""
    try:
        yield
    except InvalidDataError as error:
        problems = [
            FieldProblem(("body", "state", status, field, *_parts(pointer)), message)
            for pointer, message in error.problems
        ]
        raise ApiError(422, "Schema validation error", problems=problems) from error


def _parts(pointer: str) -> list[str | int]:
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    return [int(part) if part.isdecimal() else part for part in parts]
