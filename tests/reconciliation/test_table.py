"""What is decided for pairs of states, whatever else is known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.executions.reconciliation import RUN_STATES, TABLE, Action, Facts, decide
from signoff.executions.states import Status

facts = st.builds(
    Facts,
    status=st.sampled_from(Status),
    run_state=st.sampled_from(RUN_STATES),
    failed=st.booleans(),
    at_work=st.booleans(),
    quiet=st.booleans(),
    new=st.booleans(),
    delivered=st.booleans(),
)
NEW_WORK = {Action.CREATE_RUN, Action.RESTART_RUN, Action.CONTINUE_RUN, Action.MEND_REVIEW}


def test_the_table_has_every_pair() -> None:
    assert set(TABLE) == set(Status)
    assert {len(row) for row in TABLE.values()} == {len(RUN_STATES)}


@given(facts)
def test_a_run_at_work_is_never_started_a_second_time(known: Facts) -> None:
    if known.at_work:
        assert decide(known) not in NEW_WORK


@given(facts)
def test_a_failure_waits_for_a_person(known: Facts) -> None:
    if known.failed and known.status is not Status.PENDING_REVIEW and not known.delivered:
        restarts = {Action.CREATE_RUN, Action.RESTART_RUN}
        if known.run_state in ("MISSING", "COMPLETED", "FAILED", "CRASHED", "CANCELLED"):
            assert decide(known) not in restarts


@given(facts)
def test_a_canceled_execution_is_never_worked_on_again(known: Facts) -> None:
    if known.status is Status.CANCELED:
        assert decide(known) not in NEW_WORK


@given(facts)
def test_signed_off_data_is_never_canceled(known: Facts) -> None:
    if known.status.is_signed_off:
        assert decide(known) is not Action.CANCEL_EXECUTION


@pytest.mark.parametrize("run_state", ["CANCELLING", "CANCELLED"])
@pytest.mark.parametrize(
    "status", [Status.PENDING_INPUTS, Status.PENDING_DATA_EXTRACTION, Status.PENDING_REVIEW]
)
def test_a_cancel_in_prefect_cancels_at_once_even_while_at_work(
    status: Status, run_state: str
) -> None:
    assert decide(Facts(status, run_state, at_work=True)) is Action.CANCEL_EXECUTION


def test_a_cancel_in_prefect_stops_a_delivery_under_way() -> None:
    facts = Facts(Status.CONFIRMED, "CANCELLING", at_work=True)
    assert decide(facts) is Action.STOP_DELIVERY
