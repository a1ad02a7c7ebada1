"""Agents to and from the workspaces dialect. Secrets go in only."""

from __future__ import annotations

import re
from typing import Any

from pydantic import SecretStr, ValidationError

from signoff.api.problems import ApiError, FieldProblem
from signoff.api.workspaces import agent_schemas as schemas
from signoff.executions.agents import (
    Agent,
    AskUIWorkflowDestination,
    EmailTrigger,
    WebhookDestination,
)
from signoff.settings import Settings
from signoff.storage.agent_listing import ListedAgent

MASK = "**********"
MAIL_DOMAIN = "signoff.invalid"
NOBODY = f"nobody@{MAIL_DOMAIN}"
"""With us an empty list of senders allows anyone; in this dialect it allows nobody."""

_FIELDS = {
    "name": "name",
    "status": "status",
    "description": "description",
    "data_schema": "dataSchema",
    "review": "autoConfirm",
    "email_trigger": "emailTrigger",
    "destinations": "dataDestinations",
    "allowed_senders": "allowedSenders",
    "address": "email",
    "runner_tags": "runnerTags",
}


def shown(listed: ListedAgent) -> schemas.Agent:
    """An agent as this dialect has it."""
    agent = listed.newest.agent
    return schemas.Agent(
        id=listed.newest.agent_id,
        created_at=listed.created_at,
        updated_at=listed.updated_at,
        name=agent.name,
        status=agent.status.value,
        # conditions for signing off are no unconditional yes
        auto_confirm=agent.review.auto_confirm is True,
        description=agent.description,
        email_trigger=_trigger_shown(agent),
        data_schema=agent.data_schema,
        data_destinations=[_destination_shown(entry) for entry in agent.destinations],
        workspace_id=listed.newest.workspace_id,
    )


def _trigger_shown(agent: Agent) -> schemas.EmailAgentTrigger:
    trigger = agent.email_trigger
    if trigger is None:
        address = f"{_local_part(agent.name)}@{MAIL_DOMAIN}"
        return schemas.EmailAgentTrigger(active=False, allowed_senders=[], email=address)
    allowed = [sender for sender in trigger.allowed_senders if sender != NOBODY]
    return schemas.EmailAgentTrigger(
        active=trigger.active, allowed_senders=allowed, email=trigger.address
    )


def _destination_shown(
    destination: WebhookDestination | AskUIWorkflowDestination,
) -> schemas.DataDestination:
    if isinstance(destination, WebhookDestination):
        return schemas.DataDestinationWebhook(
            url=str(destination.url), headers=dict.fromkeys(destination.headers, MASK)
        )
    return schemas.DataDestinationAskUiWorkflow(
        host=destination.runner_host,
        runner_tags=destination.runner_tags,
        workflows=destination.workflows,
    )


def created(command: schemas.AgentCreateCommand, *, workspace: str, settings: Settings) -> Agent:
    """The agent that a command asks for.

    Raises:
        ApiError: 422; our own model is stricter than the dialect's schemas can say.
    """
    empty = {"name": command.name, "workspace": workspace}
    return _validated(empty | _given(command, None, settings=settings))


def changed(agent: Agent, command: schemas.AgentUpdateCommand, *, settings: Settings) -> Agent:
    """The agent with a command's changes.

    Raises:
        ApiError: 422; our own model is stricter than the dialect's schemas can say.
    """
    fields = {name: getattr(agent, name) for name in Agent.model_fields}
    return _validated(fields | _given(command, agent, settings=settings))


def _given(
    command: schemas.AgentCreateCommand | schemas.AgentUpdateCommand,
    before: Agent | None,
    *,
    settings: Settings,
) -> dict[str, Any]:
    # null is absent: generated clients send it for fields that their users left alone
    given: dict[str, Any] = {
        name: getattr(command, name)
        for name in ("name", "status", "description", "data_schema")
        if name in command.model_fields_set and getattr(command, name) is not None
    }
    if "auto_confirm" in command.model_fields_set and command.auto_confirm is not None:
        given["review"] = {"auto_confirm": command.auto_confirm}
    if command.email_trigger is not None:
        old = before.email_trigger if before else None
        name = given.get("name") or (before.name if before else "")
        given["email_trigger"] = _trigger(command.email_trigger, old, name=name)
    if command.data_destinations is not None:
        earlier = list(before.destinations) if before else []
        given["destinations"] = [
            _destination(entry, earlier, settings=settings) for entry in command.data_destinations
        ]
    return given


def _trigger(
    given: schemas.EmailAgentTriggerUpdate, before: EmailTrigger | None, *, name: str
) -> dict[str, Any]:
    if given.email is not None:
        address = given.email
    elif given.local_part is None and before is not None:
        address = before.address
    else:
        address = f"{given.local_part or _local_part(name)}@{MAIL_DOMAIN}"
    active = given.active
    if active is None:
        active = before.active if before else True
    if given.allowed_senders is None and before is not None:
        senders = before.allowed_senders
    else:
        senders = given.allowed_senders or [NOBODY]
    return {"active": active, "address": address, "allowed_senders": senders}


def _local_part(name: str) -> str:
    return re.sub("[^A-Za-z0-9]+", "-", name).lower()


def _destination(
    given: schemas.DataDestination,
    before: list[WebhookDestination | AskUIWorkflowDestination],
    *,
    settings: Settings,
) -> dict[str, Any]:
    """A destination as given; what the dialect does not show is kept from before."""
    if isinstance(given, schemas.DataDestinationWebhook):
        same = next(
            (
                entry
                for entry in before
                if isinstance(entry, WebhookDestination) and str(entry.url) == given.url
            ),
            None,
        )
        headers: dict[str, SecretStr | str] = {}
        for name, value in given.headers.items():
            kept = same.headers.get(name) if same and value == MASK else None
            headers[name] = kept or value
        return {
            "type": "WEBHOOK",
            "url": given.url,
            "headers": headers,
            "secret": same.secret if same else None,
        }
    workflows = next(
        (
            entry
            for entry in before
            if isinstance(entry, AskUIWorkflowDestination) and entry.workflows == given.workflows
        ),
        None,
    )
    return {
        "type": "ASKUI_WORKFLOW",
        "host": workflows.host if workflows else settings.askui_url,
        "workspace_id": workflows.workspace_id if workflows else None,
        "token": workflows.token if workflows else settings.askui_token,
        "runner_host": given.host,
        "runner_tags": given.runner_tags,
        "workflows": given.workflows,
    }


def _validated(fields: dict[str, Any]) -> Agent:
    try:
        return Agent.model_validate(fields)
    except ValidationError as error:
        problems = [
            FieldProblem(_place(entry["loc"]), entry["msg"], entry["type"])
            for entry in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise ApiError(422, "The agent is not valid.", problems=problems) from error


def _place(location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    return (
        "body",
        *(_FIELDS.get(part, part) if isinstance(part, str) else part for part in location),
    )
