"""Input files to documents: the steps in order. Each format has a module of its own.

What is parsed is recorded by content, so that it is never parsed twice: first the pages go to
the file store, then the record is written, so that a kill leaves all of a file or nothing of it.
"""

from __future__ import annotations

import hashlib
import json
import queue
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, cast

from signoff.documents import eml, image, pdf, text
from signoff.documents.model import Document, DocumentInfo, Page
from signoff.documents.page_reading import read_pages
from signoff.documents.page_store import PageStore
from signoff.documents.picture_file import PICTURE
from signoff.documents.sandbox import Sandbox, get_sandbox
from signoff.documents.steps import PAGES_PER_CHUNK, Attachment, Inspection, Limits, chunk_of
from signoff.documents.validation import media_type_of, safe_name
from signoff.errors import (
    InvalidInputError,
    NotFoundError,
    UnreadableFileError,
)
from signoff.executions.agents import JsonObject
from signoff.executions.models import StoredFile
from signoff.settings import Settings
from signoff.storage.files import FileStore

PARSER_VERSION = 4
"""Raised whenever parsing yields something else for the same file: old records then expire."""

MAX_DEPTH = 5
MAX_DOCUMENTS = 100
LONGEST_SIDE = 4096
"""Of a page's picture: enough to enlarge a part of it."""

_MODULES: dict[str, ModuleType] = {
    "application/pdf": pdf,
    "message/rfc822": eml,
    "text/plain": text,
    "image/png": image,
    "image/jpeg": image,
    "image/gif": image,
    "image/webp": image,
}


class ParsedRecord(Protocol):
    """Which files were parsed, and what is needed to find it again. Used from several threads."""

    def get(self, key: str) -> JsonObject | None:
        """The manifest recorded under ``key``."""
        ...

    def put(self, key: str, manifest: JsonObject) -> None:
        """Record ``manifest`` under ``key``; the same key again changes nothing."""
        ...


Progress = Callable[[int, int, str], None]


def parse_files(
    files: Sequence[StoredFile],
    *,
    store: FileStore,
    parsed: ParsedRecord,
    settings: Settings,
    progress: Progress | None = None,
) -> list[DocumentInfo]:
    """Parse an execution's files; a mail's or PDF's attachments follow it as documents.

    Args:
        files: in the order in which documents are to be numbered.
        store: holds the files' bytes; pages go there.
        parsed: what was parsed before is not parsed again.
        settings: limits and OCR languages.
        progress: called in the calling thread with pages done, pages known of, and a file's name.

    Raises:
        UnreadableFileError: a file could not be parsed. One that is attached to another is
            named in that document's notes instead.
        ConfigurationError: Tesseract or one of its languages is missing.
    """
    run = _Run(store, parsed, settings)
    with ThreadPoolExecutor(settings.parse_workers + 1, "signoff-parse") as threads:
        futures = [threads.submit(run.parse, _Source.of(file)) for file in files]
        for future in futures:
            future.add_done_callback(lambda _: run.events.put(None))
        try:
            run.follow(futures, progress or (lambda done, total, name: None))
        except BaseException:
            run.stopped.set()
            for future in futures:
                future.cancel()
            raise
    documents: list[DocumentInfo] = []
    for future in futures:
        _number(future.result(), None, documents, embedded=settings.embedded_files)
    return documents


