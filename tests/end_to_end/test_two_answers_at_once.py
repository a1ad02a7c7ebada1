"""Who answers first wins: the form in Prefect's UI and the command line at the same moment."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support.platform import Platform
from support.receiver import Receiver

from signoff import approval
from signoff.errors import AnswerRefusedError
from signoff.executions.models import AnswerOutcome, Decision
from signoff.storage import reviews

# the promise is about a hundred; every test run tries some of them
TRIES = int(os.environ.get("SIGNOFF_TEST_RACES", "4"))


@pytest.mark.timeout(60 + 20 * TRIES)
def test_one_answer_wins_the_other_is_told_so_and_one_delivery_is_made(
    worker: Platform, make_agent, receiver: Receiver, note: Path
) -> None:
    agent = make_agent()
    winners = {"form": 0, "cli": 0}
    for _ in range(TRIES):
        execution = worker.run_to_review(agent, note)
        before = len(receiver.requests)

        def by_form(execution=execution) -> Any:
            return worker.answer_form(execution, data={"number": "by form"})

        def by_command_line(execution=execution) -> AnswerOutcome | AnswerRefusedError:
            try:
                return approval.answer(
                    worker.store,
                    execution.id,
                    decision=Decision.CONFIRM,
                    data={"number": "by cli"},
                    source="cli",
                ).outcome
            except AnswerRefusedError as error:
                return error

        with ThreadPoolExecutor(2) as pool:
            form, command_line = pool.submit(by_form), pool.submit(by_command_line)
        form_won = form.result()["status"] == "ACCEPT"
        cli_won = command_line.result() is AnswerOutcome.ACCEPTED
        assert form_won != cli_won, (form.result(), command_line.result())
        winner = "form" if form_won else "cli"
        winners[winner] += 1
        if form_won:
            refused = command_line.result()
            assert isinstance(refused, AnswerRefusedError)
            assert "Another answer came first" in str(refused)

        worker.wait_for(execution.number, "DELIVERED_TO_DESTINATION")
        sent = [json.loads(request.body) for request in receiver.requests[before:]]
        assert sent == [{"number": f"by {winner}"}]
        with worker.store.database.reading() as session:
            accepted = [
                answer
                for answer in reviews.answers(session, execution.id)
                if answer.outcome is AnswerOutcome.ACCEPTED
            ]
        assert [answer.source for answer in accepted] == [winner]
    print(f"{TRIES} tries: {winners}")  # noqa: T201  shown with -s: how evenly they met
