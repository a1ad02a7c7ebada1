"""How many calls each model gets at a time, over all workers: Prefect's global limits."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from urllib.parse import urlsplit

import httpx
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError
from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectAlreadyExists

from signoff.errors import DeadlineExceededError
from signoff.prefect_runs import PrefectUnavailableError, connected
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
    slot = _taken(model, seconds, should_stop)
    try:
        yield
    finally:
        try:
            slot.__exit__(None, None, None)
        except Exception as error:  # the answer is paid for, and the place frees itself
            logger.warning("The slot %s was not given back: %s", limit_name(model), error)


def _taken(
    model: ModelSettings, seconds: float, should_stop: Callable[[], None]
) -> AbstractContextManager[None]:
    deadline = time.monotonic() + seconds
    while True:
        should_stop()
        slot = concurrency(
            limit_name(model),
            strict=True,
            max_retries=0,  # its own waiting listens to nobody
            lease_duration=LEASE_SECONDS,
            # an answer that is paid for is not thrown away since Prefect stalled
            raise_on_lease_renewal_failure=False,
        )
        try:
            slot.__enter__()
        except ConcurrencySlotAcquisitionError as error:
            if not error.__cause__:  # there is no such limit
                make_limits([model])
                continue
            if not _is_busy(error.__cause__):
                raise PrefectUnavailableError(
                    f"Prefect's server gives no slot for the model {model.model}: {error}."
                    " Is PREFECT_API_URL right, and the server up?"
                ) from error
        else:
            return slot
        left = deadline - time.monotonic()
        if left <= 0:
            raise DeadlineExceededError(
                f"All {model.concurrency} calls that the model {model.model} gets at a time were"
                " taken (SIGNOFF_MODEL_CONCURRENCY) until the time was used up"
            )
        time.sleep(min(POLL_SECONDS, left))


def _is_busy(cause: BaseException) -> bool:
    return (
        isinstance(cause, httpx.HTTPStatusError)
        and cause.response.status_code == httpx.codes.LOCKED
    )