def open_document(info: DocumentInfo, *, store: FileStore, settings: Settings) -> Document:
    """Access to a parsed document's pages and pictures, one at a time."""
    pages = PageStore(store, info.key)

    def load_page(number: int) -> Page:
        data = pages.page(number)
        if data is None:
            raise NotFoundError(
                f"{info.name}: page {number} of {info.page_count} is not in the file store;"
                " retry the execution to parse the file again."
            )
        return Page.model_validate_json(data)

    def load_image(number: int, longest_side: int) -> bytes:
        size = max(16, min(longest_side, LONGEST_SIDE))
        module = _MODULES[info.media_type]
        if not hasattr(module, "render") or not 1 <= number <= info.page_count:
            raise UnreadableFileError(f"{info.name}: there is no picture of page {number}.")
        if (picture := pages.picture(number, size)) is not None:
            return picture
        sandbox, limits = get_sandbox(settings), _limits(settings)
        with store.local_path(info.sha256) as path, _folder() as folder:
            sandbox.run(info.name, module.render, path, folder, info.name, number, size, limits)
            picture = (folder / PICTURE).read_bytes()
        pages.keep_picture(number, size, picture)
        return picture

    def needs_picture(number: int) -> bool:
        module = _MODULES[info.media_type]
        if not hasattr(module, "pages_beyond_text"):
            return True
        index = chunk_of(number)
        if (beyond := pages.beyond_text(index)) is None:
            first = index * PAGES_PER_CHUNK + 1
            last = min(first + PAGES_PER_CHUNK - 1, info.page_count)
            with store.local_path(info.sha256) as path:
                beyond = cast(
                    "list[int]",
                    get_sandbox(settings).run(
                        info.name, module.pages_beyond_text, path, info.name, first, last
                    ),
                )
            pages.keep_beyond_text(index, beyond)
        return number in beyond

    return Document(info, load_page, load_image, needs_picture)


def parsed_key(sha256: str, media_type: str, settings: Settings) -> str:
    """What parsed pages are found by: everything that decides how they look."""
    parts = [sha256, media_type, PARSER_VERSION, settings.ocr_languages, settings.max_frames]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True)
class _Source:
    """A file to parse: an input, or found inside another."""

    name: str
    media_type: str
    sha256: str

    @classmethod
    def of(cls, file: StoredFile) -> _Source:
        return cls(safe_name(file.name), file.media_type, file.sha256)


@dataclass
class _Parsed:
    """A parsed file, and those found inside it."""

    source: _Source
    key: str
    manifest: JsonObject
    notes: list[str]
    children: list[_Parsed] = field(default_factory=list)


@dataclass(frozen=True)
class _Step:
    """A file's name, its bytes, and where calls for it write."""

    name: str
    path: Path
    folder: Path


class _StoppedError(Exception):
    """Another file failed, or the caller gave up."""


