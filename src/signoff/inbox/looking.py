"""What is new in an inbox, and whether it is still being written."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path

from signoff.errors import InvalidInputError
from signoff.inbox.filing import NOTES
from signoff.inbox.folder import RESERVED, Folder

MAX_ENTRIES = 10_000
"""What a subfolder may hold; the files of an execution are far fewer."""

MAX_FILES = 1000

# what browsers, copy programs and editors write before the name is the file's
UNFINISHED = (
    ".part", ".partial", ".filepart", ".crdownload", ".download", ".opdownload",
    ".tmp", ".temp", ".swp", ".lock",
)  # fmt: skip
LITTER = frozenset({"thumbs.db", "desktop.ini"})

Signature = Hashable


@dataclass(frozen=True)
class Look:
    """What lies in the folder: names that could be taken, each with what changes with it."""

    found: dict[str, Signature] = field(default_factory=dict)
    unfinished: frozenset[str] = frozenset()


def look_twice(folder: Folder, *, settle: float) -> Look:
    """What is new and has not changed for ``settle`` seconds; what has counts as unfinished."""
    first = look(folder)
    if not first.found:
        return first
    time.sleep(settle)
    second = look(folder)
    settled = {
        name: signature
        for name, signature in second.found.items()
        if first.found.get(name) == signature
    }
    return Look(settled, second.unfinished | (second.found.keys() - settled.keys()))


def look(folder: Folder) -> Look:
    """What lies in the folder at this moment."""
    found: dict[str, Signature] = {}
    unfinished = set()
    with os.scandir(folder.path) as entries:
        names = sorted(entry.name for entry in entries)
    for name in names:
        if name.casefold() in RESERVED or is_ignored(name) or name.lower().endswith(NOTES):
            continue
        signature = None if is_unfinished(name) else sign(folder.path / name)
        if signature is None:
            unfinished.add(name)
        else:
            found[name] = signature
    return Look(found, frozenset(unfinished))


def is_ignored(name: str) -> bool:
    """Hidden files, editors' lock files and what file managers leave are nobody's documents."""
    return name.startswith((".", "~$")) or name.casefold() in LITTER


def is_unfinished(name: str) -> bool:
    """Whether the name says that the file is still being written."""
    return name.lower().endswith(UNFINISHED) or name.endswith("~")


def sign(path: Path) -> Signature | None:
    """What changes when the file, or anything in the subfolder, does.

    ``None``: it is gone, or a subfolder without a finished file.
    """
    try:
        status = path.lstat()
        if not stat.S_ISDIR(status.st_mode):
            return (status.st_mode, status.st_size, status.st_mtime_ns)
        return _sign_folder(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _sign_folder(path: Path) -> Signature | None:
    signatures: list[Signature] = []
    documents = 0
    waiting = [path]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                is_folder = stat.S_ISDIR(status.st_mode)
                if is_folder:
                    waiting.append(Path(entry.path))
                elif not is_ignored(entry.name):
                    if is_unfinished(entry.name):
                        return None
                    documents += 1
                size = 0 if is_folder else status.st_size
                signatures.append((entry.path, status.st_mode, size, status.st_mtime_ns))
                if len(signatures) > MAX_ENTRIES:
                    return "too many"  # refused when it is taken
    return frozenset(signatures) if documents else None


def files_of(path: Path) -> list[Path]:
    """The files of a claimed item, in the order people count in: ``scan2`` before ``scan10``.

    Raises:
        InvalidInputError: a link, something that is no file, or too many files.
    """
    kind = path.lstat().st_mode
    if not stat.S_ISDIR(kind):
        _check_kind(path, kind)
        return [path]
    files, seen = [], 0
    waiting = [path]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                seen += 1
                here = Path(entry.path)
                kind = entry.stat(follow_symlinks=False).st_mode
                if stat.S_ISDIR(kind):
                    waiting.append(here)
                elif not is_ignored(entry.name):
                    _check_kind(here, kind)
                    files.append(here)
                if len(files) > MAX_FILES or seen > MAX_ENTRIES:
                    raise InvalidInputError(
                        f"The folder holds more than {MAX_FILES:,} files; an execution takes no"
                        " more. Put them into several folders."
                    )
    return sorted(files, key=lambda file: _natural(str(file.relative_to(path))))


def _check_kind(path: Path, kind: int) -> None:
    # A link could lead anywhere; a pipe or a device has no end.
    if stat.S_ISLNK(kind):
        raise InvalidInputError(
            "It is, or contains, a link, which an inbox does not follow. Put the file itself here."
        )
    if not stat.S_ISREG(kind):
        raise InvalidInputError("It is, or contains, something that is no regular file.")


def _natural(name: str) -> list[tuple[int, int, str]]:
    parts = re.split(r"([0-9]{1,18})", name.casefold())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]
