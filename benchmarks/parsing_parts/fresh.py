"""Parsing as a worker does it, on a store and a database that know nothing yet."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from signoff.documents.model import Document
from signoff.documents.parsing import open_document, parse_files
from signoff.documents.validation import media_type_of
from signoff.executions.models import StoredFile
from signoff.settings import Settings
from signoff.storage.progress import ParsedRecord
from signoff.storage.store import Store, open_store


class Parsing:
    """One new installation."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def take_in(self, paths: Sequence[Path]) -> list[StoredFile]:
        """Store input files, as validation does before anything is parsed."""
        return [self._stored(number, path) for number, path in enumerate(paths, 1)]

    def parse(self, files: Sequence[StoredFile]) -> list[Document]:
        """What the task ``parse`` calls: child processes, pages and record stored."""
        store = self._store
        infos = parse_files(
            files,
            store=store.files,
            parsed=ParsedRecord(store.database),
            settings=store.settings,
        )
        return [open_document(info, store=store.files, settings=store.settings) for info in infos]

    def _stored(self, number: int, path: Path) -> StoredFile:
        blob = self._store.files.put_file(path)
        return StoredFile(
            id=uuid4(),
            number=number,
            name=path.name,
            media_type=media_type_of(path.name, path),
            size=blob.size,
            sha256=blob.sha256,
        )


@contextmanager
def fresh(**settings: object) -> Iterator[Parsing]:
    """A new installation in a temporary folder; its child processes are those of the last one."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Settings.model_validate({"home": folder, **settings}))
        try:
            yield Parsing(store)
        finally:
            store.database.close()
