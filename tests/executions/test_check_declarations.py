"""Checks in agent files: what is wrong with them is said with file and field."""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.errors import InvalidAgentError
from signoff.executions.agent_files import read_agent_file
from signoff.executions.agents import Agent
from signoff.executions.equations import check_equation, parse_equation
from signoff.executions.expressions import compile_expression, expression_paths
from signoff.settings import get_settings

NUMBER = {"type": "number"}
TEXT = {"type": "string"}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "net": NUMBER,
        "gross": NUMBER,
        "net-total": NUMBER,
        "issued": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        "seller": {"$ref": "#/$defs/party"},
        "lines": {"type": ["array", "null"], "items": {"$ref": "#/$defs/line"}},
        "taxes": {"type": "array", "items": {"type": "object", "properties": {"rate": NUMBER}}},
        "extra": {"type": "object"},
        "by_name": {"type": "object", "additionalProperties": NUMBER},
    },
    "$defs": {
        "party": {"type": "object", "properties": {"iban": TEXT, "name": TEXT}},
        "line": {
            "type": "object",
            "properties": {
                "amount": NUMBER,
                "parts": {"type": "array", "items": {"$ref": "#/$defs/line"}},
            },
        },
    },
}


@pytest.fixture
def problems(tmp_path: Path):
    """What is said of checks, without the file's name, which must begin each line."""

    def find(*checks: dict[str, Any], schema: Any = SCHEMA) -> list[str]:
        path = tmp_path / "agent.yaml"
        agent = {"name": "a", "data_schema": schema, "checks": list(checks)}
        path.write_text(yaml.safe_dump(agent), "utf-8")
        try:
            read_agent_file(path, {})
        except InvalidAgentError as error:
            lines = str(error).splitlines()
            assert all(line.startswith(f"{path}: checks") for line in lines), lines
            return [line.removeprefix(f"{path}: ") for line in lines]
        return []

    return find


def equation(text: str) -> dict[str, Any]:
    return {"name": "c", "type": "equation", "equation": text}


def expression(text: str) -> dict[str, Any]:
    return {"name": "c", "type": "expression", "expression": text}


@pytest.mark.parametrize(
    "check",
    [
        equation("sum(lines.amount) + 1.5 == net or abs(net - gross) <= 0.5"),
        equation("lines.parts.amount <= lines.amount"),
        equation("lines.amount < net <= gross"),
        equation("sum(taxes.rate) == sum(lines.parts.amount)"),
        equation("optional('/net-total') == -net"),
        equation("extra.anything == by_name.anyone"),
        expression("!has(data.seller.iban) || data.lines.all(l, l.amount > 0 && has(l.parts))"),
        expression("data.lines.all(x, x.amount > 1.0) && data.taxes.all(x, x.rate > 1.0)"),
        expression("data.lines.all(l, l.parts.exists(p, p.amount > l.amount))"),
        expression("data.lines.filter(l, l.amount > 0).all(m, m.amount < 5)"),
        expression("data.seller.name.startsWith('data.nothing')"),
        expression("data.seller.name != r'\\' // data.nothing isn't there\n"),
        expression("data.issued > '2026-01-01' && data.extra.anything == 1"),
        {"name": "c", "type": "one_of", "fields": ["/lines/*/amount"], "values": [1, "a", True]},
        {"name": "c", "type": "format", "fields": ["/seller/iban"], "formats": ["iban", "fr.vat"]},
        {"name": "c", "type": "date_order", "fields": ["/issued", "/extra/due"]},
        {"name": "c", "type": "grounded"},
        {"name": "c", "type": "grounded", "fields": ["/lines", "/lines/0/amount", "/lines/amount"]},
    ],
)
def test_right_checks_are_taken(problems, check: dict[str, Any]):
    assert problems(check) == []


