"""When the policy signs off, and what it says when it does not."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.executions.agents import Agent
from signoff.executions.checks import OnFailure
from signoff.executions.extractions import (
    NO_SECOND_OPINION,
    CheckResult,
    CheckStatus,
    Disagreement,
    Extraction,
)
from signoff.executions.review_policy import ReviewPolicy
from signoff.review.policy import MAX_REASONS, decide, sampled

DATA: dict[str, Any] = {
    "number": "17",
    "total": 12.5,
    "seller": {"name": "ACME", "iban": None},
    "lines": [{"amount": 5}, {"amount": 7.5}],
}
SCORES = {"/number": 0.99, "/total": 0.98, "/seller/name": 0.9, "/lines/0/amount": 0.99}
SCORES |= {"/lines/1/amount": 0.6}


def extraction(**changes: Any) -> Extraction:
    return Extraction.model_validate({"data": DATA, "confidence": SCORES, "model": "m"} | changes)


def when(sample: float = 0, **conditions: Any) -> ReviewPolicy:
    return ReviewPolicy.model_validate({"auto_confirm": {"when": conditions}, "sample": sample})


def check(status: CheckStatus, on_failure: OnFailure = OnFailure.FLAG) -> CheckResult:
    return CheckResult(name="sum", status=status, on_failure=on_failure, message="12 is not 13")


def reason(policy: ReviewPolicy, read: Extraction) -> str:
    decision = decide(policy, read, execution_id=uuid4())
    assert not decision.signs_off
    return decision.reason


def test_auto_confirm_signs_off_anything() -> None:
    worst = extraction(offline=True, ungrounded=["/total"], checks=[check(CheckStatus.FAILED)])
    assert decide(ReviewPolicy(auto_confirm=True), worst, execution_id=uuid4()).signs_off


def test_without_it_a_person_signs_off() -> None:
    assert reason(ReviewPolicy(), extraction()) == ""


def test_conditions_that_hold_sign_off_and_say_so() -> None:
    policy = when(min_confidence=0.97, fields=["number", "/total"])
    decision = decide(policy, extraction(), execution_id=uuid4())
    assert decision.signs_off
    assert decision.reason.startswith("Signed off by the policy: ")


def test_without_fields_every_value_counts() -> None:
    assert decide(when(min_confidence=0.6), extraction(), execution_id=uuid4()).signs_off
    assert reason(when(min_confidence=0.95), extraction()) == (
        "Not signed off by the policy: /lines/1/amount 0.6 < 0.95; /seller/name 0.9 < 0.95."
    )


@pytest.mark.parametrize(
    ("fields", "unmet"),
    [
        (["/lines/*/amount"], "/lines/1/amount 0.6 < 0.97"),
        (["lines"], "/lines/1/amount 0.6 < 0.97"),
        (["lines/amount"], "/lines/1/amount 0.6 < 0.97"),
        (["seller"], "/seller/name 0.9 < 0.97"),
        (["/seller/iban"], "/seller/iban was not found"),
        (["/due_date"], "/due_date was not found"),
    ],
)
def test_a_field_that_counts_must_be_there_and_sure(fields: list[str], unmet: str) -> None:
    assert reason(when(fields=fields), extraction()) == f"Not signed off by the policy: {unmet}."


@pytest.mark.parametrize(
    ("changes", "unmet"),
    [
        ({"offline": True}, "the data was read offline, without a model"),
        ({"notes": ["Pages 9 to 12 were not read."]}, "Pages 9 to 12 were not read"),
        ({"ungrounded": ["/total"]}, "/total stands nowhere in the documents"),
        ({"checks": [check(CheckStatus.FAILED)]}, "the check “sum” failed"),
        ({"checks": [check(CheckStatus.FAILED, OnFailure.RETRY)]}, "the check “sum” failed"),
        ({"confidence": {}}, "/number was not scored"),
        (
            {"disagreements": [Disagreement(pointer="/due", reader="challenger", value="x")]},
            "",
        ),
    ],
)
def test_what_never_meets_conditions(changes: dict[str, Any], unmet: str) -> None:
    policy = when(min_confidence=0, fields=["number", "total"])
    decision = decide(policy, extraction(**changes), execution_id=uuid4())
    assert decision.signs_off == (unmet == "")
    assert unmet in decision.reason


@pytest.mark.parametrize("status", [CheckStatus.PASSED, CheckStatus.SKIPPED])
def test_checks_that_did_not_fail_are_no_hindrance(status: CheckStatus) -> None:
    read = extraction(checks=[check(status)])
    assert decide(when(min_confidence=0), read, execution_id=uuid4()).signs_off


def test_only_the_checks_named_count() -> None:
    failed = extraction(checks=[check(CheckStatus.FAILED)])
    assert decide(when(min_confidence=0, checks=[]), failed, execution_id=uuid4()).signs_off
    assert "“sum” failed" in reason(when(min_confidence=0, checks=["sum"]), failed)


def test_a_second_opinion_that_is_missing_is_no_hindrance_in_itself() -> None:
    read = extraction(notes=[f"{NO_SECOND_OPINION}the challenger was out of reach."])
    assert decide(when(min_confidence=0), read, execution_id=uuid4()).signs_off


def test_what_another_reader_found_where_nothing_was_read_goes_to_a_person() -> None:
    read = extraction(disagreements=[Disagreement(pointer="/due", reader="offline", value="x")])
    assert reason(when(min_confidence=0), read) == (
        "Not signed off by the policy: nothing was read at /due, but by the offline reader."
    )


def test_nothing_that_was_scored_is_nothing_to_rely_on() -> None:
    assert "no value was scored" in reason(when(min_confidence=0), extraction(confidence={}))


def test_a_score_just_below_is_not_rounded_up() -> None:
    read = extraction(confidence={"/total": 0.96999})
    assert "/total 0.969 < 0.97" in reason(when(), read)


def test_of_many_reasons_the_first_are_told() -> None:
    many = extraction(confidence={f"/{number}": 0.1 for number in range(40)})
    assert reason(when(), many).endswith(f"; and {40 - MAX_REASONS} more.")


# -- the sample -----------------------------------------------------------------------------------


def test_the_sample_is_reviewed_although_the_conditions_hold() -> None:
    assert "sample of 100% " in reason(when(sample=1, min_confidence=0), extraction())
    assert "sample" in reason(ReviewPolicy(auto_confirm=True, sample=1), extraction())


@given(st.uuids(), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_sample_holds_the_smaller_one(execution: UUID, one: float, two: float) -> None:
    if sampled(execution, min(one, two)):
        assert sampled(execution, max(one, two))
    assert sampled(execution, one) == sampled(execution, one)
    assert not sampled(execution, 0)
    assert sampled(execution, 1)


def test_the_sample_is_about_its_share() -> None:
    count = sum(sampled(UUID(int=number), 0.05) for number in range(10_000))
    assert 400 < count < 600


# -- as it is written ----------------------------------------------------------------------------


@pytest.mark.parametrize(("written", "share"), [("5%", 0.05), (0.05, 0.05), ("100 %", 1), (0, 0)])
def test_a_share_may_be_written_as_percentage(written: Any, share: float) -> None:
    assert ReviewPolicy(sample=written).sample == pytest.approx(share)


@pytest.mark.parametrize("written", ["5", "150%", 5, -0.1, "five %", "nan%", float("nan")])
def test_what_is_no_share_is_refused(written: Any) -> None:
    with pytest.raises(ValueError, match="sample"):
        ReviewPolicy(sample=written)


@pytest.mark.parametrize(
    ("review", "problem"),
    [
        ({"auto_confirm": {"when": {"fields": ["totl"]}}}, "knows no /totl; did you mean total"),
        ({"auto_confirm": {"when": {"checks": ["sums"]}}}, "no check 'sums'; known: none"),
        ({"auto_confirm": {"when": {"checks": "some"}}}, "must be all, or a list"),
    ],
)
def test_fields_and_checks_must_be_the_agents(review: dict[str, Any], problem: str) -> None:
    schema = {"type": "object", "properties": {"total": {"type": "number"}}}
    with pytest.raises(ValueError, match=problem):
        Agent.model_validate({"name": "a", "data_schema": schema, "review": review})


def test_policies_of_stored_revisions_still_load() -> None:
    assert ReviewPolicy.model_validate({"auto_confirm": False}) == ReviewPolicy()
    assert ReviewPolicy.model_validate({"auto_confirm": True}).auto_confirm is True


def test_a_policy_comes_back_from_json_as_it_was() -> None:
    policy = when(sample=0.05, min_confidence=0.9, fields=["total"], checks=["sum"])
    assert ReviewPolicy.model_validate(policy.model_dump(mode="json")) == policy
