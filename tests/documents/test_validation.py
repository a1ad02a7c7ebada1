"""What is refused, and that every refusal names the file, the reason and what is accepted."""

from __future__ import annotations

import io
import unicodedata
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from signoff.documents.validation import (
    MEDIA_TYPES,
    check_files,
    check_total,
    media_type_of,
    safe_name,
)
from signoff.errors import InputsTooLargeError, InvalidInputError, UnsupportedFileError
from signoff.settings import MIB


def _picture(kind: str) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(stream, kind)
    return stream.getvalue()


CONTENTS = {
    ".eml": b"From: a@example.com\nSubject: Order\n\nHello\n",
    ".webp": _picture("WEBP"),
    ".jpg": _picture("JPEG"),
    ".jpeg": _picture("JPEG"),
    ".gif": _picture("GIF"),
    ".txt": b"Hello\n",
    ".pdf": b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n",
    ".png": _picture("PNG"),
}


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "upload"
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("extension", MEDIA_TYPES)
def test_each_extension_is_taken_in_any_case(extension, file):
    path = file(CONTENTS[extension])
    assert media_type_of("a" + extension, path) == MEDIA_TYPES[extension]
    assert media_type_of("A" + extension.upper(), path) == MEDIA_TYPES[extension]


@pytest.mark.parametrize("content", [".txt", ".pdf", ".png", ".jpg", ".gif", ".webp"])
@pytest.mark.parametrize("extension", [".eml", ".pdf", ".png", ".jpg", ".gif", ".webp"])
def test_a_content_that_contradicts_the_name_is_refused(extension, content, file):
    if extension == content:
        return
    with pytest.raises(UnsupportedFileError) as refused:
        media_type_of("scan" + extension, file(CONTENTS[content]))
    assert refused.value.code == "unsupported_file"
    for part in ("scan" + extension, MEDIA_TYPES[extension], MEDIA_TYPES[content], ".webp"):
        assert part in str(refused.value)


@pytest.mark.parametrize("content", [".pdf", ".png", ".jpg", ".gif", ".webp"])
def test_binary_content_is_no_text(content, file):
    with pytest.raises(UnsupportedFileError, match=r"note\.txt: the name says text/plain"):
        media_type_of("note.txt", file(CONTENTS[content]))


@pytest.mark.parametrize("name", ["order.docx", "order", "order.pdf.exe", ".pdf", "", "pdf"])
def test_other_extensions_are_refused(name, file):
    with pytest.raises(UnsupportedFileError, match=r"accepted are \.eml, \.webp"):
        media_type_of(name, file(b"x"))


@pytest.mark.parametrize(
    "content",
    [
        "Größe: 5 €\n".encode("cp1252"),
        "Größe: 5\n".encode("latin-1"),
        "Größe: 5 €\n".encode("utf-16"),
        "Menge: 5 Stück\n".encode("utf-16-le"),
        "Menge: 5 Stück\n".encode("utf-32"),
        "納品書\n".encode("shift_jis"),
        b'{"json": true}',
        b"<html><body>as text</body></html>",
        b"a,b\n1,2\n",
        b"From: a@b.c\nSubject: x\n\nbody",
        b"BM and MZ are text here",
        b"x",
    ],
)
def test_any_text_is_text(content, file):
    assert media_type_of("note.txt", file(content)) == "text/plain"


@pytest.mark.parametrize(
    "content",
    [
        b"From a@b.c Mon Jan  1 00:00:00 2024\nReceived: x\n\nbody",
        b"\r\nSubject: x\r\n\r\nbody",
        b"From  : John Doe\n\nbody",
        b"Subject: only a header",
        b"\xef\xbb\xbfSubject: x\n\nbody",
        b"Subject: x\n\n\x00\xff\xfe",
    ],
)
def test_broken_mails_are_mails(content, file):
    assert media_type_of("mail.eml", file(content)) == "message/rfc822"


def test_a_pdf_may_have_something_before_its_header(file):
    assert media_type_of("a.pdf", file(b"\r\n\x00junk\n" + CONTENTS[".pdf"])) == "application/pdf"


def test_there_must_be_a_file_or_input_data():
    with pytest.raises(InvalidInputError, match="at least one file"):
        check_files([], max_bytes=100)
    assert check_files([], max_bytes=100, has_input_data=True) == []


def test_an_empty_file_is_refused_by_name(file):
    path = file(b"")
    with pytest.raises(InvalidInputError, match=r"empty\.txt: the file is empty"):
        check_files([("empty.txt", path)], max_bytes=100)


def test_exactly_100_mib_are_taken_and_one_byte_more_is_not(tmp_path):
    large, small = tmp_path / "large", tmp_path / "small"
    for path, size in ((large, 100 * MIB - 7), (small, 7)):
        with path.open("wb") as stream:
            stream.write(b"Subject: x\n\n"[:size])
            stream.truncate(size)
    files = [("large.eml", large), ("small.txt", small)]
    small.write_bytes(b"1234567")
    assert [file.size for file in check_files(files, max_bytes=100 * MIB)] == [100 * MIB - 7, 7]
    small.write_bytes(b"12345678")
    with pytest.raises(InputsTooLargeError, match=r"small\.txt.*104,857,601.*100 MiB") as refused:
        check_files(files, max_bytes=100 * MIB)
    assert refused.value.code == "inputs_too_large"


def test_sizes_add_up():
    assert check_total([("a", 1), ("b", 2)], limit=3) == 3


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\me\\Invoice 1.pdf", "Invoice 1.pdf"),
        ("a\x00b\n.pdf", "a b .pdf"),
        ("invoice\u202efdp.exe", "invoice fdp.exe"),
        ("Rechnung März.pdf", "Rechnung März.pdf"),
        ("..", "unnamed"),
        ("", "unnamed"),
        ("/", "unnamed"),
        ("x" * 500 + ".pdf", "x" * 196 + ".pdf"),
    ],
)
def test_names_are_made_safe(name, safe):
    assert safe_name(name) == safe


@example(". 0")
@given(st.text())
def test_a_safe_name_is_always_a_plain_file_name(name):
    safe = safe_name(name)
    assert safe
    assert len(safe.encode()) <= 200
    assert safe not in (".", "..")
    assert not set("/\\\0") & set(safe)
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs") for char in safe)
    assert safe_name(safe) == safe


@given(st.binary(max_size=300), st.sampled_from(sorted(MEDIA_TYPES)))
def test_no_content_breaks_the_check(tmp_path_factory, content, extension):
    path = tmp_path_factory.getbasetemp() / "any-content"
    path.write_bytes(content)
    with suppress(UnsupportedFileError):
        assert media_type_of("a" + extension, path) == MEDIA_TYPES[extension]
