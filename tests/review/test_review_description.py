"""The markdown above the form, read by a CommonMark parser with tables and links."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from signoff.executions.checks import OnFailure
from signoff.executions.extractions import (
    CheckResult,
    CheckStatus,
    Disagreement,
    Evidence,
    Extraction,
    FieldSignals,
    MatchKind,
)
from signoff.executions.failures import Failure
from signoff.executions.models import Execution, PendingReview, StoredFile, Trigger
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
        agent_number=1,
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
    assert rows[0] == "| lines › 1 › amount | 0 | 0% | page 2: \\| 0\\,00 \\| |"
    assert len(rows) == MAX_FIELDS
    assert f"{40 - MAX_FIELDS} more values, of 15% or more" in text


def judged(**changes: Any) -> Extraction:
    data = {"number": "17", "total": 12.5, "lines": [{"amount": 5}, {"amount": 7.5}]}
    scores = {"/number": 0.95, "/total": 0.99, "/lines/0/amount": 0.99, "/lines/1/amount": 0.3}
    return Extraction.model_validate(
        {"data": data, "confidence": scores, "model": "m", "ungrounded": ["/lines/1/amount"]}
        | changes
    )


def looked_at(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("| ")][2:]


def test_values_that_are_sure_are_one_line() -> None:
    text = describe(execution(judged()))
    assert looked_at(text) == [
        "| lines › 2 › amount | 7\\.5 | 30% | **stands nowhere in the documents** |"
    ]
    assert "**3 values are** sure" in text


def test_failed_checks_come_before_everything_else() -> None:
    failed = CheckResult(
        name="sum of lines",
        status=CheckStatus.FAILED,
        on_failure=OnFailure.FLAG,
        message="12.5 is not 5 + 7",
        pointers=["/total", "/lines"],
    )
    text = describe(execution(judged(checks=[failed])), reason="Not signed off by the policy.")
    places = [text.index(part) for part in ("12\\.5 is not", "Not signed off", "| Look at")]
    assert places == sorted(places)
    assert "check “sum of lines”" in next(row for row in looked_at(text) if "| total" in row)
    assert "check “sum of lines”" in next(row for row in looked_at(text) if "lines › 1" in row)
    assert "**1 value is** sure" in text


def test_what_other_readers_read_is_told() -> None:
    others = [
        Disagreement(pointer="/total", reader="challenger", value=21.5),
        Disagreement(pointer="/number", reader="offline", value=None),
        Disagreement(pointer="/due", reader="offline", value="2026-01-01"),
        Disagreement(pointer="/lines/2", reader="challenger", value={"amount": 9}),
    ]
    text = describe(execution(judged(disagreements=others)))
    assert "**the challenger read 21\\.5**" in text
    assert "**the offline reader read nothing**" in text
    assert "| due |  | – | **the offline reader read 2026\\-01\\-01** |" in text
    assert "| lines › 3 |  | – | **the challenger read amount\\: 9** |" in text


def test_words_that_are_hard_to_read_are_told() -> None:
    signals = FieldSignals(match=MatchKind.FUZZY, similarity=0.9, word_confidence=0.42, places=1)
    text = describe(execution(judged(signals={"/total": signals})))
    assert "found only nearly \\(90\\%\\)" in text
    assert "hard to read \\(OCR 42\\%\\)" in text


def test_what_a_person_edited_is_not_doubted() -> None:
    edited = judged(
        as_read={"number": "17", "total": 12.5, "lines": [{"amount": 5}, {"amount": 8}]}
    )
    text = describe(execution(edited))
    assert looked_at(text) == []
    assert "1 value is edited by a person since" in text


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_that_was_read_acts_in_the_table(hostile: str) -> None:
    read = judged(
        data={"number": hostile, "total": 1, "lines": []},
        confidence={"/number": 0.2},
        disagreements=[Disagreement(pointer="/number", reader="challenger", value=hostile)],
        notes=[hostile],
        checks=[
            CheckResult(
                name=hostile,
                status=CheckStatus.FAILED,
                on_failure=OnFailure.FLAG,
                message=hostile,
                pointers=["/number"],
            )
        ],
    )
    tokens = PARSER.parse(describe(execution(read), reason=hostile))
    kinds = {child.type for token in tokens for child in token.children or []}
    assert kinds <= {"text", "text_special", "strong_open", "strong_close"}
    assert not any(token.type == "html_block" for token in tokens)


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
