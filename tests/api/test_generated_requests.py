"""Requests that a program makes up from the API's own description, against the running server."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.api_server import ApiServer
from support.made_up_requests import try_made_up_requests
from support.stores import confirmed, create_execution, in_review, with_inputs

from signoff.api.workspaces import changes

SECONDS = 45
UNSUITABLE = (
    # what the description allows and the agent's own schema, or an execution's state, does not
    "positive_data_acceptance"
)


@pytest.mark.timeout(300)
def test_no_answer_is_a_500_or_undocumented(
    api: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "ANSWER_SECONDS", 0.1)
    for make in (in_review, confirmed, with_inputs, create_execution):
        make(api.store)
    tried = try_made_up_requests(
        api,
        tmp_path,
        scheme="Bearer",
        paths="^/(api/v1/agent|healthz|openapi)",
        seconds=SECONDS,
        unsuitable=UNSUITABLE,
    )
    assert tried >= 8
