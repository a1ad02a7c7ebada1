"""Which rows of two lists belong together."""

import random
import time

from hypothesis import given
from hypothesis import strategies as st

from signoff.extraction.rows import MAX_PAIRS, match_rows

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "description": st.sampled_from(["Schraube", "Mutter", "Scheibe", "Dübel", "Leim"]),
            "amount": st.integers(0, 4),
        }
    ),
    max_size=8,
)


def row(description: str, quantity: object, amount: object) -> dict[str, object]:
    return {"description": description, "quantity": quantity, "amount": amount}


def test_rows_are_found_again_in_another_order_and_another_format() -> None:
    left = [row("Schraube M8", 10, 12.5), row("Mutter M8", 20, 8), row("Scheibe", 5, 1)]
    right = [row("scheibe", "5", "1,00"), row("SCHRAUBE M8", 10, "12,50"), row("Mutter M8", 20, 8)]
    assert match_rows(left, right) == [(0, 1), (1, 2), (2, 0)]


def test_a_row_left_out_and_a_row_too_many_stay_alone() -> None:
    left = [row("Schraube", 10, 12.5), row("Mutter", 20, 8), row("Scheibe", 5, 1)]
    right = [left[0], left[2], row("Versandkosten", 1, 4.9)]
    assert match_rows(left, right) == [(0, 0), (1, None), (2, 1), (None, 2)]


def test_identical_rows_keep_their_order() -> None:
    same = row("Pfand", 1, 3.5)
    left = [same, row("Wasser", 2, 9), same, same]
    assert match_rows(left, left) == [(0, 0), (1, 1), (2, 2), (3, 3)]
    pairs = match_rows(left, left[1:])
    assert [j for i, j in pairs if i != 1 and j is not None] == [1, 2]
    assert (1, 0) in pairs


def test_one_changed_field_does_not_part_a_row() -> None:
    left = [row("Schraube", 10, 12.5), row("Mutter", 20, 8)]
    right = [row("Schraube", 10, 13.5), row("Muter", 20, 8)]
    assert match_rows(left, right) == [(0, 0), (1, 1)]


def test_rows_with_nothing_in_common_are_not_paired() -> None:
    assert match_rows([row("Schraube", 1, 2)], [row("Beratung", 3, 4)]) == [(0, None), (None, 0)]
    assert match_rows([], [row("a", 1, 1)]) == [(None, 0)]
    assert match_rows([], []) == []


def test_scalars_and_nested_rows_are_matched_too() -> None:
    assert match_rows(["a", "b", "c"], ["B", "C"]) == [(0, None), (1, 0), (2, 1)]
    nested = [{"item": {"no": "1", "tags": ["x"]}}, {"item": {"no": "2", "tags": []}}]
    assert match_rows(nested, nested[::-1]) == [(0, 1), (1, 0)]


def test_twelve_hundred_rows_with_gaps_are_matched_at_once() -> None:
    words = ["Schraube", "Mutter", "Scheibe", "Dübel", "Leim", "Lack", "Winkel", "Griff"]
    chance = random.Random(3)
    left = [
        row(f"{chance.choice(words)} {chance.choice(words)} {number}", number % 7, number * 1.5)
        for number in range(1200)
    ]
    dropped = set(chance.sample(range(1200), 60))
    right = [each for number, each in enumerate(left) if number not in dropped]
    started = time.process_time()
    pairs = match_rows(left, right)
    assert time.process_time() - started < 20
    assert {i for i, j in pairs if j is None} == dropped
    assert all(left[i] == right[j] for i, j in pairs if i is not None and j is not None)


def test_lists_beyond_the_limit_are_matched_part_by_part() -> None:
    count = 4000
    assert count * count > MAX_PAIRS
    left = [row(f"Artikel {number}", 1, number) for number in range(count)]
    right = [{**each, "quantity": 2} if i % 500 == 0 else each for i, each in enumerate(left)]
    assert match_rows(left, right) == [(i, i) for i in range(count)]


@given(ROWS, ROWS)
def test_every_row_is_in_one_pair(left: list[object], right: list[object]) -> None:
    pairs = match_rows(left, right)
    assert sorted(i for i, _ in pairs if i is not None) == list(range(len(left)))
    assert sorted(j for _, j in pairs if j is not None) == list(range(len(right)))


@given(ROWS)
def test_a_list_matches_itself_in_order(rows: list[object]) -> None:
    assert match_rows(rows, rows) == [(i, i) for i in range(len(rows))]
