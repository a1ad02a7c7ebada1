"""Multipart bodies, parsed while they arrive: files go to disk, memory does not grow with them."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING

from anyio import to_thread
from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from signoff.api.problems import ApiError, invalid
from signoff.documents.validation import safe_name
from signoff.settings import MIB

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MAX_FILES = 1000
MAX_FIELDS = 100
MAX_FIELD_BYTES = MIB
FOLDER = "uploads"
OLD_SECONDS = 24 * 60 * 60


@dataclass
class UploadedFile:
    """A file part, now on the local disk under a name of ours."""

    field: str
    name: str
    path: Path
    sha256: str = ""
    size: int = 0


@dataclass
class Upload:
    """What a multipart body held."""

    fields: dict[str, str] = field(default_factory=dict)
    files: list[UploadedFile] = field(default_factory=list)

    def only(self, *fields: str) -> list[tuple[str, Path]]:
        """All files, by the sender's name for each: they may be in these fields only.

        Raises:
            ApiError: 422; a file is elsewhere (left out, nobody would miss it in time), or one of
                the fields holds none.
        """
        for field_name in fields:
            if field_name in self.fields:
                raise invalid("Expected a file, with a filename.", "body", field_name)
        for file in self.files:
            if file.field not in fields:
                message = f"{safe_name(file.name)}: no file is taken here; send it as {fields[0]}."
                raise invalid(message, "body", file.field, kind="file_unexpected")
        return [(file.name, file.path) for file in self.files]

    @property
    def content(self) -> list[object]:
        """What tells two uploads apart, however their parts were framed."""
        files = [(file.field, file.name, file.sha256) for file in self.files]
        return [sorted(self.fields.items()), files]


@asynccontextmanager
async def received(
    request: Request,
    *,
    home: Path,
    max_bytes: int,
    begun: Callable[[], Awaitable[None]] | None = None,
) -> AsyncIterator[Upload]:
    """The request's upload, its files on disk for the length of a ``with`` block.

    Args:
        request: its body is read here.
        home: below it the files are kept meanwhile.
        max_bytes: of all files together; the request is refused as soon as more has arrived.
        begun: called once, when the first file begins to arrive.

    Raises:
        ApiError: 422 for a body that is no upload, or one that is too large.
        ClientDisconnect: the sender has gone.
    """
    boundary = _boundary(request.headers.get("Content-Type", ""))
    parent = home / FOLDER
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        parts = _Parts(Path(folder), max_bytes)
        try:
            parser = MultipartParser(boundary, parts.callbacks())
            async for chunk in request.stream():
                await to_thread.run_sync(parser.write, chunk)
                if begun is not None and parts.upload.files:
                    await begun()
                    begun = None
            await to_thread.run_sync(parser.finalize)
        except FormParserError as error:
            raise _unreadable(str(error)) from error
        finally:
            parts.close()
        if not parts.ended:
            raise _unreadable("it ends before its last boundary")
        yield parts.upload


def tidy(home: Path) -> None:
    """Take away what uploads to processes that were killed have left, once it is a day old."""
    before = time.time() - OLD_SECONDS
    for left in (home / FOLDER).glob("*"):
        with suppress(OSError):  # another process may be at it
            if left.stat().st_mtime < before:
                shutil.rmtree(left)


def _boundary(content_type: str) -> bytes:
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise invalid(
            "The body must be multipart/form-data, with a boundary.", "body", kind="body_invalid"
        )
    return options[b"boundary"]


def _unreadable(why: str) -> ApiError:
    message = f"The body is no multipart/form-data that can be read: {why}."
    return invalid(message, "body", kind="body_invalid")


class _Parts:
    """The parser's callbacks: they run where its ``write`` does, in a thread."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self.upload = Upload()
        self.ended = False
        self._folder, self._left, self._max = folder, max_bytes, max_bytes
        self._stream: IO[bytes] | None = None
        self._begin()

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_text,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._all,
        }

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()

    def _begin(self) -> None:
        self._name, self._text = b"", b""
        self._disposition = b""
        self._field = ""
        self._value = bytearray()
        self._hash = sha256()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_text(self, data: bytes, start: int, end: int) -> None:
        self._text += data[start:end]

    def _header_end(self) -> None:
        if self._name.lower() == b"content-disposition":
            self._disposition = self._text
        self._name, self._text = b"", b""

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._disposition)
        if b"name" not in options:
            raise _unreadable("a part has no name")
        self._field = _decoded(options[b"name"])
        if b"filename" not in options:
            if len(self.upload.fields) >= MAX_FIELDS:
                raise invalid(f"At most {MAX_FIELDS} fields are taken.", "body", kind="too_many")
            return
        if len(self.upload.files) >= MAX_FILES:
            raise invalid(f"At most {MAX_FILES} files are taken.", "body", kind="too_many")
        path = self._folder / str(len(self.upload.files))
        self._stream = path.open("wb")
        self.upload.files.append(UploadedFile(self._field, _decoded(options[b"filename"]), path))

    def _data(self, data: bytes, start: int, end: int) -> None:
        piece = data[start:end]
        if self._stream is None:
            self._value += piece
            if len(self._value) > MAX_FIELD_BYTES:
                message = f"The field {self._field[:100]!r} exceeds {MAX_FIELD_BYTES:,} bytes."
                raise invalid(message, "body", self._field[:100], kind="too_long")
            return
        self._left -= len(piece)
        if self._left < 0:
            name = safe_name(self.upload.files[-1].name)
            message = (
                f"{name}: with this file the inputs exceed {self._max:,} bytes"
                f" ({self._max / MIB:g} MiB). Split them over several executions, or supply"
                " smaller files."
            )
            raise ApiError(413, message)
        self.upload.files[-1].size += len(piece)
        self._hash.update(piece)
        self._stream.write(piece)

    def _end(self) -> None:
        if self._stream is None:
            self.upload.fields[self._field] = _decoded(bytes(self._value))
            return
        self._stream.close()
        self._stream = None
        self.upload.files[-1].sha256 = self._hash.hexdigest()

    def _all(self) -> None:
        self.ended = True


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace")
