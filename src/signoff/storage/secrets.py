"""Secrets at rest: encrypted with one key per installation (Fernet, from ``cryptography``)."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from cryptography.fernet import Fernet, InvalidToken
from pydantic import SecretStr

from signoff.errors import ConfigurationError
from signoff.executions.agents import Agent, JsonObject
from signoff.settings import Settings

MARK = "$encrypted"


class Cipher:
    """Encrypts and decrypts the secret values inside an agent's definition."""

    def __init__(self, key: str | bytes, *, source: str = "SIGNOFF_SECRET_KEY") -> None:
        """Take a Fernet key: 32 bytes, URL-safe base64.

        Raises:
            ConfigurationError: it is none; the message names ``source``.
        """
        try:
            self._fernet = Fernet(key)
        except ValueError:
            # from None: the exception would show the key
            raise ConfigurationError(
                f"{source} must hold 32 bytes in URL-safe base64; make a key with python -c"
                " 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
            ) from None

    def seal(self, agent: Agent) -> JsonObject:
        """The agent's definition as JSON, every secret value encrypted."""

        def sealed(value: Any) -> Any:
            if isinstance(value, SecretStr):
                return {MARK: self._fernet.encrypt(value.get_secret_value().encode()).decode()}
            return value

        definition = agent.model_dump(mode="json", exclude={"destinations"})
        definition["destinations"] = [
            _walk(destination.model_dump(mode="python"), sealed)
            for destination in agent.destinations
        ]
        return definition

    def unseal(self, definition: JsonObject) -> Agent:
        """The agent behind a stored definition.

        Raises:
            ConfigurationError: the key is not the one it was stored with.
        """

        def opened(value: Any) -> Any:
            # a header may be called like the mark: then its value is sealed, no text
            if isinstance(value, dict) and value.keys() == {MARK} and isinstance(value[MARK], str):
                try:
                    return self._fernet.decrypt(value[MARK]).decode()
                except InvalidToken as error:
                    raise ConfigurationError(
                        "SIGNOFF_SECRET_KEY (or secret.key in SIGNOFF_HOME) is not the key that"
                        " this database's secrets were stored with."
                    ) from error
            return value

        # the agent's schemas may hold any key, ours included: only destinations are walked
        destinations = [_walk(entry, opened) for entry in definition["destinations"]]
        return Agent.model_validate(definition | {"destinations": destinations})


def cipher_from(settings: Settings) -> Cipher:
    """The installation's cipher; makes ``secret.key`` in the home folder if no key is set.

    Raises:
        ConfigurationError: the key is none, or its file cannot be read or made.
    """
    if settings.secret_key is not None:
        return Cipher(settings.secret_key.get_secret_value())
    path = settings.home / "secret.key"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _write_once(path, Fernet.generate_key())
        key = path.read_bytes().strip()
    except OSError as error:
        raise ConfigurationError(
            f"The key for secrets cannot be kept in {path}: {error.strerror}. Set"
            " SIGNOFF_SECRET_KEY, or SIGNOFF_HOME to another folder."
        ) from error
    return Cipher(key, source=str(path))


def _write_once(path: Path, content: bytes) -> None:
    # Several may start at once: the link succeeds for one of them, and all read its key. Each has
    # a draft of its own: one that was linked already must not be written to.
    draft = path.with_name(f".{path.name}.{uuid4().hex}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink()


def _walk(value: Any, change: Callable[[Any], Any]) -> Any:
    changed = change(value)
    if changed is not value:
        return changed
    if isinstance(value, dict):
        return {key: _walk(entry, change) for key, entry in value.items()}
    if isinstance(value, list):
        return [_walk(entry, change) for entry in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
