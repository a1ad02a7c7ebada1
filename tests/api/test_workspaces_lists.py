"""``GET /api/v1/agent-executions``: filters, pages, counts, scope."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from support.api_server import ApiServer
from support.stores import (
    confirmed,
    create_execution,
    in_review,
    make_agent,
    opened_store,
    with_inputs,
)

from signoff.storage import executions

PATH = "/api/v1/agent-executions"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ApiServer, list[UUID]]]:
    """An API with five executions of two agents, the newest first; and a foreign one."""
    with opened_store(tmp_path_factory.mktemp("api")) as store:
        one, two = make_agent("one"), make_agent("two")
        made = [
            create_execution(store, one),
            with_inputs(store, one),
            in_review(store, one),
            confirmed(store, two),
            with_inputs(store, two),
        ]
        with_inputs(store, make_agent("foreign", workspace="other"))
        with ApiServer(store) as api:
            yield api, made[::-1]


def listed(api: ApiServer, query: str = "") -> list[str]:
    answer = api.call("GET", f"{PATH}?{query}")
    assert answer.status_code == 200, answer.text
    return [entry["id"] for entry in answer.json()["data"]]


def test_the_last_updated_comes_first_and_other_workspaces_are_not_there(filled) -> None:
    api, made = filled
    assert listed(api) == [str(execution_id) for execution_id in made]


def test_each_filter_alone_and_together(filled) -> None:
    api, made = filled
    shown = {entry["id"]: entry for entry in api.call("GET", PATH).json()["data"]}
    ids = [str(execution_id) for execution_id in made]
    two, one = shown[ids[0]]["agentId"], shown[ids[2]]["agentId"]
    workspace = shown[ids[0]]["workspaceId"]
    assert listed(api, f"agent_execution_id={ids[3]}&agent_execution_id={ids[1]}") == [
        ids[1],
        ids[3],
    ]
    assert listed(api, f"agent_id={two}") == ids[:2]
    assert listed(api, f"agent_id={two}&agent_id={one}") == ids
    assert listed(api, "status=PENDING_DATA_EXTRACTION") == [ids[0], ids[3]]
    assert listed(api, "status=PENDING_REVIEW&status=CONFIRMED") == [ids[1], ids[2]]
    assert listed(api, f"status=PENDING_DATA_EXTRACTION&agent_id={one}") == [ids[3]]
    assert listed(api, f"workspace_id={workspace}&limit=1") == ids[:1]
    assert listed(api, f"workspace_id={uuid4()}&workspace_id={workspace}") == ids
    assert listed(api, f"workspace_id={uuid4()}") == []
    assert listed(api, f"agent_id={uuid4()}") == []
    assert listed(api, f"agent_execution_id={ids[0]}&status=CONFIRMED") == []


def test_pages_and_counts(filled) -> None:
    api, made = filled

    def page(query: str) -> dict[str, Any]:
        found: dict[str, Any] = api.call("GET", f"{PATH}?{query}").json()
        return found

    first = page("limit=2&expand=total_count")
    assert len(first["data"]) == 2
    assert first["hasMore"] is True
    assert first["totalCount"] == 5
    last = page("skip=4&limit=2")
    assert [entry["id"] for entry in last["data"]] == [str(made[-1])]
    assert last["hasMore"] is False
    assert last["totalCount"] is None
    assert page("skip=5")["data"] == []
    assert page(f"skip={10**30}")["data"] == []
    assert page("skip=3&limit=2")["hasMore"] is False
    assert page(f"workspace_id={uuid4()}&expand=total_count")["totalCount"] == 0


@pytest.mark.parametrize(
    "query",
    [
        "agent_id=17",
        "agent_execution_id=6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "workspace_id=",
        "status=DONE",
        "skip=-1",
        "limit=0",
        "limit=101",
        "limit=x",
        "expand=everything",
        "limit=5&limit=100",
        "skip=0&skip=0",
    ],
)
def test_a_wrong_parameter_is_named(filled, query: str) -> None:
    api, _ = filled
    answer = api.call("GET", f"{PATH}?{query}")
    assert answer.status_code == 422
    [problem] = answer.json()["detail"]
    assert problem["loc"][:2] == ["query", query.partition("=")[0]]
    assert problem.keys() == {"loc", "msg", "type"}


def test_one_execution_is_shown_and_foreign_ones_are_404(filled) -> None:
    api, made = filled
    shown = api.call("GET", f"{PATH}/{made[2]}").json()
    assert shown["state"] == {
        "status": "PENDING_REVIEW",
        "dataExtracted": {"number": "2024-17", "total": 12.5},
    }
    with api.store.database.reading() as session:
        [foreign] = [
            execution
            for execution in executions.newest(session)
            if execution.agent_name == "foreign"
        ]
    for execution_id in (foreign.id, uuid4()):
        answer = api.call("GET", f"{PATH}/{execution_id}")
        assert (answer.status_code, answer.json()) == (404, {"detail": "Agent execution not found"})
        body = {"state": {"status": "CANCELED"}}
        assert api.call("PATCH", f"{PATH}/{execution_id}", json=body).status_code == 404
    assert api.call("GET", f"{PATH}/17").status_code == 422
