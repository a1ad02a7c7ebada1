"""The documents that a JSON body carries: URLs, names with base64 content, and text."""

from __future__ import annotations

import base64
import binascii
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signoff.api.problems import invalid
from signoff.api.uploads import FOLDER
from signoff.documents.fetch import fetch
from signoff.errors import ForbiddenAddressError, InvalidInputError
from signoff.executions.agents import ExecutionType, JsonObject
from signoff.settings import Settings

MAX_FILES = 1000
MAX_URLS = 20
"""Each is fetched before the answer comes, and may take its time."""

TEXT_NAME = "text.txt"
_BLANK = re.compile(r"\s+")


@dataclass(frozen=True)
class Given:
    """What a body holds. A file is a URL, or a name and its content."""

    input_data: JsonObject
    files: list[str | tuple[str, bytes]] = field(default_factory=list)
    text: str = ""

    @property
    def urls(self) -> list[str]:
        """The files that are elsewhere."""
        return [file for file in self.files if isinstance(file, str)]


def take_apart(body: JsonObject, kind: ExecutionType | None) -> Given:
    """Tell documents from input data.

    ``files`` and ``text`` are documents, unless the execution type's own input has such a field.

    Raises:
        ApiError: 422; a document is neither a URL nor a name with base64 content.
    """
    own = kind.input_schema.get("properties", {}) if kind else {}
    rest = dict(body)
    text = rest.pop("text", None) if "text" not in own else None
    files = rest.pop("files", None) if "files" not in own else None
    if text is not None and not isinstance(text, str):
        raise invalid("Input should be a valid string", "body", "text", kind="string_type")
    if files is not None and not isinstance(files, list):
        raise invalid("Input should be a valid list", "body", "files", kind="list_type")
    if len(files or []) > MAX_FILES:
        raise invalid(f"At most {MAX_FILES} files are taken.", "body", "files", kind="too_long")
    given = Given(rest, [_file(entry, at) for at, entry in enumerate(files or [])], text or "")
    if len(given.urls) > MAX_URLS:
        raise invalid(f"At most {MAX_URLS} URLs are taken.", "body", "files", kind="too_long")
    return given


def _file(entry: Any, at: int) -> str | tuple[str, bytes]:
    match entry:
        case str():
            return entry
        case {"url": str(url)}:
            return url
        case {"name": str(name), "content": str(content)}:
            try:
                return name, base64.b64decode(_BLANK.sub("", content), validate=True)
            except (binascii.Error, ValueError):
                raise invalid(
                    f"{name[:200]}: the content is no base64.",
                    *("body", "files", at, "content"),
                    kind="value_error",
                ) from None
    raise invalid(
        'A file is a URL, or {"name": ..., "content": the content in base64}.',
        *("body", "files", at),
        kind="value_error",
    )


@contextmanager
def on_disk(given: Given, settings: Settings) -> Iterator[list[tuple[str, Path]]]:
    """The documents as files, URLs fetched, for the length of a ``with`` block.

    Raises:
        ApiError: 422; a URL is none that may be fetched, or cannot be.
    """
    parent = settings.home / FOLDER
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=parent)))
        room = settings.max_input_bytes
        here: list[tuple[str, Path]] = []
        for at, file in enumerate(given.files):
            if isinstance(file, str):
                try:
                    fetched = stack.enter_context(
                        fetch(file, settings=settings, only_http=True, limit=max(room, 0))
                    )
                except (InvalidInputError, ForbiddenAddressError) as error:
                    problem = invalid(str(error), "body", "files", at, kind=error.code)
                    raise problem from error
                here.append((fetched.name, fetched.path))
                room -= fetched.size
            else:
                name, content = file
                path = folder / str(at)
                path.write_bytes(content)
                here.append((name, path))
                room -= len(content)
        if given.text:
            path = folder / TEXT_NAME
            path.write_text(given.text, encoding="utf-8")
            here.append((TEXT_NAME, path))
        yield here
