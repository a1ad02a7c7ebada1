"""What a model's answer asks for: data to submit, or one tool to call."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from signoff.executions.agents import JsonObject
from signoff.extraction.models.answers import (
    Answer,
    NoJsonObjectError,
    ToolCall,
    find_object,
)
from signoff.extraction.models.half_answers import begun_object
from signoff.extraction.reader import CUT_OFF, SUBMIT


@dataclass(frozen=True)
class Choice:
    """One turn's choice.

    Attributes:
        action: ``submit`` or a tool's name.
        data: what was submitted; ``None`` when the action is a tool.
        tool_input: the tool's.
        raw: the JSON text that was submitted as the answer's text.
        note: what else the answer held, for the record.
    """

    action: str = SUBMIT
    data: JsonObject | None = None
    tool_input: JsonObject = field(default_factory=dict)
    raw: str = ""
    note: str = ""


class NoChoiceError(ValueError):
    """The answer is no turn; the message says so to the model.

    ``ignored_tools`` tells that not even a call was tried, ``begun`` what there is of data whose
    end was cut off.
    """

    def __init__(
        self, message: str, *, ignored_tools: bool = False, begun: JsonObject | None = None
    ) -> None:
        super().__init__(message)
        self.ignored_tools = ignored_tools
        self.begun = begun


def choose(answer: Answer, text: str, *, tools: Collection[str]) -> Choice:
    """The turn that ``answer`` is; of several tool calls the first that can be carried out.

    Args:
        answer: the model's.
        text: its text, without the thoughts in it.
        tools: the names of those offered beside ``submit``.

    Raises:
        NoChoiceError: it is none.
    """
    if answer.cut_off:
        after = f" after {answer.completion_tokens} tokens" if answer.completion_tokens else ""
        begun = None if answer.repeats else _begun(answer, text, tools)
        raise NoChoiceError(f"{CUT_OFF}{after}{answer.cut_off}", begun=begun)
    if answer.tool_calls:
        return _called(answer.tool_calls, tools)
    if not text:
        raise NoChoiceError("The answer was empty. Return the JSON object.", ignored_tools=True)
    try:
        found = find_object(text)
    except NoJsonObjectError as error:
        raise NoChoiceError(str(error), ignored_tools=True) from error
    return _written_call(found.data, tools) or Choice(data=found.data, raw=found.text)


def _begun(answer: Answer, text: str, tools: Collection[str]) -> JsonObject | None:
    """What there is of data that was being handed in."""
    if answer.tool_calls:
        call = answer.tool_calls[0]
        begun = begun_object(call.arguments) if call.name == SUBMIT or not tools else None
    else:
        begun = None if tools else begun_object(text)
    try:
        return None if begun is None else find_object(json.dumps(begun)).data
    except NoJsonObjectError:  # a number that is too large
        return None


def _called(calls: Sequence[ToolCall], tools: Collection[str]) -> Choice:
    problems = []
    for position, call in enumerate(calls):
        # with nothing else on offer, whatever is called is a submit, however it is named
        name = call.name if tools else SUBMIT
        if name != SUBMIT and name not in tools:
            problems.append(f"There is no tool {name!r}; there are {_listed(tools)}.")
            continue
        try:
            given = find_object(call.arguments or "{}").data
        except NoJsonObjectError:
            problems.append(f"The input of {name} was no JSON object.")
            continue
        others = [other.name for at, other in enumerate(calls) if at != position]
        note = f"Ignored beside {name}: {', '.join(others)}." if others else ""
        if name == SUBMIT:
            return Choice(data=given, note=note)
        return Choice(action=name, tool_input=given, note=note)
    raise NoChoiceError(" ".join(dict.fromkeys(problems)))


def _written_call(data: JsonObject, tools: Collection[str]) -> Choice | None:
    """A call that the model wrote into its text, as some do where the server knows no tools."""
    name = data.get("name", data.get("tool"))
    if not tools or not isinstance(name, str) or not (name == SUBMIT or name in tools):
        return None
    rest = [value for key, value in data.items() if key not in ("name", "tool", "type", "id")]
    if len(rest) != 1:
        return None
    given = rest[0]
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            return None
    if not isinstance(given, dict):
        return None
    return Choice(data=given) if name == SUBMIT else Choice(action=name, tool_input=given)


def _listed(tools: Collection[str]) -> str:
    return ", ".join((*tools, SUBMIT))
