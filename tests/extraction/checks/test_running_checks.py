"""What checks say of data: right data passes, wrong data fails with the values named."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from signoff.executions.checks import Check, OnFailure
from signoff.executions.extractions import CheckResult, CheckStatus
from signoff.extraction.checks import run_checks
from signoff.extraction.checks.run import MAX_MESSAGE
from signoff.settings import get_settings

CHECKS: TypeAdapter[list[Check]] = TypeAdapter(list[Check])


def run(declared: dict[str, Any], data: Any, **more: Any) -> CheckResult:
    [result] = run_checks(CHECKS.validate_python([{"name": "c", **declared}]), data, **more)
    return result


def one_of(**more: Any) -> dict[str, Any]:
    return {"type": "one_of", "fields": ["/currency"], "values": ["EUR", "USD"], **more}


def expression(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "expression", "expression": text, **more}


def test_results_come_in_order_with_name_and_consequence():
    checks = CHECKS.validate_python(
        [{"name": "a", "on_failure": "reject", **one_of()}, {"name": "b", **one_of()}]
    )
    results = run_checks(checks, {"currency": "NOK"})
    assert [(result.name, result.on_failure) for result in results] == [
        ("a", OnFailure.REJECT),
        ("b", OnFailure.RETRY),
    ]


def test_a_failure_begins_with_the_agents_message():
    result = run(one_of(message="We pay in these only"), {"currency": "NOK"})
    assert result.message == ('We pay in these only. /currency is "NOK", not one of "EUR", "USD".')
    assert result.pointers == ["/currency"]


def test_a_message_stays_short_however_long_the_values_are():
    data = {"lines": [{"currency": "N" * 100_000} for _ in range(5000)]}
    result = run(one_of(fields=["/lines/*/currency"], message="m" * 500), data)
    assert len(result.message) <= MAX_MESSAGE
    assert "And 4997 more like these." in result.message
    assert len(result.pointers) <= 1000


@pytest.mark.parametrize(
    ("value", "more", "status"),
    [
        ("EUR", {}, CheckStatus.PASSED),
        ("eur", {}, CheckStatus.FAILED),
        (" eur", {"ignore_case": True}, CheckStatus.PASSED),
        (None, {}, CheckStatus.SKIPPED),
        (1.0, {"values": [1, 2]}, CheckStatus.PASSED),
        (True, {"values": [1, 2]}, CheckStatus.FAILED),
        ("1", {"values": [1, 2]}, CheckStatus.FAILED),
        (["EUR"], {}, CheckStatus.FAILED),
    ],
)
def test_one_of(value: Any, more: dict[str, Any], status: CheckStatus):
    assert run(one_of(**more), {"currency": value}).status is status


@pytest.mark.parametrize(
    ("formats", "value", "status"),
    [
        (["iban"], "DE89 3704 0044 0532 0130 00", CheckStatus.PASSED),
        (["iban"], "DE89370400440532013001", CheckStatus.FAILED),
        (["eu.vat", "gb.vat"], "PT512345678", CheckStatus.PASSED),
        (["eu.vat"], "GB123456782", CheckStatus.FAILED),
        (["fr.vat"], "FR40303265045", CheckStatus.PASSED),
        (["bic"], "AGRIFRPP882", CheckStatus.PASSED),
        (["isin"], "US0378331005", CheckStatus.PASSED),
        (["ean"], "73513536", CheckStatus.FAILED),
        (["ean"], 73513537, CheckStatus.PASSED),
        (["luhn"], "", CheckStatus.FAILED),
    ],
)
def test_formats(formats: list[str], value: Any, status: CheckStatus):
    result = run({"type": "format", "fields": ["/n"], "formats": formats}, {"n": value})
    assert result.status is status


@pytest.mark.parametrize(
    ("dates", "status"),
    [
        (("2026-01-01", "2026-01-01", "2026-02-01"), CheckStatus.PASSED),
        (("2026-01-02", "2026-01-01", "2026-02-01"), CheckStatus.FAILED),
        (("2026-03-01", None, "2026-02-01"), CheckStatus.FAILED),
        (("2026-01-01T23:00:00Z", "2026-01-01", "2026-01-01"), CheckStatus.PASSED),
        ((None, None, "2026-02-01"), CheckStatus.SKIPPED),
        (("soon", 5, "2026-02-01"), CheckStatus.SKIPPED),
    ],
)
def test_the_order_of_dates(dates: tuple[Any, ...], status: CheckStatus):
    check = {"type": "date_order", "fields": ["/a", "/b", "/c"]}
    assert run(check, dict(zip("abc", dates, strict=True))).status is status


def test_dates_of_rows_are_compared_within_their_row_and_with_those_outside():
    check = {"type": "date_order", "fields": ["/ordered", "/lines/*/sent", "/lines/*/arrived"]}
    rows = [
        {"sent": "2026-01-03", "arrived": "2026-01-04"},
        {"sent": "2026-01-01", "arrived": "2026-01-05"},
    ]
    result = run(check, {"ordered": "2026-01-02", "lines": rows})
    assert result.message == "/lines/1/sent is 2026-01-01, before /ordered, which is 2026-01-02."
    assert result.pointers == ["/ordered", "/lines/1/sent"]


def test_grounded_looks_at_the_named_fields_or_at_all():
    data = {"a": 1, "lines": [{"b": 2}, {"b": 3}]}
    named = {"type": "grounded", "fields": ["/lines/*/b"]}
    assert run(named, data, ungrounded=["/a"]).status is CheckStatus.PASSED
    assert run(named, data, ungrounded=["/lines/1/b"]).pointers == ["/lines/1/b"]
    assert run({"type": "grounded"}, data, ungrounded=["/a"]).pointers == ["/a"]
    assert run({"type": "grounded"}, data).status is CheckStatus.PASSED


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("data.total > 1", CheckStatus.PASSED),
        ("data.total * 2.0 == 5.0", CheckStatus.PASSED),
        ("data.count * 2.0 == 6.0", CheckStatus.PASSED),
        ("data.count == 3", CheckStatus.PASSED),
        ("!has(data.nothing)", CheckStatus.PASSED),
        ("!has(data.missing) || data.missing == 1", CheckStatus.PASSED),
        ("data.nothing == 1", CheckStatus.SKIPPED),
        ("data.lines[9].amount == 1", CheckStatus.SKIPPED),
        ("data.lines.all(line, line.amount > 1.0)", CheckStatus.FAILED),
        ("data.lines.exists(line, line.amount > 1.0)", CheckStatus.PASSED),
        ("size(data.lines.filter(line, line.amount > 1.0)) == 1", CheckStatus.PASSED),
        ("data.kind in ['a', 'b'] && data.kind.matches('^[a-z]$')", CheckStatus.PASSED),
        ("data.kind == 'a' ? data.total > 10 : true", CheckStatus.FAILED),
    ],
)
def test_expressions(text: str, status: CheckStatus):
    data = {
        "total": 2.5,
        "count": 3,
        "nothing": None,
        "kind": "a",
        "lines": [{"amount": 1}, {"amount": 2.5}],
    }
    assert run(expression(text), data).status is status


def test_an_expressions_failure_names_the_values():
    data = {"kind": "credit", "lines": [{"amount": 1}, {"amount": -2}]}
    rule = "data.kind != 'credit' || data.lines.all(l, l.amount <= 0)"
    result = run(expression(rule), data)
    assert result.message == (
        f'This must be true: {rule}; /kind is "credit", /lines/0/amount is 1,'
        " /lines/1/amount is -2."
    )
    assert result.pointers == ["/kind", "/lines/0/amount", "/lines/1/amount"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("data.kind > 1", "No such overload"),
        ("data.kind", "gives a, neither true nor false"),
        ("1/0 == 1", "division by zero"),
    ],
)
def test_an_expression_that_cannot_be_evaluated_is_a_flag(text: str, reason: str):
    result = run(expression(text, on_failure="reject"), {"kind": "a"})
    assert (result.status, result.on_failure) == (CheckStatus.FAILED, OnFailure.FLAG)
    assert reason in result.message


def test_an_expression_that_would_fill_the_memory_is_stopped_and_others_are_heard():
    greedy = "size(['aaaaaaaa']" + ".map(x, x + x)" * 40 + ") == 1"
    checks = CHECKS.validate_python(
        [{"name": "a", **expression("data.a == 1")}, {"name": "b", **expression(greedy)}]
    )
    first, second = run_checks(checks, {"a": 1})
    assert first.status is CheckStatus.PASSED
    assert "too much time or memory" in second.message


@pytest.fixture
def our_checks(monkeypatch: pytest.MonkeyPatch):
    """A module of the operator's, allowed."""
    module = ModuleType("our_checks")
    monkeypatch.setitem(sys.modules, "our_checks", module)
    monkeypatch.setenv("SIGNOFF_CHECK_MODULES", '["our_checks"]')
    get_settings.cache_clear()
    yield lambda body: exec(f"from os import system\ndef f(data):\n {body}", module.__dict__)
    get_settings.cache_clear()


