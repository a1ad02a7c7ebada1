"""Numbers, dates and identifiers as documents write them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signoff.extraction.offline.dates import find_dates, month_comes_first
from signoff.extraction.offline.identifiers import (
    find_ibans,
    find_identifiers,
    find_times,
    find_vat_ids,
    iban_is_valid,
)
from signoff.extraction.offline.numbers import (
    currency_code,
    decimal_mark,
    find_numbers,
    parse_number,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("1 234,56", "1234.56"),
        ("1\u00a0234,56", "1234.56"),
        ("1'234.56", "1234.56"),
        ("1’234’567.80", "1234567.80"),
        ("12.345.678,90 €", "12345678.90"),
        ("€ 1.234,56", "1234.56"),
        ("R$ 1.234,56", "1234.56"),
        ("CHF 1'250.00", "1250.00"),
        ("EUR-12,50", "-12.50"),
        ("- 8,79", "-8.79"),
        ("11.60-", "-11.60"),
        ("(45.00)", "-45.00"),
        ("$4.11", "4.11"),
        ("1,00,000.00", "100000.00"),
        ("0,5", "0.5"),
        ("1.163,4000", "1163.4000"),
        ("250,--", "250"),
        ("1.5-–", "1.5"),
    ],
)
def test_an_amount_is_read(text: str, value: str) -> None:
    assert parse_number(text) == Decimal(value)


@pytest.mark.parametrize(
    "text", ["05.06.2018", "12:30", "1/2", "RE-2026-01", "250g", "4000001.123.45", "A4", "x2y"]
)
def test_digits_inside_something_else_are_no_number(text: str) -> None:
    assert list(find_numbers(text)) == []


def test_the_decimal_mark_decides_what_a_lone_separator_means() -> None:
    assert parse_number("1.234", decimal=",") == 1234
    assert parse_number("1.234", decimal=".") == Decimal("1.234")
    assert decimal_mark(["Netto 12,50", "1.234,00", "v. 1.50"]) == ","


def test_columns_are_not_one_number() -> None:
    assert [number.value for number in find_numbers("1  278.61 \t 40.39")] == [
        1,
        Decimal("278.61"),
        Decimal("40.39"),
    ]


def test_percentages_are_told_apart() -> None:
    rate, amount = find_numbers("19,0 % \t 12,25 €")
    assert rate.percent
    assert not amount.percent
    assert amount.currency == "EUR"


@given(
    st.decimals(min_value=-(10**9), max_value=10**9, places=2),
    st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", ".")]),
)
def test_any_grouped_amount_comes_back(value: Decimal, style: tuple[str, str]) -> None:
    group, point = style
    text = f"{value:,.2f}".replace(",", "G").replace(".", point).replace("G", group)
    assert parse_number(text) == value


@example("0.0-–")
@example("0.00'00")
@given(st.text(alphabet="0123456789.,' -–€$%()ABx/:٣²𝟘", max_size=30))
def test_whatever_stands_there_numbers_lie_within_it(text: str) -> None:
    for number in find_numbers(text):
        assert 0 <= number.start < number.end <= len(text)


def test_signs_codes_and_names_are_currencies() -> None:
    assert currency_code("€") == "EUR"
    assert currency_code("R$") == "BRL"
    assert currency_code("chf") == "CHF"
    assert currency_code("US Dollars") == "USD"
    assert currency_code("XYZ") is None


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-04",
        "04.03.2026",
        "4. März 2026",
        "04.03.26",
        "4 mars 2026",
        "4 de março de 2026",
        "March 4, 2026",
        "March 4 2026 ,",
        "4th March 2026",
        "4 Mar 2026",
        "04-MAR-2026",
        "20260304",
        "04/03/2026",
        "2026/03/04",
    ],
)
def test_a_date_is_read(text: str) -> None:
    assert [found.value for found in find_dates(text)] == [date(2026, 3, 4)]


def test_the_month_may_come_first() -> None:
    (found,) = find_dates("03/04/2026", month_first=True)
    assert found.value == date(2026, 3, 4)
    assert month_comes_first(["03/25/2026"], default=False)
    assert not month_comes_first(["25/03/2026"], default=True)
    assert month_comes_first(["03/04/2026"], default=True)


@pytest.mark.parametrize("text", ["31.02.2026", "99/99/2026", "1.2.3", "192.168.10.12", "2026"])
def test_what_only_looks_like_a_date_is_none(text: str) -> None:
    assert list(find_dates(text)) == []


@given(st.dates(min_value=date(2000, 1, 1), max_value=date(2069, 12, 31)))
def test_every_day_comes_back_in_every_format(day: date) -> None:
    for pattern in ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y", "%d %B %Y", "%B %d, %Y"):
        assert [found.value for found in find_dates(day.strftime(pattern))] == [day]


@given(st.text(max_size=40))
def test_any_text_can_be_searched(text: str) -> None:
    list(find_dates(text))
    list(find_numbers(text))
    list(find_ibans(text, labelled=True))
    list(find_vat_ids(text, labelled=True))
    list(find_identifiers(text))


def test_an_iban_ends_where_its_country_says() -> None:
    text = "IBAN DE89 3704 0044 0532 0130 00 BIC COBADEFFXXX"
    assert [found.value for found in find_ibans(text)] == ["DE89370400440532013000"]
    assert iban_is_valid("FR76 3000 6000 0112 3456 7890 189")
    assert not iban_is_valid("DE88 3704 0044 0532 0130 00")


def test_an_iban_that_fails_its_check_counts_only_behind_a_label() -> None:
    text = "DE12 1234 4321 9876 00"
    assert list(find_ibans(text)) == []
    assert [found.value for found in find_ibans(text, labelled=True)] == [
        "DE12123443219876 00".replace(" ", "")
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("USt-IdNr. DE 232 446 240", "DE232446240"),
        ("TVA : FR11999999998 - SIRET", "FR11999999998"),
        ("ATU12345678", "ATU12345678"),
        ("GB 123 4567 89", "GB123456789"),
        ("CHE-123.456.789 MWST", "CHE-123.456.789 MWST"),
    ],
)
def test_a_vat_id_is_read(text: str, value: str) -> None:
    assert [found.value for found in find_vat_ids(text)] == [value]


def test_a_bare_national_number_is_a_vat_id_behind_its_label() -> None:
    assert list(find_vat_ids("509 123 456")) == []
    assert [found.value for found in find_vat_ids("509 123 456", labelled=True)] == ["509123456"]


def test_a_series_belongs_to_its_number() -> None:
    assert next(find_identifiers("FT 2026/117")).value == "FT 2026/117"
    assert next(find_identifiers("(380)  Nr. 471102 vom")).value == "471102"


def test_times_are_given_in_24_hours() -> None:
    assert [found.value for found in find_times("04:01:23 PM, 14h30")] == ["16:01:23", "14:30"]
