"""Exact arithmetic, and nothing but arithmetic."""

import time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.extraction.tools.calculate import Calculate, calculate
from signoff.extraction.tools.inputs import UnusableInputError
from signoff.extraction.tools.toolbox import Toolbox

amounts = st.decimals(min_value=-(10**12), max_value=10**12, places=2)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("0.1 + 0.2", "0.3"),
        ("-(1 - 3) * 2.50", "5.00"),
        ("100 / 8", "12.5"),
        ("100 % 30", "10"),
        ("sum(1, 2.5, 3)", "6.5"),
        ("sum([1, 2.5])", "3.5"),
        ("sum()", "0"),
        ("round(max(1, 2) / 3, 2)", "0.67"),
        ("round(2.5)", "3"),
        ("round(-0.005, 2)", "-0.01"),
        ("abs(min(-4, 3))", "4"),
        ("12345678901234567890.12 + 0.01", "12345678901234567890.13"),
        ("1e3 + 1", "1001"),
        ("\n 1 +\t1 ", "2"),
    ],
)
def test_calculates_exactly(expression: str, value: str) -> None:
    assert calculate(expression) == Decimal(value)


@given(st.lists(amounts, min_size=1, max_size=50))
def test_sums_have_no_rounding(values: list[Decimal]) -> None:
    assert calculate(f"sum({', '.join(map(str, values))})") == sum(values)


@pytest.mark.parametrize(
    "expression",
    [
        "9 ** 9 ** 9",
        "__import__('os').system('true')",
        "().__class__",
        "[1 for _ in (1,)]",
        "(lambda: 1)()",
        "open('x')",
        "'a' * 10",
        "1 if 1 else 2",
        "True + 1",
        "1j",
        "0x10",
        "1_000",
        "1.234,50",
        "19%",
        "x := 1",
        "sum(*[1])",
        "round(1, ndigits=2)",
        "round(1, 10**9)",
        "round(1, 0.5)",
        "max()",
        "1 << 99999",
        "~1",
        "",
        "   ",
        "\x00",
        "\ud800",
    ],
)
def test_takes_arithmetic_only(expression: str) -> None:
    observation = Toolbox(["calculate"], ()).run("calculate", {"expression": expression})
    assert "expression" in observation.text


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("1 / 0", "divides by zero"),
        ("1 % 0", "no finite value"),
        ("0 / 0", "no finite value"),
        ("1e99 * 1e99", "no finite value"),
        ("1e999999999", "no finite value"),
        ("(" * 3000, "not understood"),
        ("-" * 3999 + "1", "expression"),
        ("+".join(["1"] * 1999), "too long"),
    ],
)
def test_hostile_arithmetic_ends_fast_with_a_reason(expression: str, why: str) -> None:
    started = time.monotonic()
    with pytest.raises(UnusableInputError, match=why):
        calculate(expression)
    assert time.monotonic() - started < 2


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="0123456789.+-*/%()[], eEsumroundabx", max_size=60))
def test_any_text_gives_a_value_or_a_reason(text: str) -> None:
    try:
        value = calculate(text)
    except UnusableInputError:
        return
    assert value.is_finite()
    assert len(Calculate().run({"expression": text or "0"}).text) < 150