def call(function: str = "our_checks.f") -> dict[str, Any]:
    return {"type": "callable", "function": function, "fields": ["/a"]}


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ("return True", CheckStatus.PASSED, ""),
        ("return None", CheckStatus.PASSED, ""),
        ("return ''", CheckStatus.PASSED, ""),
        ("return data['a'] == 2", CheckStatus.FAILED, "our_checks.f says no."),
        ("return f'{data} is odd.'", CheckStatus.FAILED, "{'a': 1} is odd."),
    ],
)
def test_a_function_says_what_is_wrong(our_checks, body: str, status: CheckStatus, message: str):
    our_checks(body)
    result = run(call(), {"a": 1})
    assert (result.status, result.message) == (status, message)
    assert result.pointers == ["/a"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return 5", "returned int"),
        ("raise KeyError('x')", "raised KeyError"),
        ("raise SystemExit", "raised SystemExit"),
    ],
)
def test_a_function_that_misbehaves_is_a_flag(our_checks, body: str, reason: str):
    our_checks(body)
    result = run({**call(), "on_failure": "reject"}, {"a": 1})
    assert (result.status, result.on_failure) == (CheckStatus.FAILED, OnFailure.FLAG)
    assert reason in result.message


def test_a_function_cannot_change_the_data(our_checks):
    our_checks("data['a'] = 2")
    data = {"a": 1}
    run(call(), data)
    assert data == {"a": 1}


