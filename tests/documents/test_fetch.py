from __future__ import annotations

import gzip
import importlib.util
import logging
import os
import traceback
from pathlib import Path
from typing import Any

import fsspec
import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.receiver import Answer, Receiver

from signoff.documents.fetch import fetch
from signoff.documents.names import MAX_NAME, clean_name, name_from_response
from signoff.errors import (
    ForbiddenAddressError,
    InputsTooLargeError,
    InputUnavailableError,
    InvalidInputError,
)
from signoff.settings import Settings

# in pieces: tracebacks quote the lines of this file
SECRET = "".join(["hu", "sh"])


def settings(tmp_path: Path, *allowed: str, **values: Any) -> Settings:
    return Settings(home=tmp_path, allowed_hosts=list(allowed), **values)


def read(source: str, *, only_http: bool = False, limit: int | None = None, **rest: Any) -> Any:
    with fetch(source, only_http=only_http, limit=limit, **rest) as fetched:
        return fetched.name, fetched.path.read_bytes(), fetched.size


# -- local files ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form", ["{}", "file://{}", "file://localhost{}", "local://{}", "FILE://{}"]
)
def test_a_local_file_is_read_where_it_lies(tmp_path: Path, form: str) -> None:
    path = tmp_path / "invoice 1.pdf"
    path.write_bytes(b"%PDF")
    with fetch(form.format(path), settings=settings(tmp_path), only_http=False) as fetched:
        assert (fetched.name, fetched.path, fetched.size) == ("invoice 1.pdf", path, 4)
    assert path.exists()


def test_a_file_url_is_percent_decoded(tmp_path: Path) -> None:
    path = tmp_path / "Straße #1?.txt"
    path.write_bytes(b"x")
    assert read(path.as_uri(), settings=settings(tmp_path))[0] == "Straße #1?.txt"


def test_a_relative_path_starts_where_the_process_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_bytes(b"x")
    assert read("a.txt", settings=settings(tmp_path)) == ("a.txt", b"x", 1)
    with pytest.raises(InputUnavailableError, match=f"no such file .looked for in {tmp_path}"):
        read("b.txt", settings=settings(tmp_path))


def test_a_missing_path_says_so(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.pdf")
    with pytest.raises(InputUnavailableError, match=r"missing\.pdf: there is no such file; check"):
        read(missing, settings=settings(tmp_path))
    with pytest.raises(InputUnavailableError, match="no such file"):
        read(str(Path(__file__) / "below.pdf"), settings=settings(tmp_path))
    with pytest.raises(InputUnavailableError, match="cannot be read"):
        read("x" * 5000, settings=settings(tmp_path))


def test_a_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputUnavailableError, match="is a folder; name the files in it"):
        read(str(tmp_path), settings=settings(tmp_path))


def test_a_pipe_is_refused_before_it_blocks(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    for source in (str(tmp_path / "pipe.txt"), "/dev/zero"):
        with pytest.raises(InputUnavailableError, match="is no regular file"):
            read(source, settings=settings(tmp_path))


def test_a_file_that_may_not_be_read_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "secret.pdf"
    path.write_bytes(b"x")
    path.chmod(0)
    if os.geteuid() == 0:  # root reads everything

        def refuse(*_: Any, **__: Any) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputUnavailableError, match=r"secret\.pdf: may not be read; give"):
        read(str(path), settings=settings(tmp_path))


@pytest.mark.parametrize("source", ["a\0b.pdf", "file://elsewhere/a.pdf", "file://a.pdf"])
def test_a_path_that_is_none_is_refused(tmp_path: Path, source: str) -> None:
    with pytest.raises(InvalidInputError):
        read(source, settings=settings(tmp_path))


def test_exactly_the_limit_is_taken_and_one_byte_more_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"12345")
    assert read(str(path), settings=settings(tmp_path), limit=5)[2] == 5
    with pytest.raises(InputsTooLargeError, match="has 5 bytes; at most 4"):
        read(str(path), settings=settings(tmp_path), limit=4)
    with pytest.raises(InputsTooLargeError):
        read(str(path), settings=settings(tmp_path, max_input_bytes=4))


# -- HTTP -----------------------------------------------------------------------------------------


def download(answer: Answer, tmp_path: Path, path: str = "/files/a.pdf", **values: Any) -> Any:
    limit = values.pop("limit", None)
    with Receiver([answer]) as receiver:
        return read(
            receiver.url(path),
            only_http=True,
            limit=limit,
            settings=settings(tmp_path, receiver.host, **values),
        )


def test_a_download_is_a_temporary_file(tmp_path: Path) -> None:
    with Receiver([Answer(body=b"%PDF-1.7")]) as receiver:
        configured = settings(tmp_path, receiver.host)
        with fetch(receiver.url("/a.pdf?x=1"), settings=configured, only_http=True) as fetched:
            assert (fetched.name, fetched.size) == ("a.pdf", 8)
            assert fetched.path.read_bytes() == b"%PDF-1.7"
        assert not fetched.path.exists()
        assert not fetched.path.parent.exists()


