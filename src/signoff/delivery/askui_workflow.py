"""ASKUI_WORKFLOW: start workflows with the confirmed data through an AskUI schedules endpoint.

The endpoint knows no idempotency: a second call starts the workflows a second time. So a call is
repeated only where it is certain that the first one started nothing; where that is unknown, the
delivery waits for a person.
"""

from __future__ import annotations

import base64
import json
import time
from urllib.parse import urlsplit

from signoff import __version__
from signoff.delivery.attempts import AttemptLog, DeliveryContext, Outcome
from signoff.delivery.calls import Call, json_bytes, recorded_post
from signoff.delivery.retries import Sleep, call_until
from signoff.executions.agents import AskUIWorkflowDestination, JsonObject
from signoff.executions.models import OUTCOME_UNKNOWN, DeliveryStatus
from signoff.settings import Settings

MAX_NAME = 63
"""The longest name of a schedule that the endpoint takes."""


def start_workflows(
    destination: AskUIWorkflowDestination,
    data: JsonObject,
    *,
    log: AttemptLog,
    settings: Settings,
    context: DeliveryContext,
    sleep: Sleep = time.sleep,
) -> Outcome:
    """Create a schedule that runs once, now; its id is the outcome's ``schedule_id``.

    Raises:
        DeliveryFailedError: the data cannot be written as JSON.
        LeaseLostError: another run took over.
        ExecutionCanceledError: the execution was canceled.
    """
    workspace = destination.workspace_id or context.workspace_id
    url = f"{str(destination.host).rstrip('/')}/api/v1/workspaces/{workspace}/schedules"
    body = json_bytes(
        {
            "name": schedule_name(context),
            "host": destination.runner_host,
            "tags": destination.runner_tags,
            "workflows": destination.workflows,
            "data": data,
        }
    )
    headers = {"Content-Type": "application/json", "User-Agent": f"signoff/{__version__}"}
    credential = _credential(destination)
    if credential:
        headers["Authorization"] = f"Basic {credential}"

    def attempt() -> Call:
        return recorded_post(
            url,
            log=log,
            body=body,
            headers=headers,
            secrets=secrets(destination),
            settings=settings,
            error=lambda call: OUTCOME_UNKNOWN + _reason(call) if _unknown(call) else call.error,
        )

    call = call_until(attempt, again=_again, settings=settings, sleep=sleep)
    where = f"AskUI {urlsplit(url).scheme}://{urlsplit(url).netloc.rpartition('@')[2]}"
    if _unknown(call):
        return Outcome(
            DeliveryStatus.UNKNOWN,
            error=f"{where}: {unknown_outcome(context, reason=_reason(call))}",
        )
    if not call.accepted:
        return Outcome(DeliveryStatus.FAILED, error=f"{where}: {call.error}")
    return Outcome(DeliveryStatus.DELIVERED, schedule_id=schedule_id(call.body))


def schedule_name(context: DeliveryContext) -> str:
    """A name by which a person finds the schedule of an execution."""
    execution = str(context.execution_id)
    return f"{context.agent_name[: MAX_NAME - len(execution) - 1]} {execution}"


def schedule_id(body: str) -> str | None:
    """The id of the schedule that an answer says was created."""
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    found = answer.get("id") if isinstance(answer, dict) else None
    return str(found) if isinstance(found, str | int) and str(found) else None


def unknown_outcome(context: DeliveryContext, *, reason: str) -> str:
    """What to tell a person who has to decide whether to send again."""
    name = schedule_name(context)
    return (
        f"{OUTCOME_UNKNOWN}{reason}. Look for the schedule {name!r} there; if there is none,"
        f" send again with: signoff retry {context.execution_id}"
    )


def secrets(destination: AskUIWorkflowDestination) -> set[str]:
    """Everything of a destination that must not be recorded when its answer echoes it."""
    token = destination.token.get_secret_value() if destination.token else ""
    found = {token, _credential(destination), destination.host.password or ""}
    return found - {""}


def is_unknown(status_code: int | None, *, body: str, sent: bool) -> bool:
    """Whether a call may have started workflows without our knowing their schedule.

    A 503 says that the server was not up to it; any other 5xx may come after the deed.
    """
    if status_code is None:
        return sent
    if 200 <= status_code < 300:
        return schedule_id(body) is None
    return status_code >= 500 and status_code != 503


def _unknown(call: Call) -> bool:
    return is_unknown(call.status_code, body=call.body, sent=call.sent)


def _reason(call: Call) -> str:
    return call.error or f"answered {call.status_code} without the schedule's id"


def _again(call: Call) -> bool:
    if call.forbidden or _unknown(call):
        return False
    if call.status_code is None:
        return True
    return call.status_code in (429, 503) and call.retry_after is not None


def _credential(destination: AskUIWorkflowDestination) -> str:
    if destination.token is None:
        return ""
    return base64.b64encode(destination.token.get_secret_value().encode()).decode("ascii")
