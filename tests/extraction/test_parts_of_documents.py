"""Dividing documents and joining what was read: no row is lost, none doubled, order is kept."""

import re
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from signoff.documents.model import Document, DocumentInfo, Page, TextSource
from signoff.extraction.long_documents.coverage import compare
from signoff.extraction.long_documents.merging import PartData, merge, merge_rows
from signoff.extraction.long_documents.page_lines import Line, Place, lines_of, page_lines
from signoff.extraction.long_documents.part_schema import (
    NOTHING,
    has_table,
    list_paths,
    part_schema,
    row_names,
)
from signoff.extraction.long_documents.parts import (
    WHOLE,
    PageFacts,
    Part,
    halves,
    plan,
    plan_rest,
    survey,
)
from signoff.extraction.long_documents.placement import place_rows
from signoff.extraction.long_documents.room import Room
from signoff.extraction.long_documents.views import shown

Row = dict[str, Any]
LINES = ("lines",)
PATTERN = re.compile(r"^(A-\d+) {2,}(\w+) {2,}(\d+) {2,}(\d+\.\d\d)$")

# few of each, so that many rows are identical
ROW = st.builds(
    lambda article, name, quantity, amount: {
        "article": f"A-{article}",
        "name": name,
        "quantity": quantity,
        "amount": amount / 100,
    },
    st.integers(100, 103),
    st.sampled_from(["Tea", "Coffee"]),
    st.integers(1, 3),
    st.sampled_from([250, 1999, 120000]),
)
PAGES = st.lists(st.lists(ROW, max_size=12), min_size=1, max_size=6)


def page(*lines: str, number: int = 1) -> Page:
    text = "\n".join(lines)
    return Page(
        number=number, width=0, height=0, source=TextSource.TEXT, text=text, has_image=False
    )


def row_line(row: Row) -> str:
    return f"{row['article']:<10}{row['name']:<12}{row['quantity']:>8}{row['amount']:>14.2f}"


def document(pages: list[list[Row]]) -> Document:
    """A price list: headings, rows, a carried sum, a foot on every page."""
    made = []
    for number, rows in enumerate(pages, start=1):
        total = sum(row["amount"] for row in rows)
        made.append(
            page(
                "Tea and Coffee Ltd",
                f"{'Article':<10}{'Name':<12}{'Quantity':>8}{'Amount':>14}",
                *map(row_line, rows),
                f"{'Carried over':<30}{total:>14.2f}",
                f"Page {number} of {len(pages)}",
                number=number,
            )
        )
    info = DocumentInfo(
        number=1, name="a.txt", media_type="text/plain", sha256="", key="", page_count=len(made)
    )
    return Document(info, lambda number: made[number - 1], lambda number, side: b"")


def read(lines: list[Line]) -> list[Row]:
    """The rows of these lines, as a careful reader lists them."""
    matches = filter(None, (PATTERN.match(line.text) for line in lines))
    return [
        {"article": m[1], "name": m[2], "quantity": int(m[3]), "amount": float(m[4])}
        for m in matches
    ]


def parts_of(listed: Document, parts: list[Part], facts: list[PageFacts]) -> list[PartData]:
    views = [(part, shown(part, listed, facts).lines) for part in parts]
    return [PartData(part, {"lines": read(lines)}, lines) for part, lines in views]


@settings(max_examples=60, deadline=None)
@given(PAGES, st.integers(1, 20), st.integers(60, 2000))
def test_any_division_yields_the_same_rows(pages: list[list[Row]], rows: int, tokens: int) -> None:
    listed = document(pages)
    facts = survey([listed])
    parts = plan(facts, Room(tokens=tokens, rows=rows))
    merged = merge_rows(parts_of(listed, parts, facts), LINES)
    assert [row.value for row in merged] == [row for on_page in pages for row in on_page]


@settings(max_examples=40, deadline=None)
@given(PAGES, st.lists(st.integers(0, 10), max_size=8))
def test_halves_of_halves_yield_the_same_rows(pages: list[list[Row]], cuts: list[int]) -> None:
    listed = document(pages)
    facts = survey([listed])
    parts = [Part(1, 1, len(pages))]
    for cut in cuts:
        index = cut % len(parts)
        parts[index : index + 1] = halves(parts[index], facts)
    merged = merge_rows(parts_of(listed, parts, facts), LINES)
    assert [row.value for row in merged] == [row for on_page in pages for row in on_page]


