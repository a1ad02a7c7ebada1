"""An inbox on disk: its places, and the claim that makes an item one run's.

Names are kept as they are, whatever bytes they consist of; :func:`shown` is for eyes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from signoff.documents.names import clean_name
from signoff.errors import ConfigurationError, SignoffError
from signoff.inbox.filing import move

DONE, FAILED, OWN, REPORT = "done", "failed", ".signoff", "report.csv"
RESERVED = frozenset({DONE, FAILED, OWN, REPORT})
STALE_SECONDS = 3600

PATIENCE_SECONDS = 30.0
"""How long an item is left to a run that claimed it and gives no sign of life."""


class InboxError(SignoffError):
    """The inbox folder cannot be used, or something in it cannot be moved now."""

    retryable = True


@dataclass(frozen=True)
class Folder:
    """An inbox folder. ``id`` lies in it: machines may see the folder under different paths."""

    path: Path
    id: UUID

    @property
    def claimed(self) -> Path:
        """What a run is working on: ``<item id>/<name>``."""
        return self.path / OWN / "claimed"

    @property
    def staging(self) -> Path:
        """Files that are being written, before they get their name."""
        return self.path / OWN / "staging"


@dataclass(frozen=True)
class Inbox:
    """An inbox folder and how it is run.

    ``agent`` is for everything but mails, by name or id.
    """

    folder: Folder
    agent: str | None = None
    workspace: str = "default"
    rerun_duplicates: bool = False
    patience: float = PATIENCE_SECONDS


def open_folder(name: str, *, home: Path) -> Folder:
    """Open the inbox in the folder ``name``, relative to ``home``; it is made if need be.

    Raises:
        ConfigurationError: it is no folder that Signoff can write to.
    """
    if "://" in name or "\0" in name:
        raise ConfigurationError(
            f"The inbox folder {name!r} is no path: name a local or mounted folder."
        )
    try:
        path = home / Path(name).expanduser()
    except RuntimeError as error:
        raise ConfigurationError(f"The inbox folder {name!r}: there is no such user.") from error
    try:
        for part in (DONE, FAILED, OWN, f"{OWN}/claimed", f"{OWN}/staging"):
            (path / part).mkdir(parents=True, exist_ok=True)
            if (path / part).is_symlink():
                raise ConfigurationError(
                    f"{path / part} is a link. An inbox moves its files by renaming them:"
                    " make it a folder in the same place."
                )
        path = path.resolve()
        return Folder(path, _identity(path / OWN))
    except OSError as error:
        raise ConfigurationError(
            f"The inbox folder {path} cannot be used: {error.strerror}. Give the user that runs"
            " Signoff the right to write to it."
        ) from error


def _identity(own: Path) -> UUID:
    # Two machines may open a new folder at the same time: the first one's id is it.
    file = own / "inbox-id"
    if not file.exists():
        staged = own / "staging" / uuid4().hex
        staged.write_text(f"{uuid4()}\n")
        if not move(staged, file):
            staged.unlink()
    try:
        return UUID(file.read_text().strip())
    except ValueError as error:
        raise ConfigurationError(
            f"{file} does not hold an inbox's id: remove it, and the inbox gets a new one."
        ) from error


def shown(name: str) -> str:
    """A file's name as it can be shown: printable, on one line, valid in any encoding."""
    return clean_name(name)


# -- claims ---------------------------------------------------------------------------------------


def claim(folder: Folder, name: str) -> UUID | None:
    """Take what is called ``name`` out of the inbox; ``None`` when another run was faster.

    One rename within a file system: of all runs on all machines one succeeds.

    Raises:
        InboxError: it cannot be moved now.
    """
    item_id = uuid4()
    place = folder.claimed / str(item_id)
    try:
        place.mkdir()
        (folder.path / name).rename(place / name)
    except FileNotFoundError:
        # over NFS a rename that succeeded may be reported as this, when its answer was lost
        if claimed_path(folder, item_id) is None:
            discard(folder, item_id)
            return None
    except OSError as error:
        discard(folder, item_id)
        raise InboxError(
            f"{shown(name)}: cannot be moved ({error.strerror}). Is it open somewhere, and may"
            " the user that runs Signoff write to the inbox folder?"
        ) from error
    return item_id


def claimed_path(folder: Folder, item_id: UUID) -> Path | None:
    """Where a claimed item lies, if it has not been put elsewhere."""
    place = folder.claimed / str(item_id)
    try:
        # who may write to the inbox must not have us move what a link leads to
        return None if place.is_symlink() else next(place.iterdir(), None)
    except (FileNotFoundError, NotADirectoryError):
        return None


def claimed_ids(folder: Folder) -> Iterator[UUID]:
    """Ids of the items that lie in the claim area."""
    for entry in sorted(folder.claimed.iterdir()):
        try:
            item_id = UUID(entry.name)
        except ValueError:
            continue
        if claimed_path(folder, item_id) is not None:
            yield item_id


def discard(folder: Folder, item_id: UUID) -> None:
    """Remove an item's place in the claim area, if nothing is left in it."""
    try:
        (folder.claimed / str(item_id)).rmdir()
    except OSError:
        return


def tidy(folder: Folder) -> None:
    """Remove what runs that died have left behind empty or half written."""
    for entry in (*folder.claimed.iterdir(), *folder.staging.iterdir()):
        try:
            # a living run may have just made it
            if time.time() - entry.lstat().st_mtime < STALE_SECONDS:
                continue
            if entry.parent == folder.staging:
                entry.unlink()
            else:
                entry.rmdir()
        except OSError:
            continue  # not empty, or another run was faster


def relative(folder: Folder, path: Path) -> bytes:
    """A path inside the folder as it is recorded."""
    return os.fsencode(path.relative_to(folder.path))


def absolute(folder: Folder, place: bytes) -> Path:
    """The path of a recorded place."""
    return folder.path / os.fsdecode(place)
