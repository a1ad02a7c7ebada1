"""Bring an input here, wherever it lies: a path, ``file://``, ``http(s)://``, any fsspec URL."""

from __future__ import annotations

import re
import stat
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import fsspec

from signoff import __version__
from signoff.addresses import AllowedHosts
from signoff.documents.names import clean_name, name_from_response
from signoff.errors import (
    ForbiddenAddressError,
    InputsTooLargeError,
    InputUnavailableError,
    InvalidInputError,
    SignoffError,
)
from signoff.network import (
    NETWORK_ERRORS,
    GuardedSession,
    failure_reason,
    guarded_session,
    resolve,
    safe_url,
)
from signoff.settings import Settings

CHUNK = 256 * 1024

_URL = re.compile(r"([a-z][a-z0-9+.\-]+)://", re.IGNORECASE)
_HTTP = frozenset({"http", "https"})
_LOCAL = frozenset({"file", "local", "asynclocal"})
# Filesystems that reach through to another one: with them a URL could lead to HTTP servers
# behind the check on addresses.
_WRAPPERS = frozenset(
    ["async_wrapper", "asyncwrapper", "blockcache", "cached", "data", "dir", "filecache"]
    + ["generic", "libarchive", "reference", "simplecache", "tar", "zip"]
)
# Filesystems whose URL names the host that is called. They connect by themselves, so the
# address can only be checked beforehand, not where the socket is opened. With default ports.
_HOSTED = {
    "arrow_hdfs": 8020,
    "dask": 8786,
    "ftp": 21,
    "hdfs": 8020,
    "jlab": 8888,
    "jupyter": 8888,
    "root": 1094,
    "sftp": 22,
    "smb": 445,
    "ssh": 22,
    "webdav": 80,
    "webhdfs": 50070,
}


@dataclass(frozen=True)
class Fetched:
    """An input that is here now: its name (not to be trusted as a path), its file, its size."""

    name: str
    path: Path
    size: int


@contextmanager
def fetch(
    source: str, *, settings: Settings, only_http: bool, limit: int | None = None
) -> Iterator[Fetched]:
    """The file at ``source``, on the local disk for the length of a ``with`` block.

    A local file is yielded where it lies, anything else as a temporary copy.

    Args:
        source: a path, a ``file://`` or ``http(s)://`` URL, or any fsspec URL.
        settings: limits, and the private hosts that may be called.
        only_http: take nothing but http(s) URLs: for sources that came over HTTP.
        limit: the most bytes taken; ``settings.max_input_bytes`` by default.

    Raises:
        InvalidInputError: this kind of source is not taken.
        InputUnavailableError: it cannot be read.
        InputsTooLargeError: it has more than ``limit`` bytes.
        ForbiddenAddressError: it leads into a network that is not allowed.
    """
    limit = settings.max_input_bytes if limit is None else limit
    match = _URL.match(source)
    scheme = match[1].lower() if match else ""
    if scheme in _HTTP:
        with _temporary() as path:
            name = _download(source, path, settings=settings, limit=limit)
            yield Fetched(name, path, path.stat().st_size)
    elif only_http:
        raise InvalidInputError(
            f"{_shown(source)}: only http:// and https:// URLs are taken here; upload the file,"
            " or name such a URL."
        )
    elif not scheme or scheme in _LOCAL:
        path = _local_path(source, scheme=scheme)
        yield Fetched(clean_name(path.name), path, _local_size(source, path, limit=limit))
    else:
        with _temporary() as path:
            name = _copy_from_fsspec(source, scheme, path, settings=settings, limit=limit)
            yield Fetched(name, path, path.stat().st_size)


# -- the local disk -----------------------------------------------------------------------------


def _local_path(source: str, *, scheme: str) -> Path:
    try:
        if not scheme:
            return Path(source).expanduser()
        host, slash, rest = source[len(scheme) + 3 :].partition("/")
    except RuntimeError as error:
        raise InputUnavailableError(f"{_shown(source)}: there is no such user.") from error
    if host not in ("", "localhost") or not slash:
        raise InvalidInputError(
            f"{_shown(source)}: names another machine; write file:///path for a file on this one."
        )
    return Path("/" + unquote(rest))


def _local_size(source: str, path: Path, *, limit: int) -> int:
    shown = _shown(source)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputUnavailableError(f"{shown}: is a folder; name the files in it.")
        # a pipe or a device has no end, or blocks
        if not stat.S_ISREG(status.st_mode):
            raise InputUnavailableError(f"{shown}: is no regular file; copy it into one.")
        with path.open("rb"):
            pass
    except (FileNotFoundError, NotADirectoryError) as error:
        where = "" if path.is_absolute() else f" (looked for in {Path.cwd()})"
        raise InputUnavailableError(
            f"{shown}: there is no such file{where}; check the path."
        ) from error
    except PermissionError as error:
        raise InputUnavailableError(
            f"{shown}: may not be read; give the user that runs Signoff read access."
        ) from error
    except ValueError as error:
        raise InvalidInputError(f"{shown}: is no valid path.") from error
    except OSError as error:
        raise InputUnavailableError(f"{shown}: cannot be read: {error.strerror}.") from error
    _check_size(source, status.st_size, limit=limit)
    return status.st_size


# -- HTTP ---------------------------------------------------------------------------------------