@settings(max_examples=40, deadline=None)
@given(PAGES)
def test_every_half_of_a_page_is_shown_less(pages: list[list[Row]]) -> None:
    listed = document(pages[:1])
    facts = survey([listed])
    parts = [Part(1, 1, 1)]
    while parts:
        part = parts.pop()
        pieces = halves(part, facts)
        if pieces != [part]:
            whole = len(shown(part, listed, facts).lines)
            assert all(len(shown(piece, listed, facts).lines) < whole for piece in pieces)
            parts += pieces


@settings(max_examples=40, deadline=None)
@given(PAGES, st.integers(1, 12), st.integers(1, 12), st.data())
def test_a_restart_with_other_limits_reads_the_rest(
    pages: list[list[Row]], first: int, second: int, data: st.DataObject
) -> None:
    listed = document(pages)
    facts = survey([listed])
    planned = plan(facts, Room(tokens=500, rows=first))
    read = [part for part in planned if data.draw(st.booleans())]
    rest = plan_rest(facts, read, Room(tokens=900, rows=second))
    parts = sorted([*read, *rest], key=lambda part: (part.first, part.lines or (0, 0)))
    owned = [Place(1, page.number, line) for page in facts for line in range(len(page.lines))]
    assert all(sum(part.owns(place) for part in parts) == 1 for place in owned)
    merged = merge_rows(parts_of(listed, parts, facts), LINES)
    assert [row.value for row in merged] == [row for on_page in pages for row in on_page]


@settings(max_examples=40, deadline=None)
@given(PAGES, st.integers(3, 20), st.data())
def test_rows_that_parts_left_out_are_seen(
    pages: list[list[Row]], room: int, data: st.DataObject
) -> None:
    listed = document(pages)
    facts = survey([listed])
    parts = parts_of(listed, plan(facts, Room(tokens=10_000, rows=room)), facts)
    count = sum(map(len, pages))
    assume(count > 8)
    number = data.draw(st.integers(0, len(parts) - 1))
    rows = parts[number].data["lines"]
    assume(len(rows) > 2 and len(rows) < count - 3)
    gone = data.draw(st.integers(0, len(rows) - 1))
    place = parts[number].places(LINES)[gone]
    assume(place and parts[number].part.owns(place))
    parts[number] = PartData(
        parts[number].part, {"lines": rows[:gone] + rows[gone + 1 :]}, parts[number].lines
    )
    merged = merge(parts, [LINES])
    gaps, notes = compare(lines_of(listed), merged.rows)
    # a neighbour may have read the row too
    assert len(merged.data["lines"]) == count or (gaps and "were read" in notes[0])


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, max_size=15), st.lists(ROW, max_size=15))
def test_places_rise_and_no_line_has_two_rows(on_page: list[Row], rows: list[Row]) -> None:
    lines = page_lines(page(*map(row_line, on_page)), document=1)
    places = [place for place in place_rows(rows, lines) if place]
    assert places == sorted(set(places))
    if rows == on_page:
        assert len(places) == len(rows)


def test_identical_neighbours_stay_and_the_same_row_read_twice_is_one() -> None:
    row = {"article": "A-100", "name": "Tea", "quantity": 1, "amount": 2.5}
    listed = document([[row, row, row], [row, row]])
    facts = survey([listed])
    parts = parts_of(listed, [Part(1, 1, 1), Part(1, 2, 2)], facts)
    assert [len(part.data["lines"]) for part in parts] == [5, 4]
    assert len(merge_rows(parts, LINES)) == 5


def test_row_that_stands_nowhere_is_kept_where_it_was_listed() -> None:
    rows = [
        {"article": f"A-{n}", "name": "Tea", "quantity": n % 9, "amount": 2.5 + n}
        for n in range(100, 106)
    ]
    listed = document([rows])
    odd = {"article": "Z", "name": "Unseen", "quantity": 77, "amount": 0.01}
    lines = [line for on_page in lines_of(listed) for line in on_page]
    merged = merge_rows([PartData(WHOLE, {"lines": [*rows[:3], odd, *rows[3:]]}, lines)], LINES)
    assert [row.value for row in merged] == [*rows[:3], odd, *rows[3:]]
    assert [row.place is None for row in merged] == [n == 3 for n in range(7)]


