"""The sample documents: current, valid against their agents, true in their arithmetic."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from decimal import Decimal
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import pypdfium2
import pytesseract
import pytest
from PIL import Image, ImageOps

from signoff.executions.agent_files import read_agent_files
from signoff.executions.validation import find_problems

SAMPLES = Path(__file__).parents[1] / "sample_inputs"
AGENTS = {agent.name: agent for agent in read_agent_files(SAMPLES / "agents", {})}
EXPECTED = sorted(SAMPLES.glob("*/*.expected.json"))
DOCUMENTS = [path.with_name(path.name.removesuffix(".expected.json")) for path in EXPECTED]
IMAGES = {".png", ".jpg", ".gif", ".webp"}
PICTURES = {"fatura.png": "por", "ticket.jpg": "fra", "receipt.gif": "eng"}
PICTURES |= {"bon-de-livraison.webp": "fra"}
each_expected = pytest.mark.parametrize("path", EXPECTED, ids=lambda path: path.name)


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal, parse_int=Decimal)


def scalars(data: Any) -> list[Any]:
    if isinstance(data, dict):
        data = list(data.values())
    if isinstance(data, list):
        return [leaf for child in data for leaf in scalars(child)]
    return [data]


def letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text).casefold()


def test_the_script_makes_the_committed_samples_and_check_names_one_that_was_changed(tmp_path):
    copy = shutil.copytree(SAMPLES, tmp_path / "samples")
    changed = copy / "delivery-note" / "lieferschein.txt"
    changed.write_bytes(changed.read_bytes().replace(b"40", b"41"))
    script = copy / "make_samples.py"
    run = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert run.stdout.splitlines() == [
        "delivery-note/lieferschein.txt: is not what make_samples.py makes"
    ]
    assert run.stderr == ""
    assert run.returncode == 1


def test_every_kind_of_file_has_a_sample_and_every_sample_its_expected_data():
    kinds = {".pdf", ".jpg", ".png", ".webp", ".gif", ".txt", ".eml"}
    found = {
        path
        for name in AGENTS
        for path in (SAMPLES / name).iterdir()
        if not path.name.endswith(".expected.json")
    }
    assert found == set(DOCUMENTS)
    assert {path.suffix for path in DOCUMENTS} == kinds
    assert {path.name for path in DOCUMENTS if path.suffix in IMAGES} == set(PICTURES)


def test_the_samples_are_small_enough_to_clone():
    size = sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file())
    assert size < 3 * 1024 * 1024


def test_exactly_one_agent_signs_off_by_itself_and_one_waits_for_mails():
    assert [name for name, agent in AGENTS.items() if agent.review.auto_confirm] == [
        "delivery-note"
    ]
    assert [name for name, agent in AGENTS.items() if agent.email_trigger] == ["purchase-order"]


def test_the_agents_deliver_where_the_environment_says():
    environment = {"SIGNOFF_WEBHOOK_URL": "https://erp.example/in"}
    for agent in read_agent_files(SAMPLES / "agents", environment):
        (destination,) = agent.destinations
        assert destination.type == "WEBHOOK"
        assert str(destination.url) == "https://erp.example/in"
        assert destination.secret is not None


@each_expected
def test_expected_data_is_valid_for_its_agent(path):
    schema = AGENTS[path.parent.name].data_schema
    assert schema is not None
    assert find_problems(schema, json.loads(path.read_text(encoding="utf-8"))) == []


@each_expected
def test_the_sums_are_true(path):
    data = read(path)
    lines = data.get("lines", data.get("items", []))
    for line in lines:
        if {"quantity", "unit_price", "amount"} <= line.keys():
            assert line["quantity"] * line["unit_price"] == line["amount"]
    match path.parent.name:
        case "invoice":
            assert sum(line["amount"] for line in lines) == data["total_net"]
            assert data["total_net"] + data["total_tax"] == data["total_gross"]
            assert data["invoice_date"] < data["due_date"]
        case "purchase-order":
            assert sum(line["quantity"] * line["unit_price"] for line in lines) == data["total"]
        case "receipt":
            amounts = sum(line["amount"] for line in lines)
            assert data["total"] in (amounts, amounts + data["tax"])
        case "delivery-note":
            assert all(line["quantity"] > 0 for line in lines)


@each_expected
def test_ibans_have_valid_check_digits(path):
    iban = read(path).get("seller", {}).get("iban")
    if iban:
        digits = "".join(str(int(character, 36)) for character in iban[4:] + iban[:4])
        assert int(digits) % 97 == 1


def test_the_long_invoice_has_two_pages_of_thirty_lines():
    (path,) = SAMPLES.glob("invoice/rechnung.pdf")
    document = pypdfium2.PdfDocument(path)
    texts = [page.get_textpage().get_text_bounded() for page in document]
    document.close()
    data = read(path.with_name(path.name + ".expected.json"))
    assert len(texts) == 2
    assert len(data["lines"]) == 30
    assert all(line["description"] in "".join(texts) for line in data["lines"])
    assert "5.972,49" in texts[1]


def test_the_scan_is_a_picture_of_150_dpi_without_text():
    document = pypdfium2.PdfDocument(SAMPLES / "invoice" / "scanned-invoice.pdf")
    page = document[0]
    assert not page.get_textpage().get_text_bounded().strip()
    (picture,) = page.get_objects()
    assert picture.get_px_size()[0] / page.get_width() * 72 == pytest.approx(150, abs=1)
    document.close()


def test_the_photo_is_stored_on_its_side():
    with Image.open(SAMPLES / "receipt" / "ticket.jpg") as photo:
        assert photo.getexif()[0x0112] == 6
        assert photo.width > photo.height


def test_the_delivery_note_is_latin_1():
    content = (SAMPLES / "delivery-note" / "lieferschein.txt").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        content.decode("utf-8")
    assert "Getränke Möller" in content.decode("latin-1")


def test_the_order_is_a_mail_that_its_agent_takes():
    content = (SAMPLES / "purchase-order" / "order.eml").read_bytes()
    mail = message_from_bytes(content, _class=EmailMessage, policy=default)
    trigger = AGENTS["purchase-order"].email_trigger
    assert trigger is not None
    assert trigger.active
    assert trigger.address == parseaddr(str(mail["To"]))[1] == "orders@signoff.example"
    assert trigger.allows(parseaddr(str(mail["From"]))[1])
    assert not trigger.allows("stranger@elsewhere.example")
    (attachment,) = mail.iter_attachments()
    assert attachment.get_content_type() == "application/pdf"
    html = mail.get_body(("html",))
    assert html is not None
    (logo,) = [part for part in mail.walk() if part.get_content_maintype() == "image"]
    assert f"cid:{str(logo['Content-ID']).strip('<>')}" in html.get_content()


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
@pytest.mark.parametrize(("name", "language"), PICTURES.items())
def test_ocr_can_read_most_of_what_is_expected(name, language, monkeypatch):
    monkeypatch.setenv("OMP_THREAD_LIMIT", "1")
    (path,) = (path for path in DOCUMENTS if path.name == name)
    with Image.open(path) as image:
        upright = ImageOps.exif_transpose(image).convert("L")
    text = pytesseract.image_to_string(upright, lang=language, config="--psm 6")
    seen = letters(text)
    wanted = [
        letters(str(value))
        for value in scalars(read(path.with_name(path.name + ".expected.json")))
        if not isinstance(value, Decimal)
        and not re.fullmatch(r"\d{4}-\d\d-\d\d|[A-Z]{3}|cash|card", str(value))
    ]
    missed = [value for value in wanted if value not in seen]
    assert len(missed) <= 0.2 * len(wanted), missed
