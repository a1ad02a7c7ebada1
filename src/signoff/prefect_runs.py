"""Flow runs in Prefect: starting, resuming, restarting, cancelling them, and their forms.

One execution is one flow run. Nothing here decides: callers look at our database first.
"""

from __future__ import annotations

import json
import os
import ssl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any
from uuid import UUID

import certifi
import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowFilter, FlowRunFilter
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.responses import SetStateStatus
from prefect.context import SyncClientContext, refresh_global_settings_context
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.settings import get_current_settings
from prefect.states import AwaitingRetry, Cancelled, Cancelling, Failed

from signoff.errors import NotFoundError, SignoffError
from signoff.executions.agents import JsonObject

FLOW = "extract"
ANY_AGENT = "any"
REVIEW_ID = "review_id"
PAGE = 200
LOCAL_PORT = 4200
CHECK_SECONDS = 3.0


class PrefectUnavailableError(SignoffError):
    """Prefect's server does not answer, or not as expected."""

    retryable = True


class RunState(StrEnum):
    """How a flow run is doing; MISSING when Prefect knows none."""

    MISSING = "MISSING"
    SCHEDULED = "SCHEDULED"
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CRASHED = "CRASHED"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"

    @property
    def is_over(self) -> bool:
        """The run will do nothing more by itself."""
        return self in (RunState.COMPLETED, RunState.FAILED, RunState.CRASHED, RunState.CANCELLED)


@dataclass(frozen=True)
class Run:
    """What we look at of a flow run."""

    id: UUID
    state: RunState
    since: datetime | None
    pause_key: str | None = None
    starts: int = 0


class Resumed(StrEnum):
    """What came of the try to resume a suspended run: Prefect is the arbiter."""

    WON = "won"
    NO_FORM = "no form"  # suspended, but its form was not yet written
    NOT_SUSPENDED = "not suspended"