def single(values: list[Any], texts: list[str]) -> tuple[Any, list[str]]:
    parts = [
        PartData(
            Part(1, number, number),
            {} if value is None else {"value": value},
            page_lines(page(text, number=number), document=1),
        )
        for number, (value, text) in enumerate(zip(values, texts, strict=True), start=1)
    ]
    merged = merge(parts, [])
    return merged.data.get("value"), merged.conflicts


@pytest.mark.parametrize(
    ("values", "texts", "chosen", "conflicts"),
    [
        ([None, "R-7", None], ["", "No R-7", ""], "R-7", 0),
        (["R-7", "R-7", "R-8"], ["R-7", "R-7", "R-8"], "R-7", 1),
        # made up, since its page does not show it
        (["R-7", "R-9", "R-9"], ["R-7", "", ""], "R-7", 0),
        # sums carried over before the total
        ([10.0, 25.0, 40.5], ["10,00", "25,00", "Total 40,50"], 40.5, 1),
        ([10.0, 0], ["Total 10.00", "terms"], 10.0, 0),
        ([True, True], ["", ""], True, 0),
        ([None, None], ["", ""], None, 0),
    ],
)
def test_single_values_are_chosen_by_what_the_pages_show(
    values: list[Any], texts: list[str], chosen: Any, conflicts: int
) -> None:
    value, said = single(values, texts)
    assert value == chosen
    assert len(said) == conflicts


def test_where_values_come_from_is_known() -> None:
    listed = document(
        [[{"article": "A-100", "name": "Tea", "quantity": n, "amount": 1.0}] for n in (1, 2)]
    )
    facts = survey([listed])
    parts = parts_of(listed, [Part(1, 1, 1), Part(1, 2, 2)], facts)
    merged = merge(parts, [LINES])
    assert dict(merged.moved(0, {"/lines/0/amount": 0.5})) == {"/lines/0/amount": 0.5}
    # both parts read both rows; each row is its own page's
    assert dict(merged.moved(1, {"/lines/1/amount": 0.7, "/lines/0/amount": 0.1})) == {
        "/lines/1/amount": 0.7
    }


def test_parts_have_names_that_tell_their_pages() -> None:
    for part in (Part(1, 4, 6), Part(2, 7, 7), Part(1, 3, 3, (0, 12))):
        assert Part.parse(str(part)) == part
    assert str(Part(1, 3, 3, (0, 12))) == "document 1, page 3, lines 1 to 12"
    assert Part.parse("document 1, page 3, again") is None
    assert Part.parse("") is None


NESTED = {
    "type": "object",
    "$defs": {"party": {"type": "object", "required": ["name"], "properties": {"name": {}}}},
    "properties": {
        "seller": {"$ref": "#/$defs/party"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "order": {
            "type": "object",
            "required": ["lines"],
            "properties": {
                "lines": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "required": ["amount"],
                        "properties": {"amount": {"type": "number"}, "name": {"type": "string"}},
                    },
                }
            },
        },
    },
    "required": ["seller"],
    "additionalProperties": False,
}


def test_parts_need_not_have_what_only_the_whole_has() -> None:
    relaxed = part_schema(NESTED)
    assert relaxed["required"] == [NOTHING]
    assert "required" not in relaxed["properties"]["order"]
    assert "required" not in relaxed["$defs"]["party"]
    lines = relaxed["properties"]["order"]["properties"]["lines"]
    assert "minItems" not in lines
    assert lines["items"]["required"] == ["amount"]
    assert NESTED["required"] == ["seller"]
    assert list_paths(NESTED) == [("order", "lines"), ("tags",)]
    assert row_names(NESTED, ("order", "lines")) == ["amount", "name"]
    assert has_table(NESTED)
    assert not has_table({"properties": {"tags": {"items": {"type": "string"}}}})