class _Run:
    """One call of :func:`parse_files`. Its threads wait; the work is in the child processes."""

    def __init__(self, store: FileStore, parsed: ParsedRecord, settings: Settings) -> None:
        self.events: queue.SimpleQueue[tuple[int, int, str] | None] = queue.SimpleQueue()
        self.stopped = threading.Event()
        self._store = store
        self._parsed = parsed
        self._settings = settings
        self._limits = _limits(settings)
        self._sandbox: Sandbox = get_sandbox(settings)

    def follow(self, futures: Sequence[Future[_Parsed]], progress: Progress) -> None:
        """Report progress until all files are parsed or one has failed."""
        done = total = 0
        while any(not future.done() for future in futures):
            event = self.events.get()
            if event is not None:
                done, total = done + event[0], total + event[1]
                progress(done, total, event[2])
            for future in futures:
                if future.done():
                    future.result()
        while not self.events.empty():
            if (event := self.events.get()) is not None:
                done, total = done + event[0], total + event[1]
                progress(done, total, event[2])

    def parse(self, source: _Source) -> _Parsed:
        """Parse one input file and what is inside it."""
        return self._parse(source, depth=0, count=[0])

    def _parse(self, source: _Source, *, depth: int, count: list[int]) -> _Parsed:
        key = parsed_key(source.sha256, source.media_type, self._settings)
        manifest = self._parsed.get(key)
        if manifest is None or not self._has_pages(key, manifest):
            manifest = self._read(source, key)
            self._parsed.put(key, manifest)
        else:
            pages = int(manifest["page_count"])
            self.events.put((pages, pages, source.name))
        parsed = _Parsed(source, key, manifest, list(manifest["notes"]))
        for attachment in manifest["attachments"]:
            child = _Source(**attachment)
            count[0] += 1
            if depth >= MAX_DEPTH:
                parsed.notes.append(f"{child.name} was not read: it is nested too deeply.")
            elif count[0] > MAX_DOCUMENTS:
                parsed.notes.append(f"{child.name} was not read: there are too many attachments.")
            else:
                try:
                    parsed.children.append(self._parse(child, depth=depth + 1, count=count))
                except UnreadableFileError as error:
                    # not recorded: the next run may have more luck, or higher limits
                    parsed.notes.append(f"Attachment not read: {error}")
        return parsed

    def _has_pages(self, key: str, manifest: JsonObject) -> bool:
        """Whether the file store has not lost what the record speaks of."""
        return PageStore(self._store, key).page(manifest["page_count"]) is not None

    def _read(self, source: _Source, key: str) -> JsonObject:
        module, pages = _MODULES[source.media_type], PageStore(self._store, key)
        with self._store.local_path(source.sha256) as path, _folder() as folder:
            step = _Step(source.name, path, folder)
            inspected = cast("Inspection", self._call(step, module.inspect, self._limits))
            count = inspected["page_count"]
            done: set[int] = set()
            for index in range(chunk_of(count) + 1):
                done |= pages.keep_chunk(index, folder)
            self.events.put((len(done), count, source.name))
            notes = inspected["notes"]
            attachments = [
                asdict
                for attachment in inspected["attachments"]
                if (asdict := self._keep_attachment(attachment, folder, notes))
            ]
            if len(done) < count:
                missing = [number for number in range(1, count + 1) if number not in done]
                read_pages(
                    missing,
                    partial(self._call, step),
                    module=module,
                    folder=folder,
                    pages=pages,
                    limits=self._limits,
                    workers=self._settings.parse_workers,
                    done=lambda more: self.events.put((more, 0, source.name)),
                )
        return {
            "page_count": count,
            "headers": inspected["headers"],
            "fields": inspected["fields"],
            "notes": notes,
            "attachments": attachments,
            "embedded": {safe_name(name): text for name, text in inspected["embedded"].items()},
        }

    def _call(self, step: _Step, function: Callable[..., Any], *args: Any, slow: int = 0) -> Any:
        if self.stopped.is_set():
            raise _StoppedError
        args = (step.path, step.folder, step.name, *args)
        if slow:
            return self._sandbox.run_slow(slow, step.name, function, *args)
        return self._sandbox.run(step.name, function, *args)

    def _keep_attachment(
        self, attachment: Attachment, folder: Path, notes: list[str]
    ) -> dict[str, str] | None:
        """Store an attachment; note why where it is not one that is read."""
        name = safe_name(attachment["name"])
        path = folder / Path(attachment["file"]).name
        try:
            if path.stat().st_size == 0:
                raise InvalidInputError(f"{name}: the file is empty.")
            if path.stat().st_size > self._settings.max_input_bytes:
                raise InvalidInputError(f"{name}: the file is too large.")
            media_type = media_type_of(name, path)
        except InvalidInputError as error:
            notes.append(f"Attachment not read: {str(error).partition('; ')[0].rstrip('.')}.")
            return None
        blob = self._store.put_file(path)
        return {"name": name, "media_type": media_type, "sha256": blob.sha256}


def _number(
    parsed: _Parsed, parent: int | None, documents: list[DocumentInfo], *, embedded: bool
) -> None:
    manifest = parsed.manifest
    number = len(documents) + 1
    documents.append(
        DocumentInfo(
            number=number,
            name=parsed.source.name,
            media_type=parsed.source.media_type,
            sha256=parsed.source.sha256,
            key=parsed.key,
            page_count=manifest["page_count"],
            parent=parent,
            headers=manifest["headers"],
            fields=manifest["fields"],
            embedded=manifest["embedded"] if embedded else {},
            notes=parsed.notes,
        )
    )
    for child in parsed.children:
        _number(child, number, documents, embedded=embedded)


def _limits(settings: Settings) -> Limits:
    return Limits(
        max_pages=settings.max_pages,
        max_frames=settings.max_frames,
        max_image_pixels=settings.max_image_pixels,
        memory=settings.parse_memory,
        languages=settings.ocr_languages,
    )


@contextmanager
def _folder() -> Iterator[Path]:
    """A temporary folder for what a step writes."""
    folder = Path(tempfile.mkdtemp(prefix="signoff-parsed-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
