"""The file store: every large thing, addressed by content or by a key derived from content.

A local folder by default, any fsspec URL otherwise. Inputs lie under ``blobs/<sha256>``;
what parsing makes of them lies under ``parsed/<key>/...``.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast
from uuid import uuid4

import fsspec
from fsspec.implementations.local import LocalFileSystem

from signoff.errors import ConfigurationError, InputsTooLargeError, NotFoundError

CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Blob:
    """Stored bytes: their SHA-256 (hexadecimal) and their number."""

    sha256: str
    size: int


def read_chunks(stream: IO[bytes]) -> Iterator[bytes]:
    """The stream's bytes, a MiB at a time."""
    while chunk := stream.read(CHUNK):
        yield chunk


class FileStore:
    """Bytes by content hash, and derived files by key. Safe for many writers at once."""

    def __init__(self, url: str) -> None:
        """Open the store at ``url`` (a path or an fsspec URL), creating it if needed.

        Raises:
            ConfigurationError: fsspec knows no such place, or lacks the package for it.
        """
        try:
            self._fs, root = fsspec.core.url_to_fs(url)
        except (ValueError, ImportError) as error:
            raise ConfigurationError(
                f"SIGNOFF_FILES_URL names a place that cannot be opened: {error}"
            ) from error
        self._root = str(root).rstrip("/")
        self._local = isinstance(self._fs, LocalFileSystem)

    def put(self, chunks: Iterable[bytes], *, limit: int | None = None) -> Blob:
        """Store a stream of bytes; memory does not grow with it.

        Raises:
            InputsTooLargeError: more than ``limit`` bytes arrived; nothing is kept.
        """
        digest, size = hashlib.sha256(), 0
        with self._staged() as (stream, staged):
            for chunk in chunks:
                size += len(chunk)
                if limit is not None and size > limit:
                    raise InputsTooLargeError(f"more than {limit:,} bytes")
                digest.update(chunk)
                stream.write(chunk)
            if self._local:
                # the database will say that these bytes are stored, also after a power cut
                stream.flush()
                os.fsync(stream.fileno())
            stream.close()
            sha256 = digest.hexdigest()
            self._commit(staged, self._blob(sha256))
        return Blob(sha256, size)

    def put_file(self, path: Path) -> Blob:
        """Store a local file's bytes."""
        with path.open("rb") as stream:
            return self.put(read_chunks(stream))

    @contextmanager
    def open(self, sha256: str) -> Iterator[IO[bytes]]:
        """The stored bytes as a readable stream.

        Raises:
            NotFoundError: nothing is stored under this hash.
        """
        try:
            stream = self._fs.open(self._blob(sha256), "rb")
        except FileNotFoundError as error:
            raise NotFoundError(f"The file store has no content {sha256}.") from error
        with stream:
            yield cast("IO[bytes]", stream)

    @contextmanager
    def local_path(self, sha256: str) -> Iterator[Path]:
        """A local file with the stored bytes, for libraries that want a path. Read only."""
        if self._local:
            path = Path(self._blob(sha256))
            if not path.exists():
                raise NotFoundError(f"The file store has no content {sha256}.")
            yield path
            return
        with self.open(sha256) as stream, tempfile.NamedTemporaryFile() as copy:
            shutil.copyfileobj(stream, copy, CHUNK)
            copy.flush()
            yield Path(copy.name)

    def check(self) -> None:
        """Write, and take away again: raises whatever keeps the store from being used."""
        with self._staged() as (stream, _):
            stream.write(b"")

    def put_derived(self, key: str, data: bytes) -> None:
        """Store what was derived from content under ``key`` (a relative path)."""
        with self._staged() as (stream, staged):
            stream.write(data)
            stream.close()
            self._commit(staged, f"{self._root}/{key}")

    def get_derived(self, key: str) -> bytes | None:
        """The bytes under ``key``, or ``None``."""
        try:
            return cast("bytes", self._fs.cat_file(f"{self._root}/{key}"))
        except FileNotFoundError:
            return None

    def _blob(self, sha256: str) -> str:
        return f"{self._root}/blobs/{sha256[:2]}/{sha256}"

    @contextmanager
    def _staged(self) -> Iterator[tuple[IO[Any], str]]:
        staged = f"{self._root}/staging/{uuid4().hex}"
        self._fs.makedirs(f"{self._root}/staging", exist_ok=True)
        stream = _private(staged) if self._local else self._fs.open(staged, "wb")
        try:
            with stream:
                yield stream, staged
        finally:
            if self._fs.exists(staged):
                self._fs.rm_file(staged)

    def _commit(self, staged: str, target: str) -> None:
        # Readers must never see half a file: a rename is atomic on a local disk, and object
        # stores show an object only once it is whole.
        self._fs.makedirs(target.rpartition("/")[0], exist_ok=True)
        if self._local:
            Path(staged).replace(target)
        else:
            self._fs.mv(staged, target)


def _private(path: str) -> IO[bytes]:
    """A new file that nobody else may read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
