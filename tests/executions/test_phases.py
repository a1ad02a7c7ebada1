"""How far an execution is: the same in Python and in the database."""

from __future__ import annotations

import sqlite3
from itertools import product

import pytest

from signoff.executions.phases import PHASE_SQL, Phase, phase_of
from signoff.executions.states import Status


@pytest.mark.parametrize(
    ("status", "failed", "begun"), list(product(Status, [False, True], [False, True]))
)
def test_the_database_and_the_model_say_the_same(status: Status, failed: bool, begun: bool) -> None:
    database = sqlite3.connect(":memory:")
    values = {"status": status.value, "code": "timeout" if failed else None, "n": int(begun)}
    row = "SELECT :status AS status, :code AS failure_code, :n AS attempt"
    [found] = database.execute(f"SELECT {PHASE_SQL} FROM ({row})", values).fetchone()
    database.close()
    assert found == phase_of(status, failed=failed, begun=begun)


def test_confirmed_data_is_finished_and_a_review_is_in_progress_whatever_failed() -> None:
    for failed in (False, True):
        assert phase_of(Status.CONFIRMED, failed=failed, begun=True) is Phase.FINISHED
        assert phase_of(Status.PENDING_REVIEW, failed=failed, begun=True) is Phase.IN_PROGRESS
        assert phase_of(Status.CANCELED, failed=failed, begun=True) is Phase.FAILED
