"""From stored files to documents: order, record, progress, failures, memory."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from fpdf import FPDF
from PIL import Image, ImageDraw, ImageFont

from signoff.documents.parsing import open_document, parse_files, parsed_key
from signoff.documents.sandbox import get_sandbox
from signoff.errors import NotFoundError, UnreadableFileError
from signoff.settings import MIB, Settings


def pdf_of(pages: int, *, words: int = 40) -> bytes:
    document = FPDF()
    document.set_font("helvetica", size=9)
    for number in range(1, pages + 1):
        document.add_page()
        document.multi_cell(0, text=f"Page {number} " + "word " * words)
    return bytes(document.output())


def scan(*texts: str) -> bytes:
    document = FPDF()
    for text in texts:
        picture = Image.new("L", (600, 300), "white")
        draw = ImageDraw.Draw(picture)
        draw.text((40, 40), text, "black", ImageFont.load_default(48))
        document.add_page(format=(210, 105))
        document.image(picture, 0, 0, 210, 105)
    return bytes(document.output())


def test_documents_are_numbered_in_the_order_of_the_files(parse):
    mail = (
        b"Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
        b"--b\n\nhello\n"
        b"--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=in.txt\n\nin\n"
        b"--b--\n"
    )
    infos = parse.infos(
        [
            parse.write("long.pdf", pdf_of(45)),
            parse.write("mail.eml", mail),
            parse.write("last.txt", b"last"),
        ]
    )
    assert [(info.number, info.name, info.parent) for info in infos] == [
        (1, "long.pdf", None),
        (2, "mail.eml", None),
        (3, "in.txt", 2),
        (4, "last.txt", None),
    ]
    pages = list(parse.open(infos[0]).pages())
    assert [page.number for page in pages] == list(range(1, 46))
    assert all(page.text.startswith(f"Page {page.number} ") for page in pages)


def test_progress_is_told_in_the_calling_thread_and_ends_complete(parse):
    threads = set()

    def progress(*event):
        threads.add(threading.current_thread())
        parse.progress.append(event)

    parse_files(
        [parse.stored(parse.write("a.pdf", pdf_of(45)))],
        store=parse.store,
        parsed=parse.record,
        settings=parse.settings,
        progress=progress,
    )
    assert threads == {threading.current_thread()}
    assert parse.progress[-1] == (45, 45, "a.pdf")
    done = [event[0] for event in parse.progress]
    assert done == sorted(done)


def test_what_was_parsed_is_not_parsed_again(parse):
    path = parse.write("a.txt", b"once")
    [first] = parse.infos([path])
    key = parsed_key(first.sha256, "text/plain", parse.settings)
    page = parse.home / "files" / "parsed" / key / "chunk-0.jsonl"
    page.write_text(page.read_text().replace("once", "kept"))
    [again] = parse(path)
    assert again.load_page(1).text == "kept"
    assert again.info == first


def test_the_same_content_under_two_names_is_two_documents(parse):
    infos = parse.infos([parse.write("a.txt", b"same"), parse.write("b.txt", b"same")])
    assert [info.name for info in infos] == ["a.txt", "b.txt"]
    assert len({info.key for info in infos}) == 1


def test_other_settings_find_other_records(tmp_path):
    keys = {
        parsed_key("0" * 64, "image/gif", Settings(home=tmp_path, **settings))
        for settings in ({}, {"ocr_languages": "eng"}, {"max_frames": 3})
    }
    assert len(keys) == 3


def test_nothing_is_recorded_of_a_file_that_failed(parse):
    good, bad = parse.write("good.txt", b"good"), parse.write("bad.pdf", b"%PDF-1.4 bad")
    with pytest.raises(UnreadableFileError, match=r"bad\.pdf"):
        parse.infos([bad])
    assert parse.record.manifests == {}
    with pytest.raises(UnreadableFileError, match=r"bad\.pdf"):
        parse.infos([good, bad])


def test_a_page_that_a_killed_run_left_is_not_read_by_ocr_again(parse):
    path = parse.write("scan.pdf", scan("First 1", "Second 2"))
    [document] = parse(path)
    folder = parse.home / "files" / "parsed" / document.info.key / "pages"
    page = folder / "1.json"
    page.write_text(page.read_text().replace("First", "Kept"))
    (folder / "2.json").unlink()
    parse.record.manifests.clear()
    [again] = parse(path)
    assert [p.text.split()[0] for p in again.pages()] == ["Kept", "Second"]


def test_scanned_and_printed_pages_mix(parse):
    from pypdf import PdfWriter

    writer = PdfWriter()
    for data in (pdf_of(1), scan("Scanned 17"), pdf_of(1)):
        writer.append(io.BytesIO(data))
    stream = io.BytesIO()
    writer.write(stream)
    [document] = parse(parse.write("mixed.pdf", stream.getvalue()))
    assert [page.source.value for page in document.pages()] == ["text_layer", "ocr", "text_layer"]


def test_empty_pages_among_scanned_ones_keep_their_place(parse):
    from pypdf import PdfReader, PdfWriter

    first, third = PdfReader(io.BytesIO(scan("First 1", "Third 3"))).pages
    writer = PdfWriter()
    writer.add_page(first)
    writer.add_blank_page(300, 200)
    writer.add_page(third)
    for _ in range(2):
        writer.add_blank_page(300, 200)
    stream = io.BytesIO()
    writer.write(stream)
    parse.configure(parse_workers=1)  # the first three pages are read in one call
    [document] = parse(parse.write("five.pdf", stream.getvalue()))
    assert [page.text for page in document.pages()] == ["First 1", "", "Third 3", "", ""]
    assert [page.source.value for page in document.pages()][1:3] == ["none", "ocr"]


def test_a_raising_progress_stops_the_parsing(parse):
    class LeaseLost(Exception):
        pass

    def lose(done, total, name):
        raise LeaseLost

    with pytest.raises(LeaseLost):
        parse_files(
            [parse.stored(parse.write("a.pdf", pdf_of(200)))],
            store=parse.store,
            parsed=parse.record,
            settings=parse.settings,
            progress=lose,
        )
    assert parse.record.manifests == {}


def test_pages_lost_by_the_store_are_read_again(parse):
    path = parse.write("a.txt", b"text")
    [document] = parse(path)
    shutil.rmtree(parse.home / "files" / "parsed")
    assert parse(path)[0].load_page(1).text == "text"
    assert document.load_page(1).text == "text"


def test_pages_gone_from_the_store_are_reported(parse):
    [document] = parse(parse.write("a.txt", b"text"))
    with pytest.raises(NotFoundError, match=r"a\.txt: page 7"):
        document.load_page(7)


def test_many_threads_parse_at_once(parse):
    paths = [parse.write(f"{n}.pdf", pdf_of(n + 1)) for n in range(8)]
    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(lambda path: parse.infos([path]), paths))
    assert [infos[0].page_count for infos in results] == list(range(1, 9))


def test_documents_open_again_in_another_process(parse):
    [info] = parse.infos([parse.write("a.pdf", pdf_of(1))])
    program = """
        import sys
        from pathlib import Path
        from signoff.documents.model import DocumentInfo
        from signoff.documents.parsing import open_document
        from signoff.settings import Settings
        from signoff.storage.files import FileStore
        settings = Settings(home=Path(sys.argv[1]))
        info = DocumentInfo.model_validate_json(sys.argv[2])
        document = open_document(info, store=FileStore(settings.files_url), settings=settings)
        print(document.load_page(1).text.split()[1], document.load_image(1, 500)[:3].hex())
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(parse.home), info.model_dump_json()],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.split() == ["1", "89504e"]  # a PNG
    assert open_document(info, store=parse.store, settings=parse.settings).info == info


def test_memory_does_not_grow_with_the_number_of_pages(parse):
    parse.configure(parse_timeout=100)  # a sandbox of its own
    path = parse.write("a.pdf", pdf_of(1000, words=10))
    [document] = parse(path)
    assert sum(1 for _ in document.pages()) == 1000
    assert get_sandbox(parse.settings).peak_memory < 200 * MIB
