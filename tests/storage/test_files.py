"""The file store."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event
from uuid import uuid4

import fsspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signoff.errors import ConfigurationError, InputsTooLargeError, NotFoundError
from signoff.storage.files import CHUNK, FileStore, read_chunks


@pytest.fixture(params=["local", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "local":
        yield str(tmp_path / "files")
        return
    folder = f"memory://{uuid4().hex}"
    yield folder
    filesystem, path = fsspec.core.url_to_fs(folder)
    if filesystem.exists(path):
        filesystem.rm(path, recursive=True)


@pytest.fixture
def files(url: str) -> FileStore:
    return FileStore(url)


def contents(url: str) -> list[str]:
    """The paths of all stored files, relative to the store."""
    filesystem, path = fsspec.core.url_to_fs(url)
    return sorted(name.removeprefix(f"{path}/") for name in filesystem.find(path))


def read(files: FileStore, sha256: str) -> bytes:
    with files.open(sha256) as stream:
        return stream.read()


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.binary(max_size=50), max_size=6))
def test_bytes_come_back_under_their_hash_however_they_were_cut(
    files: FileStore, chunks: list[bytes]
) -> None:
    whole = b"".join(chunks)
    blob = files.put(chunks)
    assert blob.sha256 == hashlib.sha256(whole).hexdigest()
    assert blob.size == len(whole)
    assert read(files, blob.sha256) == whole
    with files.local_path(blob.sha256) as path:
        assert path.read_bytes() == whole


def test_the_same_content_is_stored_once(files: FileStore, url: str) -> None:
    assert files.put([b"abc"]) == files.put([b"a", b"bc"])
    assert len(contents(url)) == 1


def test_a_file_larger_than_a_chunk_is_stored_whole(files: FileStore, tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(os.urandom(2 * CHUNK + 17))
    blob = files.put_file(path)
    assert blob.size == 2 * CHUNK + 17
    assert read(files, blob.sha256) == path.read_bytes()


def test_exactly_the_limit_is_taken_and_one_byte_more_is_not(files: FileStore, url: str) -> None:
    assert files.put([b"x" * 60, b"x" * 40], limit=100).size == 100
    before = contents(url)
    with pytest.raises(InputsTooLargeError, match="more than 100 bytes"):
        files.put([b"y" * 60, b"y" * 41], limit=100)
    assert contents(url) == before


def test_a_stream_is_read_no_further_than_the_limit(files: FileStore) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(10):
            yield b"z" * 100
        pytest.fail("read on")

    with pytest.raises(InputsTooLargeError):
        files.put(endless(), limit=500)


def test_a_stream_that_breaks_leaves_nothing(files: FileStore, url: str) -> None:
    def breaks() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        files.put(breaks())
    assert contents(url) == []


def test_half_a_file_is_never_visible(files: FileStore, url: str) -> None:
    half, go_on = Event(), Event()
    sha256 = hashlib.sha256(b"first second").hexdigest()

    def slowly() -> Iterator[bytes]:
        yield b"first "
        half.set()
        go_on.wait(30)
        yield b"second"

    with ThreadPoolExecutor() as pool:
        writing = pool.submit(files.put, slowly())
        assert half.wait(30)
        with pytest.raises(NotFoundError):
            read(files, sha256)
        assert not any(name.startswith("blobs/") for name in contents(url))
        go_on.set()
        assert writing.result(30).sha256 == sha256
    assert read(files, sha256) == b"first second"


def test_many_that_store_the_same_at_once_all_succeed_and_readers_always_see_it_whole(
    files: FileStore, url: str
) -> None:
    content = [os.urandom(1000) for _ in range(50)]
    blob = files.put(content)
    start = Barrier(12)

    def put_or_read(number: int) -> bytes:
        start.wait()
        if number % 2:
            files.put(content)
            files.put_derived("parsed/x/page-1.png", b"".join(content))
        return read(files, blob.sha256)

    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(put_or_read, range(12))) == {b"".join(content)}
    assert len(contents(url)) == 2


def test_what_is_derived_lies_under_its_key(files: FileStore) -> None:
    assert files.get_derived("parsed/x/pages.json") is None
    files.put_derived("parsed/x/pages.json", b"[]")
    assert files.get_derived("parsed/x/pages.json") == b"[]"
    files.put_derived("parsed/x/pages.json", b"[1]")
    assert files.get_derived("parsed/x/pages.json") == b"[1]"
    files.put_derived("parsed/x/empty", b"")
    assert files.get_derived("parsed/x/empty") == b""


def test_content_that_is_not_there_is_named(files: FileStore) -> None:
    missing = "0" * 64
    with pytest.raises(NotFoundError, match=missing), files.open(missing):
        pass
    with pytest.raises(NotFoundError, match=missing), files.local_path(missing):
        pass


def test_a_store_opened_again_has_what_was_stored(url: str) -> None:
    blob = FileStore(url).put([b"kept"])
    assert read(FileStore(url), blob.sha256) == b"kept"


def test_stored_files_are_for_their_owner_only(tmp_path: Path) -> None:
    files = FileStore(str(tmp_path / "files"))
    seen: list[int] = []

    def watched() -> Iterable[bytes]:
        yield b"a"
        seen.extend(mode(path) for path in tmp_path.rglob("staging/*"))

    files.put(watched())
    files.put_derived("parsed/x", b"b")
    assert seen == [0o600]
    assert {mode(path) for path in tmp_path.rglob("*") if path.is_file()} == {0o600}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_relative_place_stays_where_it_was_when_the_process_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = FileStore("files")
    blob = files.put([b"here"])
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert read(files, blob.sha256) == b"here"


@pytest.mark.parametrize("url", ["nosuch://bucket/x", "dropbox://x"])
def test_a_place_that_cannot_be_opened_names_the_setting(url: str) -> None:
    with pytest.raises(ConfigurationError, match="SIGNOFF_FILES_URL"):
        FileStore(url)


def test_chunks_of_a_stream_are_its_bytes() -> None:
    content = os.urandom(CHUNK + 1)
    chunks = list(read_chunks(io.BytesIO(content)))
    assert [len(chunk) for chunk in chunks] == [CHUNK, 1]
    assert b"".join(chunks) == content
