"""Values that one of the databases would refuse."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.stores import create_execution, in_review, make_agent

from signoff.executions.extractions import Iteration
from signoff.executions.models import Decision
from signoff.storage import executions, reviews
from signoff.storage.leases import acquire, locked
from signoff.storage.plain_values import dump_json, plain_text
from signoff.storage.progress import IterationLog
from signoff.storage.store import Store
from signoff.storage.transitions import leave_trail, set_failure

# a busy machine is no failure
UNHURRIED = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])

HOSTILE = "a\x00b\ud800c\U0001f9fed"
HARMLESS = "a\ufffdb\ufffdc\U0001f9fed"

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda children: st.lists(children) | st.dictionaries(st.text(st.characters()), children),
    max_leaves=20,
)


@UNHURRIED
@given(JSON_VALUES)
def test_whatever_json_is_stored_is_valid_json_in_utf8_without_nul(value: Any) -> None:
    text = dump_json(value)
    text.encode()
    json.loads(text, parse_constant=lambda constant: pytest.fail(f"{constant} is no JSON"))
    assert "\\u0000" not in text.replace("\\\\", "")


@UNHURRIED
@given(st.dictionaries(st.text(), st.integers() | st.floats(allow_nan=False, allow_infinity=False)))
def test_json_that_can_be_stored_is_stored_as_it_is(value: dict[str, Any]) -> None:
    harmless = {plain_text(key): entry for key, entry in value.items()}
    assert json.loads(dump_json(harmless)) == harmless


def test_a_text_that_only_looks_like_an_escaped_nul_stays() -> None:
    assert json.loads(dump_json({"a": "\\u0000", "b": "\x00"})) == {"a": "\\u0000", "b": "\ufffd"}


def test_text_from_documents_is_stored_whatever_is_in_it(store: Store) -> None:
    execution_id = in_review(store, data={"number": HOSTILE, "list": [HOSTILE]})
    with store.database.transaction() as session:
        row = locked(session, execution_id)
        set_failure(session, row, code="unknown", explanation=HOSTILE)
        leave_trail(session, row, "note", by=HOSTILE, note=HOSTILE)
    with store.database.reading() as session:
        read = executions.get(session, execution_id)
        last = executions.trail(session, execution_id)[-1]
    assert read.extraction is not None
    assert read.extraction.data == {"number": HARMLESS, "list": [HARMLESS]}
    assert read.failure is not None
    assert read.failure.explanation == HARMLESS
    assert (last.by, last.note) == (HARMLESS, HARMLESS)


def test_numbers_that_are_no_json_are_stored_as_null(store: Store) -> None:
    context = {"nan": float("nan"), "endless": [float("inf"), float("-inf")], "half": 0.5}
    execution_id = create_execution(store, context=context)
    with store.database.reading() as session:
        read = executions.get(session, execution_id).context
    assert read == {"nan": None, "endless": [None, None], "half": 0.5}


def test_large_numbers_come_back_exactly(store: Store) -> None:
    context = {"big": 10**40, "small": -(2**63) - 1, "precise": 0.1 + 0.2, "tiny": 5e-324}
    execution_id = create_execution(store, context=context)
    with store.database.reading() as session:
        assert executions.get(session, execution_id).context == context


def test_names_that_are_too_long_are_cut_and_failures_still_recorded(store: Store) -> None:
    execution_id = create_execution(store, triggered_by="n" * 1000)
    with store.database.transaction() as session:
        lease = acquire(session, execution_id, seconds=60)
        set_failure(session, locked(session, execution_id), code="c" * 100, explanation="e" * 5000)
    IterationLog(store.database, lease).append(
        Iteration(number=1, action="submit", model="m" * 300, timestamp=datetime.now(UTC))
    )
    with store.database.reading() as session:
        read = executions.get(session, execution_id)
    assert read.triggered_by == "n" * 199 + "…"
    assert read.failure is not None
    assert read.failure.code == "c" * 63 + "…"
    assert read.failure.explanation == "e" * 5000
    assert read.model == "m" * 199 + "…"


def test_an_answer_from_a_form_may_hold_anything(store: Store) -> None:
    execution_id = in_review(store, make_agent())
    with store.database.transaction() as session:
        answer = reviews.submit(
            session,
            execution_id,
            decision=Decision.CONFIRM,
            data={"number": HOSTILE},
            comment=HOSTILE,
            source="form",
            answered_by=HOSTILE * 100,
        )
    with store.database.reading() as session:
        read = reviews.get(session, answer.id)
    assert read.data == {"number": HARMLESS}
    assert read.comment == HARMLESS
