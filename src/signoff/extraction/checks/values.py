"""Checks that look at values one by one: lists of what is allowed, formats, dates, grounding."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from signoff.executions.checks import DateOrderCheck, FormatCheck, GroundedCheck, OneOfCheck
from signoff.executions.data_paths import Found, find_values, path_parts
from signoff.executions.numbers import find_number_format
from signoff.extraction.checks.verdict import Verdict, failed, judged, passed, shown, skipped


def check_one_of(check: OneOfCheck, data: Any) -> Verdict:
    """Whether each value is on the list."""
    allowed = {_comparable(value, check.ignore_case) for value in check.values}
    names = ", ".join(shown(value) for value in check.values[:10])
    names += ", …" if len(check.values) > 10 else ""
    found = _values(data, check.fields)
    wrong = [
        (value.pointer, f"{value.pointer} is {shown(value.value)}, not one of {names}")
        for value in found
        if value.value is not None and _comparable(value.value, check.ignore_case) not in allowed
    ]
    return judged(wrong, found, ", ".join(check.fields))


def check_format(check: FormatCheck, data: Any) -> Verdict:
    """Whether each value is a valid number of one of the formats."""
    known = [find_number_format(name) for name in check.formats]
    names = " or ".join(check.formats)
    found = _values(data, check.fields)
    wrong = [
        (
            value.pointer,
            f"{value.pointer} is {shown(value.value)}, which is no valid {names} (its check"
            " digits, length or structure are wrong)",
        )
        for value in found
        if value.value is not None and not any(is_valid(str(value.value)) for is_valid in known)
    ]
    return judged(wrong, found, ", ".join(check.fields))


def check_date_order(check: DateOrderCheck, data: Any) -> Verdict:
    """Whether no date is earlier than one named before it."""
    columns = [find_values(data, path_parts(path)) for path in check.fields]
    rows = dict.fromkeys(found.rows for column in columns for found in column)
    wrong: list[tuple[Found, Found]] = []
    compared: list[Found] = []
    for row in rows:
        dates = [
            (day, found)
            for column in columns
            for found in column
            if found.rows == row[: len(found.rows)] and (day := _date(found.value)) is not None
        ]
        if len(dates) < 2:
            continue
        compared += [found for _, found in dates]
        wrong += [
            (earlier, later)
            for (first, earlier), (second, later) in zip(dates, dates[1:], strict=False)
            if second < first
        ]
    wrong = list({(a.pointer, b.pointer): (a, b) for a, b in wrong}.values())
    if wrong:
        details = [
            f"{later.pointer} is {later.value}, before {earlier.pointer}, which is {earlier.value}"
            for earlier, later in wrong
        ]
        return failed(details, [found.pointer for pair in wrong for found in pair])
    if not compared:
        return skipped(f"{', '.join(check.fields)}: fewer than two dates are there")
    return passed(found.pointer for found in compared)


def check_grounded(check: GroundedCheck, data: Any, ungrounded: Collection[str]) -> Verdict:
    """Whether the values stand in the documents."""
    if not check.fields:
        wrong = [(pointer, _nowhere(pointer)) for pointer in ungrounded]
        if wrong:
            return failed([details for _, details in wrong], [pointer for pointer, _ in wrong])
        return passed(())
    found = _values(data, check.fields)
    wrong = [
        (pointer, _nowhere(pointer))
        for pointer in ungrounded
        if any(_inside(pointer, value.pointer) for value in found)
    ]
    return judged(wrong, found, ", ".join(check.fields))


def _nowhere(pointer: str) -> str:
    return f"The value at {pointer} is nowhere in the documents"


def _inside(pointer: str, outer: str) -> bool:
    return pointer == outer or pointer.startswith(outer + "/")


def _values(data: Any, fields: list[str]) -> list[Found]:
    return [found for path in fields for found in find_values(data, path_parts(path))]


def _comparable(value: Any, ignore_case: bool) -> tuple[str, Any]:
    """Something to look up; ``True`` is not 1, and what is no scalar is on no list."""
    match value:
        case bool():
            return "bool", value
        case int() | float():
            return "number", value
        case str():
            return "text", " ".join(value.casefold().split()) if ignore_case else value
    return "other", id(value)


def _date(value: Any) -> date | None:
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        return datetime.fromisoformat(value).date()
    except ValueError:
        return None
