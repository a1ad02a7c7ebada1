"""The tools that one extraction may use: offering them, and calling them by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from pydantic import ValidationError

from signoff.documents.model import Document
from signoff.executions.agents import JsonObject
from signoff.extraction.reader import SUBMIT, Observation, ToolSpec
from signoff.extraction.tools.calculate import Calculate
from signoff.extraction.tools.inputs import UnusableInputError
from signoff.extraction.tools.read_page import ReadPage
from signoff.extraction.tools.search import Search
from signoff.extraction.tools.view_page import ViewPage

MAX_OBSERVATION = 8000
"""Characters; what is longer is cut, and says so."""


class Tool(Protocol):
    """Something a model may call."""

    @property
    def spec(self) -> ToolSpec:
        """How the model is told of it."""
        ...

    def run(self, arguments: JsonObject) -> Observation:
        """What it gives back, the same for the same input at any time.

        Raises:
            UnusableInputError: ``arguments`` name what is not there.
            ValidationError: they do not have the shape that ``spec`` describes.
        """
        ...


TOOLS: Mapping[str, Callable[[Sequence[Document]], Tool]] = {
    "view_page": ViewPage,
    "read_page": ReadPage,
    "search": Search,
    "calculate": lambda documents: Calculate(),
}
"""Every tool by its name (:data:`signoff.executions.agents.ToolName`)."""


class Toolbox:
    """The named tools over some documents."""

    def __init__(self, names: Sequence[str], documents: Sequence[Document]) -> None:
        """Offer ``names``, but no pictures where the documents have none."""
        self._tools = {
            name: TOOLS[name](documents)
            for name in names
            if name != "view_page" or any(map(_has_pictures, documents))
        }

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """How the model is told of the tools."""
        return tuple(tool.spec for tool in self._tools.values())

    def run(self, name: str, arguments: JsonObject) -> Observation:
        """What calling a tool gives; a wrong call is answered with what is wrong about it."""
        tool = self._tools.get(name)
        if tool is None:
            known = ", ".join([*self._tools, SUBMIT])
            return Observation(f"There is no tool {name[:80]!r}. There are: {known}.")
        try:
            observation = tool.run(arguments)
        except UnusableInputError as error:
            return Observation(str(error))
        except ValidationError as error:
            return Observation(f"The input of {name} is wrong.\n{_described(error)}")
        text = observation.text
        if len(text) > MAX_OBSERVATION:
            text = (
                f"{text[:MAX_OBSERVATION]}\n[cut: {len(text) - MAX_OBSERVATION} more characters;"
                " ask for a smaller part]"
            )
        return Observation(text, observation.pictures)


def _has_pictures(document: Document) -> bool:
    return document.info.page_count > 0 and document.load_page(1).has_image


def _described(error: ValidationError) -> str:
    lines: list[str] = []
    for problem in error.errors(include_url=False, include_input=False)[:5]:
        # a union's branches have names that the model never saw
        path = ".".join(str(part) for part in problem["loc"] if "[" not in str(part))
        lines.append(f"- {path or 'input'}: {problem['msg'].removeprefix('Value error, ')}")
    return "\n".join(lines)
