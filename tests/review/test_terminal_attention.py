from typing import Any

from signoff.executions.checks import OnFailure
from signoff.executions.extractions import CheckResult, CheckStatus, Evidence, Extraction
from signoff.review.terminal import MAX_LINES, attention_lines


def lines(**changes: Any) -> list[str]:
    fields: dict[str, Any] = {
        "data": {"number": "17", "total": 12.5},
        "confidence": {"/number": 0.95, "/total": 0.5},
        "model": "m",
    }
    return [*attention_lines(Extraction.model_validate(fields | changes))]


def test_what_needs_eyes_comes_first_and_the_rest_is_one_line() -> None:
    failed = CheckResult(
        name="sum", status=CheckStatus.FAILED, on_failure=OnFailure.FLAG, message="12 is not 13"
    )
    place = Evidence(file=1, page=2, quote="12,50")
    assert lines(checks=[failed], notes=["A note."], evidence={"/total": place}) == [
        "check “sum” failed: 12 is not 13",
        "A note.",
        "0.50  total  12.5  (file 1, page 2: 12,50)",
        "sure (90% or more, and nothing against): 1",
    ]


def test_many_doubts_are_cut() -> None:
    many = lines(confidence={f"/{number}": 0.1 for number in range(40)})
    assert len(many) == MAX_LINES + 1
    assert many[-1] == f"… and {40 - MAX_LINES} more"


def test_what_was_read_cannot_control_the_terminal() -> None:
    shown = lines(data={"number": "\x1b[2Jx\u202egpj", "total": 1}, confidence={"/number": 0.1})
    assert shown == ["0.10  number  [2Jxgpj"]


def test_a_failed_check_over_many_values_does_not_list_them_all() -> None:
    amounts = [{"amount": number} for number in range(20)]
    pointers = [f"/lines/{number}/amount" for number in range(20)]
    failed = CheckResult(
        name="sum",
        status=CheckStatus.FAILED,
        on_failure=OnFailure.FLAG,
        message="190 is not 200",
        pointers=[*pointers, "/total"],
    )
    shown = lines(
        data={"total": 200, "lines": amounts},
        confidence=dict.fromkeys(pointers, 0.93) | {"/lines/3/amount": 0.4, "/total": 0.6},
        checks=[failed],
    )
    assert [line[:4] for line in shown[1:3]] == ["0.40", "0.60"]
    assert shown[3:] == ["nothing against but a failed check over many values: 19"]


def test_a_check_over_many_values_that_are_unsure_for_it_is_one_line_too() -> None:
    amounts = [{"amount": number} for number in range(20)]
    pointers = [f"/lines/{number}/amount" for number in range(20)]
    failed = CheckResult(
        name="sum",
        status=CheckStatus.FAILED,
        on_failure=OnFailure.FLAG,
        message="190 is not 200",
        pointers=pointers,
    )
    shown = lines(
        data={"lines": amounts},
        confidence=dict.fromkeys(pointers, 0.88) | {"/lines/3/amount": 0.55},
        checks=[failed],
    )
    assert [line[:4] for line in shown[1:2]] == ["0.55"]
    assert shown[2:] == ["nothing against but a failed check over many values: 19"]
