"""Long price lists as PDF, and a model that reads rows out of the prompt it is sent.

The model sees nothing but the request: what the prompt does not show it cannot answer. It can be
made to err as models do: to leave out the tail of a long answer, to run into its limit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from fpdf import FPDF
from support.model_server import Reply, Request, completion

from signoff.documents.model import Document
from signoff.documents.parsing import open_document, parse_files
from signoff.executions.models import StoredFile
from signoff.settings import Settings
from signoff.storage.files import FileStore

Row = dict[str, Any]

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "invoice_number": {"type": "string"},
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "article": {"type": "string"},
                    "description": {"type": "string"},
                    "quantity": {"type": "number"},
                    "unit_price": {"type": "number"},
                    "amount": {"type": "number"},
                },
                "required": ["article", "amount"],
            },
        },
        "total": {"type": "number"},
    },
    "required": ["invoice_number", "lines", "total"],
}

GOODS = ("Hexagon screw M8", "Washer", "Spring pin, hardened", "Threaded rod 1 m", "Wing nut")


def make_rows(count: int) -> list[Row]:
    """Rows as invoices have them; every seventh is identical to the one before it."""
    rows: list[Row] = []
    for number in range(count):
        if number % 7 == 6:
            rows.append(dict(rows[-1]))
            continue
        quantity, price = number % 9 + 1, round(1.15 + number % 40 * 0.35, 2)
        rows.append(
            {
                "article": f"A-{1000 + number % 300}",
                "description": GOODS[number % len(GOODS)],
                "quantity": quantity,
                "unit_price": price,
                "amount": round(quantity * price, 2),
            }
        )
    return rows


def amount(value: float) -> str:
    """1.234,50"""
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


def write_pdf(path: Path, rows: Sequence[Row], *, per_page: int = 30, broken: bool = True) -> None:
    """An invoice with its letterhead, carried sums and page numbers.

    Args:
        path: where to.
        rows: its lines.
        per_page: rows on a page.
        broken: whether on every third page the last row ends on the next page.
    """
    pdf = FPDF()
    pdf.set_auto_page_break(False)
    pdf.set_font("Helvetica", size=9)
    pages = [rows[start : start + per_page] for start in range(0, len(rows), per_page)]
    step = min(7.0, 215 / (per_page + 4))
    left_over: Row | None = None
    carried = 0.0
    for number, on_page in enumerate(pages, start=1):
        pdf.add_page()
        pdf.text(15, 15, "Schrauben Nagel GmbH")
        pdf.text(120, 15, "Invoice number")
        pdf.text(160, 15, "R-2026-77")
        y = 30.0
        _cells(pdf, y, ("Article", "Description", "Qty", "Unit price", "Amount"))
        if number > 1:
            y += step
            pdf.text(120, y, "Carried over")
            _right(pdf, 190, y, amount(carried))
        if left_over is not None:
            y += step
            _cells(pdf, y, ("", "", *_numbers(left_over)))
            left_over = None
        for position, row in enumerate(on_page, start=1):
            y += step
            breaks = broken and number % 3 == 0 and position == len(on_page) and number < len(pages)
            numbers = ("", "", "") if breaks else _numbers(row)
            _cells(pdf, y, (row["article"], row["description"], *numbers))
            left_over = row if breaks else None
            carried += row["amount"]
        y += step
        pdf.text(120, y, "Total" if number == len(pages) else "Carried over")
        _right(pdf, 190, y, amount(carried))
        pdf.text(15, 285, "IBAN DE89 3704 0044 0532 0130 00")
        pdf.text(160, 285, f"Page {number} of {len(pages)}")
    path.write_bytes(bytes(pdf.output()))


def _numbers(row: Row) -> tuple[str, str, str]:
    return str(row["quantity"]), amount(row["unit_price"]), amount(row["amount"])


def _cells(pdf: FPDF, y: float, cells: Sequence[str]) -> None:
    pdf.text(15, y, cells[0])
    pdf.text(45, y, cells[1])
    for right, cell in zip((125, 155, 190), cells[2:], strict=True):
        _right(pdf, right, y, cell)


def _right(pdf: FPDF, right: float, y: float, text: str) -> None:
    if text:
        pdf.text(right - pdf.get_string_width(text), y, text)


class _Parsed:
    def __init__(self) -> None:
        self.manifests: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        return self.manifests.get(key)

    def put(self, key: str, manifest: Any) -> None:
        self.manifests[key] = manifest


def parsed(path: Path, home: Path, **settings: Any) -> list[Document]:
    """The file's documents, read by the real parser."""
    configured = Settings(home=home, **settings)
    store = FileStore(str(home / "files"))
    blob = store.put_file(path)
    file = StoredFile(
        id=uuid4(),
        number=1,
        name=path.name,
        media_type="application/pdf",
        size=blob.size,
        sha256=blob.sha256,
    )
    infos = parse_files([file], store=store, parsed=_Parsed(), settings=configured)
    return [open_document(info, store=store, settings=configured) for info in infos]


