"""WEBHOOK: POST the confirmed data, at least once, as Standard Webhooks lay down."""

from __future__ import annotations

import logging
import re
import time
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import UUID

from standardwebhooks.webhooks import Webhook

from signoff import __version__
from signoff.delivery.attempts import AttemptLog, Outcome
from signoff.delivery.calls import Call, json_bytes, recorded_post
from signoff.delivery.retries import Sleep, call_until
from signoff.executions.agents import JsonObject, WebhookDestination
from signoff.executions.models import DeliveryStatus
from signoff.settings import Settings

logger = logging.getLogger(__name__)

RETRIED = frozenset({408, 425, 429})

# What a destination's own headers may not set: it belongs to the signature or to HTTP.
_OURS = re.compile(
    r"webhook-.*|host|content-length|transfer-encoding|connection|te|trailer|upgrade|expect", re.I
)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def send_webhook(
    delivery_id: UUID,
    destination: WebhookDestination,
    data: JsonObject,
    *,
    log: AttemptLog,
    settings: Settings,
    sleep: Sleep = time.sleep,
) -> Outcome:
    """POST ``data`` until a 2xx comes, the answer forbids another try, or the attempts are up.

    ``delivery_id`` is the webhook-id, the same on every attempt, by which a receiver can tell a
    repeat; the body's bytes are the same too. The webhook-timestamp is each attempt's own.

    Raises:
        DeliveryFailedError: the data cannot be written as JSON.
        LeaseLostError: another run took over.
        ExecutionCanceledError: the execution was canceled.
    """
    url = str(destination.url)
    body = json_bytes(data)
    own = _own_headers(destination)
    broken = next((name for name in own if not _valid(name, own[name])), None)
    if broken is not None:
        return Outcome(
            DeliveryStatus.FAILED,
            error=f"The header {broken!r} of the destination is not valid; correct the agent.",
        )

    def attempt() -> Call:
        return recorded_post(
            url,
            log=log,
            body=body,
            headers=own | _standard_headers(delivery_id, destination, body=body),
            secrets=secrets(destination),
            settings=settings,
        )

    call = call_until(attempt, again=_again, settings=settings, sleep=sleep)
    if call.accepted:
        return Outcome(DeliveryStatus.DELIVERED)
    return Outcome(DeliveryStatus.FAILED, error=f"Webhook {_origin(url)}: {call.error}")


def secrets(destination: WebhookDestination) -> set[str]:
    """Everything of a destination that must not be recorded when a receiver echoes it."""
    found = {value.get_secret_value().strip() for value in destination.headers.values()}
    # of "Bearer <token>" the token alone is as secret as the whole
    found |= {word for value in found for word in value.split()}
    if destination.secret is not None:
        found.add(destination.secret.get_secret_value())
        found.add(destination.secret.get_secret_value().removeprefix("whsec_"))
    if destination.url.password:
        found.add(destination.url.password)
    return found


def _again(call: Call) -> bool:
    if call.forbidden:
        return False
    return call.status_code is None or call.status_code in RETRIED or call.status_code >= 500


def _own_headers(destination: WebhookDestination) -> dict[str, str]:
    own = {"Content-Type": "application/json", "User-Agent": f"signoff/{__version__}"}
    for name, value in destination.headers.items():
        if _OURS.fullmatch(name):
            logger.warning("The webhook header %s cannot be set and is left out.", name)
            continue
        replaced = [known for known in own if known.lower() == name.lower()]
        for known in replaced:
            del own[known]
        own[name] = value.get_secret_value().strip()
    return own


def _valid(name: str, value: str) -> bool:
    return bool(_HEADER_NAME.fullmatch(name)) and not re.search(r"[\x00\r\n]", value)


def _standard_headers(
    delivery_id: UUID, destination: WebhookDestination, *, body: bytes
) -> dict[str, str]:
    now = datetime.now(UTC)
    headers = {"webhook-id": str(delivery_id), "webhook-timestamp": str(int(now.timestamp()))}
    if destination.secret is not None:
        signer = Webhook(destination.secret.get_secret_value())
        headers["webhook-signature"] = signer.sign(
            msg_id=str(delivery_id), timestamp=now, data=body.decode("ascii")
        )
    return headers


def _origin(url: str) -> str:
    # the path and query of a webhook's URL are often its secret
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
