"""Everything that is stored, opened from the settings: database, file store, cipher."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from signoff.settings import Settings, get_settings
from signoff.storage.database import Database
from signoff.storage.files import FileStore
from signoff.storage.secrets import Cipher, cipher_from


@dataclass(frozen=True)
class Store:
    """What steps read and write. Threads may share it."""

    settings: Settings
    database: Database
    files: FileStore
    cipher: Cipher


def open_store(settings: Settings) -> Store:
    """Open (and migrate) the store that ``settings`` name."""
    # people's documents and the key to their secrets lie in there
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = Database(settings.database_url)
    database.migrate()
    return Store(settings, database, FileStore(settings.files_url), cipher_from(settings))


@lru_cache
def get_store() -> Store:
    """The process's store: connections only, no state."""
    return open_store(get_settings())
