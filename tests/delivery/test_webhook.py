from __future__ import annotations

import datetime
import json
import logging
import socket
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from support.attempts import ListedAttempts
from support.receiver import Answer, Receiver

from signoff.delivery.attempts import Outcome
from signoff.delivery.calls import MAX_BODY, json_bytes
from signoff.delivery.webhook import send_webhook
from signoff.errors import DeliveryFailedError, ExecutionCanceledError, LeaseLostError
from signoff.executions.agents import WebhookDestination
from signoff.executions.models import DeliveryStatus
from signoff.settings import Settings

ID = UUID("6b1d5c1e-6f0a-4f7e-9a43-3f6f6f1b2c3d")
SECRET = "whsec_" + "c2lnbm9mZi1zaWduaW5nLXNlY3JldA=="
DATA = {"number": "RE-4711", "total": 119.0, "lines": [{"text": "Schräubchen 5 €"}]}


def send(
    receiver: Receiver,
    *,
    data: Any = DATA,
    path: str = "/hook",
    headers: dict[str, str] | None = None,
    secret: str | None = None,
    log: ListedAttempts | None = None,
    **values: Any,
) -> tuple[Outcome, ListedAttempts, list[float]]:
    settings = Settings(
        **{
            "home": Path("unused"),
            "allowed_hosts": [receiver.host],
            "delivery_backoff": 0,
            "delivery_attempts": 3,
            "delivery_timeout": 10,
            **values,
        }
    )
    destination = WebhookDestination(
        url=receiver.url(path),
        headers={name: SecretStr(value) for name, value in (headers or {}).items()},
        secret=SecretStr(secret) if secret else None,
    )
    log = log or ListedAttempts()
    pauses: list[float] = []
    outcome = send_webhook(ID, destination, data, log=log, settings=settings, sleep=pauses.append)
    return outcome, log, pauses


def test_the_confirmed_data_arrives_as_json() -> None:
    with Receiver([Answer.json({"ok": True}, X_Trace="42")]) as receiver:
        outcome, log, _ = send(receiver, path="/hook?tenant=7")
    assert outcome == Outcome(DeliveryStatus.DELIVERED)
    (request,) = receiver.requests
    assert (request.method, request.path, request.json()) == ("POST", "/hook?tenant=7", DATA)
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["webhook-id"] == str(ID)
    assert request.headers["webhook-timestamp"].isdigit()
    assert "webhook-signature" not in request.headers
    (attempt,) = log.attempts
    assert (attempt.status_code, attempt.body, attempt.error) == (200, '{"ok": true}', None)
    assert attempt.headers["X-Trace"] == "42"
    assert attempt.seconds is not None


def test_the_signature_is_what_standard_webhooks_verify() -> None:
    with Receiver() as receiver:
        send(receiver, secret=SECRET)
    (request,) = receiver.requests
    headers = dict(request.headers.items())
    assert Webhook(SECRET).verify(request.body, headers) == DATA
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(request.body.replace(b"119", b"118"), headers)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 501, 502, 503, 504, 599])
def test_answers_that_may_change_are_asked_for_again(status: int) -> None:
    with Receiver([Answer(status), Answer(200)]) as receiver:
        outcome, log, _ = send(receiver)
    assert outcome.status is DeliveryStatus.DELIVERED
    assert [attempt.status_code for attempt in log.attempts] == [status, 200]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 413, 422, 451])
def test_a_definite_no_is_not_repeated(status: int) -> None:
    with Receiver([Answer(status, body=b"no")]) as receiver:
        outcome, log, _ = send(receiver)
    assert outcome.status is DeliveryStatus.FAILED
    assert f"Webhook http://{receiver.host}: answered {status}" in str(outcome.error)
    assert [(attempt.status_code, attempt.body) for attempt in log.attempts] == [(status, "no")]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_a_delivery(status: int) -> None:
    with Receiver([Answer(status)]) as receiver:
        assert send(receiver)[0].status is DeliveryStatus.DELIVERED


def test_broken_connections_are_retried_and_attempts_end() -> None:
    with Receiver([Answer(disconnect="at once")]) as receiver:
        outcome, log, pauses = send(receiver)
    assert outcome.status is DeliveryStatus.FAILED
    assert [attempt.status_code for attempt in log.attempts] == [None] * 3
    assert {attempt.error for attempt in log.attempts} == {
        "the connection broke before the answer was complete"
    }
    assert len(pauses) == 2


def test_a_destination_that_is_down_fails_after_all_attempts() -> None:
    with Receiver() as receiver:
        pass
    outcome, log, _ = send(receiver)
    assert outcome.error == f"Webhook http://{receiver.host}: the connection was refused"
    assert len(log.attempts) == 3


def test_every_attempt_has_the_same_id_and_bytes_and_its_own_valid_signature() -> None:
    with Receiver([Answer(500), Answer(503), Answer(200)]) as receiver:
        send(receiver, secret=SECRET)
    assert [request.headers["webhook-id"] for request in receiver.requests] == [str(ID)] * 3
    assert len({request.body for request in receiver.requests}) == 1
    for request in receiver.requests:
        Webhook(SECRET).verify(request.body, dict(request.headers.items()))


