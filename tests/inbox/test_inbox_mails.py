"""Mails in an inbox go to the agent whose address is their recipient."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.inboxes import Tray, mail
from support.stores import apply_agent, make_agent

from signoff.executions.agents import EmailTrigger
from signoff.executions.models import Trigger
from signoff.inbox.mail import read_head, without_tag


@pytest.fixture
def mailbox(tray: Tray) -> Tray:
    """An inbox without an agent of its own, beside agents with addresses."""
    _listen(tray, "invoices", "Invoices@Example.com", allowed_senders=["@example.org", "b@c.de"])
    _listen(tray, "orders", "orders@example.com")
    _listen(tray, "asleep", "asleep@example.com", active=False)
    _listen(tray, "tagged", "box+special@example.com")
    tray.options["agent"] = None
    return tray


def _listen(tray: Tray, name: str, address: str, **trigger: object) -> None:
    settings = {"active": True, "address": address, **trigger}
    apply_agent(tray.store, make_agent(name, email_trigger=settings))


def _agent_of(tray: Tray, source: str) -> str:
    """The name of the agent that the mail went to, or why it went to none."""
    tray.put("mail.eml", source)
    tray.run()
    found: str = tray.reason("mail.eml") if tray.failed else tray.executions()[-1].agent_name
    return found


@pytest.mark.parametrize(
    "headers",
    [
        {"to": "invoices@example.com"},
        {"to": "INVOICES@EXAMPLE.COM"},
        {"to": '"Last, First" <x@y.z>, Invoices <invoices@example.com>'},
        {"to": "invoices+acme@example.com"},
        {"to": "x@y.z", "Cc": "invoices@example.com"},
        {"to": "list@y.z", "Delivered_To": "invoices@example.com"},
        {"to": "list@y.z", "X_Original_To": "invoices@example.com"},
        {"to": "list@y.z", "Envelope_To": "invoices@example.com"},
        {"to": "orders@example.com", "Delivered_To": "invoices@example.com"},
        {"to": "undisclosed-recipients:;", "Delivered_To": "<invoices@example.com>"},
        {"to": "Team: orders2@example.com, invoices@example.com;"},
        {"to": "x@y.z,\r\n\tinvoices@example.com"},
    ],
)
def test_a_mail_goes_to_the_agent_with_its_recipients_address(
    mailbox: Tray, headers: dict[str, str]
) -> None:
    assert _agent_of(mailbox, mail(**headers)) == "invoices"


def test_a_mail_is_an_event_that_its_sender_triggered(mailbox: Tray) -> None:
    _agent_of(mailbox, mail(sender="Ann <Ann@example.org>"))
    (execution,) = mailbox.executions()
    assert execution.trigger is Trigger.EVENT
    assert execution.triggered_by == "mail from ann@example.org"
    assert mailbox.done == {"mail.eml"}


def test_an_address_with_a_tag_of_its_own_goes_before_the_one_without(mailbox: Tray) -> None:
    assert _agent_of(mailbox, mail("box+special@example.com")) == "tagged"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (mail("nobody@example.com"), "the mail went to: nobody@example.com"),
        (mail("asleep@example.com"), "'asleep' has asleep@example.com, but is not active"),
        (mail("box@example.com"), "No agent has an email_trigger"),
        (mail(sender="eve@example.org.evil"), "from eve@example.org.evil"),
        (mail(sender="eve@notexample.org"), "from eve@notexample.org"),
        (mail(sender='"b@c.de" <eve@evil>'), "from eve@evil"),
        (mail(sender="b@c.de, eve@evil"), "from b@c.de, eve@evil"),
        (mail(sender="=?utf-8?q?b=40c=2Ede?= <eve@evil>"), "from eve@evil"),
        (mail(sender=""), "from nobody"),
        ("Subject: to nobody\r\n\r\nText\r\n", "names no recipient"),
    ],
)
def test_other_mails_go_to_failed_with_the_reason(mailbox: Tray, source: str, reason: str) -> None:
    assert reason in _agent_of(mailbox, source)
    assert mailbox.executions() == []


def test_an_address_that_two_agents_have_is_nobodys(mailbox: Tray) -> None:
    _listen(mailbox, "twin", "orders@example.com")
    assert "Several agents have the address orders@example.com" in _agent_of(
        mailbox, mail("orders@example.com")
    )


def test_mails_go_by_their_recipient_in_an_inbox_with_an_agent_too(mailbox: Tray) -> None:
    mailbox.options["agent"] = "invoice"
    mailbox.put("note.txt")
    mailbox.put("order.EML", mail("orders@example.com"))
    mailbox.put("case/order.eml", mail("orders@example.com"))
    mailbox.run()
    # a folder is somebody's collection: its mails are documents among others
    names = [(one.agent_name, one.context["file"]) for one in mailbox.executions()]
    assert sorted(names) == [("invoice", "case"), ("invoice", "note.txt"), ("orders", "order.EML")]


def test_the_same_mail_twice_is_a_duplicate(mailbox: Tray) -> None:
    mailbox.put("1.eml", mail())
    mailbox.put("2.eml", mail())
    mailbox.run()
    assert len(mailbox.executions()) == 1
    assert mailbox.done == {"1.eml", "2.eml"}


@given(st.binary(max_size=400))
def test_no_head_is_too_broken_to_be_read(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = _scratch(tmp_path_factory)
    path.write_bytes(b"From: a@b.c\r\nTo: " + data)
    head = read_head(path)
    assert all(address.count("@") >= 1 for address in head.recipients + head.senders)


@given(st.lists(st.from_regex(r"[a-z0-9.]{1,8}@[a-z]{1,8}\.de", fullmatch=True), min_size=1))
def test_every_recipient_is_found(
    tmp_path_factory: pytest.TempPathFactory, addresses: list[str]
) -> None:
    path = _scratch(tmp_path_factory)
    path.write_text(mail(", ".join(f"Some One <{address}>" for address in addresses)))
    assert read_head(path).recipients == tuple(dict.fromkeys(addresses))


def _scratch(factory: pytest.TempPathFactory) -> Path:
    return factory.getbasetemp() / "head.eml"


def test_a_tag_is_what_follows_the_first_plus() -> None:
    assert without_tag("a+b+c@d.e") == "a@d.e"
    assert without_tag("+b@d.e") == "+b@d.e"
    assert without_tag("a@d.e") == "a@d.e"


def test_a_whole_domain_can_be_allowed() -> None:
    trigger = EmailTrigger(active=True, address="a@b.c", allowed_senders=["@Example.org"])
    assert trigger.allows("X@example.ORG")
    assert not trigger.allows("x@sub.example.org")
