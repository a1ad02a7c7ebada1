"""Data held against a schema."""

from __future__ import annotations

import json
import re
import socketserver
import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signoff.errors import InvalidAgentError
from signoff.executions.validation import MAX_MESSAGE, find_problems, json_pointer

# a busy machine is no failure
UNHURRIED = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check(schema: dict[str, Any], value: object) -> list[str]:
    """What is wrong with ``value`` as the property x."""
    problems = find_problems({"type": "object", "properties": {"x": schema}}, {"x": value})
    assert all(problem.pointer.startswith("/x") for problem in problems)
    return [str(problem).removeprefix("/x") for problem in problems]


def test_data_that_meets_its_schema_has_no_problems() -> None:
    assert check({"type": "array", "items": {"type": "integer"}}, [1, 2.0, -3]) == []


def test_an_empty_object_is_a_problem_whatever_the_schema_says() -> None:
    (problem,) = find_problems({"type": "object"}, {})
    assert str(problem) == "data: is empty; at least one value is needed"


@pytest.mark.parametrize("data", [None, [], "text", 0, False])
def test_data_that_is_no_object_is_a_problem(data: object) -> None:
    (problem,) = find_problems({"type": "object"}, data)
    assert problem.pointer == ""
    assert "object" in problem.message


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("date", "2024-02-29", "2023-02-29"),
        ("date", "2024-02-29", "29.02.2024"),
        ("date", "2024-02-29", "20240229"),
        ("date-time", "2024-02-29T12:00:00+01:00", "2024-02-29"),
        ("time", "12:30:00Z", "12:30"),
        ("email", "ann@example.com", "@"),
        ("email", "ann@example.com", "ann at example.com"),
        ("email", "ann@example.com", "Ann <ann@example.com>"),
        ("uri", "https://example.com/a", "not a uri"),
        ("uuid", "2eb8aa08-aa98-11ea-b4aa-73b441d16380", "2eb8aa08"),
        ("ipv4", "127.0.0.1", "127.0.0.256"),
        ("iban", "DE89 3704 0044 0532 0130 00", "DE89370400440532013001"),
        ("bic", "AGRIFRPP882", "AGRIFRPP8"),
        ("vat", "PT512345678", "PT512345679"),
        ("isbn", "978-0-306-40615-7", "978-0-306-40615-8"),
        ("issn", "0024-9319", "0024-9310"),
        ("isin", "US0378331005", "US0378331006"),
        ("lei", "213800KUD8LAJWSQ9D15", "213800KUD8LAJWSQ9D16"),
        ("ean", "73513537", "73513536"),
        ("luhn", "79927398713", "79927398714"),
    ],
)
def test_formats_are_asserted(name: str, right: str, wrong: str) -> None:
    schema = {"type": "string", "format": name}
    assert check(schema, right) == []
    assert check(schema, wrong) == [f": {wrong!r} is not a valid {name}"]


def test_a_format_says_nothing_about_a_value_of_another_type() -> None:
    assert check({"format": "email"}, 5) == []
    assert check({"format": "iban"}, 5) == []


def test_a_format_that_nobody_knows_is_not_asserted() -> None:
    assert check({"type": "string", "format": "our-number"}, "anything") == []


@pytest.mark.parametrize("amount", [19.99, 0.07, 4.35, 1.1, 1e15, 0, 7, -0.01, 1e300])
def test_an_amount_in_cents_is_a_multiple_of_a_hundredth(amount: float) -> None:
    assert check({"type": "number", "multipleOf": 0.01}, amount) == []


@pytest.mark.parametrize("amount", [0.005, 19.999, 1e-300])
def test_an_amount_with_more_digits_is_not(amount: float) -> None:
    assert check({"multipleOf": 0.01}, amount) == [f": {amount!r} is not a multiple of 0.01"]


@UNHURRIED
@given(st.integers(-(10**9), 10**9), st.integers(0, 4))
def test_a_decimal_with_n_places_is_a_multiple_of_its_last(number: int, places: int) -> None:
    unit = float(f"1e-{places}")
    assert check({"multipleOf": unit}, float(f"{number}e-{places}")) == []


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_no_json_are_problems_wherever_they_stand(number: float) -> None:
    data = {"a": [1.5, {"b": number}]}
    (problem,) = find_problems({"type": "object"}, data)
    assert str(problem) == "/a/1/b: is no number that JSON knows"
    (problem,) = find_problems({"properties": {"a": {"multipleOf": 0.1}}}, {"a": number})
    assert problem.pointer == "/a"


# -- where ------------------------------------------------------------------------------------


def test_each_problem_names_its_place_in_document_order() -> None:
    line = {"type": "object", "properties": {"sum": {"type": "number"}}, "required": ["sum"]}
    schema = {
        "type": "object",
        "properties": {"z": {"type": "string"}, "lines": {"type": "array", "items": line}},
        "required": ["number"],
    }
    lines: list[dict[str, object]] = [{"sum": 1} for _ in range(12)]
    lines[2], lines[10] = {"sum": "x"}, {}
    data = {"z": 1, "lines": lines, "a/b~c": 0}
    assert [problem.pointer for problem in find_problems(schema, data)] == [
        "",
        "/z",
        "/lines/2/sum",
        "/lines/10",
    ]
    assert "'number' is a required property" in str(find_problems(schema, data)[0])


