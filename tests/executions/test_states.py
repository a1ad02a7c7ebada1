"""The table of states, and the codes of failures."""

from __future__ import annotations

import pytest

from signoff import errors
from signoff.errors import SignoffError
from signoff.executions.failures import FAILURE_CODES
from signoff.executions.states import TRANSITIONS, Status

S = Status

# codes that answer a caller at once and are never recorded on an execution
FOR_CALLERS = {"transition_not_allowed", "answer_refused", "lease_lost"}


def test_the_table_is_the_one_in_the_docs() -> None:
    path = [
        S.PENDING_INPUTS,
        S.PENDING_DATA_EXTRACTION,
        S.PENDING_REVIEW,
        S.CONFIRMED,
        S.DELIVERED_TO_DESTINATION,
    ]
    expected = set(zip(path, path[1:], strict=False))
    expected |= {(state, S.CANCELED) for state in path[:3]}
    expected |= {(S.PENDING_REVIEW, S.PENDING_REVIEW), (S.PENDING_DATA_EXTRACTION, S.CONFIRMED)}
    assert {(a, b) for a in Status for b in Status if a.may_become(b)} == expected
    assert set(TRANSITIONS) == set(Status)


def test_only_delivered_and_canceled_are_final() -> None:
    assert {state for state in Status if state.is_final} == {
        S.DELIVERED_TO_DESTINATION,
        S.CANCELED,
    }


def test_what_is_confirmed_stays_signed_off() -> None:
    assert {state for state in Status if state.is_signed_off} == {
        S.CONFIRMED,
        S.DELIVERED_TO_DESTINATION,
    }
    for state in Status:
        if state.is_signed_off:
            assert all(target.is_signed_off for target in TRANSITIONS[state])


def test_every_state_can_be_reached() -> None:
    reached = {S.PENDING_INPUTS}
    for _ in Status:
        reached |= {target for state in reached for target in TRANSITIONS[state]}
    assert reached == set(Status)


def all_errors(kind: type[SignoffError] = SignoffError) -> list[type[SignoffError]]:
    return [kind, *(error for child in kind.__subclasses__() for error in all_errors(child))]


@pytest.mark.parametrize("error", [e for e in all_errors() if e.__module__ == errors.__name__])
def test_every_error_that_is_recorded_has_its_code_in_the_table(error: type[SignoffError]) -> None:
    assert error.code in FAILURE_CODES or error.code in FOR_CALLERS
    assert error.__doc__
