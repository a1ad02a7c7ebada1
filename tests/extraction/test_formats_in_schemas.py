"""Formats and patterns that servers are asked to hold answers to."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import model_server as stub
from support.model_server import ModelServer
from support.reading import DATA, request

from signoff.extraction.models.model_reader import ModelReader
from signoff.extraction.models.sayable import constraints, plain_pattern
from signoff.extraction.models.server_memory import CapabilityCache

MakeReader = Callable[..., ModelReader]
SCHEMA = {
    "type": "object",
    "properties": {
        "date": {"type": "string", "format": "date"},
        "currency": {"type": ["string", "null"], "pattern": "^[A-Z]{3}$"},
        "mail": {"type": "string", "format": "email"},
        "total": {"type": "number"},
    },
}


def asked(server: ModelServer, call: int = -1) -> dict[str, Any]:
    properties = server.journal[call].body["response_format"]["json_schema"]["schema"]["properties"]
    return {name: node for name, node in properties.items() if name != "total"}


@pytest.mark.parametrize(
    ("pattern", "plain"),
    [
        ("^[A-Z]{3}$", "^[A-Z]{3}$"),
        (r"^\d{2,5}$", "^[0-9]{2,5}$"),
        (r"^[\d-]+\w?$", "^[0-9-]+[A-Za-z0-9_]?$"),
        (r"^(?:RE|AR)-\d+\.\d*$", r"^(RE|AR)-[0-9]+\.[0-9]*$"),
        (r"^\+?[0-9 ]+$", r"^\+?[0-9 ]+$"),
    ],
)
def test_plain_patterns_are_asked_for(pattern: str, plain: str) -> None:
    assert plain_pattern(pattern) == plain


@pytest.mark.parametrize(
    "pattern",
    [
        "[A-Z]{3}",  # anywhere in the text
        "^a|b$",  # begins with a, or ends with b
        "^(?=A)B$",
        r"^\p{L}+$",
        "^.+$",  # a quotation mark would end the string
        "^[^x]+$",
        "^a+?$",
        "^a{1,1000}$",
        "^(a$",
        "^+$",
        r"^\b$",
        r"^a\$",
        "^ä$",
        "^",
        7,
    ],
)
def test_others_are_left_to_the_validation(pattern: Any) -> None:
    assert plain_pattern(pattern) is None


@given(
    st.from_regex(r"\A\^[a-z0-9\\dws(|)\[\]{},?*+:-]{1,12}\$\Z"),
    st.text("abcdws019-|{}(", max_size=6),
)
def test_what_is_asked_for_means_the_same(pattern: str, text: str) -> None:
    plain = plain_pattern(pattern)
    if plain is not None:
        try:
            theirs = re.compile(pattern, re.ASCII)
        except re.error:
            return
        assert bool(re.search(plain, text)) == bool(theirs.search(text))


def test_format_goes_before_a_pattern() -> None:
    assert constraints({"format": "date", "pattern": "^2.*$"}) == {"format": "date"}
    assert constraints({"format": "iban"}) == {}


def test_strings_are_held_to_formats_and_patterns(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    model_server.script(stub.ok(DATA))
    make_reader().read(request(schema=SCHEMA))
    properties = asked(model_server)
    said = [branch for node in properties.values() for branch in node.get("anyOf", [node])]
    assert [node.get("format") or node.get("pattern") for node in said] == [
        *("date", None),
        *("^[A-Z]{3}$", None),
        *(None, None),
    ]
    # the model is told all of them, once
    assert model_server.journal[0].text.count("format date") == 1


@pytest.mark.parametrize(
    ("words", "lasting"),
    [
        (
            "Invalid schema for 'data': In context=('properties',), 'pattern' is not permitted.",
            True,
        ),
        ("failed to parse grammar", False),
        ("Invalid regex in schema", False),
    ],
)
def test_server_that_knows_none_is_asked_without(
    model_server: ModelServer, make_reader: MakeReader, words: str, lasting: bool
) -> None:
    cache = CapabilityCache()
    model_server.script(stub.error(400, words), stub.ok(DATA), stub.ok(DATA))
    reader = make_reader(cache)
    assert reader.read(request(schema=SCHEMA)).data == DATA
    assert "pattern" not in str(asked(model_server)).replace("(pattern", "")
    assert "'format': 'date'" not in str(asked(model_server))
    reader.read(request(schema=SCHEMA))
    assert ("'format': 'date'" in str(asked(model_server))) is not lasting


def test_server_that_knows_no_schema_is_found_out_all_the_same(
    model_server: ModelServer, make_reader: MakeReader
) -> None:
    model_server.json_schema = False
    model_server.script(stub.ok(DATA))
    assert make_reader().read(request(schema=SCHEMA)).data == DATA
    assert len(model_server.journal) == 2
