"""Putting things into ``done`` and ``failed``: nothing there is ever overwritten."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from uuid import uuid4

MAX_NAME_BYTES = 255
REASON, DUPLICATE = ".reason.txt", ".duplicate.txt"
NOTES = (REASON, DUPLICATE)


def move(source: Path, target: Path) -> bool:
    """Move ``source`` to ``target`` without replacing anything; safe to repeat after a crash.

    Returns:
        False when something else lies at ``target``. True when ``source`` is there now, or gone:
        then another run has moved it.

    Raises:
        OSError: it cannot be moved.
    """
    try:
        kind = source.lstat().st_mode
    except FileNotFoundError:
        return True
    try:
        if stat.S_ISDIR(kind):
            return _move_folder(source, target)
        return _move_file(source, target)
    except FileNotFoundError:
        if os.path.lexists(source):
            raise
        return True


def _move_folder(source: Path, target: Path) -> bool:
    if os.path.lexists(target):
        return not os.path.lexists(source)
    try:
        source.rename(target)  # replaces no file, and no folder that has anything in it
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            raise
        return False
    return True


def _move_file(source: Path, target: Path) -> bool:
    # A rename would replace what is there; a second link does not.
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        if not _same(source, target):
            return not os.path.lexists(source)
    except FileNotFoundError:
        raise
    except OSError:
        return _move_without_links(source, target)
    source.unlink(missing_ok=True)
    return True


def _same(source: Path, target: Path) -> bool:
    try:
        return os.path.samestat(source.lstat(), target.lstat())
    except FileNotFoundError:
        return False


def _move_without_links(source: Path, target: Path) -> bool:
    # Not every file system has hard links, nor lets everybody make one. The name is reserved
    # with an empty file then, which the rename replaces.
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        return not os.path.lexists(source)
    try:
        source.rename(target)
    except OSError:
        target.unlink()
        raise
    return True


def free_place(folder: Path, source: Path, *, note: str | None) -> Path:
    """Where in ``folder`` there is room for ``source`` and its note; numbered if need be."""
    is_folder = source.is_dir() and not source.is_symlink()
    for path in _numbered(folder / source.name, is_folder=is_folder):
        if not os.path.lexists(path) and (
            note is None or not os.path.lexists(note_beside(path, note))
        ):
            break
    return path


def note_beside(path: Path, suffix: str) -> Path:
    """Where the note about ``path`` goes."""
    return path.with_name(_cut(path.name, suffix))


def write_note(path: Path, text: str, *, staging: Path) -> None:
    """Write a note, unless it is there; another file of that name is left alone."""
    content = (text + "\n").encode("utf-8", "replace")
    for place in _numbered(path, is_folder=False):
        try:
            if place.is_file() and not place.is_symlink() and place.read_bytes() == content:
                return
        except OSError:
            continue  # not ours
        staged = staging / uuid4().hex
        staged.write_bytes(content)
        if move(staged, place):
            return
        staged.unlink()


def _numbered(path: Path, *, is_folder: bool) -> Iterator[Path]:
    yield path
    stem, suffix = (path.name, "") if is_folder else (path.stem, path.suffix)
    for number in count(2):
        yield path.with_name(_cut(stem, f" ({number}){suffix}"))


def _cut(stem: str, suffix: str) -> str:
    """``stem`` and ``suffix`` as one name that file systems take."""
    while stem and len(os.fsencode(stem + suffix)) > MAX_NAME_BYTES:
        stem = stem[:-1]
    return stem + suffix
