"""The sample documents: current, accepted, and expected to say what their agents ask for."""

from __future__ import annotations

import importlib.util
import json
from decimal import Decimal
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from types import ModuleType
from typing import Any

import pypdfium2
import pytest
from PIL import Image
from PIL.ImageOps import exif_transpose

from signoff.documents.validation import MEDIA_TYPES, check_files
from signoff.executions.agent_files import read_agent_file
from signoff.executions.agents import Agent
from signoff.executions.validation import find_problems
from signoff.settings import MIB

FOLDER = Path(__file__).parents[1] / "sample_inputs"
SUFFIX = ".expected.json"
SAMPLES = sorted(
    str(path.relative_to(FOLDER)).removesuffix(SUFFIX) for path in FOLDER.glob(f"*/*{SUFFIX}")
)


def expected(sample: str) -> dict[str, Any]:
    """What ``sample`` says; numbers exactly as they are written."""
    data = json.loads((FOLDER / f"{sample}{SUFFIX}").read_text("utf-8"), parse_float=Decimal)
    assert isinstance(data, dict)
    return data


def agent_of(sample: str) -> Agent:
    return read_agent_file(FOLDER / "agents" / f"{Path(sample).parent}.yaml", {})


@pytest.fixture(scope="module")
def make_samples() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_samples", FOLDER / "make_samples.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def is_same(make_samples: ModuleType) -> Any:
    return make_samples.is_same


def test_every_accepted_extension_but_jpegs_second_has_a_sample():
    extensions = {Path(sample).suffix for sample in SAMPLES}
    assert extensions == MEDIA_TYPES.keys() - {".jpeg"}


def test_every_agent_has_samples():
    agents = {path.stem for path in (FOLDER / "agents").glob("*.yaml")}
    assert {str(Path(sample).parent) for sample in SAMPLES} == agents


@pytest.mark.parametrize("sample", SAMPLES)
def test_expected_data_meets_the_agents_schema(sample: str):
    schema = agent_of(sample).data_schema
    assert schema is not None
    data = json.loads((FOLDER / f"{sample}{SUFFIX}").read_text("utf-8"))
    assert find_problems(schema, data) == []
    assert data.keys() <= schema["properties"].keys()


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_sample_passes_validation(sample: str):
    path = FOLDER / sample
    [checked] = check_files([(path.name, path)], max_bytes=100 * MIB)
    assert checked.media_type == MEDIA_TYPES[path.suffix]


@pytest.mark.parametrize("sample", [name for name in SAMPLES if name.startswith("invoice/")])
def test_an_invoice_adds_up(sample: str):
    data = expected(sample)
    for line in data["lines"]:
        assert line["quantity"] * line["unit_price"] == line["amount"]
    assert sum(line["amount"] for line in data["lines"]) == data["total_net"]
    assert data["total_net"] + data["total_tax"] == data["total_gross"]
    rate = data["total_tax"] / data["total_net"] * 100
    assert min(abs(rate - known) for known in (19, 20, 23)) < Decimal("0.001")


@pytest.mark.parametrize("sample", [name for name in SAMPLES if name.startswith("invoice/")])
def test_an_iban_has_its_check_digits(sample: str):
    iban = expected(sample)["seller"]["iban"]
    digits = "".join(str(int(char, 36)) for char in iban[4:] + iban[:4])
    assert int(digits) % 97 == 1


def test_receipts_add_up():
    french, american = expected("receipt/ticket.jpg"), expected("receipt/receipt.gif")
    assert sum(item["amount"] for item in french["items"]) == french["total"]  # tax included
    net = sum(item["amount"] for item in american["items"])
    assert net + american["tax"] == american["total"]


def test_an_order_adds_up():
    data = expected("purchase-order/order.eml")
    total = sum(line["quantity"] * line["unit_price"] for line in data["lines"])
    assert total == data["total"]


def test_the_samples_are_what_the_script_makes(
    make_samples: ModuleType, capsys: pytest.CaptureFixture[str]
):
    assert make_samples.main(["--check"]) == 0, capsys.readouterr().out


def test_a_changed_sample_is_not_current(is_same: Any):
    picture = (FOLDER / "invoice" / "fatura.png").read_bytes()
    other = (FOLDER / "receipt" / "receipt.gif").read_bytes()
    mail = (FOLDER / "purchase-order" / "order.eml").read_bytes()
    assert is_same("a.png", picture, picture)
    assert not is_same("a.png", picture, other)
    assert not is_same("a.txt", b"1.234,56", b"1.234,65")
    assert not is_same("a.eml", mail, mail.replace(b"4 November", b"5 November"))
    assert not is_same("a.eml", mail, mail.replace(b"Ingrid", b"Astrid"))


def test_the_german_invoice_has_two_pages_of_text_and_a_carry_over():
    document = pypdfium2.PdfDocument(FOLDER / "invoice" / "rechnung.pdf")
    texts = [page.get_textpage().get_text_bounded() for page in document]
    document.close()
    assert len(texts) == 2
    assert all("Übertrag" in text and "Bezeichnung" in text for text in texts)
    assert len(expected("invoice/rechnung.pdf")["lines"]) == 30


def test_the_scan_is_one_grey_picture_without_text():
    document = pypdfium2.PdfDocument(FOLDER / "invoice" / "scanned-invoice.pdf")
    [page] = document
    assert page.get_textpage().get_text_bounded() == ""
    [scan] = page.get_objects()
    assert scan.get_px_size() == (1241, 1754)  # A4 at 150 dpi
    assert scan.get_bitmap().to_pil().mode == "L"
    document.close()


def test_the_photo_is_stored_on_its_side():
    photo = Image.open(FOLDER / "receipt" / "ticket.jpg")
    assert photo.getexif()[0x0112] == 6
    assert photo.width > photo.height
    upright = exif_transpose(photo)
    assert upright.width < upright.height


def test_the_german_note_is_latin_1():
    content = (FOLDER / "delivery-note" / "lieferschein.txt").read_bytes()
    assert "Getränkegroßhandel" in content.decode("latin-1")
    with pytest.raises(UnicodeDecodeError):
        content.decode("utf-8")
    lines = content.decode("latin-1").split("\r\n")
    assert max(map(len, lines)) <= 80


def test_the_mail_goes_to_the_order_agent_with_a_logo_and_an_order():
    mail = message_from_bytes(
        (FOLDER / "purchase-order" / "order.eml").read_bytes(), policy=default
    )
    trigger = agent_of("purchase-order/order.eml").email_trigger
    assert trigger is not None
    assert trigger.address in mail["To"]
    assert trigger.allows(mail["From"].addresses[0].addr_spec)
    inline, attached = [part for part in mail.walk() if part.get_filename()]
    assert inline.get_content_disposition() == "inline"
    html = mail.get_body(("html",))
    assert html is not None
    assert f"cid:{inline['Content-ID'].strip('<>')}" in html.get_content()
    assert attached.get_content_type() == "application/pdf"


def test_all_samples_together_are_small():
    sizes = [path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()]
    assert sum(sizes) < 3 * MIB
