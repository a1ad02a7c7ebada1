"""How many calls each model gets at a time, over all workers: Prefect's global limits.

Prefect's own ``concurrency`` makes two clients and sends two events for every slot, and has no ear
for whoever wants to give up; what it asks of the server is asked here directly. A place that a
call leaves is kept for a moment, for the next call of this process: a worker with many runs asks
seldom.
"""

from __future__ import annotations

import atexit
import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
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
IDLE_SECONDS = 1.0
"""How long a place waits for the next call of this process."""
TURN_SECONDS = 10.0
"""How long a process keeps a place for its own calls; then other workers have their turn."""

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
    place = _taken(model, seconds, should_stop)
    try:
        yield
    finally:
        _places.leave(place)


def _taken(model: ModelSettings, seconds: float, should_stop: Callable[[], None]) -> _Place:
    deadline = time.monotonic() + seconds
    while True:
        should_stop()
        name = limit_name(model)
        if (kept := _places.reuse(name)) is not None:
            return kept
        given = _asked_for(name)
        if given is not None:
            if given["limits"]:
                return _places.add(name, UUID(given["lease_id"]))
            make_limits([model])
            continue
        left = deadline - time.monotonic()
        if left <= 0:
            raise DeadlineExceededError(
                f"All {model.concurrency} calls that the model {model.model} gets at a time were"
                " taken (SIGNOFF_MODEL_CONCURRENCY) until the time was used up"
            )
        _places.wait_for_one(seconds=min(POLL_SECONDS, left))


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


@dataclass(eq=False)
class _Place:
    """A place that this process holds."""

    limit: str
    lease: UUID
    since: float
    renewed: float
    free_since: float | None = None


class _Places:
    """The places of this process; a thread keeps those in use and gives back those that are not."""

    def __init__(self) -> None:
        self._changing = threading.Condition()
        self._held: set[_Place] = set()
        self._keeper: threading.Thread | None = None

    def reuse(self, limit: str) -> _Place | None:
        """A place that an earlier call left, if there is one."""
        with self._changing:
            for place in self._held:
                if place.limit == limit and place.free_since is not None:
                    place.free_since = None
                    return place
        return None

    def add(self, limit: str, lease: UUID) -> _Place:
        """Note a place that was given to this process."""
        now = time.monotonic()
        place = _Place(limit, lease, since=now, renewed=now)
        with self._changing:
            self._held.add(place)
            if self._keeper is None:
                self._keeper = threading.Thread(target=self._keep, name="slots", daemon=True)
                self._keeper.start()
        return place

    def leave(self, place: _Place) -> None:
        """A call is over: its place waits for the next one, or goes back."""
        now = time.monotonic()
        with self._changing:
            if now - place.since < TURN_SECONDS:
                place.free_since = now
                self._changing.notify()
                return
            self._held.discard(place)
        _give_back(place)

    def wait_for_one(self, *, seconds: float) -> None:
        """Wait until a call of this process leaves its place, ``seconds`` at the most."""
        with self._changing:
            self._changing.wait(seconds)

    def give_all_back(self) -> None:
        """Give back what no call uses; the process is about to end."""
        with self._changing:
            free = {place for place in self._held if place.free_since is not None}
            self._held -= free
        for place in free:
            _give_back(place)

    def _keep(self) -> None:
        while True:
            time.sleep(IDLE_SECONDS / 4)
            now = time.monotonic()
            with self._changing:
                idle = {
                    place
                    for place in self._held
                    if place.free_since is not None and now - place.free_since > IDLE_SECONDS
                }
                self._held -= idle
                due = [place for place in self._held if now - place.renewed > LEASE_SECONDS / 3]
                if not self._held:
                    self._keeper = None
            for place in idle:
                _give_back(place)
            for place in due:  # models may take minutes
                place.renewed = now
                _renew(place)
            if self._keeper is not threading.current_thread():
                return


def _give_back(place: _Place) -> None:
    try:
        with connected() as client:
            client.release_concurrency_slots_with_lease(place.lease)
    except Exception as error:  # the answer is paid for, and the place frees itself
        logger.warning("The slot %s was not given back: %s", place.limit, error)


def _renew(place: _Place) -> None:
    try:
        with connected() as client:
            client.renew_concurrency_lease(place.lease, lease_duration=LEASE_SECONDS)
    except Exception as error:  # an answer that is paid for is not thrown away for this
        logger.warning("The slot %s could not be kept: %s", place.limit, error)


_places = _Places()
atexit.register(_places.give_all_back)