_PAGES = re.compile(r"<page-\w+ number=\"(\d+)\">\n(.*?)</page-", re.DOTALL)
_WHOLE = re.compile(r"^ *(A-\d+) {2,}(.+?) {2,}(\d+) {2,}([\d.]+,\d\d) {2,}([\d.]+,\d\d)$")
_BEGUN = re.compile(r"^ *(A-\d+) {2,}(\S.*)$")
_ENDED = re.compile(r"^ *(\d+) {2,}([\d.]+,\d\d) {2,}([\d.]+,\d\d)$")
_TOTAL = re.compile(r"(?:Total|Carried over) {2,}([\d.]+,\d\d)$")


@dataclass
class ReadingModel:
    """Answers with what the prompt's pages show.

    Attributes:
        forgets_beyond: of more rows than these, the last third is left out, and not said.
        cut_off_beyond: of more rows than these, the answer hits its limit.
        repeats: how many of an answer's last rows are listed once more.
        blind_on: rows of these pages are overlooked unless the page is read alone.
        asked: rows in each answer, before any mistake.
    """

    forgets_beyond: int = 10**9
    cut_off_beyond: int = 10**9
    repeats: int = 0
    blind_on: frozenset[int] = frozenset()
    asked: list[int] = field(default_factory=list)
    change: Callable[[Row], Row] = field(default=lambda data: data)

    def __call__(self, request: Request) -> Reply:
        """The reply to a request."""
        rows, total = self._rows(request.text)
        self.asked.append(len(rows))
        if len(rows) > self.forgets_beyond:
            rows = rows[: len(rows) * 2 // 3]
        if self.repeats:
            rows = rows + rows[-self.repeats :]
        data: Row = {"invoice_number": "R-2026-77", "lines": rows}
        if total is not None:
            data["total"] = total
        if "nothing_on_these_pages" in request.text:
            data["nothing_on_these_pages"] = False
        text = json.dumps(self.change(data), ensure_ascii=False)
        usage = {"prompt_tokens": len(request.text) // 3, "completion_tokens": len(text) // 3}
        if len(rows) > self.cut_off_beyond:
            return completion(
                {"content": text[: len(text) // 2]}, finish_reason="length", usage=usage
            )
        return completion({"content": text}, usage=usage)

    def _rows(self, text: str) -> tuple[list[Row], float | None]:
        rows: list[Row] = []
        begun: tuple[str, str] | None = None
        total = None
        shown = _PAGES.findall(text)
        for number, page in shown:
            for line in page.splitlines():
                if int(number) in self.blind_on and len(shown) > 3 and "A-" in line:
                    continue
                if match := _WHOLE.match(line):
                    rows.append(_row(*match.groups()))
                elif match := _BEGUN.match(line):
                    begun = (match[1], match[2].strip())
                elif (match := _ENDED.match(line)) and begun:
                    rows.append(_row(*begun, *match.groups()))
                    begun = None
                elif match := _TOTAL.search(line):
                    total = _number(match[1])
        return rows, total


def _row(article: str, description: str, quantity: str, price: str, total: str) -> Row:
    return {
        "article": article,
        "description": description,
        "quantity": int(quantity),
        "unit_price": _number(price),
        "amount": _number(total),
    }


def _number(text: str) -> float:
    return float(text.replace(".", "").replace(",", "."))
