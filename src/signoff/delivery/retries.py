"""Calling again: when a destination says so, with growing pauses, up to a number of attempts."""

from __future__ import annotations

import time
from collections.abc import Callable

from tenacity import RetryCallState, Retrying, retry_if_result, stop_after_attempt
from tenacity.wait import wait_exponential, wait_random

from signoff.delivery.calls import Call
from signoff.settings import Settings

Sleep = Callable[[float], None]


def call_until(
    attempt: Callable[[], Call],
    *,
    again: Callable[[Call], bool],
    settings: Settings,
    sleep: Sleep = time.sleep,
) -> Call:
    """The last of up to ``settings.delivery_attempts`` calls; ``again`` asks for another one.

    What ``attempt`` raises (a lost lease, a cancellation) ends it at once.
    """
    first, longest = settings.delivery_backoff, settings.delivery_backoff_max
    backoff = wait_exponential(multiplier=first, max=longest) + wait_random(0, first)

    def pause(state: RetryCallState) -> float:
        call: Call = state.outcome.result() if state.outcome else Call()
        return min(max(backoff(state), call.retry_after or 0.0), longest)

    retrying = Retrying(
        stop=stop_after_attempt(settings.delivery_attempts),
        wait=pause,
        retry=retry_if_result(again),
        # out of attempts: the last call is the result, not an exception
        retry_error_callback=lambda state: state.outcome and state.outcome.result(),
        sleep=sleep,
    )
    return retrying(attempt)
