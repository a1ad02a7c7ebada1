"""When two values say the same."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.extraction.equality import comparable, same_value, whole_date

AMOUNTS = st.decimals(min_value=0, max_value=9_999_999, places=2, allow_nan=False)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=30),
)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("1.234,50", 1234.5),
        ("1.234,50", "1,234.50"),
        ("1 234,50 €", 1234.5),
        ("1\u202f234,50", 1234.5),
        ("1'234.50", 1234.5),
        ("CHF 1’234.50", 1234.5),
        ("12", 12),
        (12, 12.0),
        ("12,-", 12),
        ("12,00-", -12),
        ("(12.00)", -12),
        ("− 12,00", -12),
        ("19 %", 19),
        ("19 %", 0.19),
        ("2026-10-05", "05.10.2026"),
        ("2026-10-05", "5. Oktober 2026"),
        ("2026-10-05", "October 5, 2026"),
        ("2026-10-05", "5 octobre 2026"),
        ("2026-10-05", "5 ottobre 2026"),
        ("2026-10-25", "10/25/2026"),
        ("2026-10-10", "10/10/2026"),
        ("2026-10-05", "2026-10-05T00:00:00Z"),
        ("2026-10-05", "2026-10-05T09:30:00+02:00"),
        ("2026-10-05T10:00:00Z", "2026-10-05T12:00:00+02:00"),
        ("DE89 3704 0044 0532 0130 00", "DE89370400440532013000"),
        ("DE 232 446 240", "DE232446240"),
        ("PT-512 345 678", "PT512345678"),
        ("CHE-123.456.788 MWST", "CHE123456788MWST"),
        ("Amazon Web Services, Inc.", "amazon  web services inc"),
        ("„Zum Bären“", '"Zum Bären"'),
        ("Me\u0301nage", "M\u00e9nage"),
        ("Lieferan-\ntin", "Lieferantin"),
        ("A–B", "A-B"),
        ("ﬁne print", "Fine\u00a0print"),
        ("#BLR_1", "BLR_1"),
        ("Straße", "STRASSE"),
        (None, ""),
        (True, "ja"),
        (False, "no"),
    ],
)
def test_ways_to_write_one_value(left: object, right: object) -> None:
    assert same_value(left, right)
    assert same_value(right, left)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (12.3, 12.31),
        (0.031, 0.03),
        ("1.234,50", 1234.6),
        ("007", "7"),
        ("1.10", "1.1"),
        ("03/04/2026", "2026-04-03"),
        ("03/04/2026", "2026-03-04"),
        ("2026-04-03", "2026-03-04"),
        ("2026-10-05T10:00:00Z", "2026-10-05T11:00:00Z"),
        ("RE-2026-12", "RE-2026-13"),
        ("RE-2026-12", "2026-12"),
        ("Kessler KG", "Kessler & Böhm KG"),
        ("Rechnung 12", 12),
        ("12 bis 13", 12),
        (True, 1),
        (True, False),
        (None, 0),
        (None, False),
        ("x", None),
        ("-", "."),
        ("DE89370400440532013000", "DE89370400440532013001"),
    ],
)
def test_values_that_differ(left: object, right: object) -> None:
    assert not same_value(left, right)
    assert not same_value(right, left)


def test_the_schema_says_whether_digits_are_a_number() -> None:
    assert same_value("007", 7, schema={"type": "integer"})
    assert same_value("1.234", "1234", schema={"type": ["number", "null"]})
    assert not same_value("007", 7, schema={"type": "string"})
    assert not same_value("1.234", "1234", schema={"type": "string"})
    assert same_value(4711, "4711", schema={"type": "string"})


def test_a_date_that_could_be_two_days_is_neither() -> None:
    assert whole_date("03/04/2026") is None
    assert whole_date("03.04.2026") == date(2026, 4, 3)
    assert whole_date("Mo., 05.10.2026 12:30") == date(2026, 10, 5)
    assert whole_date("05.10.2026 bis 06.10.2026") is None


@given(AMOUNTS)
def test_every_way_to_group_an_amount_is_the_amount(amount: Decimal) -> None:
    american = f"{amount:,}"
    continental = american.translate(str.maketrans(",.", ".,"))
    swiss = american.replace(",", "'")
    spaced = american.replace(",", "\u00a0").replace(".", ",")
    for text in (american, continental, swiss, spaced, f"{amount} EUR", f"€ {continental}"):
        assert same_value(text, float(amount))
        assert not same_value(text, float(amount) + 0.01)


@given(SCALARS, SCALARS)
def test_equality_is_symmetric_and_agrees_with_itself(left: object, right: object) -> None:
    assert same_value(left, left)
    assert same_value(left, right) == same_value(right, left)
    if comparable(left) == comparable(right) and left and right:
        assert isinstance(left, str) or isinstance(right, str) or same_value(left, right)
