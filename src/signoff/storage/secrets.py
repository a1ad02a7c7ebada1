"""Secrets at rest: encrypted with one key per installation (Fernet, from ``cryptography``)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from pydantic import SecretStr

from signoff.errors import ConfigurationError
from signoff.executions.agents import Agent, JsonObject
from signoff.settings import Settings

MARK = "$encrypted"


class Cipher:
    """Encrypts and decrypts the secret values inside an agent's definition."""

    def __init__(self, key: str) -> None:
        """Take a Fernet key: 32 bytes, URL-safe base64."""
        try:
            self._fernet = Fernet(key)
        except ValueError as error:
            raise ConfigurationError(
                "SIGNOFF_SECRET_KEY must be 32 bytes in URL-safe base64; make one with"
                " python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key())'"
            ) from error

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
    """The installation's cipher; makes ``secret.key`` in the home folder if no key is set."""
    if settings.secret_key is not None:
        return Cipher(settings.secret_key.get_secret_value())
    path = settings.home / "secret.key"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _write_once(path, Fernet.generate_key())
    return Cipher(path.read_text().strip())


def _write_once(path: Path, content: bytes) -> None:
    # Two processes may start at once: the link succeeds for one, and both read its key.
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
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
