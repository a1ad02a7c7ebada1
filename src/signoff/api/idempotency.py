"""``Idempotency-Key``: the first answer again for 24 hours, also to requests at the same time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from hashlib import sha256
from time import monotonic
from typing import Annotated
from uuid import UUID

from anyio import to_thread
from fastapi import Depends, Header, Request, Response
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from signoff.api.auth import current_store, current_token
from signoff.api.problems import ApiError
from signoff.storage import idempotency
from signoff.storage.idempotency import Claim, Claimed

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
BUSY_SECONDS = 60.0
WAIT_SECONDS = 30.0
POLL_SECONDS = 0.1

Work = Callable[[UUID], Awaitable[Response]]


def _described(
    key: Annotated[
        str | None,
        Header(
            alias=HEADER,
            min_length=1,
            max_length=255,
            description="The same key with the same request gives the first answer again for"
            " 24 hours, and starts nothing twice.",
        ),
    ] = None,
) -> str | None:
    return key


IdempotencyKey = Annotated[str | None, Depends(_described)]
"""For the signature of an endpoint that starts an execution."""


def fingerprint(request: Request, *content: object) -> str:
    """What tells requests apart that bear the same key: method, address and content."""
    parts = [request.method, request.url.path, sorted(request.query_params.multi_items())]
    text = json.dumps([*parts, *content], sort_keys=True, default=str)
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


async def once(
    request: Request,
    key: str | None,
    *,
    asked: str,
    execution_id: UUID,
    work: Work,
    longer: float = 0.0,
) -> Response:
    """Do the work, unless it was done under this key before: then give its answer again.

    Args:
        request: the request at hand.
        key: its idempotency key, if it has one.
        asked: the request's fingerprint.
        execution_id: the id for a new execution.
        work: starts the execution with the id that it is given (not always ``execution_id``: one
            that died half-way, or whose sender went away, is gone on with) and answers; only 2xx
            is kept.
        longer: seconds that the work may take beyond the usual.

    Raises:
        ApiError: 422 for a key that was used for another request, 409 while its first request is
            still being answered.
    """
    if key is None:
        return await work(execution_id)
    workspace_id, database = current_token(request).workspace_id, current_store(request).database

    def claim() -> Claim:
        with database.transaction() as session:
            return idempotency.claim(
                session,
                workspace_id=workspace_id,
                key=key,
                fingerprint=asked,
                execution_id=execution_id,
                seconds=BUSY_SECONDS + longer,
            )

    def keep(answer: Response) -> None:
        with database.transaction() as session:
            idempotency.answer(
                session,
                workspace_id=workspace_id,
                key=key,
                status_code=answer.status_code,
                body=bytes(answer.body).decode(),
            )

    def abandon() -> None:
        with database.transaction() as session:
            idempotency.abandon(session, workspace_id=workspace_id, key=key)

    def release() -> None:
        with database.transaction() as session:
            idempotency.release(session, workspace_id=workspace_id, key=key)

    claimed = await _settled(claim, seconds=WAIT_SECONDS + longer)
    match claimed.outcome:
        case Claimed.ANSWERED:
            return Response(
                claimed.body,
                claimed.status_code,
                {REPLAYED: "true"},
                media_type=JSONResponse.media_type,
            )
        case Claimed.DIFFERENT:
            raise ApiError(422, f"This {HEADER} was used for another request: take a new one.")
        case Claimed.RUNNING:
            raise ApiError(
                409, f"The first request with this {HEADER} is still being answered: ask later."
            )
    try:
        answer = await work(claimed.execution_id)
    except ClientDisconnect:
        await to_thread.run_sync(abandon)
        raise
    except Exception:
        await to_thread.run_sync(release)
        raise
    await to_thread.run_sync(keep, answer) if answer.status_code < 300 else release()
    return answer


async def _settled(claim: Callable[[], Claim], *, seconds: float) -> Claim:
    """The claim, once whoever works under the same key is done (for as long as one waits)."""
    deadline = monotonic() + seconds
    while True:
        claimed = await to_thread.run_sync(claim)
        if claimed.outcome is not Claimed.RUNNING or monotonic() > deadline:
            return claimed
        await asyncio.sleep(POLL_SECONDS)
