"""``/api/v1/agents``: create, list, change; secrets go in and never come out."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from support.api_server import ApiServer
from support.stores import SCHEMA, apply_agent, make_agent

from signoff.executions.agents import Agent, AskUIWorkflowDestination, WebhookDestination
from signoff.storage import agents

PATH = "/api/v1/agents"
HOOK = {"type": "WEBHOOK", "url": "https://erp.example/hook", "headers": {"X-Key": "s3cret"}}
WORKFLOW = {"type": "ASKUI_WORKFLOW", "host": "SELF", "runnerTags": ["a"], "workflows": ["w"]}


def create(api: ApiServer, **fields: Any) -> dict[str, Any]:
    answer = api.call("POST", PATH, json={"name": "note", "dataSchema": SCHEMA} | fields)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def stored(api: ApiServer, shown: dict[str, Any]) -> Agent:
    with api.store.database.reading() as session:
        return agents.revision(session, UUID(shown["id"]), cipher=api.store.cipher).agent


def change(api: ApiServer, shown: dict[str, Any], **fields: Any) -> dict[str, Any]:
    answer = api.call("PATCH", f"{PATH}/{shown['id']}", json=fields)
    assert answer.status_code == 200, answer.text
    changed: dict[str, Any] = answer.json()
    return changed


def test_an_agent_with_its_name_alone_has_the_dialects_defaults(api: ApiServer) -> None:
    answer = api.call("POST", PATH, json={"name": "My agent 1.0"})
    assert answer.status_code == 201
    made = answer.json()
    assert made["status"] == "ACTIVE"
    assert made["autoConfirm"] is False
    assert made["description"] == ""
    assert made["dataSchema"] is None
    assert made["dataDestinations"] == []
    assert made["emailTrigger"] == {
        "active": False,
        "allowedSenders": [],
        "email": "my-agent-1-0@signoff.invalid",
    }


def test_every_field_is_kept_and_secrets_are_not_given_back(api: ApiServer) -> None:
    trigger = {"active": True, "allowedSenders": ["@x.example"], "email": "in@y.example"}
    made = create(
        api,
        description="Notes",
        autoConfirm=True,
        emailTrigger=trigger,
        dataDestinations=[HOOK, WORKFLOW],
        status="ARCHIVED",
    )
    assert made["dataSchema"] == SCHEMA
    assert made["autoConfirm"] is True
    assert made["status"] == "ARCHIVED"
    assert made["emailTrigger"] == trigger
    assert made["dataDestinations"] == [{**HOOK, "headers": {"X-Key": "**********"}}, WORKFLOW]
    webhook, workflow = stored(api, made).destinations
    assert isinstance(webhook, WebhookDestination)
    assert webhook.headers["X-Key"].get_secret_value() == "s3cret"
    assert isinstance(workflow, AskUIWorkflowDestination)
    assert str(workflow.host) == "https://workspaces.askui.com/"
    assert "s3cret" not in api.call("GET", PATH).text


def test_masked_headers_that_come_back_keep_their_values(api: ApiServer) -> None:
    made = create(api, dataDestinations=[HOOK])
    shown = made["dataDestinations"][0]
    shown["headers"]["X-New"] = "new"
    changed = change(api, made, dataDestinations=[shown])
    assert set(changed["dataDestinations"][0]["headers"].values()) == {"**********"}
    [webhook] = stored(api, made).destinations
    assert isinstance(webhook, WebhookDestination)
    assert {name: value.get_secret_value() for name, value in webhook.headers.items()} == {
        "X-Key": "s3cret",
        "X-New": "new",
    }


def test_a_change_touches_nothing_else_of_an_agent_written_as_a_file(api: ApiServer) -> None:
    revision = apply_agent(
        api.store,
        make_agent(
            instructions="Read well.",
            review={"auto_confirm": {"when": {"min_confidence": 0.99}}},
            destinations=[
                {
                    "type": "WEBHOOK",
                    "url": "https://erp.example/hook",
                    "secret": "whsec_c2lnbm9mZg==",
                }
            ],
        ),
    )
    shown = {"id": str(revision.agent_id)}
    changed = change(api, shown, description="new", dataDestinations=[{**HOOK, "headers": {}}])
    assert changed["autoConfirm"] is False
    after = stored(api, shown)
    assert after.model_copy(update={"description": ""}) == revision.agent


def test_a_new_schema_is_a_new_revision(api: ApiServer) -> None:
    made = create(api)
    schema = {"type": "object", "properties": {"date": {"type": "string", "format": "date"}}}
    assert change(api, made, dataSchema=schema)["dataSchema"] == schema
    with api.store.database.reading() as session:
        newest = agents.revision(session, UUID(made["id"]), cipher=api.store.cipher)
        first = agents.revision(session, UUID(made["id"]), 1, cipher=api.store.cipher)
    assert newest.revision == 2
    assert first.agent.data_schema == SCHEMA
    change(api, made, dataSchema=schema)
    with api.store.database.reading() as session:
        assert agents.revision(session, UUID(made["id"]), cipher=api.store.cipher).revision == 2


def test_names_are_unique_in_a_workspace_only(api: ApiServer) -> None:
    made = create(api)
    other = create(api, name="other")
    again = api.call("POST", PATH, json={"name": "note"})
    assert again.status_code == 409
    assert api.call("PATCH", f"{PATH}/{other['id']}", json={"name": "note"}).status_code == 409
    assert change(api, other, name="third")["name"] == "third"
    assert change(api, made, name="note")["name"] == "note"
    elsewhere = f"Bearer {api.make_token('elsewhere')}"
    assert api.call("POST", PATH, authorization=elsewhere, json={"name": "note"}).status_code == 201


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"name": "-x"}, ["body", "name"]),
        ({"name": "x" * 65}, ["body", "name"]),
        ({"name": "x\n"}, ["body", "name"]),
        ({"description": "x" * 1025}, ["body", "description"]),
        ({"status": "GONE"}, ["body", "status"]),
        ({"dataSchema": {"type": "array"}}, ["body", "dataSchema"]),
        ({"dataSchema": {"type": "object"}}, ["body", "dataSchema"]),
        ({"dataSchema": {"type": "object", "properties": 1}}, ["body", "dataSchema"]),
        ({"dataDestinations": [{"type": "MAIL"}]}, ["body", "dataDestinations", 0]),
        ({"dataDestinations": [{**HOOK, "url": "nowhere"}]}, ["body", "dataDestinations", 0]),
        ({"dataDestinations": [{**WORKFLOW, "workflows": []}]}, ["body", "dataDestinations", 0]),
        ({"emailTrigger": {"email": "none"}}, ["body", "emailTrigger", "email"]),
        ({"emailTrigger": {"allowedSenders": ["x"]}}, ["body", "emailTrigger", "allowedSenders"]),
    ],
)
def test_a_field_that_is_wrong_is_named(api: ApiServer, fields, place) -> None:
    made = create(api)
    for answer in (
        api.call("POST", PATH, json={"name": "new"} | fields),
        api.call("PATCH", f"{PATH}/{made['id']}", json=fields),
    ):
        assert answer.status_code == 422
        assert answer.json()["detail"][0]["loc"][: len(place)] == place
        assert answer.json()["detail"][0].keys() == {"loc", "msg", "type"}


def test_a_secret_is_not_echoed_with_what_is_wrong(api: ApiServer) -> None:
    wrong = {**HOOK, "url": "nowhere", "headers": {"X": "s3cret"}}
    answer = api.call("POST", PATH, json={"name": "new", "dataDestinations": [wrong]})
    assert answer.status_code == 422
    assert "s3cret" not in answer.text


def test_nobody_may_send_when_no_sender_is_allowed(api: ApiServer) -> None:
    made = create(api, emailTrigger={"email": "in@y.example"})
    assert made["emailTrigger"] == {"active": True, "allowedSenders": [], "email": "in@y.example"}
    trigger = stored(api, made).email_trigger
    assert trigger is not None
    assert not trigger.allows("anyone@x.example")
    changed = change(api, made, emailTrigger={"allowedSenders": ["anyone@x.example"]})
    assert changed["emailTrigger"]["email"] == "in@y.example"
    trigger = stored(api, made).email_trigger
    assert trigger is not None
    assert trigger.allows("anyone@x.example")
    assert change(api, made, emailTrigger={"active": False})["emailTrigger"]["active"] is False


def test_the_generated_clients_local_part_makes_the_address(api: ApiServer) -> None:
    made = create(api, emailTrigger={"localPart": "bills"}, parentId="not ours")
    assert made["emailTrigger"]["email"] == "bills@signoff.invalid"
    assert "localPart" not in made["emailTrigger"]


def test_a_field_that_is_null_stays_as_it_is(api: ApiServer) -> None:
    # the generated client sends null for whatever its user read from elsewhere and did not set
    trigger = {"active": True, "allowedSenders": ["@x.example"], "email": "in@y.example"}
    made = create(api, emailTrigger=trigger, dataDestinations=[HOOK], description="Notes")
    fields = ("name", "description", "status", "emailTrigger", "autoConfirm")
    unchanged = change(api, made, **dict.fromkeys((*fields, "dataSchema", "dataDestinations")))
    assert unchanged | {"updatedAt": None} == made | {"updatedAt": None}
    parts = {"active": None, "allowedSenders": None, "localPart": None, "email": None}
    assert change(api, made, emailTrigger=parts)["emailTrigger"] == trigger
    changed = change(api, made, emailTrigger=parts | {"active": False})
    assert changed["emailTrigger"] == trigger | {"active": False}


def test_a_trigger_that_anyone_may_use_stays_so_when_something_else_changes(api: ApiServer) -> None:
    trigger = {"active": True, "address": "in@y.example", "allowed_senders": []}
    agent = apply_agent(api.store, make_agent(email_trigger=trigger))
    shown = {"id": str(agent.agent_id)}
    change(api, shown, emailTrigger={"active": False})
    kept = stored(api, shown).email_trigger
    assert kept is not None
    assert (kept.active, kept.allowed_senders) == (False, [])


def test_nulls_of_a_new_trigger_are_its_defaults(api: ApiServer) -> None:
    trigger = {"active": None, "allowedSenders": None, "localPart": None}
    assert create(api, emailTrigger=trigger)["emailTrigger"] == {
        "active": True,
        "allowedSenders": [],
        "email": "note@signoff.invalid",
    }


def test_a_filter_for_one_given_twice_is_named(api: ApiServer) -> None:
    answer = api.call("GET", f"{PATH}?limit=1&limit=2")
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", "limit"]


def test_lists_are_filtered_paged_and_counted(api: ApiServer) -> None:
    made = [create(api, name=f"agent {number}") for number in range(3)]
    change(api, made[0], status="ARCHIVED")

    def names(query: str) -> list[str]:
        return [entry["name"] for entry in api.call("GET", f"{PATH}?{query}").json()["data"]]

    assert names("") == ["agent 0", "agent 2", "agent 1"]
    assert names("status=ACTIVE") == ["agent 2", "agent 1"]
    assert names(f"agent_id={made[1]['id']}&agent_id={uuid4()}") == ["agent 1"]
    assert names(f"workspace_id={uuid4()}") == []
    assert names("skip=1&limit=1") == ["agent 2"]
    page = api.call("GET", f"{PATH}?limit=1&expand=total_count").json()
    assert (page["hasMore"], page["totalCount"]) == (True, 3)
    assert api.call("GET", f"{PATH}?status=GONE").status_code == 422
    assert names(f"skip={10**30}") == []


def test_another_workspaces_agents_are_not_there(api: ApiServer) -> None:
    made = create(api)
    elsewhere = f"Bearer {api.make_token('elsewhere')}"
    assert api.call("GET", PATH, authorization=elsewhere).json()["data"] == []
    path = f"{PATH}/{made['id']}"
    answer = api.call("PATCH", path, authorization=elsewhere, json={"name": "mine"})
    assert (answer.status_code, answer.json()) == (404, {"detail": "Agent not found"})
    for workspace_id, status in ((str(uuid4()), 404), (made["workspaceId"], 200)):
        assert api.call("PATCH", path, json={"workspaceId": workspace_id}).status_code == status
    foreign = api.call("POST", PATH, json={"name": "x", "workspaceId": str(uuid4())})
    assert foreign.status_code == 404