@pytest.mark.parametrize(
    ("check", "problem"),
    [
        ({"type": "sum"}, "checks.0.type: must be one of 'equation', 'date_order',"),
        ({"name": "c"}, "checks.0.type: is missing; write one of callable, date_order,"),
        ({"type": "grounded"}, "checks.0.name: is missing"),
        (
            {"name": "c", "type": "one_of", "field": ["/net"], "values": [1]},
            "checks.0.field: is no known field; did you mean fields?",
        ),
        (
            {"name": "c", "type": "grounded", "on_failure": "ignore"},
            "checks.0.on_failure: Input should be 'retry', 'reject' or 'flag'",
        ),
        (
            {"name": "c", "type": "grounded", "fields": ["net"]},
            "checks.0.fields.0: 'net' is no path; write a JSON pointer such as /total",
        ),
        (
            {"name": "c", "type": "grounded", "fields": ["/net", "/lines/*/amuont"]},
            "checks.0.fields.1: the data schema knows no /lines/*/amuont; did you mean amount?",
        ),
        (
            {"name": "c", "type": "grounded", "fields": ["/net/*"]},
            "checks.0.fields.0: the data schema knows no /net/*",
        ),
        (
            {"name": "c", "type": "date_order", "fields": ["/issued"]},
            "checks.0.fields: List should have at least 2 items",
        ),
        (
            {"name": "c", "type": "format", "fields": ["/net"], "formats": ["ibann"]},
            "checks.0.formats: 'ibann' is no format of python-stdnum; some of them are iban, bic",
        ),
        (
            {"name": "c", "type": "format", "fields": ["/net"], "formats": ["os.path"]},
            "checks.0.formats: 'os.path' is no format of python-stdnum",
        ),
        (
            {"name": "c", "type": "format", "fields": ["/net"], "formats": ["util"]},
            "checks.0.formats: 'util' is no format of python-stdnum",
        ),
        (
            {"name": "c", "type": "format", "fields": ["/net"], "formats": ["__init__"]},
            "checks.0.formats: '__init__' is no format of python-stdnum",
        ),
        (equation("net + tax == gross"), "checks.0.equation: the data schema knows no /tax;"),
        (equation("seller.ibn == 1"), "checks.0.equation: the data schema knows no /seller/ibn;"),
        (equation("net = gross"), "checks.0.equation: cannot be read at character 5; write =="),
        (equation("net +"), "checks.0.equation: cannot be read at character"),
        (equation("net"), "checks.0.equation: 'net' is no comparison; write, for example,"),
        (equation("1 == 1"), "checks.0.equation: names no field"),
        (equation("net ** 9 == 1"), "checks.0.equation: 'net ** 9' is neither a number, a field"),
        (equation("net == True"), "checks.0.equation: 'True' is neither"),
        (equation("net in [1]"), "checks.0.equation: compares with == <= >= < > only"),
        (equation("exec('1') == 1"), "checks.0.equation: \"exec('1')\": the functions are sum,"),
        (equation("sum(net, 1) == 1"), "checks.0.equation: 'sum(net, 1)': the functions are"),
        (equation("net.__class__() == 1"), "checks.0.equation: 'net.__class__()': the functions"),
        (equation("optional(net + 1) == 1"), "checks.0.equation: 'optional(net + 1)': optional()"),
        (equation("'net' == 1"), "checks.0.equation: 'net' is no path"),
        (equation("1" + "+1" * 300 + "== net"), "checks.0.equation: has 607 characters"),
        (
            equation("lines.amount == taxes.rate"),
            "checks.0.equation: 'lines.amount == taxes.rate' puts rows of /lines beside rows of"
            " /taxes; add them up with sum()",
        ),
        (expression("data.net +"), "checks.0.expression: cannot be read: line 1, character"),
        (expression("net > 1"), "checks.0.expression: uses net; the data is called data: write"),
        (expression("sum(data.net) > 1"), "checks.0.expression: calls sum(); the functions are"),
        (expression("data.nett > 1"), "checks.0.expression: the data schema knows no /nett; did"),
        (expression("has(data.seller.bic)"), "checks.0.expression: the data schema knows no /sel"),
        (
            expression("data.lines.all(l, l.amuont > 1)"),
            "checks.0.expression: the data schema knows no /lines/*/amuont; did you mean amount?",
        ),
        (expression("[" * 300 + "]" * 300), "checks.0.expression: nests brackets more than 20"),
        (expression("// it's\n" + "[" * 300 + "]" * 300), "checks.0.expression: nests brackets"),
        (expression("r'\\' == '" + "'" + "[" * 300), "checks.0.expression: nests brackets"),
        (expression("''']'''' == " + "[" * 300), "checks.0.expression: nests brackets"),
        (expression("data.net == " + "(" * 300), "checks.0.expression: nests brackets more than"),
        (expression("true" + " || true" * 200), "checks.0.expression: has 1604 characters"),
        (
            {"name": "c", "type": "callable", "function": "check"},
            "checks.0.function: must be a dotted path",
        ),
        (
            {"name": "c", "type": "callable", "function": "os.system"},
            "checks.0.function: functions of os may not be called; the operator allows modules",
        ),
    ],
)
def test_a_wrong_check_is_refused_with_its_field(problems, check: dict[str, Any], problem: str):
    found = problems(check)
    assert any(line.startswith(problem) for line in found), found