def test_private_addresses_are_refused_and_the_source_is_named(tmp_path: Path) -> None:
    with Receiver() as receiver, pytest.raises(ForbiddenAddressError) as refused:
        read(receiver.url(f"/a.pdf?sig={SECRET}"), only_http=True, settings=settings(tmp_path))
    assert f"http://{receiver.host}/a.pdf: " in str(refused.value)
    assert "SIGNOFF_ALLOWED_HOSTS" in str(refused.value)
    assert SECRET not in "".join(traceback.format_exception(refused.value))


def test_a_redirect_into_a_private_network_is_refused(tmp_path: Path) -> None:
    target = Answer(302, {"Location": "http://10.0.0.1/a.pdf"})
    with pytest.raises(ForbiddenAddressError, match=r"10\.0\.0\.1"):
        download(target, tmp_path)


def test_a_redirect_is_followed_and_the_better_name_taken(tmp_path: Path) -> None:
    answers = {
        "/invoice.pdf": Answer(302, {"Location": "/blobs/4711?sig=hush"}),
        "/blobs/4711": Answer(body=b"%PDF"),
    }
    with Receiver(answers_by_path=answers) as receiver:
        configured = settings(tmp_path, receiver.host)
        assert read(receiver.url("/invoice.pdf"), settings=configured)[0] == "invoice.pdf"


@pytest.mark.parametrize("status", [204, 206, 304, 403, 404, 410, 500])
def test_any_answer_but_200_is_refused_with_its_status(tmp_path: Path, status: int) -> None:
    with pytest.raises(
        InputUnavailableError, match=rf"/files/a\.pdf: the server answered {status}"
    ):
        download(Answer(status, body=b"" if status < 400 else b"no"), tmp_path)


def test_a_length_that_exceeds_the_limit_is_refused_unread(tmp_path: Path) -> None:
    endless = Answer(headers={"Content-Length": "1001"}, trickle="body")
    with pytest.raises(InputsTooLargeError, match="has 1,001 bytes; at most 1,000 are taken"):
        download(endless, tmp_path, limit=1000)


def test_a_body_longer_than_the_limit_is_cut_while_it_arrives(tmp_path: Path) -> None:
    unbounded = Answer(headers={"Content-Length": "", "X": "y"}, body=b"a" * 1001)
    with pytest.raises(InputsTooLargeError, match="at least 1,001 bytes"):
        download(unbounded, tmp_path, limit=1000)


def test_a_compressed_body_counts_unpacked(tmp_path: Path) -> None:
    bomb = gzip.compress(b"\0" * 5_000_000)
    answer = Answer(headers={"Content-Encoding": "gzip"}, body=bomb)
    with pytest.raises(InputsTooLargeError):
        download(answer, tmp_path, limit=1_000_000)
    assert download(answer, tmp_path, limit=5_000_000)[2] == 5_000_000


def test_a_body_that_breaks_off_is_not_taken_for_the_file(tmp_path: Path) -> None:
    with pytest.raises(InputUnavailableError, match="the connection broke"):
        download(Answer(body=b"half", disconnect="within body"), tmp_path)


@pytest.mark.parametrize("part", ["headers", "body"])
def test_a_download_that_trickles_is_given_up_in_time(tmp_path: Path, part: Any) -> None:
    with pytest.raises(InputUnavailableError, match=r"longer than 0\.4 seconds"):
        download(Answer(trickle=part), tmp_path, fetch_timeout=0.4)


def test_a_body_without_length_that_trickles_is_no_complete_file(tmp_path: Path) -> None:
    """Cut by the time limit it ends like a complete one: the end of the connection."""
    answer = Answer(headers={"Content-Length": ""}, body=b"begin", trickle="body")
    with pytest.raises(InputUnavailableError, match=r"longer than 0\.4 seconds"):
        download(answer, tmp_path, fetch_timeout=0.4)


def test_no_secret_of_a_url_is_in_message_traceback_or_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = f"http://user:{SECRET}@127.0.0.1:1/a.pdf?sig={SECRET}#{SECRET}"
    with caplog.at_level(logging.INFO), pytest.raises(InputUnavailableError) as refused:
        read(source, settings=settings(tmp_path, "127.0.0.1"))
    assert "http://127.0.0.1:1/a.pdf: could not be downloaded: the connection was refused" in str(
        refused.value
    )
    told = "".join(traceback.format_exception(refused.value)) + caplog.text
    assert SECRET not in told


@pytest.mark.parametrize(
    "source", ["http://", "http://[oops/a.pdf", "https://a b/", "http://x:99999/"]
)
def test_a_malformed_url_is_refused(tmp_path: Path, source: str) -> None:
    with pytest.raises(InputUnavailableError, match="could not be downloaded"):
        read(source, settings=settings(tmp_path))


@pytest.mark.parametrize(
    "source",
    [
        "/etc/passwd",
        "file:///etc/passwd",
        "memory://a.txt",
        "s3://b/a.pdf",
        "simplecache::http://x/",
    ]
    + ["zip://a.txt::http://127.0.0.1/", "ftp://10.0.0.1/a", "", "a.pdf", "data:text/plain,x"],
)
def test_over_http_only_http_urls_are_taken(tmp_path: Path, source: str) -> None:
    with pytest.raises(InvalidInputError, match="only http:// and https:// URLs are taken here"):
        read(source, only_http=True, settings=settings(tmp_path))


