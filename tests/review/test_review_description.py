"""The markdown above the form, read by a CommonMark parser with tables and links."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from signoff.executions.failures import Failure
from signoff.executions.models import (
    Evidence,
    Execution,
    Extraction,
    PendingReview,
    StoredFile,
    Trigger,
)
from signoff.review.description import MAX_FIELDS, MAX_LISTED, describe, escape_markdown
from signoff.review.pictures import Picture

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
HOSTILE = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "[x](javascript:alert(1))",
    "![x](http://evil.test/x.png)",
    "`code` and ```fence```",
    "a | b \\| c",
    "# heading",
    "- list\n1. list\n\n# after a blank line",
    "http://evil.test www.evil.test a@evil.test <http://evil.test>",
    "**bold** __bold__ ~~gone~~",
    "&lt;b&gt; &amp; &#60;",
    "[ref]: http://evil.test",
    "| - | - |",
    "---",
    "\\",
]


def execution(
    extraction: Extraction | None = None, *, failure: Failure | None = None, files: int = 1
) -> Execution:
    return Execution(
        id=uuid4(),
        number=42,
        workspace_id=uuid4(),
        agent_id=uuid4(),
        agent_name="invoice",
        agent_revision=1,
        state=PendingReview(data_extracted={}),
        failure=failure,
        files=[
            StoredFile(
                id=uuid4(),
                number=number,
                name=f"scan_{number}.pdf",
                media_type="application/pdf",
                size=123_456,
                sha256="0",
            )
            for number in range(files)
        ],
        trigger=Trigger.MANUAL,
        extraction=extraction,
        created_at=NOW,
        updated_at=NOW,
    )


def shown(text: str) -> str:
    """``text`` as a reader of one line sees it."""
    text = re.sub(r"\s+", " ", text).strip()
    return "".join(char for char in text if unicodedata.category(char) not in ("Cc", "Cf", "Cs"))


def plain(token: Token) -> str:
    assert {child.type for child in token.children or []} <= {"text", "text_special"}, token
    return "".join(child.content for child in token.children or []).replace("\u2060", "")


@given(st.text(max_size=40) | st.text("<>&*_[]()`|#-+=~!\\:/.@ \n1aw", max_size=40))
@example("http://www.evil.test")
def test_escaped_text_is_one_paragraph_of_text(text: str) -> None:
    tokens = PARSER.parse(f"x{escape_markdown(text)}x")
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert plain(tokens[1]) == f"x{shown(text)}x"


@given(st.text(max_size=30) | st.text("|\\- :`", max_size=30))
def test_escaped_text_stays_in_its_table_cell(text: str) -> None:
    cell = escape_markdown(text)
    tokens = PARSER.parse(f"| a | b |\n| --- | --- |\n| {cell} | end |\n")
    cells = [plain(token) for token in tokens if token.type == "inline"]
    assert cells == ["a", "b", shown(text).strip(), "end"]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_acts_at_the_start_of_a_line(text: str) -> None:
    tokens = PARSER.parse(escape_markdown(text))
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert plain(tokens[1]) == shown(text)


def test_an_address_is_no_link_even_where_escapes_are_lost() -> None:
    lost = escape_markdown("HTTP://evil.test www.evil.test a@evil.test").replace("\\", "")
    assert not re.search(r"https?://|www\.|\w@\w", lost, re.IGNORECASE)


def test_a_name_cannot_turn_its_direction() -> None:
    assert escape_markdown("invoice\u202efdp.exe") == "invoicefdp\\.exe"


def test_long_text_is_cut() -> None:
    assert escape_markdown("a" * 50, limit=10) == "a" * 9 + "…"


def test_errors_of_the_last_round_come_first() -> None:
    text = describe(
        execution(Extraction(data={"total": 1}, confidence={"/total": 0.4}, model="m")),
        problems=["/total: 'x' is not of type 'number'"],
    )
    assert text.startswith("### invoice · execution 42\n\n**The last answer was not taken.**")
    assert "is not of type" in text.split("scan")[0]


def test_a_failure_and_the_best_attempt_are_told() -> None:
    failure = Failure(code="max_retries_exceeded", explanation="Lines do not add up.", at=NOW)
    text = describe(execution(Extraction(data={"a": 1}, model="m"), failure=failure))
    assert "**max\\_retries\\_exceeded**: Lines do not add up\\." in text
    assert "best attempt" in text


def test_an_offline_reading_is_marked() -> None:
    assert "offline" in describe(execution(Extraction(data={"a": 1}, model="x", offline=True)))
    assert "offline" not in describe(execution(Extraction(data={"a": 1}, model="x")))


def test_the_weakest_fields_head_the_table_and_the_table_ends() -> None:
    confidence = {f"/lines/{row}/amount": row / 100 for row in reversed(range(40))}
    data = {"lines": [{"amount": row * 10} for row in range(40)]}
    evidence = {"/lines/0/amount": Evidence(file=1, page=2, quote="| 0,00 |")}
    text = describe(
        execution(Extraction(data=data, confidence=confidence, evidence=evidence, model="m"))
    )
    rows = [line for line in text.splitlines() if line.startswith("| lines")]
    assert rows[0] == "| lines › 1 › amount | 0 | 0% | file 1, page 2: \\| 0\\,00 \\| |"
    assert len(rows) == MAX_FIELDS
    assert f"{40 - MAX_FIELDS} fields of 25% or more" in text


def test_a_property_that_looks_like_a_number_is_not_counted_up() -> None:
    extraction = Extraction(data={"2024": {"0": 7}}, confidence={"/2024/0": 0.5}, model="m")
    assert "| 2024 › 0 | 7 |" in describe(execution(extraction))


def test_confidence_in_what_is_no_longer_there_is_shown_without_a_value() -> None:
    extraction = Extraction(data={"rows": []}, confidence={"/rows/3/a": 0.5}, model="m")
    assert "| rows › 4 › a |  | 50% |  |" in describe(execution(extraction))


def test_many_files_and_problems_are_capped() -> None:
    text = describe(execution(files=100), problems=["wrong"] * 100)
    assert text.count("\n- ") == 2 * MAX_LISTED + 2


def test_pictures_are_in_the_text() -> None:
    picture = Picture(document="a]b.pdf", page=3, jpeg=b"\xff\xd8")
    tokens = PARSER.parse(describe(execution(), pictures=[picture]))
    images = [child for token in tokens for child in token.children or [] if child.type == "image"]
    assert [image.attrs["src"] for image in images] == ["data:image/jpeg;base64,/9g="]