def test_pauses_grow_and_are_capped() -> None:
    with Receiver([Answer(500)]) as receiver:
        _, _, pauses = send(
            receiver, delivery_attempts=6, delivery_backoff=1, delivery_backoff_max=5
        )
    assert len(pauses) == 5
    assert 1 <= pauses[0] <= 2 <= pauses[1] <= 3
    assert pauses[-1] == 5


@pytest.mark.parametrize(
    ("asked", "least", "most"), [("7", 7, 7), ("3600", 60, 60), ("soon", 0, 0), ("-1", 0, 0)]
)
def test_retry_after_is_waited_for_up_to_a_limit(asked: str, least: float, most: float) -> None:
    with Receiver([Answer(429, {"Retry-After": asked}), Answer(200)]) as receiver:
        outcome, _, (pause,) = send(receiver)
    assert outcome.status is DeliveryStatus.DELIVERED
    assert least <= pause <= most


def test_retry_after_may_be_a_date() -> None:
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=30)
    date = format_datetime(moment, usegmt=True)
    with Receiver([Answer(503, {"Retry-After": date}), Answer(200)]) as receiver:
        _, _, (pause,) = send(receiver)
    assert 25 <= pause <= 30


def test_own_headers_are_sent_but_do_not_override_ours() -> None:
    own = {
        "Authorization": "Bearer receiver-token",
        "content-type": "application/vnd.acme+json",
        "Webhook-Id": "forged",
        "WEBHOOK-SIGNATURE": "v1,forged",
        "webhook-timestamp": "0",
        "Host": "forged.example",
        "Content-Length": "1",
        "Transfer-Encoding": "chunked",
        "X-Name": "Müller €",
    }
    with Receiver() as receiver:
        send(receiver, headers=own)
    (request,) = receiver.requests
    assert request.headers["Authorization"] == "Bearer receiver-token"
    assert request.headers.get_all("Content-Type") == ["application/vnd.acme+json"]
    assert request.headers["X-Name"].encode("latin-1").decode() == "Müller €"
    assert request.headers.get_all("webhook-id") == [str(ID)]
    assert request.headers["webhook-timestamp"] != "0"
    assert "webhook-signature" not in request.headers
    assert request.headers["Host"] == receiver.host
    assert request.json() == DATA


def test_a_header_that_http_cannot_carry_fails_at_once_without_its_value() -> None:
    with Receiver() as receiver:
        for headers in ({"X-Key": "hush-hush\r\nX-Evil: 1"}, {"X Key": "hush-hush"}):
            outcome, log, _ = send(receiver, headers=headers)
            assert outcome.status is DeliveryStatus.FAILED
            assert "hush" not in str(outcome.error)
            assert log.attempts == []
    assert receiver.requests == []


def test_no_secret_is_in_record_outcome_log_or_repr(caplog: pytest.LogCaptureFixture) -> None:
    token = "receiver-token-4711"
    echo = {"Authorization": f"Bearer {token}", "X-Echo": f"got {token}", "Set-Cookie": "session=1"}
    body = f"you sent {token} signed with {SECRET} and user:url-password".encode()
    with (
        caplog.at_level(logging.INFO),
        Receiver([Answer(500, echo, body), Answer(400, echo, body)]) as receiver,
    ):
        url = receiver.url().replace("http://", "http://user:url-password@")
        destination = WebhookDestination(
            url=url,
            headers={"X-Token": SecretStr(token), "Webhook-Id": SecretStr(token)},
            secret=SecretStr(SECRET),
        )
        log = ListedAttempts()
        settings = Settings(home=Path("unused"), allowed_hosts=[receiver.host], delivery_backoff=0)
        outcome = send_webhook(ID, destination, DATA, log=log, settings=settings)
    assert receiver.requests[0].headers["X-Token"] == token
    told = repr((log.attempts, outcome, destination.headers, destination.secret)) + caplog.text
    assert "you sent *** signed with *** and user:***" in told
    for secret in (token, SECRET, SECRET.removeprefix("whsec_"), "url-password", "session=1"):
        assert secret not in told


def test_a_long_answer_is_recorded_up_to_a_limit() -> None:
    with Receiver([Answer(200, body=b"\xc3\xa4" * MAX_BODY)]) as receiver:
        outcome, log, _ = send(receiver)
    assert outcome.status is DeliveryStatus.DELIVERED
    assert len(log.attempts[0].body.encode()) <= MAX_BODY
    assert set(log.attempts[0].body) == {"ä"}


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("text/plain; charset=latin-1", b"\xfc", "ü"),
        ("text/plain; charset=no-such", b"\xc3\xbc", "ü"),
        ("text/plain; charset=idna", b"\xc3\xbc", "ü"),
        ("application/octet-stream", b"a\x00\xff", "a\ufffd\ufffd"),
    ],
)
def test_any_answer_can_be_recorded_as_text(content_type: str, body: bytes, text: str) -> None:
    with Receiver([Answer(200, {"Content-Type": content_type}, body)]) as receiver:
        assert send(receiver)[1].attempts[0].body == text