# -- fsspec ---------------------------------------------------------------------------------------


def test_any_fsspec_url_is_copied(tmp_path: Path) -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe("/fetch/order.eml", b"Subject: order")
    try:
        url = "memory://fetch/order.eml"
        assert read(url, settings=settings(tmp_path)) == ("order.eml", b"Subject: order", 14)
        with pytest.raises(InputsTooLargeError, match="has 14 bytes"):
            read(url, settings=settings(tmp_path), limit=13)
        with pytest.raises(InputUnavailableError, match="is a folder"):
            read("memory://fetch", settings=settings(tmp_path))
        with pytest.raises(InputUnavailableError, match="no such file"):
            read("memory://fetch/none.eml", settings=settings(tmp_path))
    finally:
        memory.rm("/fetch", recursive=True)


@pytest.mark.parametrize(
    "source",
    ["zip://a.txt::http://127.0.0.1/a.zip", "simplecache://x", "filecache::s3://a/b"]
    + ["memory://a::http://127.0.0.1/", "reference://x", "nope://a/b", "generic://http://x/"],
)
def test_urls_that_wrap_others_or_are_unknown_are_refused(tmp_path: Path, source: str) -> None:
    with pytest.raises((InvalidInputError, InputUnavailableError)):
        read(source, settings=settings(tmp_path))


@pytest.mark.parametrize("scheme", ["ftp", "sftp", "smb", "webhdfs", "FTP"])
def test_other_protocols_do_not_reach_private_hosts_either(tmp_path: Path, scheme: str) -> None:
    with pytest.raises(ForbiddenAddressError, match=r"127\.0\.0\.1"):
        read(f"{scheme}://user:hush@127.0.0.1/a.pdf", settings=settings(tmp_path))


def test_a_missing_package_is_named(tmp_path: Path) -> None:
    if importlib.util.find_spec("s3fs"):
        pytest.skip("s3fs is installed")
    with pytest.raises(InvalidInputError, match="Install s3fs"):
        read("s3://bucket/a.pdf", settings=settings(tmp_path))


# -- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "url", "name"),
    [
        ({"Content-Disposition": 'attachment; filename="a b.pdf"'}, "http://h/x.png", "a b.pdf"),
        ({"Content-Disposition": "attachment; filename=a.pdf"}, "http://h/", "a.pdf"),
        (
            {"Content-Disposition": "attachment; filename=x.pdf; filename*=UTF-8''%e2%82%ac.pdf"},
            "http://h/",
            "€.pdf",
        ),
        (
            {"Content-Disposition": 'inline; filename="Übung.pdf"'.encode().decode("latin-1")},
            "http://h/",
            "Übung.pdf",
        ),
        ({"Content-Disposition": 'a; filename="../../etc/cron.d/x.txt"'}, "http://h/", "x.txt"),
        ({"Content-Disposition": r'a; filename="C:\\temp\\x.txt"'}, "http://h/", "x.txt"),
        ({"Content-Disposition": "attachment"}, "http://h/a%2Fb%20c.pdf", "b c.pdf"),
        ({"Content-Type": "application/pdf"}, "http://h/download/123", "123.pdf"),
        ({"Content-Type": "image/jpeg; x=y"}, "http://h/", "file.jpg"),
        ({}, "http://h/", "file"),
    ],
)
def test_a_download_is_named_by_what_it_says_of_itself(
    headers: dict[str, str], url: str, name: str
) -> None:
    assert name_from_response(headers, asked=url, answered=url) == name


@hypothesis.settings(deadline=None)
@given(st.text(), st.text(), st.text())
def test_whatever_a_server_says_a_name_is_one_path_component(
    disposition: str, filename: str, path: str
) -> None:
    for header in (disposition, f'attachment; filename="{filename}"', f"a; filename*={filename}"):
        name = name_from_response(
            {"Content-Disposition": header}, asked="http://h/", answered=f"http://h/{path}"
        )
        assert 0 < len(name) <= MAX_NAME + 5
        assert name not in (".", "..")
        assert not set(name) & set("/\\\0\r\n")
        name.encode()


@hypothesis.settings(deadline=None)
@given(st.text(st.characters(), max_size=400))
def test_a_clean_name_stays_as_it_is(text: str) -> None:
    name = clean_name(text)
    assert clean_name(name) == name
    assert len(name) <= MAX_NAME
    name.encode()


def test_a_name_that_is_no_utf8_and_a_long_one_stay_readable() -> None:
    assert clean_name(os.fsdecode(b"Rechnung \xfc.pdf")) == "Rechnung \ufffd.pdf"
    assert clean_name("shot 9.41\u202fPM.png") == "shot 9.41 PM.png"
    assert clean_name("a" * 300 + ".pdf") == "a" * 251 + ".pdf"