@contextmanager
def connected(httpx_settings: dict[str, Any] | None = None) -> Iterator[SyncPrefectClient]:
    """A client of Prefect's server.

    Raises:
        PrefectUnavailableError: the server does not answer, or not as expected.
    """
    try:
        # within a run that the worker executes, the run's own client serves all its calls
        shared = httpx_settings is None and SyncClientContext.get() is not None
        settings = None if shared else {**client_settings(), **(httpx_settings or {})}
        with get_client(settings, sync_client=True) as client:
            yield client
    except (httpx.HTTPError, PrefectHTTPStatusError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "Failed to reach API" not in str(error):
            raise
        raise PrefectUnavailableError(
            f"Prefect's server does not answer as expected ({type(error).__name__}: {error})."
            " Is PREFECT_API_URL right, and the server up?"
        ) from error


def client_settings() -> dict[str, Any]:
    """What clients of Prefect's server are made with.

    Each would load all certificates of the authorities anew, which costs 30 ms; they share them.
    """
    settings = get_current_settings().api
    if settings.tls_insecure_skip_verify:
        return {}
    return {"verify": _tls(settings.ssl_cert_file or certifi.where())}


@lru_cache
def _tls(certificates: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificates)


# -- looking ----------------------------------------------------------------------------------


def check() -> None:
    """Whether Prefect's server answers, and soon.

    Raises:
        PrefectUnavailableError: it does not.
    """
    with connected(httpx_settings={"timeout": CHECK_SECONDS}) as client:
        problem = client.api_healthcheck()
    if problem is not None:
        raise PrefectUnavailableError(f"Prefect's server does not answer: {problem}")


def read(flow_run_id: UUID) -> Run | None:
    """The flow run, or ``None`` when Prefect knows none (any more)."""
    with connected() as client:
        try:
            return _run(client.read_flow_run(flow_run_id))
        except ObjectNotFound:
            return None


def read_many(flow_run_ids: Sequence[UUID], *, states: Iterable[RunState] = ()) -> dict[UUID, Run]:
    """Those of the flow runs that Prefect knows; with ``states``, that are in one of them."""
    wanted = {"type": {"any_": [state.value for state in states]}} if states else None
    found: dict[UUID, Run] = {}
    if not flow_run_ids:
        return found
    with connected() as client:
        for start in range(0, len(flow_run_ids), PAGE):
            ids = list(flow_run_ids[start : start + PAGE])
            chosen = {"id": {"any_": ids}, "state": wanted}
            runs = client.read_flow_runs(
                flow_run_filter=FlowRunFilter.model_validate(chosen), limit=PAGE
            )
            found.update({run.id: _run(run) for run in runs})
    return found


def count(flow_run_ids: Sequence[UUID], state: RunState) -> int:
    """How many of the flow runs are in a state, without reading them."""
    wanted = {"id": {"any_": list(flow_run_ids)}, "state": {"type": {"any_": [state.value]}}}
    with connected() as client:
        return client.count_flow_runs(flow_run_filter=FlowRunFilter.model_validate(wanted))


def read_active() -> list[Run]:
    """Runs of our flow that a worker took up and that have not ended."""
    with connected() as client:
        runs = client.read_flow_runs(
            flow_filter=FlowFilter.model_validate({"name": {"any_": [FLOW]}}),
            flow_run_filter=FlowRunFilter.model_validate(
                {"state": {"type": {"any_": ["PENDING", "RUNNING"]}}}
            ),
            limit=PAGE,
        )
    return [_run(run) for run in runs]


def _run(run: FlowRun) -> Run:
    state = run.state
    if state is None:
        return Run(run.id, RunState.SCHEDULED, run.created)
    return Run(
        id=run.id,
        state=RunState(state.type.value),
        since=state.timestamp,
        pause_key=state.state_details.pause_key if state.type is StateType.PAUSED else None,
        starts=run.run_count,
    )


# -- starting, restarting, ending ---------------------------------------------------------------


def create(*, agent: str, execution_id: UUID, name: str, tags: Iterable[str] = ()) -> UUID:
    """Create the flow run of an execution whose inputs are stored; safe to repeat.

    The deployment ``extract/<agent>`` is used where there is one, else ``extract/any``.

    Raises:
        PrefectUnavailableError: no run was created, or nobody knows.
        NotFoundError: there is no deployment.
    """
    with connected() as client:

        def created(deployment_id: UUID) -> UUID:
            return client.create_flow_run_from_deployment(
                deployment_id,
                parameters={"agent": agent},
                idempotency_key=str(execution_id),
                name=name,
                tags=list(tags),
            ).id

        # an agent's own deployment keeps its id for as long as it is there
        place = (str(client.api_url), agent)
        if place in _own_deployments:
            try:
                return created(_own_deployments[place])
            except ObjectNotFound:
                _own_deployments.pop(place, None)
        for deployment_name in (agent, ANY_AGENT):
            try:
                deployment = client.read_deployment_by_name(f"{FLOW}/{deployment_name}")
            except ObjectNotFound:
                continue
            if deployment_name == agent:
                _own_deployments[place] = deployment.id
            return created(deployment.id)
        raise NotFoundError(
            f"Prefect has no deployment {FLOW}/{ANY_AGENT}: run `signoff serve`,"
            " or `prefect deploy --all`."
        )


_own_deployments: dict[tuple[str, str], UUID] = {}


def restart(flow_run_id: UUID, *, reason: str) -> None:
    """Have a worker start the run again from its top, whatever state it is in.

    Steps already recorded are not done again.
    """
    with connected() as client:
        client.set_flow_run_state(flow_run_id, AwaitingRetry(message=reason), force=True)


def fail(flow_run_id: UUID, *, reason: str) -> None:
    """End the run as failed."""
    with connected() as client:
        client.set_flow_run_state(flow_run_id, Failed(message=reason), force=True)


def cancel(flow_run_id: UUID, *, at_work: bool) -> None:
    """Cancel the run; one that is ``at_work`` ends itself when it notices."""
    with connected() as client:
        state: State[Any] = Cancelling() if at_work else Cancelled()
        client.set_flow_run_state(flow_run_id, state, force=not at_work)


# -- forms and answers ----------------------------------------------------------------------------


def pause_key(review_round: int) -> str:
    """The suspend key of a review round: a retried run meets its old keys again."""
    return f"review-{review_round}"


def keyset(review_round: int) -> dict[str, str]:
    """Under which names Prefect keeps the form and the answer of a review round."""
    base = f"suspended-{pause_key(review_round)}"
    return {part: f"{base}-{part}" for part in ("schema", "description", "response")}


def write_form(
    flow_run_id: UUID, review_round: int, *, schema: JsonObject, description: str
) -> None:
    """Write (or replace) the form of a review round; safe to repeat.

    The description goes first: a form counts as written once its schema is there.
    """
    keys = keyset(review_round)
    with connected() as client:
        for key, value in (
            (keys["description"], description),
            (keys["schema"], schema),
        ):
            _replace_input(client, flow_run_id, key, json.dumps(value))


def _replace_input(client: SyncPrefectClient, flow_run_id: UUID, key: str, value: str) -> None:
    # Prefect knows no replace. Another process may write the same form at the same time: both
    # make it from the same record, so whoever comes second may leave it.
    try:
        client.delete_flow_run_input(flow_run_id, key)
    except PrefectHTTPStatusError as error:
        if error.response.status_code != httpx.codes.NOT_FOUND:
            raise
    try:
        client.create_flow_run_input(flow_run_id, key, value)
    except PrefectHTTPStatusError as error:
        if error.response.status_code != httpx.codes.CONFLICT:
            raise


def form_written(flow_run_id: UUID, review_round: int) -> bool:
    """Whether the form of a review round is there."""
    return _read_input(flow_run_id, keyset(review_round)["schema"]) is not None


def read_answer(flow_run_id: UUID, review_round: int) -> JsonObject | None:
    """What resumed the run in this review round, if anything has."""
    answer = _read_input(flow_run_id, keyset(review_round)["response"])
    return answer if isinstance(answer, dict) else None


def _read_input(flow_run_id: UUID, key: str) -> Any:
    with connected() as client:
        try:
            value = client.read_flow_run_input(flow_run_id, key)
        except PrefectHTTPStatusError as error:
            if error.response.status_code == httpx.codes.NOT_FOUND:
                return None
            raise
    return json.loads(value)


def resume(flow_run_id: UUID, *, answer_id: UUID | None) -> Resumed:
    """Try to resume a suspended run with an answer that our database holds.

    Only the answer's id travels: Prefect would interpret keys like ``__prefect_kind`` in data.
    """
    run_input = {REVIEW_ID: str(answer_id)} if answer_id else {}
    with connected() as client:
        result = client.resume_flow_run(flow_run_id, run_input=run_input)
    if result.status is SetStateStatus.ACCEPT:
        return Resumed.WON
    reason = getattr(result.details, "reason", None) or ""
    if result.status is SetStateStatus.REJECT and "schema not found" in reason:
        return Resumed.NO_FORM
    if result.status is SetStateStatus.ABORT or result.state is None:
        return Resumed.NOT_SUSPENDED
    raise PrefectUnavailableError(f"Prefect refused to resume the run: {reason or result.status}")


# -- events -------------------------------------------------------------------------------------


def emit(events: Sequence[JsonObject]) -> None:
    """Send events; one whose id was sent before is the same one.

    Raises:
        PrefectUnavailableError: perhaps not all were taken.
    """
    with connected() as client:
        client.request("POST", "/events", json=list(events))


# -- which server -------------------------------------------------------------------------------


def configured_url() -> str | None:
    """The server's URL from the environment or Prefect's profile, if one is configured."""
    return get_current_settings().api.url


def use_server(url: str) -> None:
    """Make this process and its children talk to the server at ``url``."""
    os.environ["PREFECT_API_URL"] = url
    refresh_global_settings_context()


def use_local_server_by_default() -> None:
    """Without a configured server, talk to the one that ``signoff serve`` starts."""
    if configured_url() is None:
        use_server(f"http://127.0.0.1:{LOCAL_PORT}/api")


def run_page(flow_run_id: UUID) -> str | None:
    """Where a person sees and answers the run in Prefect's UI, if the server has one.

    Prefect 3.8 ships two UIs. The older one, under ``/runs``, gives a long approval form's
    description no height, so neither the page nor what was wrong with an answer is seen there.
    """
    base = get_current_settings().ui_url
    return f"{base}/v2/runs/flow-run/{flow_run_id}" if base else None
