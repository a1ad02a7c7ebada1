"""Retry-After, however servers write it."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.retry_after import LONGEST, retry_after


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 0.5 ", 0.5),
        ("0", 0.0),
        ("9" * 40, LONGEST),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("-1", None),
        ("inf", None),
        ("nan", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_numbers_and_dates_are_read(value: str | None, seconds: float | None) -> None:
    assert retry_after(value) == seconds


def test_date_is_held_against_the_clock() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 25 <= (retry_after(date) or 0) <= 30


@settings(deadline=None)
@given(st.one_of(st.text(), st.integers().map(str), st.datetimes().map(format_datetime)))
def test_anything_is_read_or_ignored(value: str) -> None:
    seconds = retry_after(value)
    assert seconds is None or seconds >= 0
