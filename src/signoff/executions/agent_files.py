"""Agents as YAML and JSON files: read, filled from the environment, validated.

Whatever is wrong with a file becomes one :class:`~signoff.errors.InvalidAgentError` with a
line per problem, each naming file and field. No message repeats a value that may be a secret.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from signoff.errors import InvalidAgentError, NotFoundError
from signoff.executions.agent_problems import describe_problems
from signoff.executions.agents import Agent
from signoff.executions.checks import CallableCheck
from signoff.executions.functions import load_function
from signoff.executions.plain_data import PlainDataError, read_json, read_yaml
from signoff.settings import get_settings

READERS = {".yaml": read_yaml, ".yml": read_yaml, ".json": read_json}

MAX_FILE_BYTES = 32 * 1024 * 1024

_VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")


def read_agent_file(path: Path, environment: Mapping[str, str] = os.environ) -> Agent:
    """Read one agent from a YAML or JSON file.

    ``${NAME}`` and ``${NAME:-default}`` in the destinations' url, host, headers, secret and
    token are replaced from ``environment``; a variable that is empty counts as missing.

    Raises:
        NotFoundError: there is no such file.
        InvalidAgentError: it is no agent; a line per problem names file and field.
    """
    data = _load(path)
    return validate_agent(_fill(data, environment, source=str(path)), source=str(path))


def read_agent_files(
    paths: Path | Iterable[Path], environment: Mapping[str, str] = os.environ
) -> list[Agent]:
    """Read the agents in ``paths``: files, and folders, whose agent files are all read.

    Raises:
        NotFoundError: a path does not exist, or a folder holds no agent file.
        InvalidAgentError: problems in any of the files, or one name used twice.
    """
    agents: dict[tuple[str, str], tuple[Agent, Path]] = {}
    problems: list[str] = []
    for path in _agent_files([paths] if isinstance(paths, Path) else paths):
        try:
            agent = read_agent_file(path, environment)
        except InvalidAgentError as error:
            problems.append(str(error))
            continue
        _, first = agents.setdefault((agent.workspace, agent.name), (agent, path))
        if first != path:
            problems.append(
                f"{path}: name: {agent.name!r} is already the agent in {first};"
                " two agents of a workspace need different names"
            )
    if problems:
        raise InvalidAgentError("\n".join(problems))
    return [agent for agent, _ in agents.values()]


def validate_agent(data: object, *, source: str) -> Agent:
    """The agent that ``data`` describes; ``source`` (a file's path) begins each problem's line.

    Raises:
        InvalidAgentError: a line per problem.
    """
    try:
        agent = Agent.model_validate(data)
    except ValidationError as error:
        lines = [f"{source}: {problem}" for problem in describe_problems(error, data)]
        raise InvalidAgentError("\n".join(lines)) from error
    if lines := [f"{source}: {problem}" for problem in _function_problems(agent)]:
        raise InvalidAgentError("\n".join(lines))
    return agent


def _function_problems(agent: Agent) -> Iterator[str]:
    # not the model's business: an agent that is stored must load where a module is missing
    for number, check in enumerate(agent.checks):
        if isinstance(check, CallableCheck):
            try:
                load_function(check.function, allowed=get_settings().check_modules)
            except ValueError as error:
                yield f"checks.{number}.function: {error}"


def _agent_files(paths: Iterable[Path]) -> list[Path]:
    found: dict[Path, Path] = {}
    for path in paths:
        inside = [path]
        if path.is_dir():
            inside = sorted(
                child
                for child in path.iterdir()
                if child.suffix.lower() in READERS and not child.name.startswith(".")
            )
            if not inside:
                raise NotFoundError(f"{path}: holds no agent file ({', '.join(READERS)})")
        for file in inside:
            found.setdefault(file.resolve(), file)
    return list(found.values())


def _load(path: Path) -> object:
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise InvalidAgentError(
            f"{path}: agents are read from {', '.join(READERS)},"
            f" not from {path.suffix or path.name}"
        )
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise InvalidAgentError(f"{path}: is {size:,} bytes; at most {MAX_FILE_BYTES:,}")
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise NotFoundError(f"{path}: there is no such file") from error
    except OSError as error:
        raise InvalidAgentError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidAgentError(f"{path}: is not UTF-8 at byte {error.start}") from error
    try:
        data = reader(text)
    except PlainDataError as error:
        raise InvalidAgentError(f"{path}: {error}") from error
    if not isinstance(data, dict):
        raise InvalidAgentError(
            f"{path}: an agent is a mapping with at least a name, for example 'name: invoice'"
        )
    return data


def _fill(data: Any, environment: Mapping[str, str], *, source: str) -> object:
    """``data`` with the variables in its destinations replaced."""
    problems: list[str] = []

    def filled(value: object, field: str) -> object:
        if not isinstance(value, str):
            return value

        def replace(match: re.Match[str]) -> str:
            name, default = match["name"], match["default"]
            known = environment.get(name, "") or default
            if known is None:
                problems.append(
                    f"{source}: {field}: the environment variable {name} is not set;"
                    f" set it, or write ${{{name}:-default}}"
                )
            return known or ""

        if "${" in _VARIABLE.sub("", value):
            problems.append(
                f"{source}: {field}: write variables as ${{NAME}} or ${{NAME:-default}}"
            )
        return _VARIABLE.sub(replace, value)

    destinations = data.get("destinations")
    if not isinstance(destinations, list):
        return data
    result = []
    for number, destination in enumerate(destinations):
        if isinstance(destination, dict):
            destination = dict(destination)
            place = f"destinations.{number}"
            for field in destination.keys() & {"url", "host", "secret", "token"}:
                destination[field] = filled(destination[field], f"{place}.{field}")
            if isinstance(headers := destination.get("headers"), dict):
                destination["headers"] = {
                    name: filled(value, f"{place}.headers.{name}")
                    for name, value in headers.items()
                }
        result.append(destination)
    if problems:
        raise InvalidAgentError("\n".join(sorted(problems)))
    return {**data, "destinations": result}
