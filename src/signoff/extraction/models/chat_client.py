"""One chat completion over HTTP: each thing that can go wrong has its one outcome here.

====================================  ======================================================
a refusal the caller can adapt to     :class:`RequestRefusedError`, at once
408, 409, 425, 429, 5xx, no           tried again with exponential back-off and jitter, or when
connection, a broken-off answer       Retry-After says, then :class:`ModelUnavailableError`
no answer within a call's timeout     tried once more, then :class:`ModelUnavailableError`
one still being written then          the answer, as one that was cut off
a pause longer than one is to wait    :class:`ModelUnavailableError`, at once
401, 403, 404, other 4xx, no quota    :class:`ModelRefusedError`, which names the setting
the deadline passed                   :class:`DeadlineExceededError`
called off                            what ``should_stop`` raised; the connection is closed
====================================  ======================================================

Only calls that brought no answer are tried again: nothing is paid twice.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

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
from signoff.extraction.models.capabilities import is_too_long
from signoff.extraction.models.polling import run_polled, wait_polled
from signoff.extraction.models.server_memory import ServerMemory
from signoff.extraction.models.server_words import (
    CONTEXT_REMEDY,
    OTHER_REMEDY,
    REMEDIES,
    message_of,
    sentence,
    shown,
)
from signoff.extraction.models.streaming import (
    EndlessAnswerError,
    NoAnswerError,
    StreamedCompletion,
)
from signoff.retry_after import retry_after

MAX_ATTEMPTS = 6
MAX_TIMEOUTS = 2
"""What took too long once will again; a second try finds the prompt in the server's cache."""
MAX_PAUSE = 30.0
CONNECT_TIMEOUT = 10.0
ASKING_TIMEOUT = 5.0

_TRANSIENT = frozenset({408, 409, 425, 429})


