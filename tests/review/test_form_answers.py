"""What the form sends, read: decisions, blanks, stale answers, and what was changed."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.executions.agents import JsonObject
from signoff.executions.models import Decision, FieldChange
from signoff.review.answers import field_changes, read_form_answer

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SCHEMA: JsonObject = {
    "type": "object",
    "required": ["number", "note", "tags"],
    "properties": {
        "number": {"type": "string"},
        "note": {"type": ["string", "null"]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "due": {"type": "string", "format": "date"},
        "rate": {"type": ["number", "null"]},
        "seller": {
            "type": "object",
            "required": ["name"],
            "properties": {"name": {"type": "string"}, "city": {"type": "string"}},
        },
    },
}
DATA: JsonObject = {"number": "1", "note": "n", "tags": ["a"], "due": "2026-01-01"}


def answer(values: JsonObject, *, shown: JsonObject | None = None) -> Any:
    return read_form_answer(
        {"decision": "confirm", "data_revision": 2, "comment": "c"} | values,
        schema=SCHEMA,
        data_revision=2,
        shown=shown,
    )


def test_a_confirmation_carries_data_and_comment() -> None:
    given = answer({"data": DATA})
    assert (given.decision, given.data, given.comment) == (Decision.CONFIRM, DATA, "c")
    assert given.problems == []


def test_a_cancel_ignores_the_data() -> None:
    given = answer({"decision": "cancel", "data": {"number": 1}})
    assert (given.decision, given.data, given.problems) == (Decision.CANCEL, None, [])


@pytest.mark.parametrize("decision", ["confirm", "cancel"])
def test_a_stale_answer_says_that_the_data_changed(decision: str) -> None:
    given = answer({"decision": decision, "data": DATA, "data_revision": 1})
    assert given.data is None
    assert "changed meanwhile (revision 2 now)" in str(given.problems[0])


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"data": DATA, "data_revision": 2},
        {"decision": "maybe", "data": DATA, "data_revision": 2},
        {"decision": ["confirm"], "data": DATA, "data_revision": 2},
        {"decision": "confirm", "data": DATA},
        {"decision": "confirm", "data_revision": 2},
        {"decision": "confirm", "data": None, "data_revision": 2},
        {"decision": "confirm", "data": {}, "data_revision": 2},
    ],
)
def test_a_run_resumed_without_a_whole_answer_signs_nothing_off(values: JsonObject) -> None:
    for revision in (1, 2):
        assert read_form_answer(values, schema=SCHEMA, data_revision=revision).problems


def test_dates_are_checked_in_full() -> None:
    given = answer({"data": DATA | {"due": "2026-02-30"}})
    assert [problem.pointer for problem in given.problems] == ["/due"]


def test_blanks_become_what_the_schema_calls_empty() -> None:
    given = answer({"data": {"number": "1", "due": None, "rate": None, "seller": {}}})
    assert given.problems == []
    assert given.data == {"number": "1", "rate": None, "note": None, "tags": []}


def test_a_null_left_blank_stays_a_null() -> None:
    shown = DATA | {"rate": None}
    assert answer({"data": DATA}, shown=shown).data == shown
    assert answer({"data": DATA}, shown=DATA | {"rate": 7}).data == DATA


def test_blanks_in_rows_are_mended_row_by_row() -> None:
    row = {"type": "object", "properties": {"q": {"type": ["number", "null"]}, "t": {}}}
    schema = {
        "type": "object",
        "properties": {"rows": {"type": "array", "items": row}},
    }
    shown = {"rows": [{"t": "a", "q": None}, {"t": "b"}]}
    sent = {"rows": [{"t": "a"}, {"t": "b"}, {"t": "c"}]}
    values = {"decision": "confirm", "data_revision": 1, "data": sent}
    given = read_form_answer(values, schema=schema, data_revision=1, shown=shown)
    assert given.data == {"rows": [{"t": "a", "q": None}, {"t": "b"}, {"t": "c"}]}


def test_a_required_field_left_blank_is_a_problem() -> None:
    given = answer({"data": {"note": "n", "tags": [], "seller": {"city": "Bonn"}}})
    assert [str(problem) for problem in given.problems] == [
        "data: 'number' is a required property",
        "/seller: 'name' is a required property",
    ]


# -- changes --------------------------------------------------------------------------------


def changes(before: JsonObject, after: JsonObject) -> list[tuple[str, str, Any, Any]]:
    found = field_changes(before, after, by="ada", at=NOW)
    assert all((change.by, change.at) == ("ada", NOW) for change in found)
    return [(change.kind, change.pointer, change.before, change.after) for change in found]


def test_each_changed_value_is_named_by_its_pointer() -> None:
    before = {"a": 1, "b": {"c/d": "x", "gone": None}, "rows": [{"t": "a"}, {"t": "b"}]}
    after = {"a": 1, "b": {"c/d": "y"}, "rows": [{"t": "a"}, {"t": "B"}], "new": None}
    assert changes(before, after) == [
        ("changed", "/b/c~1d", "x", "y"),
        ("removed", "/b/gone", None, None),
        ("changed", "/rows/1/t", "b", "B"),
        ("added", "/new", None, None),
    ]


def test_a_row_removed_from_the_middle_is_one_change() -> None:
    rows = [{"text": f"item {number}"} for number in range(30)]
    assert changes({"rows": rows}, {"rows": rows[:4] + rows[5:]}) == [
        ("removed", "/rows/4", rows[4], None)
    ]


def test_a_row_put_in_the_middle_is_one_change() -> None:
    rows = [{"text": f"item {number}"} for number in range(30)]
    assert changes({"rows": rows[:4] + rows[5:]}, {"rows": rows}) == [
        ("added", "/rows/4", None, rows[4])
    ]


def test_whole_numbers_are_the_same_with_and_without_a_fraction() -> None:
    assert changes({"a": 100.0}, {"a": 100}) == []
    assert changes({"a": 1}, {"a": True}) == [("changed", "/a", 1, True)]


def applied(data: JsonObject, found: list[FieldChange]) -> JsonObject:
    data = copy.deepcopy(data)
    for change in found:
        *way, last = [
            part.replace("~1", "/").replace("~0", "~") for part in change.pointer.split("/")[1:]
        ]
        place: Any = data
        for part in way:
            place = place[int(part)] if isinstance(place, list) else place[part]
        key: Any = int(last) if isinstance(place, list) else last
        if change.kind == "removed":
            assert place.pop(key) == change.before
        elif change.kind == "added" and isinstance(place, list):
            place.insert(key, change.after)
        else:
            assert change.kind == "added" or place[key] == change.before
            place[key] = change.after
    return data


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, 0.5, "", "a"]),
    lambda below: (
        st.lists(below, max_size=5)
        | st.dictionaries(st.sampled_from(["a", "b/c", "~", "0"]), below, max_size=4)
    ),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.sampled_from(["a", "b/c", "~", "0"]), VALUES, max_size=4)


@given(OBJECTS, OBJECTS)
def test_the_changes_turn_what_was_into_what_is(before: JsonObject, after: JsonObject) -> None:
    found = field_changes(before, after, by=None, at=NOW)
    assert applied(before, found) == after
    assert bool(found) or before == after