def test_a_2xx_counts_even_if_its_body_breaks_off_or_never_ends() -> None:
    for answer in (
        Answer(200, body=b"thanks", disconnect="within body"),
        Answer(200, body=b"thanks", trickle="body"),
    ):
        with Receiver([answer]) as receiver:
            outcome, log, _ = send(receiver, delivery_timeout=0.5)
        assert outcome.status is DeliveryStatus.DELIVERED
        assert log.attempts[0].status_code == 200


def test_an_answer_whose_headers_trickle_does_not_hold_us() -> None:
    with Receiver([Answer(500, trickle="headers")]) as receiver:
        outcome, log, _ = send(receiver, delivery_timeout=0.4, delivery_attempts=1)
    assert outcome.status is DeliveryStatus.FAILED
    assert 0.3 < (log.attempts[0].seconds or 0) < 5


def test_a_receiver_that_keeps_silent_is_retried() -> None:
    with Receiver([Answer(delay=30), Answer(200)]) as receiver:
        outcome, log, _ = send(receiver, delivery_timeout=0.3)
    assert outcome.status is DeliveryStatus.DELIVERED
    assert log.attempts[0].error == (
        "no complete answer within 0.3 seconds (SIGNOFF_DELIVERY_TIMEOUT)"
    )


# -- redirects and private networks -------------------------------------------------------------


@pytest.mark.parametrize("status", [307, 308])
def test_a_redirect_that_keeps_the_post_is_followed_within_its_origin(status: int) -> None:
    answers = {"/hook": Answer(status, {"Location": "/hook/"}), "/hook/": Answer(202)}
    with Receiver(answers_by_path=answers) as receiver:
        outcome, log, _ = send(receiver, headers={"X-Token": "a"})
    assert outcome.status is DeliveryStatus.DELIVERED
    assert [request.path for request in receiver.requests] == ["/hook", "/hook/"]
    assert receiver.requests[0].body == receiver.requests[1].body
    assert receiver.requests[1].headers["webhook-id"] == str(ID)
    assert [attempt.status_code for attempt in log.attempts] == [202]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_elsewhere_is_a_refusal(status: int) -> None:
    with Receiver() as other:
        away = Answer(status, {"Location": other.url("/steal")})
        with Receiver([away]) as receiver:
            outcome, log, _ = send(receiver, allowed_hosts=["127.0.0.1"])
    assert other.requests == []
    assert outcome.status is DeliveryStatus.FAILED
    assert "set the destination's final URL" in str(outcome.error)
    assert len(log.attempts) == 1


def test_redirects_in_a_circle_end() -> None:
    with Receiver([Answer(307, {"Location": "/hook"})]) as receiver:
        outcome, _, _ = send(receiver)
    assert outcome.status is DeliveryStatus.FAILED
    assert len(receiver.requests) == 4


def test_a_private_address_is_refused_on_record_and_not_tried_again() -> None:
    with Receiver() as receiver:
        outcome, log, _ = send(receiver, allowed_hosts=[])
    assert outcome.status is DeliveryStatus.FAILED
    assert "SIGNOFF_ALLOWED_HOSTS" in str(outcome.error)
    assert [attempt.status_code for attempt in log.attempts] == [None]
    assert receiver.requests == []


def test_a_name_that_comes_to_lead_to_a_private_address_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = socket.getaddrinfo
    with Receiver() as receiver:
        monkeypatch.setattr(
            socket, "getaddrinfo", lambda _host, port, *rest: real("127.0.0.1", port, *rest)
        )
        destination = WebhookDestination(url=f"http://innocent.example:{receiver.port}/")
        settings = Settings(home=Path("unused"), allowed_hosts=[receiver.host])
        outcome = send_webhook(uuid4(), destination, DATA, log=ListedAttempts(), settings=settings)
    assert "innocent.example leads to 127.0.0.1" in str(outcome.error)
    assert receiver.requests == []


# -- leases, and what is sent ---------------------------------------------------------------------


@pytest.mark.parametrize("error", [LeaseLostError("gone"), ExecutionCanceledError("canceled")])
def test_a_run_that_may_not_act_any_more_does_not_send(error: Exception) -> None:
    log = ListedAttempts(refuse={2: error})
    with Receiver([Answer(500)]) as receiver:
        with pytest.raises(type(error)):
            send(receiver, log=log)
        assert len(receiver.requests) == 1


def test_data_that_is_no_json_fails() -> None:
    with Receiver() as receiver, pytest.raises(DeliveryFailedError, match="NaN"):
        send(receiver, data={"total": float("nan")})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)  # fmt: skip


@hypothesis.settings(deadline=None, max_examples=40)
@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_the_bytes_depend_on_the_data_alone(data: dict[str, Any]) -> None:
    shuffled = dict(reversed(data.items()))
    assert json_bytes(shuffled) == json_bytes(data)
    assert json.loads(json_bytes(data)) == data
    assert Webhook(SECRET).sign("id", datetime.datetime.now(), json_bytes(data).decode())
