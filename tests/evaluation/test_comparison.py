"""Extracted data held against the expected."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.evaluation.comparison import Comparison, Verdict, anls, compare

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "number": {"type": "string"},
        "date": {"type": "string", "format": "date"},
        "total": {"type": "number"},
        "seller": {"type": "object", "properties": {"name": {"type": "string"}}},
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"text": {"type": "string"}, "amount": {"type": "number"}},
            },
        },
    },
}

values = st.one_of(st.text("ab 1", max_size=6), st.integers(-9, 9), st.booleans(), st.none())
rows = st.fixed_dictionaries({}, optional={"text": values, "amount": values})
data = st.fixed_dictionaries(
    {},
    optional={
        "number": values,
        "total": values,
        "seller": st.fixed_dictionaries({}, optional={"name": values}),
        "lines": st.lists(rows, max_size=4),
    },
)


def verdicts(comparisons: list[Comparison]) -> dict[str, Verdict]:
    return {each.field: each.verdict for each in comparisons}


def test_each_value_gets_its_verdict() -> None:
    expected = {"number": "R-17", "date": "2026-03-04", "total": 12.5, "seller": {"name": "Ada"}}
    found = {"number": "R-71", "date": "04.03.2026", "total": "12,50", "extra": 1}
    assert verdicts(compare(expected, found, schema=SCHEMA)) == {
        "/number": Verdict.WRONG,
        "/date": Verdict.RIGHT,
        "/total": Verdict.RIGHT,
        "/seller/name": Verdict.MISSED,
        "/extra": Verdict.EXTRA,
    }


def test_rows_are_paired_by_what_they_say_not_by_where_they_stand() -> None:
    expected = {"lines": [{"text": "bolts", "amount": 1}, {"text": "nuts", "amount": 2}]}
    found = {"lines": [{"text": "nuts", "amount": 2}, {"text": "bolts", "amount": 3}]}
    compared = compare(expected, found, schema=SCHEMA)
    assert Counter((each.field, each.verdict) for each in compared) == {
        ("/lines/*/text", Verdict.RIGHT): 2,
        ("/lines/*/amount", Verdict.RIGHT): 1,
        ("/lines/*/amount", Verdict.WRONG): 1,
    }
    wrong = next(each for each in compared if each.verdict is Verdict.WRONG)
    assert wrong.pointer == "/lines/1/amount"


def test_a_row_too_many_counts_with_all_its_values() -> None:
    found = {"lines": [{"text": "bolts", "amount": 1}]}
    compared = compare({"lines": []}, found, schema=SCHEMA)
    assert [each.verdict for each in compared] == [Verdict.EXTRA, Verdict.EXTRA]


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_null_empty_text_and_absence_are_all_no_value(nothing: str | None) -> None:
    assert compare({"number": nothing, "total": 1}, {"total": 1}, schema=SCHEMA) == compare(
        {"total": 1}, {"total": 1, "number": nothing}, schema=SCHEMA
    )


def test_a_partial_truth_judges_only_what_it_names() -> None:
    expected = {"number": "R-17", "lines": [{"amount": 1}]}
    found = {"number": "R-17", "total": 3, "lines": [{"text": "bolts", "amount": 1}]}
    assert verdicts(compare(expected, found, schema=SCHEMA, partial=True)) == {
        "/number": Verdict.RIGHT,
        "/lines/*/amount": Verdict.RIGHT,
    }


def test_a_property_named_like_a_wildcard_is_escaped_like_any_other() -> None:
    (compared,) = compare({"a/b": 1}, {"a/b": 1}, schema={"type": "object"})
    assert compared.field == compared.pointer == "/a~1b"


def test_texts_are_rated_by_likeness_and_unlike_ones_not_at_all() -> None:
    assert anls("Screwdriver, small", "screwdriver small") == 1
    assert 0.5 <= anls("Screwdriver", "Screwdrivers, 2") < 1
    assert anls("Screwdriver", "Paint") == 0


@given(data)
def test_data_compared_with_itself_is_all_right(some: dict[str, Any]) -> None:
    assert all(each.verdict is Verdict.RIGHT for each in compare(some, some, schema=SCHEMA))


@given(data, data)
def test_every_value_of_either_side_is_judged_once(
    expected: dict[str, Any], found: dict[str, Any]
) -> None:
    compared = compare(expected, found, schema=SCHEMA)
    tally = Counter(each.verdict for each in compared)
    both = tally[Verdict.RIGHT] + tally[Verdict.WRONG]
    assert both + tally[Verdict.MISSED] == count(expected)
    assert both + tally[Verdict.EXTRA] == count(found)
    pointers = [each.pointer for each in compared if each.pointer is not None]
    assert len(pointers) == len(set(pointers)) == count(found)


def count(value: Any) -> int:
    if isinstance(value, dict | list):
        return sum(map(count, value.values() if isinstance(value, dict) else value))
    return 0 if value is None or (isinstance(value, str) and not value.strip()) else 1
