"""What is remembered of model servers between calls, runs and machines.

Capabilities are found out once and kept in our database, with a cache of the process in front.
So is the end of a pause that a server asked for (Retry-After): every run honours it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from signoff.extraction.models.capabilities import Capabilities
from signoff.storage import model_servers
from signoff.storage.database import Database

REMEMBERED_SECONDS = 3600.0
LONGEST_PAUSE = 3600.0
"""Asking again after an hour costs one refused call; believing any number could cost days."""

_CAPABILITIES = TypeAdapter(Capabilities)

logger = logging.getLogger(__name__)


class CapabilityCache:
    """What was learnt in this process, per server and model. It only saves refused calls."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], tuple[float, Capabilities]] = {}

    def get(self, base_url: str, model: str) -> Capabilities | None:
        """What is known of the model there, if anything."""
        with self._lock:
            expires, capabilities = self._known.get((base_url, model), (0.0, None))
            return capabilities if self._clock() < expires else None

    def put(
        self,
        base_url: str,
        model: str,
        capabilities: Capabilities,
        *,
        seconds: float = REMEMBERED_SECONDS,
    ) -> None:
        """Remember it for a while: servers are updated, and an error may have been misread."""
        with self._lock:
            self._known[base_url, model] = (self._clock() + seconds, capabilities)


CAPABILITIES = CapabilityCache()
"""The process's cache; losing it costs one look into the database per model."""


class ServerMemory:
    """Knows one model at one server. Threads may share it."""

    def __init__(
        self,
        *,
        base_url: str,
        model: str,
        database: Database | None = None,
        cache: CapabilityCache = CAPABILITIES,
    ) -> None:
        """Remember what concerns ``model`` at ``base_url``.

        Args:
            base_url: the server.
            model: the model's name there.
            database: where all runs remember; ``None``: in this process only.
            cache: the process's.
        """
        self._base_url, self._model = base_url, model
        self._database = database
        self._cache = cache

    def capabilities(self) -> Capabilities:
        """What is known of the model there; everything is expected of an unknown one."""
        cached = self._cache.get(self._base_url, self._model)
        if cached is not None:
            return cached
        server = self._server()
        if server.capabilities is None or server.learnt_at is None:
            return Capabilities()
        age = (datetime.now(UTC) - server.learnt_at).total_seconds()
        if age >= REMEMBERED_SECONDS:
            return Capabilities()
        try:
            known = _CAPABILITIES.validate_python(server.capabilities)
        except ValidationError:  # another version of Signoff wrote it
            return Capabilities()
        self._cache.put(
            self._base_url, self._model, known, seconds=REMEMBERED_SECONDS - max(0.0, age)
        )
        return known

    def learn(self, found: Capabilities, *, since: Capabilities) -> None:
        """Remember in what ``found`` differs from ``since``, and nothing else of it."""
        names = [field.name for field in fields(Capabilities)]
        changes = {
            name: getattr(found, name)
            for name in names
            if getattr(found, name) != getattr(since, name)
        }
        known = replace(self.capabilities(), **changes)
        self._cache.put(self._base_url, self._model, known)
        self._write(
            lambda session: model_servers.learn(
                session,
                base_url=self._base_url,
                model=self._model,
                capabilities=_CAPABILITIES.dump_python(known, mode="json"),
                at=datetime.now(UTC),
            )
        )

    def paused(self) -> float:
        """For how many seconds the server asked to be left alone."""
        until = self._server().paused_until
        left = (until - datetime.now(UTC)).total_seconds() if until else 0.0
        return min(max(0.0, left), LONGEST_PAUSE)

    def pause(self, seconds: float) -> None:
        """Have every run leave the server alone for ``seconds``."""
        until = datetime.now(UTC) + timedelta(seconds=min(seconds, LONGEST_PAUSE))
        self._write(
            lambda session: model_servers.pause(
                session, base_url=self._base_url, model=self._model, until=until
            )
        )

    def _write(self, change: Callable[[Session], None]) -> None:
        if self._database is None:
            return
        try:
            with self._database.transaction() as session:
                change(session)
        except SQLAlchemyError as error:  # an answer that is paid for must not be lost for this
            logger.warning("What %s said of itself could not be recorded: %s", self._model, error)

    def _server(self) -> model_servers.ModelServer:
        if self._database is None:
            return model_servers.ModelServer()
        with self._database.reading() as session:
            return model_servers.get(session, base_url=self._base_url, model=self._model)
