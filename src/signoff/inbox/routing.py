"""Which agent an item goes to: a mail to its recipient's, all else to the inbox's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from signoff.errors import AgentNotRunnableError, InvalidInputError
from signoff.executions.agents import AgentStatus
from signoff.executions.models import AgentRevision, Trigger
from signoff.inbox.mail import Head, read_head, without_tag
from signoff.storage import agents
from signoff.storage.store import Store

SHOWN_ADDRESSES = 5


@dataclass(frozen=True)
class Route:
    """Where an item goes, and what is recorded about why."""

    agent_id: str
    trigger: Trigger
    triggered_by: str


def check_agent(store: Store, agent: str, *, workspace: str) -> None:
    """Make sure that the inbox's own agent can take anything, before anything is claimed.

    Raises:
        NotFoundError: there is no such agent.
        AgentNotRunnableError: it is archived or has no data schema.
    """
    with store.database.reading() as session:
        found = agents.find(session, agent, workspace_name=workspace, cipher=store.cipher).agent
    if found.status is AgentStatus.ARCHIVED or found.data_schema is None:
        what = "is archived" if found.data_schema is not None else "has no data_schema"
        raise AgentNotRunnableError(f"The inbox's agent {found.name!r} {what}: name another one.")


def is_mail(path: Path) -> bool:
    """Whether an item is routed by its recipient: a single mail, not a folder with mails in it."""
    return path.suffix.lower() == ".eml" and path.is_file() and not path.is_symlink()


def route(store: Store, path: Path, *, agent: str | None, workspace: str, inbox: str) -> Route:
    """Find the agent for a claimed item.

    Raises:
        InvalidInputError: there is none, or it takes nothing from this sender.
    """
    if is_mail(path):
        with store.database.reading() as session:
            known = agents.every(session, cipher=store.cipher)
        in_workspace = [revision for revision in known if revision.agent.workspace == workspace]
        return route_mail(read_head(path), in_workspace)
    if agent is None:
        raise InvalidInputError(
            "This inbox names no agent for files, so it takes mails (.eml) only. Set `agent` in"
            " the parameters of its deployment, or use an inbox that has one."
        )
    with store.database.reading() as session:
        found = agents.find(session, agent, workspace_name=workspace, cipher=store.cipher)
    return Route(str(found.agent_id), Trigger.SCHEDULED, f"inbox {inbox}")


def route_mail(head: Head, known: Sequence[AgentRevision]) -> Route:
    """Find the agent whose email trigger has the address that the mail went to.

    Raises:
        InvalidInputError: there is none, or it takes nothing from this sender.
    """
    revision = _recipient(head, known)
    trigger = revision.agent.email_trigger
    assert trigger is not None
    # From may be written by anybody: several senders must all be allowed
    senders = head.senders
    if trigger.allowed_senders and not (senders and all(map(trigger.allows, senders))):
        who = ", ".join(senders[:SHOWN_ADDRESSES]) or "nobody (there is no From address)"
        raise InvalidInputError(
            f"The mail is from {who}; the agent {revision.agent.name!r} takes mails from"
            f" {', '.join(trigger.allowed_senders)} only. Add the sender to the agent's"
            " email_trigger.allowed_senders, or start the agent by hand."
        )
    sender = senders[0] if senders else "an unknown sender"
    return Route(str(revision.agent_id), Trigger.EVENT, f"mail from {sender}")


def _recipient(head: Head, known: Sequence[AgentRevision]) -> AgentRevision:
    inactive = ""
    for address in head.recipients:
        for wanted in dict.fromkeys((address, without_tag(address))):
            listening = [
                revision
                for revision in known
                if revision.agent.email_trigger is not None
                and revision.agent.email_trigger.address.casefold() == wanted
                and revision.agent.status is AgentStatus.ACTIVE
            ]
            active = [
                revision
                for revision in listening
                if revision.agent.email_trigger and revision.agent.email_trigger.active
            ]
            if len(active) > 1:
                names = ", ".join(revision.agent.name for revision in active)
                raise InvalidInputError(
                    f"Several agents have the address {wanted}: {names}. Give each its own."
                )
            if active:
                return active[0]
            if listening:
                inactive = (
                    f" (The email_trigger of the agent {listening[0].agent.name!r} has"
                    f" {wanted}, but is not active.)"
                )
    if not head.recipients:
        raise InvalidInputError(
            "The mail names no recipient (Delivered-To, X-Original-To, Envelope-To, To, Cc), so"
            " no agent can be found for it. Start an agent by hand."
        )
    shown = ", ".join(head.recipients[:SHOWN_ADDRESSES])
    raise InvalidInputError(
        f"No agent has an email_trigger with the address the mail went to: {shown}.{inactive}"
        " Set `email_trigger: {active: true, address: ...}` in an agent, or start one by hand."
    )
