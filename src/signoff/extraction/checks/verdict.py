"""What one check found, before it becomes a :class:`~signoff.executions.models.CheckResult`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from signoff.executions.data_paths import Found
from signoff.executions.extractions import CheckStatus

MAX_SHOWN = 3
MAX_VALUE = 60


class UnusableCheckError(Exception):
    """A check says nothing about the data since it cannot be run; the message says why."""


@dataclass(frozen=True)
class Verdict:
    """``details`` says what was found: with which values a check failed, or why it was skipped."""

    status: CheckStatus
    details: str = ""
    pointers: Sequence[str] = ()


def passed(pointers: Iterable[str]) -> Verdict:
    """All is well with the values at ``pointers``."""
    return Verdict(CheckStatus.PASSED, pointers=unique(pointers))


def skipped(reason: str, pointers: Iterable[str] = ()) -> Verdict:
    """There is nothing to say, and why."""
    return Verdict(CheckStatus.SKIPPED, reason, unique(pointers))


def failed(details: Sequence[str], pointers: Iterable[str]) -> Verdict:
    """Something is wrong: one sentence each, without a full stop."""
    return Verdict(CheckStatus.FAILED, listing(details), unique(pointers))


def judged(wrong: Sequence[tuple[str, str]], looked_at: Iterable[Found], paths: str) -> Verdict:
    """A verdict on values looked at one by one, of which some are wrong: pointer and details."""
    present = [found.pointer for found in looked_at if found.value is not None]
    if not present:
        return skipped(f"{paths}: nothing there to check")
    if wrong:
        return failed([details for _, details in wrong], [pointer for pointer, _ in wrong])
    return passed(present)


def listing(details: Sequence[str]) -> str:
    """The first few of ``details`` as sentences, and how many more there are."""
    more = [f"And {len(details) - MAX_SHOWN} more like these"] if len(details) > MAX_SHOWN else []
    return " ".join(f"{detail}." for detail in [*details[:MAX_SHOWN], *more])


def unique(pointers: Iterable[str]) -> list[str]:
    """``pointers`` without repeats, in order."""
    return list(dict.fromkeys(pointers))


def shown(value: Any) -> str:
    """A value of the data as messages show it: as JSON, cut."""
    if isinstance(value, str):
        value = value[: MAX_VALUE + 1]
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        text = f"a {type(value).__name__}"
    return text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 1] + "…"
