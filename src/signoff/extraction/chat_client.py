"""One chat completion over HTTP: each thing that can go wrong has its one outcome here.

====================================  ======================================================
a refusal the caller can adapt to     :class:`RequestRefusedError`, at once
408, 409, 425, 429, 5xx, no           tried again with exponential back-off and jitter, or when
connection, no answer in time         Retry-After says, then :class:`ModelUnavailableError`
401, 403, 404, other 4xx, no quota    :class:`ModelRefusedError`, which names the setting
the deadline passed                   :class:`DeadlineExceededError`
====================================  ======================================================
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import openai
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    wait_exponential,
    wait_random,
)

from signoff.errors import (
    ConfigurationError,
    DeadlineExceededError,
    ModelRefusedError,
    ModelUnavailableError,
)
from signoff.executions.agents import JsonObject
from signoff.extraction.capabilities import is_too_long

MAX_ATTEMPTS = 6
MAX_PAUSE = 30.0
CONNECT_TIMEOUT = 10.0
MAX_ANSWER_BYTES = 16 * 1024 * 1024
MAX_EXPLANATION = 500

_TRANSIENT = frozenset({408, 409, 425, 429})
_REMEDIES = {
    401: "Check the key: SIGNOFF_MODEL_API_KEY (OPENAI_API_KEY where no URL is set).",
    403: "Check what the key may do: SIGNOFF_MODEL_API_KEY, SIGNOFF_MODEL.",
    404: "Check SIGNOFF_MODEL_URL (it usually ends in /v1) and SIGNOFF_MODEL.",
    413: "Lower SIGNOFF_MODEL_CONTEXT_TOKENS or SIGNOFF_MODEL_MAX_IMAGES.",
    429: "The account's quota is used up: raise it, or set another SIGNOFF_MODEL_API_KEY.",
}
_OTHER_REMEDY = "Check SIGNOFF_MODEL and the server behind SIGNOFF_MODEL_URL."
_CONTEXT_REMEDY = "Set SIGNOFF_MODEL_CONTEXT_TOKENS to the context that the server really has."


class RequestRefusedError(Exception):
    """The server does not know something that was asked for; :attr:`message` says what."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class _TransientError(Exception):
    """Worth another try; ``retry_after`` is what the server asked for, in seconds."""

    def __init__(self, explanation: str, *, retry_after: float | None = None) -> None:
        super().__init__(explanation)
        self.retry_after = retry_after


