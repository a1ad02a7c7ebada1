"""Requests made up from the description of the agentic and execute dialects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.api_server import ApiServer
from support.made_up_requests import try_made_up_requests
from support.stores import apply_agent, confirmed, in_review, make_agent, with_inputs

from signoff.api.agentic import executions as agentic

SECONDS = 20
# what the description allows, an agent's own schema need not, and numbers need not exist
UNSUITABLE = "positive_data_acceptance"
KIND: dict[str, Any] = {"key": "read", "name": "Read"}


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("scheme", "paths", "least"),
    [("Token", "^/(api/agent|media)", 5), ("Bearer", "^/api/v1/ai", 1)],
)
def test_no_answer_is_a_500_or_undocumented(
    api: ApiServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
    paths: str,
    least: int,
) -> None:
    monkeypatch.setattr(agentic, "RUN_SECONDS", 0.01)
    api.store.settings.api_sync_seconds = 0.01
    for make in (in_review, confirmed, with_inputs):
        make(api.store)
    apply_agent(api.store, make_agent("typed", execution_types=[KIND]))
    tried = try_made_up_requests(
        api, tmp_path, scheme=scheme, paths=paths, seconds=SECONDS, unsuitable=UNSUITABLE
    )
    assert tried >= least
