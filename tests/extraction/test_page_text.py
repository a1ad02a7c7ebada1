"""A page's text as a model gets it: columns kept, gaps drawn together, tokens estimated."""

from hypothesis import given
from hypothesis import strategies as st

from signoff.extraction.prompts.page_text import compact, estimate_tokens

CELL = st.text("abc12,.", min_size=1, max_size=12)


def test_columns_stay_columns_and_narrow() -> None:
    text = (
        "Pos        Artikel                       Menge              Betrag\n"
        "  1        Schraube                         10               12,00\n"
        "  2        Mutter                            5              100,00\n"
        "\n"
        "  3        Scheibe                                            7,50"
    )
    assert compact(text) == (
        "Pos  Artikel   Menge  Betrag\n"
        "  1  Schraube     10   12,00\n"
        "  2  Mutter        5  100,00\n"
        "\n"
        "  3  Scheibe            7,50"
    )


def test_running_text_does_not_hold_columns_apart() -> None:
    letter = "We thank you for your order and deliver as follows, all prices without tax:"
    assert compact(f"{letter}\nTea{' ' * 50}1.00") == f"{letter}\nTea  1.00"


def test_empty_lines_do_not_pile_up() -> None:
    assert compact("\n\na b\n\n\n\nc d   \n\n") == "a b\n\nc d"


@given(st.lists(st.lists(st.tuples(st.integers(0, 40), CELL), max_size=5), max_size=12))
def test_no_word_is_lost_and_nothing_grows(rows: list[list[tuple[int, str]]]) -> None:
    text = "\n".join("".join(" " * gap + word for gap, word in row) for row in rows)
    assert compact(text).split() == text.split()
    assert len(compact(text)) <= len(text)
    assert compact(compact(text)) == compact(text)


@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=2, max_size=8))
def test_cells_below_each_other_stay_below_each_other(rows: list[tuple[str, str, str]]) -> None:
    lines = [f"{a:<30}{b:>30}   {c}" for a, b, c in rows]
    starts = {line.rindex("   ") for line in lines if len(line.split()) == 3}
    narrow = compact("\n".join(lines)).split("\n")
    assert len({line.rindex("  ") for line in narrow}) == len(starts) == 1


def test_digits_and_punctuation_count_and_blanks_hardly_do() -> None:
    assert estimate_tokens("DE89 3704 0044 0532 0130 00") > 22
    assert estimate_tokens(f"Total{' ' * 60}1") < 10
    assert estimate_tokens("The quick brown fox jumps over the lazy dog") < 20
    assert estimate_tokens("請求書番号") >= 5
    assert estimate_tokens("-" * 80) < 10


@given(st.text(), st.text())
def test_estimates_grow_with_the_text(left: str, right: str) -> None:
    assert 1 <= estimate_tokens(left) <= estimate_tokens(left + right) + 2