def test_a_pointer_escapes_its_parts() -> None:
    assert json_pointer(["a/b", 0, "c~d", ""]) == "/a~1b/0/c~0d/"
    (problem,) = find_problems({"additionalProperties": {"type": "null"}}, {"a/b~c": 1})
    assert problem.pointer == "/a~1b~0c"


@UNHURRIED
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_data_is_checked_without_an_exception(data: object) -> None:
    schema = {
        "type": "object",
        "additionalProperties": {"anyOf": [{"type": "string", "minLength": 2}, {"type": "null"}]},
    }
    for problem in find_problems(schema, data):
        assert problem.pointer == "" or problem.pointer.startswith("/")


# -- anyOf ------------------------------------------------------------------------------------

NULLABLE_DATE = {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]}


def test_a_value_that_may_be_null_may_be_null() -> None:
    assert check(NULLABLE_DATE, None) == []
    assert check(NULLABLE_DATE, "2024-02-29") == []


def test_the_branch_that_was_meant_says_what_is_wrong() -> None:
    assert check(NULLABLE_DATE, "soon") == [": 'soon' is not a valid date"]


def test_a_type_that_no_branch_takes_is_told_with_those_they_do() -> None:
    assert check(NULLABLE_DATE, 5) == [": 5 is not of type string or null"]
    union = {"anyOf": [{"type": ["string", "integer"]}, {"type": "boolean"}]}
    assert check(union, None) == [": None is not of type string or integer or boolean"]


@pytest.mark.parametrize("null_first", [True, False])
def test_all_that_is_wrong_inside_a_nullable_object_is_told(null_first: bool) -> None:
    party = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "founded": NULLABLE_DATE},
        "required": ["city"],
    }
    branches: list[dict[str, Any]] = [{"type": "null"}, party]
    schema = {"anyOf": branches if null_first else branches[::-1]}
    assert sorted(check(schema, {"name": 5, "founded": "x"})) == [
        "/founded: 'x' is not a valid date",
        "/name: 5 is not of type 'string'",
        ": 'city' is a required property",
    ]


def test_in_a_union_the_member_that_the_constant_names_says_what_is_wrong() -> None:
    def member(kind: str, **properties: Any) -> dict[str, Any]:
        return {"type": "object", "properties": {"kind": {"const": kind}, **properties}}

    schema = {
        "oneOf": [member("card", number={"type": "string"}), member("cash", sum={"type": "number"})]
    }
    assert check(schema, {"kind": "cash", "sum": "x", "number": 1}) == [
        "/sum: 'x' is not of type 'number'"
    ]


def test_a_value_that_fits_two_of_one_is_a_problem() -> None:
    (problem,) = check({"oneOf": [{"type": "integer"}, {"type": "number"}]}, 5)
    assert "valid under each of" in problem


# -- hostile schemas and data -----------------------------------------------------------------


def test_a_long_value_does_not_make_a_long_message() -> None:
    (problem,) = find_problems({"properties": {"x": {"type": "number"}}}, {"x": "y" * 10_000})
    assert len(problem.message) == MAX_MESSAGE
    assert problem.message.endswith("…")


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"$ref": "#/$defs/no"}, "/\\$defs/no"),
        ({"properties": {"a": {"type": "string", "pattern": "["}}}, "pattern"),
        ({"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}, "itself without end"),
    ],
)
def test_a_schema_that_cannot_be_applied_is_the_agents_fault(
    schema: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InvalidAgentError, match=reason):
        find_problems(schema, {"a": "x"})


def test_what_a_schema_refers_to_is_never_fetched() -> None:
    asked = []

    class Listener(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            asked.append(self.client_address)

    with socketserver.TCPServer(("127.0.0.1", 0), Listener) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}/schema.json"
        with pytest.raises(InvalidAgentError, match=re.escape(url)):
            find_problems({"$ref": url}, {"a": 1})
        server.shutdown()
        thread.join()
    assert asked == []


def test_a_schema_may_describe_a_tree() -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "parts": {"items": {"$ref": "#"}}},
    }
    data = {"name": "a", "parts": [{"name": "b", "parts": [{"name": 3}]}]}
    assert [problem.pointer for problem in find_problems(schema, data)] == ["/parts/0/parts/0/name"]


@pytest.mark.parametrize("depth", [101, 900])
def test_data_nested_without_end_is_a_problem(depth: int) -> None:
    schema = {"type": "object", "additionalProperties": {"$ref": "#"}}
    data = json.loads('{"a":' * depth + "{}" + "}" * depth)
    (problem,) = find_problems(schema, data)
    assert "nested deeper than 100 levels" in problem.message
    assert find_problems({}, json.loads("[" * 100 + "]" * 100)) == []
