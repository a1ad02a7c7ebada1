"""How executions look in a terminal, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from signoff import prefect_runs
from signoff.executions.agents import JsonObject
from signoff.executions.extractions import Iteration
from signoff.executions.models import Delivery, Execution, FieldChange, ReviewAnswer, TrailEntry
from signoff.executions.states import Status
from signoff.review.terminal import attention_lines
from signoff.transcript import turn_lines

COLORS = {
    Status.PENDING_INPUTS: "yellow",
    Status.PENDING_DATA_EXTRACTION: "yellow",
    Status.PENDING_REVIEW: "cyan",
    Status.CONFIRMED: "blue",
    Status.DELIVERED_TO_DESTINATION: "green",
    Status.CANCELED: "bright_black",
}

OFFLINE = "°"


def executions_table(executions: Sequence[Execution]) -> RenderableType:
    """One row an execution; below, where to approve it or what its destinations answered."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("agent", no_wrap=True)
    table.add_column("file", min_width=12, overflow="fold")
    table.add_column("state", min_width=24)
    table.add_column("fields", justify="right", no_wrap=True)
    table.add_column("conf.", justify="right", no_wrap=True)
    for execution in executions:
        table.add_row(
            str(execution.number),
            escape(execution.agent_name),
            escape(", ".join(file.name for file in execution.files) or "–"),
            _state(execution),
            str(count_values(execution.extraction.data)) if execution.extraction else "–",
            _confidence(execution),
        )
    parts: list[RenderableType] = [table]
    if any(execution.extraction and execution.extraction.offline for execution in executions):
        parts.append(Text(f"{OFFLINE} read offline, without a model", style="dim"))
    for heading, about in (("Approve at", _approval_page), ("Answers", _answers)):
        lines = [(execution.number, about(execution)) for execution in executions]
        if any(line for _, line in lines):
            parts.append(Text(f"\n{heading}", style="bold"))
            parts += [Text(f"{number}: {line}", overflow="fold") for number, line in lines if line]
    return Group(*parts)


def _state(execution: Execution) -> Text:
    text = Text(execution.status, style=COLORS[execution.status])
    if execution.failure is not None:
        text.append(f" ({execution.failure.code})", style="red")
    return text


def _confidence(execution: Execution) -> str:
    if execution.extraction is None or execution.extraction.lowest_confidence is None:
        return "–"
    mark = OFFLINE if execution.extraction.offline else ""
    return f"{execution.extraction.lowest_confidence:.2f}{mark}"


def _approval_page(execution: Execution) -> str | None:
    if execution.status is not Status.PENDING_REVIEW or execution.flow_run_id is None:
        return None
    return prefect_runs.run_page(execution.flow_run_id)


def _answers(execution: Execution) -> str:
    if execution.state.status is not Status.DELIVERED_TO_DESTINATION:
        return ""
    return "; ".join(answer_of(delivery) for delivery in execution.state.deliveries)


def answer_of(delivery: Delivery) -> str:
    """What the destination answered last, on one line."""
    if not delivery.attempts:
        return "not sent yet"
    last = delivery.attempts[-1]
    what = last.error or " ".join(f"{last.status_code} {last.body}".split())
    return what if len(what) <= 74 else what[:73] + "…"


def count_values(data: Any) -> int:
    """How many scalar values a JSON value holds."""
    if isinstance(data, dict):
        return sum(count_values(value) for value in data.values())
    if isinstance(data, list):
        return sum(count_values(value) for value in data)
    return 0 if data is None else 1


def execution_details(
    execution: Execution,
    *,
    deliveries: Sequence[Delivery],
    iterations: Sequence[Iteration],
    answers: Sequence[ReviewAnswer],
    changes: Sequence[FieldChange],
    trail: Sequence[TrailEntry],
) -> RenderableType:
    """Everything on record about one execution."""
    facts = Table.grid(padding=(0, 2))
    for name, value in _facts(execution):
        facts.add_row(Text(name, style="bold"), value)
    parts: list[RenderableType] = [facts]

    def section(title: str, lines: Iterable[str]) -> None:
        body = list(lines)
        if body:
            parts.append(Text(f"\n{title}", style="bold"))
            parts.extend(Text("  " + line) for line in body)

    if execution.state.status in (Status.CONFIRMED, Status.DELIVERED_TO_DESTINATION):
        section("Data confirmed", _pretty(execution.state.data_confirmed))
    elif execution.extraction is not None:
        section("Data extracted", _pretty(execution.extraction.data))
        section("To look at", attention_lines(execution.extraction))
    section(
        "Changed by the reviewer", (f"{c.pointer}: {c.before!r} → {c.after!r}" for c in changes)
    )
    section("Iterations", (line for turn in iterations for line in turn_lines(turn)))
    section(
        "Answers",
        (
            f"{a.answered_at:%Y-%m-%d %H:%M:%S} {a.source} {a.decision}: {a.outcome}"
            + (f" ({a.reason})" if a.reason else "")
            for a in answers
        ),
    )
    section(
        "Deliveries",
        (
            f"{d.type} {d.id}: {d.status}, {len(d.attempts)} attempts, {answer_of(d)}"
            for d in deliveries
        ),
    )
    section("Trail", (_trail_line(entry) for entry in trail))
    return Group(*parts)


def _facts(execution: Execution) -> Iterable[tuple[str, RenderableType]]:
    yield "execution", f"{execution.number}  {execution.id}"
    yield "agent", escape(f"{execution.agent_name} (revision {execution.agent_revision})")
    yield "state", _state(execution)
    if execution.failure is not None:
        yield "failure", Text(execution.failure.explanation, style="red")
    yield "files", escape(", ".join(file.name for file in execution.files) or "–")
    if execution.model is not None:
        cost = f"${execution.cost:.4f}" if execution.cost is not None else "unknown"
        yield (
            "model",
            f"{execution.model}, {execution.prompt_tokens} + {execution.completion_tokens} tokens,"
            f" cost {cost}",
        )
    offline = execution.extraction is not None and execution.extraction.offline
    yield "confidence", _confidence(execution).replace(OFFLINE, " (offline)" if offline else "")
    by = f" by {execution.triggered_by}" if execution.triggered_by else ""
    yield (
        "started",
        escape(f"{execution.created_at:%Y-%m-%d %H:%M:%S} UTC ({execution.trigger}{by})"),
    )
    if execution.flow_run_id:
        yield "flow run", prefect_runs.run_page(execution.flow_run_id) or str(execution.flow_run_id)


def _pretty(data: JsonObject) -> Iterable[str]:
    return json.dumps(data, indent=2, ensure_ascii=False).splitlines()


def _trail_line(entry: TrailEntry) -> str:
    step = entry.event
    if entry.from_status and entry.to_status:
        step = f"{entry.from_status} → {entry.to_status}"
    details = ", ".join(part for part in (entry.by, entry.note) if part)
    return f"{entry.at:%Y-%m-%d %H:%M:%S} {step}" + (f" ({details})" if details else "")