def _download(source: str, target: Path, *, settings: Settings, limit: int) -> str:
    shown = _shown(source)
    with guarded_session(settings.allowed_hosts) as session:
        try:
            with session.time_limit(settings.fetch_timeout):
                name = _receive(session, source, target, limit=limit)
        except ForbiddenAddressError as error:
            raise ForbiddenAddressError(f"{shown}: {error}") from None
        except NETWORK_ERRORS as error:
            # Not "from error": requests' messages hold the whole URL, and the query of a signed
            # URL is a secret.
            reason = failure_reason(error)
            if session.expired:
                reason = _too_slow(settings)
            raise InputUnavailableError(
                f"{shown}: could not be downloaded: {reason}. Check the URL."
            ) from None
        if session.expired:
            raise InputUnavailableError(
                f"{shown}: could not be downloaded: {_too_slow(settings)}. Check the URL."
            )
    return name


def _receive(session: GuardedSession, source: str, target: Path, *, limit: int) -> str:
    headers = {"User-Agent": f"signoff/{__version__}", "Accept-Encoding": "identity"}
    with session.get(source, headers=headers, stream=True) as response:
        if response.status_code != 200:
            raise InputUnavailableError(
                f"{_shown(source)}: the server answered {response.status_code}"
                f" {(response.reason or '')[:100]}".rstrip()
                + "; a 200 with the file is needed."
            )
        length = response.headers.get("Content-Length", "")
        if re.fullmatch(r"[0-9]{1,18}", length) and "Content-Encoding" not in response.headers:
            _check_size(source, int(length), limit=limit)
        _copy(source, response.iter_content(CHUNK), target, limit=limit)
        return name_from_response(response.headers, asked=source, answered=response.url or source)


# -- fsspec ---------------------------------------------------------------------------------------


def _copy_from_fsspec(
    source: str, scheme: str, target: Path, *, settings: Settings, limit: int
) -> str:
    shown = _shown(source)
    if "::" in source or scheme in _WRAPPERS:
        raise InvalidInputError(f"{shown}: {scheme} URLs that wrap another URL are not taken.")
    try:
        if scheme in _HOSTED:
            _check_host(source, settings=settings)
        filesystem, path = fsspec.core.url_to_fs(source)
        info = filesystem.info(path)
        if info["type"] == "directory":
            raise InputUnavailableError(f"{shown}: is a folder; name the files in it.")
        _check_size(source, info.get("size") or 0, limit=limit)
        with filesystem.open(path, "rb") as stream:
            chunks = _within(settings.fetch_timeout, stream, too_slow=_too_slow(settings))
            _copy(source, chunks, target, limit=limit)
    except SignoffError:
        raise
    except ImportError as error:
        raise InvalidInputError(
            f"{shown}: {scheme} URLs need a package that is not installed: {error}."
        ) from error
    except FileNotFoundError as error:
        raise InputUnavailableError(f"{shown}: there is no such file; check the URL.") from error
    except PermissionError as error:
        raise InputUnavailableError(
            f"{shown}: may not be read; give Signoff's credentials read access."
        ) from error
    except ValueError as error:
        if scheme not in fsspec.available_protocols():
            raise InvalidInputError(
                f"{shown}: {scheme} URLs are not known; take a path, file://, http(s):// or a"
                " URL that fsspec knows."
            ) from error
        raise InvalidInputError(f"{shown}: is no valid {scheme} URL.") from error
    except Exception as error:  # each storage's library has its own
        raise InputUnavailableError(
            f"{shown}: could not be read ({type(error).__name__}); check the URL and the"
            " credentials."
        ) from error
    return clean_name(path)


def _check_host(source: str, *, settings: Settings) -> None:
    parts = urlsplit(source)
    if parts.hostname:
        try:
            resolve(
                parts.hostname,
                port=parts.port or _HOSTED[parts.scheme],
                allowed_hosts=AllowedHosts(settings.allowed_hosts),
            )
        except ForbiddenAddressError as error:
            raise ForbiddenAddressError(f"{_shown(source)}: {error}") from None


def _within(seconds: float, stream: Any, *, too_slow: str) -> Iterator[bytes]:
    ends = time.monotonic() + seconds
    while chunk := stream.read(CHUNK):
        if time.monotonic() > ends:
            raise TimeoutError(too_slow)
        yield chunk


# -- all of them ----------------------------------------------------------------------------------


@contextmanager
def _temporary() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="signoff-") as folder:
        yield Path(folder) / "input"


def _copy(source: str, chunks: Iterable[bytes], target: Path, *, limit: int) -> None:
    size = 0
    with target.open("wb") as stream:
        for chunk in chunks:
            size += len(chunk)
            _check_size(source, size, limit=limit, at_least=True)
            stream.write(chunk)


def _check_size(source: str, size: int, *, limit: int, at_least: bool = False) -> None:
    if size > limit:
        raise InputsTooLargeError(
            f"{_shown(source)}: has {'at least ' if at_least else ''}{size:,} bytes; at most"
            f" {limit:,} are taken. Split it, or send fewer files at once."
        )


def _too_slow(settings: Settings) -> str:
    return f"it took longer than {settings.fetch_timeout:g} seconds (SIGNOFF_FETCH_TIMEOUT)"


def _shown(source: str) -> str:
    if _URL.match(source):
        return safe_url(source)
    printable = "".join(c if c.isprintable() else "?" for c in source)
    return printable if len(printable) <= 300 else printable[:299] + "…"
