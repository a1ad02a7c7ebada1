"""YAML and JSON as plain values: what stays a string, and what is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.executions.plain_data import PlainDataError, read_json, read_yaml

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**30), max_value=10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)


@pytest.mark.parametrize(
    "text", ["2024-01-01", "2024-01-01T10:00:00Z", "no", "YES", "on", "12:30", "1_000", ".nan", "="]
)
def test_what_yaml_1_1_would_turn_into_something_else_stays_a_string(text):
    assert read_yaml(f"default: {text}") == {"default": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10", 10),
        ("010", 10),
        ("0x1F", 31),
        ("0o17", 15),
        ("-1.5e3", -1500.0),
        (".5", 0.5),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ('"10"', "10"),
        ("!!str 10", "10"),
    ],
)
def test_scalars_follow_the_core_schema(text, value):
    result = read_yaml(f"value: {text}")["value"]
    assert result == value
    assert type(result) is type(value)


def test_keys_are_always_strings_as_written():
    assert read_yaml("{2024-01-01: 1, no: 2, 7: 3, null: 4}") == {
        "2024-01-01": 1,
        "no": 2,
        "7": 3,
        "null": 4,
    }


def test_anchors_and_merge_keys_work():
    text = "base: &base {type: string, title: A}\nother: {<<: *base, title: B}\nsame: *base"
    assert read_yaml(text) == {
        "base": {"type": "string", "title": "A"},
        "other": {"type": "string", "title": "B"},
        "same": {"type": "string", "title": "A"},
    }


def test_content_without_aliases_may_be_large():
    values = ["x" * 1_000] * 3_000
    assert read_yaml("\n".join(f"- {value}" for value in values)) == values


def test_the_first_of_several_merged_mappings_wins():
    assert read_yaml("a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b]}")["c"] == {"x": 1, "y": 2}


BOMB = "a0: &a0 [x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", "line 3: the key 'a' appears twice"),
        (BOMB, "aliases multiply the content"),
        ("a: &a [*a]", "refers to itself"),
        ("a: &a [*a, *a, *a]", "refers to itself"),
        (f"a: &a {'[' * 60}{']' * 60}\nb: {'[' * 60}*a{']' * 60}", "nested deeper than 100"),
        (f"a: &a {'x' * 10_000}\nb: [{'*a,' * 1_000}]", "aliases multiply the content"),
        ("a: &a {b: *a}", "refers to itself"),
        ("[" * 200 + "]" * 200, "nested deeper than 100"),
        ("[" * 100_000, "nested deeper than 100"),
        ("a: !!python/object/apply:os.getcwd []", "line 1: the tag"),
        ("a: !!timestamp 2024-01-01", "line 1: the tag"),
        ("a: !!binary aGk=", "line 1: the tag"),
        ("a: !pass-word x", "line 1: the tag is not taken; put text that begins with ! in quotes"),
        ("a: !e!x 1", "line 1, column 4: the tag is not taken"),
        ("a: *pass-word", "line 1, column 4: found an alias without its anchor"),
        ('a: "\\ud800"', "line 1: holds one half of a character"),
        ('"\\udc00": a', "holds one half of a character"),
        ("a: !!int x", "line 1: is no int"),
        ("? [a]\n: b", "line 1: a key must be plain text"),
        ("a: {<<: 1}", "takes a mapping"),
        ("a: 1e999", "too large"),
        ("a: " + "9" * 5000, "is no int that can be read"),
        ("", "is empty"),
        ("# only a comment", "is empty"),
        ("a: 1\n---\nb: 2", "line 2, column 1"),
        ("a: 'open", "is no YAML at line 1"),
        ("a: \x00", "unreadable characters"),
    ],
    # of the text only the beginning: one of them is 100,000 characters long
    ids=lambda value: value[:40],
)
def test_yaml_that_is_refused_says_why_and_where(text, message):
    with pytest.raises(PlainDataError) as refusal:
        read_yaml(text)
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1, "a": 2}', "has the key 'a' twice"),
        ("[NaN]", "holds NaN"),
        ("[1e999]", "too large"),
        ("[" + "9" * 5000 + "]", "can be read"),
        ("[" * 200 + "]" * 200, "nested deeper than 100"),
        ("[" * 100_000, "nested deeper than 100"),
        ('{"a": }', "line 1, column 7"),
        (r'{"a": ["\ud800"]}', "holds one half of a character"),
        (r'{"\udc00": 1}', "holds one half of a character"),
        (" ", "is empty"),
    ],
)
def test_json_that_is_refused_says_why_and_where(text, message):
    with pytest.raises(PlainDataError) as refusal:
        read_json(text)
    assert message in str(refusal.value)


@given(JSON_VALUES)
def test_json_values_survive_json(value):
    assert read_json(json.dumps(value)) == value


def test_halves_of_a_character_that_json_escapes_are_joined():
    text = json.dumps({"\U0001f9fe": "\U0001f600"})
    assert "ud83d" in text
    assert read_yaml(text) == read_json(text) == {"\U0001f9fe": "\U0001f600"}


@given(st.text() | st.text(alphabet="&*a:{}[]-!<>|'\"\n 0.e~#?,"))
def test_any_text_is_read_or_refused(text):
    try:
        value = read_yaml(text)
    except PlainDataError:
        return
    json.dumps(value, allow_nan=False)
