"""Other people's files: each is read, or refused in our own words."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from signoff.documents.model import Document
from signoff.documents.validation import check_files
from signoff.errors import InvalidInputError, SignoffError, UnreadableFileError

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="needs the files in ../shared/data")


def read_all(parse, paths):
    """Each file's documents or error, read one file at a time by two threads."""

    def read(path):
        try:
            check_files([(path.name, path)], max_bytes=parse.settings.max_input_bytes)
            documents: list[Document] = parse(path)
            for document in documents:
                for page in document.pages():
                    assert all(0 <= edge <= 1 for word in page.words for edge in word.box)
                    assert len(page.text.split()) >= len(page.words)
        except SignoffError as error:
            return error
        return documents

    with ThreadPoolExecutor(2) as threads:
        results = dict(zip(paths, threads.map(read, paths), strict=True))
    for path, result in results.items():
        assert isinstance(result, list) or path.name in str(result)
    return results


def test_every_mail_is_read_but_the_empty_one(parse):
    results = read_all(parse, sorted((DATA / "emails").iterdir()))
    refused = {path for path, result in results.items() if isinstance(result, SignoffError)}
    assert {path.stat().st_size for path in refused} == {0}
    assert all(isinstance(results[path], InvalidInputError) for path in refused)


def test_every_invoice_is_read(parse):
    results = read_all(parse, sorted((DATA / "invoices").iterdir()))
    for path, documents in results.items():
        assert not isinstance(documents, SignoffError), path
        assert len(documents[0].load_page(1).words) > 20, path


def test_hostile_pdfs_are_read_or_unreadable(parse):
    results = read_all(parse, sorted((DATA / "hostile").glob("*.pdf")))
    refused = {
        path.name: error for path, error in results.items() if isinstance(error, SignoffError)
    }
    assert all(isinstance(error, UnreadableFileError) for error in refused.values())
    assert len(refused) < len(results) / 3
    locked = ("r5-user-password", "r6-both-passwords", "writer-password", "graph-encrypted")
    for name in locked:
        [error] = [str(error) for file, error in refused.items() if name in file]
        assert "encrypted" in error
    for name in ("r4-aes-v2", "r5-empty-password"):
        assert not any(name in file for file in refused)


def test_hostile_pictures_are_read(parse):
    paths = [path for path in (DATA / "hostile").iterdir() if path.suffix != ".pdf"]
    results = read_all(parse, sorted(paths))
    assert not [error for error in results.values() if isinstance(error, SignoffError)]
