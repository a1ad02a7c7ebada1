"""Whatever is printed on a page in a known format is found there; what is not, is not."""

from datetime import date
from decimal import Decimal
from string import ascii_uppercase

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.pages import box_at, document_of, page_of

from signoff.executions.extractions import Evidence, MatchKind
from signoff.extraction.evidence import Grounding, ground

MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro"
    " dezembro",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre"
    " diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre"
    " dicembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
}
SCHEMA = {
    "type": "object",
    "properties": {
        "amount": {"type": "number"},
        "date": {"type": "string", "format": "date"},
        "text": {"type": "string"},
    },
}
FEW = settings(max_examples=40, deadline=None)
AMOUNTS = st.decimals(min_value=Decimal("0.01"), max_value=9_999_999, places=2, allow_nan=False)
DATES = st.dates(date(1990, 1, 1), date(2049, 12, 31))
LETTERS = st.text("abcdefghijklmnopqrstuvwxyzäöüéèçãñß", min_size=3, max_size=12)
NAMES = st.lists(LETTERS.map(str.capitalize), min_size=2, max_size=4).map(" ".join)
IDENTIFIERS = st.from_regex(r"[A-Z]{2}[-/ .]?20[0-9]{2}[-/]?[0-9]{3,8}", fullmatch=True)
ROWS, COLUMNS = st.integers(0, 40), st.integers(0, 20)


def written_amounts(amount: Decimal) -> list[str]:
    american = f"{amount:,}"
    continental = american.translate(str.maketrans(",.", ".,"))
    return [
        f"{amount}",
        f"{amount}".replace(".", ","),
        american,
        continental,
        american.replace(",", "'"),
        american.replace(",", " ").replace(".", ","),
        american.replace(",", "\u202f").replace(".", ","),
        f"€{american}",
        f"{continental} €",
        f"EUR {continental}",
        f"{american}GBP",
    ]


def written_dates(day: date, language: str) -> list[str]:
    month = MONTHS[language].split()[day.month - 1]
    return [
        day.isoformat(),
        f"{day.day}. {month} {day.year}",
        f"{day.day} {month} {day.year}",
        f"{day.day} de {month} de {day.year}",
        f"{month} {day.day}, {day.year}",
        f"{day.day:02}.{day.month:02}.{day.year}",
        f"{day.day}.{day.month}.{day.year}",
        f"{day:%d %b %Y}",
        f"{day:%d-%b-%Y}",
        f"{day:%Y/%m/%d}",
    ]


def found_at(value: object, name: str, lines: list[str]) -> Evidence | None:
    """Where a value is found on a page of these lines; evidence and verdict agree."""
    grounding = ground({name: value}, SCHEMA, [document_of(page_of(*lines))])
    assert grounding.ungrounded == ([] if grounding.evidence else [f"/{name}"])
    return grounding.evidence.get(f"/{name}")


def printed(text: str, row: int, column: int) -> list[str]:
    """The lines of a page that has ``text`` at a place, between words that are none of it."""
    return [*["und weiter"] * row, " " * column + text, "", "", "schließlich"]


@given(AMOUNTS, st.data(), ROWS, COLUMNS)
@FEW
def test_an_amount_is_found_in_any_format(
    amount: Decimal, data: st.DataObject, row: int, column: int
) -> None:
    text = data.draw(st.sampled_from(written_amounts(amount)))
    evidence = found_at(float(amount), "amount", printed(text, row, column))
    assert evidence is not None
    assert evidence.match in (MatchKind.EXACT, MatchKind.VARIANT)
    assert evidence.quote in text
    start = text.index(evidence.quote)
    box = box_at(row, column + start, len(evidence.quote))
    assert evidence.box == pytest.approx(tuple(box), abs=1e-6)


@given(AMOUNTS, AMOUNTS, st.data())
@FEW
def test_no_other_amount_is_found_there(
    amount: Decimal, other: Decimal, data: st.DataObject
) -> None:
    assume(amount != other)
    text = data.draw(st.sampled_from(written_amounts(amount)))
    assert found_at(float(other), "amount", printed(text, 2, 5)) is None


@given(AMOUNTS, st.data())
@FEW
def test_an_amount_with_one_wrong_digit_is_not_found(amount: Decimal, data: st.DataObject) -> None:
    digits = str(amount)
    position = data.draw(st.sampled_from([i for i, char in enumerate(digits) if char.isdigit()]))
    digit = data.draw(st.sampled_from("0123456789").filter(lambda d: d != digits[position]))
    wrong = float(digits[:position] + digit + digits[position + 1 :])
    text = data.draw(st.sampled_from(written_amounts(amount)))
    confidence = data.draw(st.sampled_from([1.0, 0.7]))
    document = document_of(page_of(*printed(text, 3, 4), confidence=confidence))
    assert ground({"amount": wrong}, SCHEMA, [document]).evidence == {}


@given(DATES, st.sampled_from(sorted(MONTHS)), st.data(), ROWS, COLUMNS)
@FEW
def test_a_date_is_found_in_any_format(
    day: date, language: str, data: st.DataObject, row: int, column: int
) -> None:
    text = data.draw(st.sampled_from(written_dates(day, language)))
    evidence = found_at(day.isoformat(), "date", printed(text, row, column))
    assert evidence is not None
    assert evidence.box is not None
    assert evidence.box[0] == pytest.approx(box_at(row, column, 1)[0])
    assert evidence.box[2] == pytest.approx(box_at(row, column, len(text))[2])
    assert evidence.quote == text


