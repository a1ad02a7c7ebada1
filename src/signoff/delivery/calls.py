"""One POST to a destination: bounded in bytes and time, its answer fit to be recorded."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from email.message import Message
from http.cookiejar import DefaultCookiePolicy

import requests

from signoff.delivery.attempts import AttemptLog
from signoff.errors import DeliveryFailedError, ForbiddenAddressError
from signoff.executions.agents import JsonObject
from signoff.network import NETWORK_ERRORS, GuardedSession, failure_reason, guarded_session
from signoff.retry_after import retry_after
from signoff.settings import Settings

MAX_BODY = 64 * 1024
"""The most of an answer's body that is read and recorded, in bytes."""

MAX_HEADER = 1000
MAX_REDIRECTS = 3

_SECRET_HEADER = re.compile(r"cookie|authoriz|authentic|token|secret|api-?key|session", re.I)
# An echoed secret shorter than this would blot out half of an answer.
_MIN_SECRET = 8


@dataclass(frozen=True)
class Call:
    """What one attempt brought.

    Attributes:
        status_code: ``None`` if no answer came.
        headers: the answer's, without those that are secrets.
        body: the beginning of the answer's body.
        seconds: how long it all took.
        error: what went wrong, in words; ``None`` for a 2xx.
        sent: whether the destination may have received any of the request.
        forbidden: whether the address was refused by our own check.
        retry_after: the pause in seconds that the answer asks for.
    """

    status_code: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    seconds: float = 0.0
    error: str | None = None
    sent: bool = True
    forbidden: bool = False
    retry_after: float | None = None

    @property
    def accepted(self) -> bool:
        """Whether a 2xx came."""
        return self.status_code is not None and 200 <= self.status_code < 300


def post(
    url: str,
    *,
    body: bytes,
    headers: Mapping[str, str],
    secrets: Collection[str],
    settings: Settings,
) -> Call:
    """POST ``body`` once. Never raises for what the network or the destination does.

    Redirects are answers, not followed, with one exception: 307 and 308 within the same origin
    (or from http to https on it). They promise that nothing was done yet and keep method and
    body, and neither the data nor the headers with their secrets reach anyone else.

    Args:
        url: where to.
        body: what.
        headers: with these.
        secrets: blotted out wherever the answer echoes them.
        settings: the time limit, and the private hosts that may be called.
    """
    started = time.monotonic()
    with guarded_session(settings.allowed_hosts) as session:
        # a cookie of one answer is no part of the next request
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        with session.time_limit(settings.delivery_timeout):
            call = _post(session, url, body=body, headers=headers, settings=settings)
        call = replace(call, sent=session.request_sent)
    return replace(_blotted(call, secrets), seconds=round(time.monotonic() - started, 3))


def recorded_post(
    url: str,
    *,
    log: AttemptLog,
    body: bytes,
    headers: Mapping[str, str],
    secrets: Collection[str],
    settings: Settings,
    error: Callable[[Call], str | None] = lambda call: call.error,
) -> Call:
    """One attempt: on record before it is sent, and again when it is over; see :func:`post`.

    Args:
        url: where to.
        log: the delivery's record.
        body: what.
        headers: with these.
        secrets: blotted out wherever the answer echoes them.
        settings: the time limit, and the private hosts that may be called.
        error: what to record as the call's error.

    Raises:
        LeaseLostError: another run took over; nothing was sent.
        ExecutionCanceledError: the execution was canceled; nothing was sent.
    """
    number = log.start()
    call = post(url, body=body, headers=headers, secrets=secrets, settings=settings)
    log.finish(
        number,
        status_code=call.status_code,
        headers=call.headers,
        body=call.body,
        seconds=call.seconds,
        error=error(call),
    )
    return call


def json_bytes(value: JsonObject) -> bytes:
    """``value`` as JSON, the same bytes every time: sorted keys, no spaces, ASCII.

    Raises:
        DeliveryFailedError: it holds NaN or infinity.
    """
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except ValueError as error:
        raise DeliveryFailedError(
            "The confirmed data holds NaN or infinity, which JSON does not know."
        ) from error
    return text.encode("ascii")


def _post(
    session: GuardedSession,
    url: str,
    *,
    body: bytes,
    headers: Mapping[str, str],
    settings: Settings,
) -> Call:
    encoded = {name: _encoded(value) for name, value in headers.items()}
    try:
        response = session.post(url, data=body, headers=encoded, stream=True, allow_redirects=False)
        for _ in range(MAX_REDIRECTS):
            following = _same_place(session, response)
            if following is None:
                break
            response = session.send(following, stream=True, allow_redirects=False)
    except ForbiddenAddressError as error:
        return Call(error=str(error), forbidden=True)
    except NETWORK_ERRORS as error:
        reason = failure_reason(error)
        if session.expired:
            reason = (
                f"no complete answer within {settings.delivery_timeout:g} seconds"
                " (SIGNOFF_DELIVERY_TIMEOUT)"
            )
        return Call(error=reason)
    with response:
        content = _beginning(response)
    return Call(
        status_code=response.status_code,
        headers=_recordable(response.headers),
        body=_text(content, response.headers.get("Content-Type", "")),
        error=_complaint(response),
        retry_after=retry_after(response.headers.get("Retry-After")),
    )


def _encoded(value: str) -> bytes:
    # http.client would fail on what is not Latin-1
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode("utf-8", "replace")


def _same_place(
    session: GuardedSession, response: requests.Response
) -> requests.PreparedRequest | None:
    following = response.next
    if response.status_code not in (307, 308) or following is None:
        return None
    before, after = response.request.url or "", following.url or ""
    elsewhere = session.should_strip_auth(before, after)  # type: ignore[no-untyped-call]
    return None if elsewhere else following


def _beginning(response: requests.Response) -> bytes:
    # The status is what counts: a body that breaks off, or never ends, changes nothing of it.
    content = b""
    with suppress(*NETWORK_ERRORS):
        for chunk in response.iter_content(8192):
            content += chunk
            if len(content) > MAX_BODY:
                break
    return content


def _text(content: bytes, content_type: str) -> str:
    message = Message()
    with suppress(ValueError):
        message["Content-Type"] = content_type
    charset = message.get_content_charset("utf-8")
    try:
        return content.decode(charset, "replace")
    except (LookupError, ValueError):
        return content.decode("utf-8", "replace")


def _complaint(response: requests.Response) -> str | None:
    status = response.status_code
    if 200 <= status < 300:
        return None
    said = f"answered {status} {(response.reason or '')[:100]}".rstrip()
    if 300 <= status < 400:
        said += "; redirects are not followed: set the destination's final URL"
    return said


def _recordable(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value[:MAX_HEADER]
        for name, value in headers.items()
        if not _SECRET_HEADER.search(name)
    }


def _blotted(call: Call, secrets: Collection[str]) -> Call:
    """``call`` without the secrets that the answer echoes, and without NUL characters."""
    hidden = {secret for secret in secrets if len(secret) >= _MIN_SECRET}
    hidden |= {json.dumps(secret)[1:-1] for secret in hidden}
    ordered = sorted(hidden, key=len, reverse=True)

    def blot(text: str) -> str:
        for secret in ordered:
            text = text.replace(secret, "***")
        return text.replace("\x00", "\ufffd")

    body = blot(call.body).encode()[:MAX_BODY].decode(errors="ignore")
    headers = {blot(name): blot(value) for name, value in call.headers.items()}
    return replace(call, body=body, headers=headers, error=call.error and blot(call.error))