def test_every_wrong_check_has_its_line(problems):
    found = problems(equation("a == 1"), {**expression("data.b > 1"), "name": "d"})
    assert [line.partition(":")[0] for line in found] == [
        "checks.0.equation",
        "checks.1.expression",
    ]


def test_two_checks_need_two_names(problems):
    assert problems({"name": "c", "type": "grounded"}, {"name": "c", "type": "grounded"}) == [
        "checks: the name 'c' appears 2 times"
    ]


def test_checks_need_a_data_schema(problems):
    assert problems({"name": "c", "type": "grounded"}, schema=None) == [
        "checks: need a data_schema that says what the data is"
    ]


@pytest.fixture
def our_checks(monkeypatch: pytest.MonkeyPatch):
    module = ModuleType("our_checks")
    exec("def known(data): return True", module.__dict__)
    monkeypatch.setitem(sys.modules, "our_checks", module)
    monkeypatch.setenv("SIGNOFF_CHECK_MODULES", '["our_checks", "not_installed"]')
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.mark.usefixtures("our_checks")
@pytest.mark.parametrize(
    ("function", "problem"),
    [
        ("our_checks.known", None),
        ("our_checks.unknown", "our_checks has no function unknown"),
        ("not_installed.f", "not_installed cannot be imported (ModuleNotFoundError: No module"),
        ("our_checks2.known", "functions of our_checks2 may not be called"),
    ],
)
def test_a_function_must_be_there(problems, function: str, problem: str | None):
    found = problems({"name": "c", "type": "callable", "function": function})
    if problem is None:
        assert found == []
    else:
        assert found[0].startswith(f"checks.0.function: {problem}")


def test_a_stored_agent_loads_where_its_function_is_missing():
    check = {"name": "c", "type": "callable", "function": "gone.f"}
    agent = Agent.model_validate({"name": "a", "data_schema": SCHEMA, "checks": [check]})
    assert Agent.model_validate(agent.model_dump(mode="json")) == agent


def test_agents_stored_before_there_were_checks_load():
    assert Agent.model_validate({"name": "a", "data_schema": SCHEMA, "checks": []}).checks == []


def test_what_passes_for_an_expression_can_be_compiled_in_a_small_stack():
    texts = ["!" * 990 + "true", "1" + "+1" * 490, "data" + ".a" * 490, "-" * 990 + "1"]
    texts += ["true" + "?true:true" * 95, "true" + " ?1:true" * 100, "1" + "<1" * 490]
    texts += ["{" * 20 + "}" * 20, "data.a[" * 20 + "1" + "]" * 20, "(" * 20 + "1" + ")" * 20]

    def compile_all() -> None:
        for text in texts:
            with suppress(ValueError):
                compile_expression(text)

    before = threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=compile_all)
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()  # a stack that overflows ends the process


PIECES = """
    a lines.amount sum( optional( abs( ) + - * / == <= < and or not 1 0.5 'x' '/net' [ ] , . =
    data data.net l .all(l, has( ? : ! && || { } \\ " ' // in lambda: yield await
"""


@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES.split())).map(" ".join) | st.text())
def test_any_text_is_an_equation_and_expression_or_refused(text: str):
    with suppress(ValueError):
        check_equation(parse_equation(text), SCHEMA)
    with suppress(ValueError):
        compile_expression(text)
        expression_paths(text, SCHEMA)
