"""What came back from the approval form: read, validated in full, compared with what it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any

from signoff.executions.agents import JsonObject
from signoff.executions.models import Decision, FieldChange
from signoff.executions.validation import Problem, find_problems, json_pointer
from signoff.review.blanks import mend

_Path = tuple[str | int, ...]


@dataclass(frozen=True)
class FormAnswer:
    """A reviewer's answer.

    Attributes:
        decision: ``None`` when the form said neither.
        data: what to confirm; ``None`` when it was canceled or cannot be used.
        comment: the reviewer's words.
        problems: why the answer cannot be taken; empty if it can.
    """

    decision: Decision | None
    data: JsonObject | None
    comment: str = ""
    problems: list[Problem] = field(default_factory=list)


def read_form_answer(
    values: JsonObject,
    *,
    schema: JsonObject,
    data_revision: int,
    shown: JsonObject | None = None,
) -> FormAnswer:
    """The answer in ``values``, the run's input as Prefect hands it over.

    An answer without a decision is a problem: resuming a run with no input at all (which
    Prefect's API and command line allow) must not sign anything off.

    Args:
        values: what was submitted.
        schema: the agent's data schema.
        data_revision: the current version of the data; an answer to another one is stale.
        shown: the data that the form was filled with, to tell a null left blank from a removal.
    """
    comment = values.get("comment")
    comment = comment if isinstance(comment, str) else ""
    try:
        decision = Decision(values.get("decision", ""))
    except ValueError:
        choices = " or ".join(decision.value for decision in Decision)
        return _refused(None, comment, f"no decision was made; {choices} is needed")

    revision = values.get("data_revision")
    if revision != data_revision and not (revision is None and decision is Decision.CANCEL):
        reason = (
            f"revision {revision} was answered, but it was changed meanwhile (revision"
            f" {data_revision} now): check it again, as it is now shown"
        )
        return _refused(decision, comment, reason)
    if decision is Decision.CANCEL:
        return FormAnswer(decision, None, comment)

    data = values.get("data")
    if not isinstance(data, dict):
        return _refused(decision, comment, "is missing; confirming needs the form's data")
    data = mend(schema, data, shown=shown)
    return FormAnswer(decision, data, comment, find_problems(schema, data))


def _refused(decision: Decision | None, comment: str, reason: str) -> FormAnswer:
    return FormAnswer(decision, None, comment, [Problem("", reason)])


def field_changes(
    before: JsonObject, after: JsonObject, *, by: str | None, at: datetime
) -> list[FieldChange]:
    """What turns ``before`` into ``after``, applied one after the other.

    Rows that only moved up because one above them was removed are not changed: lists are aligned
    first. They are walked from their end, so that every index is one into ``before``. 1 and 1.0
    are the same value, since JSON makes no difference.

    Args:
        before: the data that was shown.
        after: the data that came back.
        by: who answered, as far as known.
        at: when.
    """
    found = _changes((), before, after)
    return [FieldChange(pointer=json_pointer(path), by=by, at=at, **what) for path, what in found]


def _changes(path: _Path, before: Any, after: Any) -> Iterator[tuple[_Path, JsonObject]]:
    if _canonical(before) == _canonical(after):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys([*before, *after]):
            if key not in after:
                yield (*path, key), {"kind": "removed", "before": before[key]}
            elif key not in before:
                yield (*path, key), {"kind": "added", "after": after[key]}
            else:
                yield from _changes((*path, key), before[key], after[key])
    elif isinstance(before, list) and isinstance(after, list):
        yield from _row_changes(path, before, after)
    else:
        yield path, {"before": before, "after": after}


def _row_changes(
    path: _Path, before: list[Any], after: list[Any]
) -> Iterator[tuple[_Path, JsonObject]]:
    rows = SequenceMatcher(None, [*map(_canonical, before)], [*map(_canonical, after)])
    for tag, start, end, new_start, new_end in reversed(rows.get_opcodes()):
        if tag == "equal":
            continue
        paired = min(end - start, new_end - new_start)
        for index in reversed(range(start + paired, end)):
            yield (*path, index), {"kind": "removed", "before": before[index]}
        for index in reversed(range(new_start + paired, new_end)):
            yield (*path, start + paired), {"kind": "added", "after": after[index]}
        for offset in reversed(range(paired)):
            yield from _changes(
                (*path, start + offset), before[start + offset], after[new_start + offset]
            )


def _canonical(value: Any) -> str:
    return json.dumps(_plain(value), sort_keys=True)


def _plain(value: Any) -> Any:
    match value:
        case float() if value.is_integer():
            return int(value)
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case _:
            return value