@pytest.mark.parametrize("function", ["os.system", "our_checks.system", "our_checksum.f"])
def test_only_functions_of_the_operators_modules_are_called(our_checks, function: str):
    our_checks("return True")
    result = run(call(function), {"a": 1})
    assert (result.status, result.on_failure) == (CheckStatus.FAILED, OnFailure.FLAG)
    assert "SIGNOFF_CHECK_MODULES" in result.message


EVERY_KIND = CHECKS.validate_python(
    [
        {"name": "equation", "type": "equation", "equation": "sum(a.b * a.c) / b >= optional(c)"},
        {"name": "rows", "type": "equation", "equation": "a.b <= a.c or a.b.c == b or abs(b) > c"},
        {"name": "dates", "type": "date_order", "fields": ["/a", "/b/*/c", "/c/0/a"]},
        {"name": "list", "type": "one_of", "fields": ["/a", "/a/*", "/b/c"], "values": [1, "x"]},
        {"name": "format", "type": "format", "fields": ["/a", "/a/*/b"], "formats": ["iban"]},
        {"name": "grounded", "type": "grounded", "fields": ["/a", "/*/b"]},
        {"name": "function", "type": "callable", "function": "os.system"},
    ]
)
NAMES = st.sampled_from(["a", "b", "c"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.dates().map(str)
    | st.just(10**4000)
    | st.just("1e999999999")
)
DATA = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=15,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(NAMES, DATA))
def test_no_data_makes_a_check_raise(data: dict[str, Any]):
    results = run_checks(EVERY_KIND, data, ungrounded=["/a", "/nowhere/5"])
    assert [result.name for result in results] == [check.name for check in EVERY_KIND]
    for result in results[:-1]:
        assert "could not be run" not in result.message


@settings(max_examples=10, deadline=None)
@given(st.dictionaries(NAMES, DATA))
def test_no_data_makes_an_expression_raise(data: dict[str, Any]):
    [result] = run_checks(
        CHECKS.validate_python([{"name": "c", **expression("data.a.all(x, x.b > 1.0)")}]), data
    )
    assert result.status in CheckStatus
