"""Equations: exact, row by row, patient with rounding and with what is absent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.executions.checks import EquationCheck
from signoff.executions.extractions import CheckResult, CheckStatus
from signoff.extraction.checks import run_checks

PASSED, FAILED, SKIPPED = CheckStatus.PASSED, CheckStatus.FAILED, CheckStatus.SKIPPED


def run(equation: str, data: Any, *, tolerance: float | None = None) -> CheckResult:
    check = EquationCheck(name="c", equation=equation, tolerance=tolerance)
    [result] = run_checks([check], data)
    return result


def lines(*amounts: Any) -> list[dict[str, Any]]:
    return [{"amount": amount} for amount in amounts]


@pytest.mark.parametrize(
    ("equation", "data", "status"),
    [
        ("a + b == c", {"a": 0.1, "b": 0.2, "c": 0.3}, PASSED),
        ("a - b == c", {"a": 1, "b": 0.9, "c": 0.1}, PASSED),
        ("a * b / c == 6", {"a": 4, "b": 3, "c": 2}, PASSED),
        ("-a == b", {"a": 1, "b": -1}, PASSED),
        ("abs(a) == b", {"a": -1, "b": 1}, PASSED),
        ("a <= b <= c", {"a": 1, "b": 3, "c": 2}, FAILED),
        ("a < b", {"a": 1, "b": 1}, FAILED),
        ("a >= b and a > 0", {"a": 1, "b": 1}, PASSED),
        ("a == b or a == c", {"a": 1, "b": 2, "c": 1}, PASSED),
        ("a == b or a == c", {"a": 1, "b": 2, "c": 3}, FAILED),
        ("a == b or a == c", {"a": 1, "b": 2}, SKIPPED),
        ("a == b or a == c", {"a": 1, "c": 1}, PASSED),
        ("a == b and a == c", {"a": 1, "b": 2}, FAILED),
        ("a + b == c", {"a": 1, "c": 1}, SKIPPED),
        ("a + b == c", {"a": 1, "b": None, "c": 1}, SKIPPED),
        ("a + optional(b) == c", {"a": 1, "c": 1}, PASSED),
        ("a == 1", {"a": "1.00"}, PASSED),
        ("a == 1", {"a": "one"}, SKIPPED),
        ("a == 1", {"a": True}, SKIPPED),
        ("a == 1", {"a": float("nan")}, SKIPPED),
        ("a / b == 1", {"a": 1, "b": 0}, SKIPPED),
        ("seller.fee == a", {"a": 1, "seller": {"fee": 2}}, FAILED),
        ("seller.fee == a", {"a": 1}, SKIPPED),
        ("'/net-total' == a", {"a": 1, "net-total": 1}, PASSED),
        ("sum('/amounts/*') == a", {"a": 3, "amounts": [1, 2]}, PASSED),
        ("sum(lines.amount) == a", {"a": 3, "lines": lines(1, 2)}, PASSED),
        ("sum(lines.amount) == a", {"a": 3, "lines": lines(1, None, 2)}, PASSED),
        ("sum(lines.amount) == a", {"a": 3, "lines": lines(1, "?", 2)}, SKIPPED),
        ("sum(lines.amount) == a", {"a": 3, "lines": []}, SKIPPED),
        ("sum(lines.amount) == a", {"a": 3}, SKIPPED),
        ("sum(lines.q * lines.p) == a", {"a": 7, "lines": [{"q": 2, "p": 3}, {"q": 1}]}, SKIPPED),
        ("sum(lines.q * lines.p) == a", {"a": 6, "lines": [{"q": 2, "p": 3}, {}]}, PASSED),
        ("lines.amount <= a", {"a": 2, "lines": lines(1, 2)}, PASSED),
        ("lines.amount <= a", {"a": 2, "lines": lines(1, 3)}, FAILED),
        ("lines.amount <= a", {"a": 2, "lines": lines(1, None)}, PASSED),
    ],
)
def test_what_holds(equation: str, data: Any, status: CheckStatus):
    assert run(equation, data).status is status


def test_a_failure_shows_the_numbers():
    result = run("net + tax == gross", {"net": 100, "tax": 19, "gross": 120.5})
    assert result.message == "net + tax = 100 + 19 = 119 is 1.50 less than gross = 120.50."
    assert result.pointers == ["/net", "/tax", "/gross"]


def test_a_failed_sum_names_the_row_that_would_explain_it():
    result = run("sum(lines.amount) == net", {"net": 100, "lines": lines(60, 40, 18.5)})
    assert result.message == (
        "sum(lines.amount) = 118.50 is 18.50 more than net = 100; that is what /lines/2 has."
    )


def test_only_the_rows_that_fail_are_named():
    rows = [{"q": 2, "p": 1.5, "amount": 3}, {"q": 2, "p": 1.5, "amount": 4}]
    result = run("lines.q * lines.p == lines.amount", {"lines": rows})
    assert result.message == (
        "/lines/1: lines.q * lines.p = 2 * 1.50 = 3 is 1 less than lines.amount = 4."
    )
    assert result.pointers == ["/lines/1/q", "/lines/1/p", "/lines/1/amount"]


def test_rows_within_rows_are_compared_with_their_own_outer_row():
    data = {
        "lines": [
            {"most": 5, "parts": [{"n": 5}, {"n": 1}]},
            {"most": 1, "parts": [{"n": 1}, {"n": 5}]},
        ]
    }
    result = run("lines.parts.n <= lines.most", data)
    assert result.pointers == ["/lines/1/parts/1/n", "/lines/1/most"]


def test_a_skipped_equation_says_what_is_absent():
    result = run("net + tax == gross", {"net": 1, "gross": "x"})
    assert result.message == "/tax is absent, /gross is no number"


@pytest.mark.parametrize(
    ("equation", "data", "status"),
    [
        ("net + tax == gross", {"net": 10.01, "tax": 1.9, "gross": 11.92}, PASSED),
        ("net + tax == gross", {"net": 10.01, "tax": 1.9, "gross": 11.94}, FAILED),
        ("net + tax == gross", {"net": 10, "tax": 2, "gross": 13}, FAILED),
        # 400 at 0.0299 are 11.96, the price is printed as 0.03
        ("q * p == amount", {"q": 400, "p": 0.03, "amount": 11.96}, PASSED),
        ("q * p == amount", {"q": 400, "p": 0.0299, "amount": 12.5}, FAILED),
        ("sum(lines.a) == net", {"lines": [{"a": 0.33}] * 100, "net": 33.09}, PASSED),
        ("sum(lines.a) == net", {"lines": [{"a": 0.33}] * 100, "net": 33.33}, FAILED),
        ("sum(lines.a) == net", {"lines": [{"a": 3}] * 1000, "net": 3000.02}, FAILED),
    ],
)
def test_as_much_is_tolerated_as_rounding_explains(equation: str, data: Any, status: CheckStatus):
    assert run(equation, data).status is status


def test_a_tolerance_of_its_own_counts_alone():
    data = {"a": 1.005, "b": 1}
    assert run("a == b", data, tolerance=0).status is FAILED
    assert run("a == b", data, tolerance=0.005).status is PASSED
    assert run("a <= b", data, tolerance=0).status is FAILED


CENTS = st.integers(-(10**12), 10**12).map(lambda cents: Decimal(cents) / 100)


@given(st.lists(CENTS, min_size=1, max_size=50), st.integers(-2, 2))
def test_sums_are_exact(amounts: list[Decimal], off: int):
    total = sum(amounts, Decimal(off) / 100)
    data = {"lines": lines(*map(float, amounts)), "total": float(total)}
    result = run("sum(lines.amount) == total", data, tolerance=0)
    assert result.status is (FAILED if off else PASSED)
