"""How many calls each model gets at a time, over all workers: Prefect's global limits.

Prefect's own ``concurrency`` makes two clients and sends two events for every slot, and has no ear
for whoever wants to give up; what it asks of the server is asked here directly.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
from prefect.exceptions import ObjectAlreadyExists, PrefectHTTPStatusError

from signoff.errors import DeadlineExceededError
from signoff.prefect_runs import connected
from signoff.settings import ModelSettings

LEASE_SECONDS = 60.0
"""How long the slot of a run that was killed stays taken."""
POLL_SECONDS = 1.0

_BANNED = re.compile(r"[^\w.:-]+")

logger = logging.getLogger(__name__)


def limit_name(model: ModelSettings) -> str:
    """What the model's limit is called in Prefect."""
    server = urlsplit(model.url)
    port = f":{server.port}" if server.port else ""
    host = f"{server.hostname}{port}" if server.hostname else "vendor"
    return _BANNED.sub("-", f"model-{model.model}-at-{host}")


def make_limits(models: Iterable[ModelSettings]) -> None:
    """Create each model's limit, or set it to what the settings say; safe to repeat.

    Raises:
        PrefectUnavailableError: Prefect's server does not answer.
    """
    with connected() as client:
        for model in models:
            # another process may create it at the same time, with the same number
            with suppress(ObjectAlreadyExists):
                client.upsert_global_concurrency_limit_by_name(limit_name(model), model.concurrency)


@contextmanager
def model_slot(
    model: ModelSettings, /, *, seconds: float, should_stop: Callable[[], None]
) -> Iterator[None]:
    """A place among the calls that ``model`` gets at a time; a missing limit is made.

    Args:
        model: which one.
        seconds: how long to wait for a place.
        should_stop: called about every second meanwhile; raises to give up.

    Raises:
        DeadlineExceededError: no place became free in time.
        PrefectUnavailableError: Prefect's server does not answer.
    """
    lease = _taken(model, seconds, should_stop)
    done = threading.Event()
    keeper = threading.Thread(
        target=_keep, args=(limit_name(model), lease, done), name=f"slot-{lease}", daemon=True
    )
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()
        try:
            with connected() as client:
                client.release_concurrency_slots_with_lease(lease)
        except Exception as error:  # the answer is paid for, and the place frees itself
            logger.warning("The slot %s was not given back: %s", limit_name(model), error)


def _taken(model: ModelSettings, seconds: float, should_stop: Callable[[], None]) -> UUID:
    deadline = time.monotonic() + seconds
    while True:
        should_stop()
        given = _asked_for(limit_name(model))
        if given is not None:
            if given["limits"]:
                return UUID(given["lease_id"])
            make_limits([model])
            continue
        left = deadline - time.monotonic()
        if left <= 0:
            raise DeadlineExceededError(
                f"All {model.concurrency} calls that the model {model.model} gets at a time were"
                " taken (SIGNOFF_MODEL_CONCURRENCY) until the time was used up"
            )
        time.sleep(min(POLL_SECONDS, left))


def _asked_for(name: str) -> dict[str, Any] | None:
    """The limits that gave a place (none: there is no such limit); ``None``: all are taken."""
    with connected() as client:
        try:
            answer = client.increment_concurrency_slots_with_lease(
                names=[name], slots=1, mode="concurrency", lease_duration=LEASE_SECONDS
            )
        except PrefectHTTPStatusError as error:
            if error.response.status_code == httpx.codes.LOCKED:
                return None
            raise
    found: dict[str, Any] = answer.json()
    return found


def _keep(name: str, lease: UUID, done: threading.Event) -> None:
    """Renew the lease until the call is done: models may take minutes."""
    while not done.wait(LEASE_SECONDS / 3):
        try:
            with connected() as client:
                client.renew_concurrency_lease(lease, lease_duration=LEASE_SECONDS)
        except Exception as error:  # an answer that is paid for is not thrown away for this
            logger.warning("The slot %s could not be kept: %s", name, error)