class RequestRefusedError(Exception):
    """The server does not know something that was asked for; :attr:`message` says what."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class _TransientError(Exception):
    """Worth another try; ``retry_after`` is what the server asked for, in seconds."""

    def __init__(
        self, explanation: str, *, retry_after: float | None = None, timed_out: bool = False
    ) -> None:
        super().__init__(explanation)
        self.retry_after = retry_after
        self.timed_out = timed_out


class Slot(Protocol):
    """Takes a place among the calls that a model gets at a time, for a ``with`` block."""

    def __call__(
        self, *, seconds: float, should_stop: Callable[[], None]
    ) -> AbstractContextManager[None]:
        """Wait for a place, ``seconds`` at the most.

        Raises:
            DeadlineExceededError: none became free in time.
        """
        ...


def any_slot(*, seconds: float, should_stop: Callable[[], None]) -> AbstractContextManager[None]:
    """A place without any limit."""
    return nullcontext()


@dataclass(frozen=True)
class Patience:
    """How long one completion may take.

    Attributes:
        deadline: by ``time.monotonic``; holds for all attempts together.
        call_timeout: seconds one attempt may take from its start to its last byte.
        longest_pause: seconds; a server that asks for a longer one is taken to be away.
        should_stop: asked about every second; raises to give up.
    """

    deadline: float
    call_timeout: float
    longest_pause: float = float("inf")
    should_stop: Callable[[], None] = lambda: None

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - time.monotonic()


class ChatClient:
    """Chat completions at one server. Safe to share between threads."""

    def __init__(
        self,
        *,
        base_url: str | None,
        api_key: str,
        source: str = "",
        slot: Slot = any_slot,
        backoff: float = 1.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Nothing is sent yet.

        Args:
            base_url: the server's; ``None`` for the vendor's own.
            api_key: its key; servers without keys take any.
            source: the setting that names this server, where it is not ``SIGNOFF_MODEL_URL``.
            slot: taken for each attempt.
            backoff: the first pause between two attempts, in seconds.
            sleep: how to pause.

        Raises:
            ConfigurationError: ``base_url`` is no HTTP address, or the key no header value.
        """
        self._source = f" (This server is the one in {source}.)" if source else ""
        if base_url is not None and not base_url.startswith(("http://", "https://")):
            raise ConfigurationError(
                f"{source or 'SIGNOFF_MODEL_URL'} must name a server by a URL that starts with"
                " http:// or https://, for example http://127.0.0.1:8080/v1."
            )
        if not (api_key.isascii() and api_key.isprintable()):
            raise ConfigurationError(
                f"The model's API key ({source or 'SIGNOFF_MODEL_API_KEY or OPENAI_API_KEY'})"
                " contains characters that no key has, perhaps a line break."
            )
        # its own retries are off: they would add up with ours and know no deadline
        self._options: dict[str, Any] = {
            "base_url": base_url,
            "api_key": api_key,
            "max_retries": 0,
        }
        with openai.OpenAI(**self._options, http_client=_http()) as client:
            self.base_url = str(client.base_url)
            self.host = client.base_url.host
        self._slot = slot
        self._backoff = wait_exponential(multiplier=backoff, max=MAX_PAUSE)
        self._jitter = wait_random(0, backoff)
        self._sleep = sleep

    @property
    def server(self) -> str:
        """The server's name for messages, without user and password, should the URL carry them."""
        return f"The model server {self.host}"

    def models(self) -> JsonObject:
        """What the server tells of its models; empty when it tells nothing.

        Raises:
            ModelUnavailableError: it cannot be reached just now.
        """
        with openai.OpenAI(**self._options, timeout=ASKING_TIMEOUT, http_client=_http()) as client:
            try:
                told = json.loads(client.models.with_raw_response.list().content)
            except openai.APIConnectionError as error:
                raise ModelUnavailableError(f"{self.server} cannot be reached: {error}") from error
            except (openai.OpenAIError, ValueError, RecursionError):
                return {}
        return told if isinstance(told, dict) else {}

    def complete(
        self,
        body: JsonObject,
        *,
        patience: Patience,
        memory: ServerMemory,
        adaptable: Callable[[str], bool],
        given_up: list[str],
    ) -> JsonObject:
        """The server's answer to one chat completion, as if it had come in one piece.

        Args:
            body: the request, as the protocol has it.
            patience: how long to try.
            memory: when the server asked to be left alone, for all runs.
            adaptable: whether the caller can ask differently after this refusal.
            given_up: gets what calls had answered that took too long and were made again: they
                are paid all the same.
        """
        timeouts = 0

        def hopeless(state: RetryCallState) -> bool:
            nonlocal timeouts
            error = state.outcome.exception() if state.outcome else None
            timeouts += isinstance(error, _TransientError) and error.timed_out
            return (
                state.attempt_number >= MAX_ATTEMPTS
                or timeouts >= MAX_TIMEOUTS
                or state.upcoming_sleep >= patience.left
                or (_asked(state) or 0.0) > patience.longest_pause
            )

        retrying = Retrying(
            retry=retry_if_exception_type(_TransientError),
            wait=self._pause,
            stop=hopeless,
            sleep=lambda seconds: self._wait(seconds, patience),
            reraise=True,
        )
        try:
            return retrying(self._attempt, body, patience, memory, adaptable, given_up)
        except _TransientError as error:
            if patience.left <= 0:
                raise self._out_of_time() from error
            attempts = retrying.statistics.get("attempt_number", 1)
            tried = f"tried {attempts} times" if attempts > 1 else "tried once"
            wait = f" It asks to wait {error.retry_after:g} s." if error.retry_after else ""
            raise ModelUnavailableError(
                f"{self.server} is not available, {tried}: {error}.{wait}{self._source}"
            ) from error

    def _pause(self, state: RetryCallState) -> float:
        return (_asked(state) or self._backoff(state)) + self._jitter(state)

    def _wait(self, seconds: float, patience: Patience) -> None:
        wait_polled(seconds, sleep=self._sleep, should_stop=patience.should_stop)

    def _attempt(
        self,
        body: JsonObject,
        patience: Patience,
        memory: ServerMemory,
        adaptable: Callable[[str], bool],
        given_up: list[str],
    ) -> JsonObject:
        self._wait_for_pause(patience, memory)
        if patience.left <= 0:
            raise self._out_of_time()
        with self._slot(seconds=patience.left, should_stop=patience.should_stop):
            seconds = min(patience.call_timeout, patience.left)
            if seconds <= 0:
                raise self._out_of_time()
            streamed = StreamedCompletion()
            try:
                answer = run_polled(
                    self._call(body, seconds, streamed),
                    deadline=time.monotonic() + seconds,
                    should_stop=patience.should_stop,
                )
            except (TimeoutError, openai.APITimeoutError) as error:
                if not streamed.end_unfinished():
                    given_up.append(streamed.text)
                    raise _TransientError(
                        f"no answer within {seconds:.0f} s", timed_out=True
                    ) from error
                answer = streamed.completion()
            except openai.APIStatusError as error:
                raise self._outcome(error, adaptable, memory) from error
            except openai.APIConnectionError as error:
                raise _TransientError(f"no connection ({error.__cause__ or error})") from error
            except openai.OpenAIError as error:
                raise ModelRefusedError(
                    f"{self.server}: {error} {OTHER_REMEDY}{self._source}"
                ) from error
        return self._checked(answer, adaptable)

    def _wait_for_pause(self, patience: Patience, memory: ServerMemory) -> None:
        # again after each wait: another run may have been told to wait longer meanwhile
        while pause := memory.paused():
            if pause >= patience.left or pause > patience.longest_pause:
                raise ModelUnavailableError(
                    f"{self.server} asked to be left alone for another {pause:.0f} s"
                    f" (Retry-After).{self._source}"
                )
            self._wait(pause, patience)

    async def _call(
        self, body: JsonObject, seconds: float, answer: StreamedCompletion
    ) -> JsonObject:
        timeout = openai.Timeout(seconds, connect=min(seconds, CONNECT_TIMEOUT))
        arguments: dict[str, Any] = {**body, "timeout": timeout}
        http = openai.DefaultAsyncHttpxClient(verify=_tls())
        async with openai.AsyncOpenAI(**self._options, http_client=http) as client:
            create = client.chat.completions.with_streaming_response.create
            async with create(**arguments) as response:
                return await self._read(response.iter_bytes(), answer)

    async def _read(self, chunks: Any, answer: StreamedCompletion) -> JsonObject:
        broken: Exception | None = None
        try:
            async for chunk in chunks:
                if answer.feed(chunk):
                    break
        except EndlessAnswerError as error:
            raise ModelRefusedError(
                f"{self.server} sent an endless answer. {OTHER_REMEDY}{self._source}"
            ) from error
        except Exception as error:
            # which HTTP library openai uses is its own affair, and it wraps no error of the body
            broken = error
        try:
            return answer.completion()
        except NoAnswerError as error:
            explanation = f"the answer broke off ({broken})" if broken else str(error)
            raise _TransientError(explanation) from broken or error

    def _checked(self, answer: JsonObject, adaptable: Callable[[str], bool]) -> JsonObject:
        if answer.get("choices"):
            return answer
        # some gateways send their upstream's error with status 200, or in the stream
        problem = answer.get("error")
        explanation = shown(problem or answer)
        if problem and adaptable(explanation):
            raise RequestRefusedError(explanation)
        raise _TransientError(f"an answer without a choice: {explanation}")

    def _outcome(
        self, error: openai.APIStatusError, adaptable: Callable[[str], bool], memory: ServerMemory
    ) -> Exception:
        status, message = error.status_code, message_of(error)
        hopeless = status in (401, 403) or error.code == "insufficient_quota"
        if not hopeless and status not in _TRANSIENT and adaptable(message):
            return RequestRefusedError(message)
        if not hopeless and is_too_long(message):
            return ModelRefusedError(
                f"{self.server}: {sentence(message)} {CONTEXT_REMEDY}{self._source}"
            )
        if not hopeless and (status in _TRANSIENT or status >= 500):
            pause = retry_after(error.response.headers.get("retry-after"))
            if pause:
                memory.pause(pause)
            return _TransientError(f"status {status}: {message}", retry_after=pause)
        remedy = REMEDIES.get(status, OTHER_REMEDY)
        return ModelRefusedError(
            f"{self.server} answered with status {status}: {sentence(message)}"
            f" {remedy}{self._source}"
        )

    def _out_of_time(self) -> DeadlineExceededError:
        return DeadlineExceededError(f"{self.server} gave no answer in time")


def _http() -> openai.DefaultHttpxClient:
    return openai.DefaultHttpxClient(verify=_tls())


@lru_cache
def _tls() -> ssl.SSLContext:
    # one for all calls: each client of its own would load the authorities' certificates anew
    return ssl.create_default_context()


def _asked(state: RetryCallState) -> float | None:
    error = state.outcome.exception() if state.outcome else None
    return error.retry_after if isinstance(error, _TransientError) else None