@given(DATES, DATES, st.sampled_from(sorted(MONTHS)), st.data())
@FEW
def test_no_other_date_is_found_there(
    day: date, other: date, language: str, data: st.DataObject
) -> None:
    assume(day != other)
    text = data.draw(st.sampled_from(written_dates(day, language)))
    assert found_at(other.isoformat(), "date", printed(text, 1, 1)) is None


@given(NAMES, st.integers(1, 4), ROWS, COLUMNS, st.booleans())
@FEW
def test_a_name_is_found_wrapped_and_in_capitals(
    name: str, words: int, row: int, column: int, capitals: bool
) -> None:
    parts = name.split()
    first, second = " ".join(parts[:words]), " ".join(parts[words:])
    lines = ["und weiter"] * row + ["", "", " " * column + first]
    lines += [" " * column + second] * bool(second)
    # a second column beside it must not come between
    lines = [line.ljust(78) + "daneben" if line.strip() else line for line in lines]
    evidence = found_at(name.upper() if capitals else name, "text", lines)
    assert evidence is not None
    assert evidence.quote == name
    assert evidence.box is not None
    assert evidence.box[0] == pytest.approx(box_at(0, column, 1)[0])
    assert evidence.box[1] == pytest.approx(box_at(row + 2, column, 1)[1])
    last = row + 3 if second else row + 2
    assert evidence.box[3] == pytest.approx(box_at(last, column, 1)[3])


@given(LETTERS, LETTERS, ROWS, COLUMNS)
@FEW
def test_a_word_broken_at_the_end_of_its_line_is_found(
    start: str, end: str, row: int, column: int
) -> None:
    lines = ["und weiter"] * row + ["", " " * column + f"{start}-", " " * column + end]
    evidence = found_at(start + end, "text", lines)
    assert evidence is not None
    assert evidence.match is not MatchKind.FUZZY


@given(IDENTIFIERS, st.data())
@FEW
def test_an_identifier_is_found_with_and_without_what_stands_between(
    identifier: str, data: st.DataObject
) -> None:
    between = data.draw(st.sampled_from([" ", "-", "/", "."]))
    written = identifier.replace("-", between).replace("/", between)
    evidence = found_at(identifier, "text", printed(written, 2, 3))
    assert evidence is not None
    assert evidence.quote == written


@given(IDENTIFIERS, st.data(), st.sampled_from([1.0, 0.6]))
@FEW
def test_an_identifier_with_a_wrong_character_is_not_found(
    identifier: str, data: st.DataObject, confidence: float
) -> None:
    position = data.draw(
        st.sampled_from([i for i, char in enumerate(identifier) if char.isdigit()])
    )
    digit = data.draw(st.sampled_from("0123456789").filter(lambda d: d != identifier[position]))
    wrong = identifier[:position] + digit + identifier[position + 1 :]
    document = document_of(page_of(*printed(identifier, 2, 3), confidence=confidence))
    assert ground({"text": wrong}, SCHEMA, [document]).evidence == {}


@given(NAMES, NAMES)
@FEW
def test_an_unlike_name_is_not_found(name: str, other: str) -> None:
    assume(not set(name.casefold().split()) & set(other.casefold().split()))
    assume(other.casefold().replace(" ", "") not in name.casefold().replace(" ", ""))
    assume(sum(a != b for a, b in zip(name, other, strict=False)) > len(other) / 3)
    evidence = found_at(other, "text", printed(name, 2, 3))
    assert evidence is None or evidence.match is MatchKind.FUZZY


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Bolt", "Nut", "Long washer"]), st.integers(1, 3), st.integers(1, 3)
        ),
        min_size=1,
        max_size=12,
    )
)
@FEW
def test_rows_get_places_of_their_own_in_order(rows: list[tuple[str, int, int]]) -> None:
    lines = [f"{name:<24}{quantity:>6}{price:>9}.00" for name, quantity, price in rows]
    page = page_of("Article" + " " * 20 + "Qty    Price", *lines, "", "", "Thank you")
    schema = {
        "type": "object",
        "properties": {
            "lines": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string"},
                        "quantity": {"type": "integer"},
                        "price": {"type": "number"},
                    },
                },
            }
        },
    }
    data = {"lines": [{"name": n, "quantity": q, "price": p} for n, q, p in rows]}
    grounding = ground(data, schema, [document_of(page)])
    assert grounding.ungrounded == []
    assert len({evidence.box for evidence in grounding.evidence.values()}) == 3 * len(rows)
    for number in range(len(rows)):
        for name in ("name", "quantity", "price"):
            box = grounding.evidence[f"/lines/{number}/{name}"].box
            assert box is not None
            assert box[1] == pytest.approx(box_at(number + 1, 0, 1)[1])
    assert ground(data, schema, [document_of(page)]) == grounding
    doubled = {"lines": [*data["lines"], data["lines"][-1]]}
    count = sum(row == rows[-1] for row in rows)
    again: Grounding = ground(doubled, schema, [document_of(page)])
    identical = {n for n, row in enumerate([*rows, rows[-1]]) if row == rows[-1]}
    lost = {int(pointer.split("/")[2]) for pointer in again.ungrounded}
    assert len(lost) == 1
    assert lost <= identical
    assert len(identical) == count + 1


@given(st.text(ascii_uppercase + "0123456789 .,-/:%€\x00\ud800", max_size=200), st.integers())
@FEW
def test_whatever_stands_on_a_page_does_no_harm(text: str, number: int) -> None:
    document = document_of(page_of(text, text[::-1], confidence=0.5))
    data = {"text": text, "amount": number, "date": text[:10]}
    first = ground(data, SCHEMA, [document])
    assert ground(data, SCHEMA, [document]) == first