class ChatClient:
    """Chat completions at one server. Safe to share between threads."""

    def __init__(
        self,
        *,
        base_url: str | None,
        api_key: str,
        backoff: float = 1.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Nothing is sent yet.

        Args:
            base_url: the server's; ``None`` for the vendor's own.
            api_key: its key; servers without keys take any.
            backoff: the first pause between two attempts, in seconds.
            sleep: how to pause.

        Raises:
            ConfigurationError: ``base_url`` is no HTTP address, or the key no header value.
        """
        if base_url is not None and not base_url.startswith(("http://", "https://")):
            raise ConfigurationError(
                "SIGNOFF_MODEL_URL must start with http:// or https://, for example"
                " http://127.0.0.1:8080/v1."
            )
        if not (api_key.isascii() and api_key.isprintable()):
            raise ConfigurationError(
                "The model's API key (SIGNOFF_MODEL_API_KEY or OPENAI_API_KEY) contains"
                " characters that no key has, perhaps a line break."
            )
        # its own retries are off: they would add up with ours and know no deadline
        self._client = openai.OpenAI(base_url=base_url, api_key=api_key, max_retries=0)
        self._backoff = wait_exponential(multiplier=backoff, max=MAX_PAUSE) + wait_random(
            0, backoff
        )
        self._sleep = sleep

    @property
    def base_url(self) -> str:
        """The address really called."""
        return str(self._client.base_url)

    def complete(
        self,
        body: JsonObject,
        *,
        deadline: float,
        call_timeout: float,
        adaptable: Callable[[str], bool],
    ) -> JsonObject:
        """The server's answer to one chat completion.

        Args:
            body: the request, as the protocol has it.
            deadline: by ``time.monotonic``; holds for all attempts together.
            call_timeout: seconds one attempt may take from its start to its last byte.
            adaptable: whether the caller can ask differently after this refusal.
        """
        retrying = Retrying(
            retry=retry_if_exception_type(_TransientError),
            wait=self._pause,
            stop=lambda state: (
                state.attempt_number >= MAX_ATTEMPTS
                or time.monotonic() + state.upcoming_sleep >= deadline
            ),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(self._attempt, body, deadline, call_timeout, adaptable)
        except _TransientError as error:
            if time.monotonic() >= deadline:
                raise DeadlineExceededError(f"{self.server} gave no answer in time") from error
            attempts = retrying.statistics.get("attempt_number", 1)
            wait = f" It asks to wait {error.retry_after:g} s." if error.retry_after else ""
            raise ModelUnavailableError(
                f"{self.server} is not available, tried {attempts} times: {error}.{wait}"
            ) from error

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, _TransientError) else None
        return asked or self._backoff(state)

    def _attempt(
        self,
        body: JsonObject,
        deadline: float,
        call_timeout: float,
        adaptable: Callable[[str], bool],
    ) -> JsonObject:
        started = time.monotonic()
        seconds = min(call_timeout, deadline - started)
        if seconds <= 0:
            raise DeadlineExceededError(f"{self.server} gave no answer in time")
        timeout = openai.Timeout(seconds, connect=min(seconds, CONNECT_TIMEOUT))
        arguments: dict[str, Any] = {**body, "timeout": timeout}
        try:
            with self._client.chat.completions.with_streaming_response.create(
                **arguments
            ) as response:
                raw = self._read(response.iter_bytes(), started + seconds)
        except openai.APIStatusError as error:
            raise self._outcome(error, adaptable) from error
        except openai.APITimeoutError as error:
            raise _TransientError(f"no answer within {seconds:.0f} s") from error
        except openai.APIConnectionError as error:
            raise _TransientError(f"no connection ({error.__cause__ or error})") from error
        except openai.OpenAIError as error:
            raise ModelRefusedError(f"{self.server}: {error} {_OTHER_REMEDY}") from error
        return self._checked(raw, adaptable)

    def _read(self, chunks: Any, deadline: float) -> bytes:
        """The body; a server that drips it byte by byte meets the deadline all the same."""
        body, late = bytearray(), False
        try:
            for chunk in chunks:
                body += chunk
                late = time.monotonic() >= deadline
                if late or len(body) > MAX_ANSWER_BYTES:
                    break
        except Exception as error:
            # which HTTP library openai uses is its own affair, and it wraps no error of the body
            raise _TransientError(f"the answer broke off ({error})") from error
        if late:
            raise _TransientError("the answer was not complete in time")
        if len(body) > MAX_ANSWER_BYTES:
            raise ModelRefusedError(f"{self.server} sent an endless answer. {_OTHER_REMEDY}")
        return bytes(body)

    def _checked(self, raw: bytes, adaptable: Callable[[str], bool]) -> JsonObject:
        try:
            answer = json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise _TransientError(f"an answer that is no JSON: {raw[:80]!r}") from error
        if isinstance(answer, dict) and answer.get("choices"):
            return answer
        # some gateways send their upstream's error with status 200
        problem = answer.get("error") if isinstance(answer, dict) else None
        explanation = _capped(json.dumps(problem or answer))
        if problem and adaptable(explanation):
            raise RequestRefusedError(explanation)
        raise _TransientError(f"an answer without a choice: {explanation}")

    def _outcome(self, error: openai.APIStatusError, adaptable: Callable[[str], bool]) -> Exception:
        status, message = error.status_code, _message(error)
        hopeless = status in (401, 403) or error.code == "insufficient_quota"
        if not hopeless and status not in _TRANSIENT and adaptable(message):
            return RequestRefusedError(message)
        if not hopeless and is_too_long(message):
            return ModelRefusedError(f"{self.server}: {message} {_CONTEXT_REMEDY}")
        if not hopeless and (status in _TRANSIENT or status >= 500):
            return _TransientError(
                f"status {status}: {message}",
                retry_after=retry_after(error.response.headers.get("retry-after")),
            )
        remedy = _REMEDIES.get(status, _OTHER_REMEDY)
        return ModelRefusedError(f"{self.server} answered with status {status}: {message} {remedy}")

    @property
    def server(self) -> str:
        """The server's name for messages, without user and password, should the URL carry them."""
        return f"The model server {self._client.base_url.host}"


def retry_after(value: str | None) -> float | None:
    """The seconds that a Retry-After header asks for, as a number or as a date."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return seconds if 0 < seconds < float("inf") else None


def _message(error: openai.APIStatusError) -> str:
    # the server's own words only: some servers echo the whole request beside them
    body = error.body if isinstance(error.body, dict) else {}
    said = body.get("message") or body.get("detail") or error.message
    return _capped(said if isinstance(said, str) else json.dumps(said))


def _capped(text: str) -> str:
    return text if len(text) <= MAX_EXPLANATION else text[: MAX_EXPLANATION - 1] + "…"
