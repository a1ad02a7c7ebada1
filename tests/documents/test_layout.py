"""Lines and columns of the page stay lines and columns in the text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.documents.layout import find_slope, lay_out


def word(text, left, top, *, width=None, height=0.02):
    return (text, (left, top, left + (width or 0.01 * len(text)), top + height), 1.0)


def test_words_come_in_reading_order_whatever_the_order_of_the_file():
    words = [word("world", 0.2, 0.1), word("below", 0.1, 0.17), word("Hello", 0.145, 0.1)]
    text, ordered = lay_out(words, width=600, height=800)
    assert text.split("\n") == ["    Hello world", "", "below"]
    assert [entry[0] for entry in ordered] == ["Hello", "world", "below"]


def test_columns_are_kept_apart():
    words = [
        word("Item", 0.1, 0.10),
        word("Total", 0.6, 0.10),
        word("Screw", 0.1, 0.13),
        word("1.00", 0.6, 0.13),
    ]
    text, _ = lay_out(words, width=600, height=800)
    first, second = text.split("\n")
    assert first.index("Total") == second.index("1.00") == 50


def test_commas_and_quotation_marks_stay_on_their_line():
    words = [
        word("August", 0.1, 0.1),
        word("3", 0.17, 0.1),
        word(",", 0.181, 0.1175, height=0.005),
        word("2014", 0.19, 0.1),
        word("“", 0.25, 0.1, height=0.005),
        word("next", 0.1, 0.124),
    ]
    text, _ = lay_out(words, width=600, height=800)
    assert text.split("\n") == ["August 3 , 2014 “", "next"]


def test_a_page_scanned_askew_is_read_along_its_lines():
    slope = 0.02  # more than a line's height over the page's width
    words = [
        word(f"w{row}{column}", x, 0.1 + row * 0.02 + x * slope, height=0.015)
        for row in range(5)
        for column, x in enumerate((0.1, 0.3, 0.5, 0.7, 0.9))
    ]
    text, _ = lay_out(words, width=800, height=800, slope=slope)
    assert [line.split() for line in text.split("\n")] == [
        [f"w{row}{column}" for column in range(5)] for row in range(5)
    ]


@pytest.mark.parametrize("slope", [-0.03, -0.01, 0.0, 0.02])
def test_the_slope_of_a_page_is_found(slope):
    words = [
        word(f"w{row}{column}", x, 0.2 + row * 0.022 + x * slope, height=0.015)
        for row in range(8)
        for column, x in enumerate((0.1, 0.3, 0.5, 0.7, 0.9))
    ]
    assert find_slope(words, width=800, height=800) == pytest.approx(slope, abs=0.003)


def test_no_words_no_text():
    assert lay_out([], width=600, height=800) == ("", [])


fraction = st.floats(0, 1, allow_nan=False)


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=9),
            st.tuples(fraction, fraction, fraction, fraction).map(
                lambda f: (min(f[0], f[2]), min(f[1], f[3]), max(f[0], f[2]), max(f[1], f[3]))
            ),
            fraction,
        ),
        max_size=40,
    ),
    st.floats(-0.1, 0.1),
)
def test_no_word_is_lost_or_invented(words, slope):
    text, ordered = lay_out(words, width=600, height=800, slope=slope)
    assert sorted(ordered) == sorted(words)
    assert text.split() == [entry[0] for entry in ordered]
    assert max(map(len, text.split("\n"))) < 5000
