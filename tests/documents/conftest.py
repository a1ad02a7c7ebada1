"""Parsing for tests: real child processes, a store in a temporary folder."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from signoff.documents.model import Document, DocumentInfo
from signoff.documents.parsing import open_document, parse_files
from signoff.documents.sandbox import close_sandboxes
from signoff.documents.validation import media_type_of
from signoff.executions.agents import JsonObject
from signoff.executions.models import StoredFile
from signoff.settings import Settings
from signoff.storage.files import FileStore


class Record:
    """A record of parsed files that the database would keep."""

    def __init__(self) -> None:
        self.manifests: dict[str, JsonObject] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> JsonObject | None:
        with self._lock:
            return self.manifests.get(key)

    def put(self, key: str, manifest: JsonObject) -> None:
        with self._lock:
            self.manifests[key] = manifest


class Parser:
    """Parses what a test wrote."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.settings = Settings(home=home, ocr_languages="eng")
        self.record = Record()
        self.progress: list[tuple[int, int, str]] = []

    @property
    def store(self) -> FileStore:
        return FileStore(self.settings.files_url)

    def configure(self, **settings: Any) -> None:
        self.settings = Settings(home=self.home, **({"ocr_languages": "eng"} | settings))

    def stored(self, path: Path, *, name: str | None = None) -> StoredFile:
        name = name or path.name
        blob = self.store.put_file(path)
        return StoredFile(
            id=uuid4(),
            number=1,
            name=name,
            media_type=media_type_of(name, path),
            size=blob.size,
            sha256=blob.sha256,
        )

    def infos(self, paths: Sequence[Path]) -> list[DocumentInfo]:
        return parse_files(
            [self.stored(path) for path in paths],
            store=self.store,
            parsed=self.record,
            settings=self.settings,
            progress=lambda *event: self.progress.append(event),
        )

    def __call__(self, *paths: Path) -> list[Document]:
        return [self.open(info) for info in self.infos(paths)]

    def open(self, info: DocumentInfo) -> Document:
        return open_document(info, store=self.store, settings=self.settings)

    def write(self, name: str, content: bytes) -> Path:
        folder = self.home / "in"
        folder.mkdir(exist_ok=True)
        path = folder / name
        path.write_bytes(content)
        return path


@pytest.fixture
def parse(tmp_path: Path) -> Parser:
    return Parser(tmp_path)


@pytest.fixture(scope="session", autouse=True)
def _no_children_left() -> Iterator[None]:
    yield
    close_sandboxes()
