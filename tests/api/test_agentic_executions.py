"""The agentic dialect over HTTP: starting, looking, listing, files."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import product
from typing import Any

import pytest
import requests
from support.api_server import ApiServer
from support.stores import (
    apply_agent,
    confirmed,
    extracted,
    in_review,
    make_agent,
    take_lease,
    with_inputs,
)

from signoff.api.agentic import executions as agentic
from signoff.executions.models import AgentRevision, Execution
from signoff.executions.states import Status
from signoff.storage import executions
from signoff.storage.leases import locked
from signoff.storage.transitions import set_failure, transition

LIST = "/api/agentic-executions/"
INPUT_SCHEMA: dict[str, Any] = {
    "title": "CatalogEnrichmentAgenticExecutionInput",
    "description": "Input for the catalog enrichment agentic execution.",
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "additional_instructions": {
            "title": "Additional Instructions",
            "anyOf": [{"type": "string"}, {"type": "null"}],
            "default": None,
        },
        "skus": {
            "title": "Skus",
            "anyOf": [{"items": {"type": "string"}, "type": "array"}, {"type": "null"}],
            "default": None,
        },
    },
}
TYPES = [
    {"key": "catalog-enrichment", "name": "Catalog Enrichment", "input_schema": INPUT_SCHEMA},
    {
        "key": "other",
        "name": "Other",
        "description": "More",
        "input_schema": {
            "type": "object",
            "properties": {"n": {"type": "integer"}},
            "required": ["n"],
        },
    },
]
FIELDS = {
    "id",
    "agent",
    "execution_key",
    "conversation",
    "status",
    "input",
    "result",
    "failure_code",
    "failure_explanation",
    "celery_task_id",
    "started_at",
    "finished_at",
    "duration_seconds",
    "files",
}


@pytest.fixture(autouse=True)
def _no_run_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agentic, "RUN_SECONDS", 0.01)


def catalog(api: ApiServer, **changes: Any) -> AgentRevision:
    """An agent with two execution types."""
    fields: dict[str, Any] = {"execution_types": TYPES}
    found: AgentRevision = apply_agent(api.store, make_agent("catalog", **(fields | changes)))
    return found


def call(api: ApiServer, method: str, path: str, **options: Any) -> requests.Response:
    options.setdefault("authorization", f"Token {api.token}")
    answer: requests.Response = api.call(method, path, **options)
    return answer


def start(api: ApiServer, agent: AgentRevision, **options: Any) -> requests.Response:
    return call(api, "POST", f"/api/agents/{agent.agent_number}/agentic-executions/", **options)


def record(api: ApiServer, number: int) -> Execution:
    with api.store.database.reading() as session:
        return executions.find(session, str(number))


def total(api: ApiServer) -> int:
    found: int = call(api, "GET", LIST).json()["count"]
    return found


# -- definitions ----------------------------------------------------------------------------------


def test_execution_types_are_listed_with_their_input_schemas(api: ApiServer) -> None:
    agent = catalog(api)
    path = f"/api/agents/{agent.agent_number}/agentic-execution-definitions/"
    answer = call(api, "GET", path)
    assert answer.status_code == 200
    assert answer.json() == [
        {
            "key": "catalog-enrichment",
            "name": "Catalog Enrichment",
            "description": None,
            "input_schema": INPUT_SCHEMA,
        },
        {
            "key": "other",
            "name": "Other",
            "description": "More",
            "input_schema": TYPES[1]["input_schema"],
        },
    ]


def test_an_agent_without_execution_types_has_none(api: ApiServer) -> None:
    agent = apply_agent(api.store, make_agent())
    path = f"/api/agents/{agent.agent_number}/agentic-execution-definitions/"
    assert call(api, "GET", path).json() == []


def test_an_agent_that_does_not_exist_is_404(api: ApiServer) -> None:
    names = (("GET", "agentic-execution-definitions"), ("POST", "agentic-executions"))
    numbers = ("4711", "0", "-1", "9" * 30, "abc", "1.5")
    for number, (method, name) in product(numbers, names):
        answer = call(api, method, f"/api/agents/{number}/{name}/", json={})
        assert answer.status_code == 404
        assert set(answer.json()) == {"detail"}


# -- starting -------------------------------------------------------------------------------------


def test_a_json_start_is_accepted_with_everything_the_document_shows(api: ApiServer) -> None:
    agent = catalog(api)
    answer = start(
        api, agent, json={"execution_key": "catalog-enrichment", "input": {"skus": ["SKU-001"]}}
    )
    assert answer.status_code == 202
    body = answer.json()
    assert set(body) == FIELDS
    execution = record(api, body["id"])
    assert body["agent"] == agent.agent_number
    assert body["execution_key"] == "catalog-enrichment"
    assert body["status"] == "pending"
    assert body["input"] == {"skus": ["SKU-001"], "additional_instructions": None}
    assert body["conversation"] == execution.number
    assert body["files"] == []
    for name in ("result", "failure_code", "failure_explanation", "finished_at"):
        assert body[name] is None
    assert body["duration_seconds"] is None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", body["started_at"])
    assert datetime.fromisoformat(body["started_at"]) == execution.created_at
    assert execution.context["token"] == 1
    assert execution.trigger == "api"


def test_without_a_key_the_first_execution_type_is_meant(api: ApiServer) -> None:
    agent = catalog(api)
    bodies: list[dict[str, Any]] = [{}, {"input": {}}, {"execution_key": None}]
    for body in [*bodies, {"execution_key": "", "input": {}}]:
        answer = start(api, agent, json=body)
        assert answer.status_code == 202
        assert answer.json()["execution_key"] == "catalog-enrichment"
        assert answer.json()["input"] == {"skus": None, "additional_instructions": None}


def test_an_agent_without_execution_types_takes_any_input(api: ApiServer) -> None:
    agent = apply_agent(api.store, make_agent())
    answer = start(api, agent, json={"input": {"a": [1, {"b": None}]}})
    assert answer.status_code == 202
    assert answer.json()["execution_key"] is None
    assert answer.json()["input"] == {"a": [1, {"b": None}]}
    nothing = start(api, agent, json={})
    assert nothing.status_code == 400
    assert "nothing to read" in nothing.json()["detail"]
    assert total(api) == 1


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        ({"execution_key": "nowhere"}, "detail", "no execution type 'nowhere'"),
        ({"execution_key": 5}, "execution_key", "string"),
        ({"input": {"skus": "SKU-001"}}, "input", "/skus"),
        ({"input": {"more": 1}}, "input", "more"),
        ({"execution_key": "other", "input": {}}, "input", "'n' is a required property"),
        ({"execution_key": "other"}, "input", "'n' is a required property"),
        ({"input": [1]}, "input", "dictionary"),
        ({"input": "{}"}, "input", "dictionary"),
        ([], "detail", "Expected an object"),
        (None, "detail", "Expected an object"),
    ],
)
def test_what_is_wrong_with_a_start_is_400_in_the_words_of_rest_framework(
    api: ApiServer, body: Any, field: str, reason: str
) -> None:
    answer = start(
        api,
        catalog(api),
        data=json.dumps(body),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 400
    found = answer.json()
    assert list(found) == [field]
    messages = [found[field]] if field == "detail" else found[field]
    assert isinstance(messages, list)
    assert any(reason in message for message in messages), messages
    assert total(api) == 0


def test_a_body_that_is_no_json_is_400(api: ApiServer) -> None:
    for body in (b"{", b"", b"\xff", b'{"a": NaN}', b"[" * 1000):
        answer = start(api, catalog(api), data=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400
        assert answer.json()["detail"].startswith("JSON parse error")


def test_a_body_of_another_media_type_is_415(api: ApiServer) -> None:
    answer = start(api, catalog(api), data="a", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
    assert answer.json() == {"detail": 'Unsupported media type "text/plain" in request.'}


@pytest.mark.parametrize("field", ["files[]", "files"])
def test_files_are_sent_as_a_form_with_the_input_as_json(api: ApiServer, field: str) -> None:
    content = b"%PDF-1.4\n%%EOF\n"
    answer = start(
        api,
        catalog(api),
        data={"input": '{"skus": ["SKU-001"]}'},
        files=[(field, ("product data.pdf", content)), (field, ("b.txt", b"text"))],
    )
    assert answer.status_code == 202
    body = answer.json()
    assert body["execution_key"] == "catalog-enrichment"
    assert body["input"] == {"skus": ["SKU-001"], "additional_instructions": None}
    first, second = body["files"]
    assert first["filename"] == "product data.pdf"
    assert first["content_type"] == "application/pdf"
    assert second["id"] != first["id"]
    assert first["file_url"].endswith("/product%20data.pdf")
    assert call(api, "GET", f"{LIST}{body['id']}/").json()["files"] == body["files"]
    got = call(api, "GET", first["file_url"])
    assert got.status_code == 200
    assert got.content == content
    assert got.headers["Content-Type"] == "application/pdf"
    assert got.headers["Content-Disposition"].startswith("attachment;")
    assert got.headers["X-Content-Type-Options"] == "nosniff"


def test_a_form_without_files_is_a_start_as_well(api: ApiServer) -> None:
    form = {"execution_key": (None, "other"), "input": (None, '{"n": 5}')}
    answer = start(api, catalog(api), files=form)
    assert answer.status_code == 202
    assert answer.json()["input"] == {"n": 5}


@pytest.mark.parametrize(
    ("fields", "files", "field", "reason"),
    [
        ({"input": "{"}, [], "input", "JSON parse error"),
        ({"input": "[1]"}, [], "input", "dictionary"),
        ({"input": '{"skus": 1}'}, [("a.txt", b"a")], "input", "/skus"),
        ({"execution_key": "none"}, [("a.txt", b"a")], "detail", "no execution type"),
        ({}, [("a.exe", b"MZ")], "detail", "files of type .exe are not read"),
        ({}, [("a.pdf", b"MZ")], "detail", "the name says application/pdf"),
        ({}, [("a.txt", b"")], "detail", "the file is empty"),
    ],
)
def test_what_is_wrong_with_a_form_is_400_and_leaves_nothing(
    api: ApiServer, fields: dict[str, str], files: Any, field: str, reason: str
) -> None:
    parts = [("files[]", file) for file in files]
    parts += [(name, (None, value)) for name, value in fields.items()]
    answer = start(api, catalog(api), files=parts)
    assert answer.status_code == 400
    assert list(answer.json()) == [field]
    assert reason in str(answer.json()[field])
    assert total(api) == 0


@pytest.mark.parametrize("field", ["file", "attachments[]", "input"])
def test_a_file_in_another_field_is_refused_not_left_out(api: ApiServer, field: str) -> None:
    parts = [("files[]", ("a.txt", b"a")), (field, ("b.txt", b"b"))]
    answer = start(api, catalog(api), files=parts)
    assert answer.status_code == 400
    assert answer.json() == {field: ["b.txt: no file is taken here; send it as files[]."]}
    assert total(api) == 0


def test_files_in_json_are_refused_not_left_out(api: ApiServer) -> None:
    answer = start(api, catalog(api), json={"input": {}, "files": ["https://x.example/a.pdf"]})
    assert answer.status_code == 400
    assert answer.json() == {"files": ["Send files as multipart/form-data, in files[]."]}
    assert total(api) == 0


@pytest.mark.parametrize("field", ["files[]", "files"])
def test_a_files_field_without_a_file_is_told_so(api: ApiServer, field: str) -> None:
    answer = start(api, catalog(api), files=[(field, (None, "a.txt"))])
    assert answer.status_code == 400
    assert answer.json() == {field: ["Expected a file, with a filename."]}
    assert total(api) == 0


def test_files_for_an_agent_that_takes_none_are_400(api: ApiServer) -> None:
    agent = catalog(api, file_uploads=False)
    answer = start(api, agent, files=[("files[]", ("a.txt", b"a"))])
    assert answer.status_code == 400
    assert "takes no files" in answer.json()["detail"]
    assert start(api, agent, json={}).status_code == 202
    assert total(api) == 1


def test_an_agent_that_is_archived_starts_nothing(api: ApiServer) -> None:
    answer = start(api, catalog(api, status="ARCHIVED"), json={})
    assert answer.status_code == 400
    assert "is archived" in answer.json()["detail"]


def test_a_key_starts_one_execution_however_often_and_at_once(api: ApiServer) -> None:
    agent = catalog(api)

    def send(skus: list[str]) -> requests.Response:
        return start(api, agent, json={"input": {"skus": skus}}, headers={"Idempotency-Key": "one"})

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, [["a"]] * 8))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert total(api) == 1
    other = send(["b"])
    assert other.status_code == 400
    assert "another request" in other.json()["detail"]


# -- looking --------------------------------------------------------------------------------------


def shown(api: ApiServer, execution_id: object) -> dict[str, Any]:
    with api.store.database.reading() as session:
        number = executions.find(session, str(execution_id)).number
    answer = call(api, "GET", f"{LIST}{number}/")
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    assert set(body) == FIELDS
    return body


def fail(api: ApiServer, execution_id: Any, code: str = "timeout") -> None:
    with api.store.database.transaction() as session:
        set_failure(session, locked(session, execution_id), code=code, explanation="It took long.")


def test_an_execution_goes_from_pending_over_in_progress_to_finished(api: ApiServer) -> None:
    execution_id = with_inputs(api.store)
    assert shown(api, execution_id)["status"] == "pending"
    take_lease(api.store, execution_id)
    assert shown(api, execution_id)["status"] == "in_progress"
    waiting = shown(api, in_review(api.store))
    assert waiting["status"] == "in_progress"
    assert waiting["result"] is None
    done = shown(api, confirmed(api.store))
    assert done["status"] == "finished"
    assert done["result"] == {"number": "2024-17", "total": 12.5}
    started, ended = (datetime.fromisoformat(done[name]) for name in ("started_at", "finished_at"))
    assert done["duration_seconds"] == (ended - started).total_seconds()


def test_a_failure_before_review_is_failed_with_its_code(api: ApiServer) -> None:
    execution_id = with_inputs(api.store)
    fail(api, execution_id)
    body = shown(api, execution_id)
    assert body["status"] == "failed"
    assert body["failure_code"] == "timeout"
    assert body["failure_explanation"] == "It took long."
    assert body["duration_seconds"] > 0


def test_a_best_attempt_that_waits_for_correction_is_in_progress(api: ApiServer) -> None:
    execution_id = in_review(api.store)
    fail(api, execution_id, "max_retries_exceeded")
    body = shown(api, execution_id)
    assert (body["status"], body["failure_code"]) == ("in_progress", None)


def test_confirmed_data_is_finished_also_when_its_delivery_failed(api: ApiServer) -> None:
    execution_id = confirmed(api.store)
    fail(api, execution_id, "delivery_failed")
    body = shown(api, execution_id)
    assert (body["status"], body["failure_code"]) == ("finished", None)


def test_a_canceled_execution_is_failed_with_the_code_canceled(api: ApiServer) -> None:
    execution_id = in_review(api.store)
    with api.store.database.transaction() as session:
        transition(session, locked(session, execution_id), Status.CANCELED)
    body = shown(api, execution_id)
    assert (body["status"], body["failure_code"]) == ("failed", "canceled")
    assert body["failure_explanation"]
    assert body["finished_at"]
    assert body["result"] is None


def test_an_execution_that_does_not_exist_is_404(api: ApiServer) -> None:
    for number in ("4711", "0", "-5", "9" * 40, "abc"):
        answer = call(api, "GET", f"{LIST}{number}/")
        assert answer.status_code == 404
        assert answer.json() == {"detail": "Not found."}


def test_other_workspaces_see_nothing_of_it(api: ApiServer) -> None:
    agent = catalog(api)
    body = start(api, agent, files=[("files[]", ("a.txt", b"text"))]).json()
    stranger = f"Token {api.make_token('other')}"
    [file] = body["files"]
    for method, path in (
        ("GET", f"{LIST}{body['id']}/"),
        ("GET", file["file_url"]),
        ("GET", f"/api/agents/{agent.agent_number}/agentic-execution-definitions/"),
        ("POST", f"/api/agents/{agent.agent_number}/agentic-executions/"),
    ):
        assert call(api, method, path, authorization=stranger, json={}).status_code == 404
    assert call(api, "GET", LIST, authorization=stranger).json()["count"] == 0


def test_without_a_token_everything_is_401(api: ApiServer) -> None:
    paths = (LIST, f"{LIST}1/", "/api/agents/1/agentic-execution-definitions/")
    for path, header in product(paths, ("", f"Bearer {api.token}", "Token", "Token nonsense")):
        answer = call(api, "GET", path, authorization=header)
        assert answer.status_code == 401
        assert set(answer.json()) == {"detail"}
        assert answer.headers["WWW-Authenticate"].startswith("Token")


# -- files ----------------------------------------------------------------------------------------


def test_a_file_is_read_under_its_own_execution_only(api: ApiServer) -> None:
    agent = catalog(api)
    one = start(api, agent, files=[("files[]", ("a.txt", b"one"))]).json()
    two = start(api, agent, files=[("files[]", ("a.txt", b"two"))]).json()
    file = one["files"][0]["id"]
    assert call(api, "GET", f"/media/conversations/{one['id']}/{file}/a.txt").content == b"one"
    for path in (
        f"/media/conversations/{two['id']}/{file}/a.txt",
        f"/media/conversations/{one['id']}/{'9' * 30}/a.txt",
        f"/media/conversations/{one['id']}/abc/a.txt",
        f"/media/conversations/{one['id']}/",
    ):
        assert call(api, "GET", path).status_code == 404


def test_a_file_whose_bytes_are_gone_is_404(api: ApiServer) -> None:
    execution_id = with_inputs(api.store)
    [file] = shown(api, execution_id)["files"]
    assert call(api, "GET", file["file_url"]).status_code == 404


def test_a_name_never_leaves_its_header(api: ApiServer) -> None:
    name = 'a"; filename=b;\u202eтекст.txt'
    body = start(api, catalog(api), files=[("files[]", (name, b"text"))]).json()
    got = call(api, "GET", body["files"][0]["file_url"])
    assert got.status_code == 200
    assert got.headers["Content-Disposition"].count("filename") == 2  # the second one encoded
    assert '"' not in got.headers["Content-Disposition"]


# -- listing --------------------------------------------------------------------------------------


def listed(api: ApiServer, query: str = "") -> dict[str, Any]:
    answer = call(api, "GET", LIST + query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    assert set(body) == {"count", "next", "previous", "results"}
    return body


def test_a_list_has_25_a_page_the_newest_first_and_leads_on_and_back(api: ApiServer) -> None:
    agent = catalog(api)
    numbers = [start(api, agent, json={}).json()["id"] for _ in range(3)]
    for _ in range(50):
        with_inputs(api.store)
    first = listed(api)
    assert first["count"] == 53
    assert first["previous"] is None
    assert first["next"] == f"{api.url}{LIST}?page=2"
    seen = [entry["id"] for entry in first["results"]]
    address = first["next"]
    while address:
        body = listed(api, address.removeprefix(api.url + LIST))
        seen += [entry["id"] for entry in body["results"]]
        last, address = body, body["next"]
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 53
    assert seen[-3:] == numbers[::-1]
    assert last["previous"] == f"{api.url}{LIST}?page=2"
    assert listed(api, "?page=2&status=pending")["previous"] == f"{api.url}{LIST}?status=pending"
    for page in ("4", "0", "-1", "abc", "9" * 30):
        answer = call(api, "GET", f"{LIST}?page={page}")
        assert answer.status_code == 404
        assert answer.json() == {"detail": "Invalid page."}


def test_each_filter_alone_and_together(api: ApiServer) -> None:
    mine = make_agent("mine")
    number = apply_agent(api.store, mine).agent_number
    made = {
        "pending": [with_inputs(api.store), with_inputs(api.store, mine)],
        "in_progress": [in_review(api.store), in_review(api.store, mine)],
        "finished": [confirmed(api.store), extracted(api.store, Status.CONFIRMED, mine)],
        "failed": [with_inputs(api.store), with_inputs(api.store, mine)],
    }
    for execution_id in made["failed"]:
        fail(api, execution_id)
    numbers = {
        status: [shown(api, execution_id)["id"] for execution_id in ids]
        for status, ids in made.items()
    }
    for status, (others, ours) in numbers.items():
        both = listed(api, f"?status={status}")
        assert [entry["id"] for entry in both["results"]] == sorted([others, ours], reverse=True)
        assert both["count"] == 2
        one = listed(api, f"?status={status}&agent_id={number}&dataset_id=1")
        assert [entry["id"] for entry in one["results"]] == [ours]
        assert one["results"][0]["status"] == status
    assert listed(api, f"?agent_id={number}")["count"] == 4
    assert listed(api, "?agent_id=&status=&dataset_id=")["count"] == 8
    for nothing in ("?dataset_id=77", "?agent_id=77", "?agent_id=-1", f"?agent_id={'9' * 30}"):
        assert listed(api, nothing) == {"count": 0, "next": None, "previous": None, "results": []}


def test_a_filter_given_twice_is_400_at_its_field(api: ApiServer) -> None:
    answer = call(api, "GET", f"{LIST}?dataset_id=x&dataset_id=")
    assert (answer.status_code, answer.json()) == (400, {"dataset_id": ["Give it once."]})


def test_a_filter_that_is_none_is_400_at_its_field(api: ApiServer) -> None:
    for query in ("status=done", "agent_id=abc", "dataset_id=1.5"):
        answer = call(api, "GET", f"{LIST}?{query}")
        assert answer.status_code == 400
        [(field, messages)] = answer.json().items()
        assert query.startswith(field)
        assert isinstance(messages, list)
