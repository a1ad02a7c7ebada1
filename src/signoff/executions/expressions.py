"""Expressions of checks, in CEL: compiled and held against the schema, not evaluated here.

CEL has names for what data lacks (``has``), walks lists (``all``, ``exists``, ``filter``) and
cannot loop or reach anything but the data. Its numbers are doubles: exact arithmetic is what
equations are for.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import accumulate
from typing import Any

from signoff.executions.data_paths import EACH, Parts, lists_on

MAX_LENGTH = 1000
MAX_NESTING = 20
"""The parser recurses natively: in a thread with a small stack much more crashes the process."""

ROOT = "data"

_NAME = r"[^\W\d]\w*"
_STRING = re.compile(
    r"""//[^\n]*
    | (?:[bB]?[rR]|[rR][bB]) (?: \'{3}.*?\'{3} | "{3}.*?"{3} | '[^'\n]*' | "[^"\n]*" )
    | \'{3}(?:\\.|.)*?\'{3} | "{3}(?:\\.|.)*?"{3} | '(?:\\.|[^'\\])*' | "(?:\\.|[^"\\])*"
    """,
    re.DOTALL | re.VERBOSE,
)
"""Comments and strings: what in them looks like a name or a bracket is none."""
_PATH = re.compile(rf"(?<![\w.])({_NAME}(?:\s*\.\s*{_NAME})*)(?!\w|\s*\()")
_MACRO = re.compile(
    rf"(?:(?<![\w.])({_NAME}(?:\s*\.\s*{_NAME})*)|\))\s*\.\s*"
    rf"(?:all|exists|exists_one|filter|map)\s*\(\s*({_NAME})\s*,"
)
_FUNCTIONS = frozenset(
    (
        *("has", "all", "exists", "exists_one", "filter", "map", "size", "type", "dyn"),
        *("contains", "startsWith", "endsWith", "matches"),
        *("int", "uint", "double", "string", "bytes", "timestamp", "duration"),
        *("getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getFullYear", "getMonth"),
        *("getHours", "getMinutes", "getSeconds", "getMilliseconds"),
    )
)


@lru_cache(maxsize=1000)
def compile_expression(text: str) -> None:
    """Compile an expression.

    Raises:
        ValueError: it is no CEL, or names what there is not; the message says what.
    """
    if len(text) > MAX_LENGTH:
        raise ValueError(f"has {len(text)} characters; at most {MAX_LENGTH} are taken")
    if _nesting(_without_strings(text)) > MAX_NESTING:
        raise ValueError(f"nests brackets more than {MAX_NESTING} deep")
    import cel  # a third of a second, which only agents with expressions pay

    try:
        program = cel.compile(text)
    except ValueError as error:
        where = re.search(r"<input>:(\d+):(\d+): ([^\n]*)", str(error))
        problem = f"line {where[1]}, character {where[2]}: {where[3][:200]}" if where else "no CEL"
        raise ValueError(f"cannot be read: {problem}") from error
    for name in program.functions():
        if name.isidentifier() and not name.startswith("_") and name not in _FUNCTIONS:
            raise ValueError(f"calls {name}(); the functions are {', '.join(sorted(_FUNCTIONS))}")
    bound = {match[2] for match in _MACRO.finditer(_without_strings(text))}
    for name in program.variables():
        if name != ROOT and name not in bound:
            raise ValueError(f"uses {name}; the data is called data: write data.{name}")


def expression_paths(text: str, schema: Any) -> list[Parts]:
    """The paths of the fields that an expression names, as far as ``schema`` knows them.

    Raises:
        ValueError: a field that the schema does not know.
    """
    text = _without_strings(text)
    scope: dict[str, list[Parts]] = {ROOT: [()]}
    for match in _MACRO.finditer(text):
        if match[1]:
            rows = [(*path, EACH) for path in _resolved(match[1], scope)]
            scope.setdefault(match[2], []).extend(rows)
    found: list[Parts] = []
    for match in _PATH.finditer(text):
        candidates = [path for path in _resolved(match[1], scope) if path]
        problems = []
        for path in candidates:
            try:
                lists_on(schema, path)
            except ValueError as error:
                problems.append(error)
            else:
                found.append(path)
        # the same name may stand for rows of two lists: one of them has to know the field
        if problems and len(problems) == len(candidates):
            raise problems[0]
    return list(dict.fromkeys(found))


def _resolved(chain: str, scope: dict[str, list[Parts]]) -> list[Parts]:
    first, *rest = (part.strip() for part in chain.split("."))
    return [(*path, *rest) for path in scope.get(first, ())]


def _nesting(text: str) -> int:
    steps = ((char in "([{") - (char in ")]}") for char in text)
    return max(accumulate(steps), default=0)


def _without_strings(text: str) -> str:
    return _STRING.sub("''", text)
