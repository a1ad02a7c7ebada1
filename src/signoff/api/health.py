"""Whether the process lives, and whether it can work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from anyio import to_thread
from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlalchemy import text

from signoff import prefect_runs
from signoff.api.auth import CurrentStore

router = APIRouter(tags=["service"])
Answer = Literal["ok", "failed"]


class Alive(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """What the service needs, each looked at now."""

    database: Answer
    files: Answer
    prefect: Answer


@router.get("/healthz")
async def healthz() -> Alive:
    """Whether the process lives."""
    return Alive()


@router.get(
    "/readyz", responses={503: {"model": Readiness, "description": "Something is out of reach"}}
)
async def readyz(store: CurrentStore, response: Response) -> Readiness:
    """Whether database, file store and Prefect can be reached."""

    def database() -> None:
        with store.database.reading() as session:
            session.execute(text("SELECT 1"))

    found = Readiness(
        database=await _answer(database),
        files=await _answer(store.files.check),
        prefect=await _answer(prefect_runs.check),
    )
    if "failed" in found.model_dump().values():
        response.status_code = 503
    return found


async def _answer(check: Callable[[], None]) -> Answer:
    try:
        await to_thread.run_sync(check)
    except Exception:  # why is nobody's business who has no token; the log of a request says it
        return "failed"
    return "ok"
