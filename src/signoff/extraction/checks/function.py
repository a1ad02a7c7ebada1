"""Checks that call a Python function of the operator's."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from signoff.executions.checks import CallableCheck
from signoff.executions.data_paths import find_values, path_parts
from signoff.executions.functions import load_function
from signoff.extraction.checks.verdict import UnusableCheckError, Verdict, failed, passed
from signoff.settings import get_settings


def check_function(check: CallableCheck, data: Any) -> Verdict:
    """What the function says of a copy of the data.

    Raises:
        UnusableCheckError: it may not be called, raises, or gives something else than it should.
    """
    try:
        function = load_function(check.function, allowed=get_settings().check_modules)
    except ValueError as error:
        raise UnusableCheckError(str(error)) from error
    try:
        said = function(deepcopy(data))
    except (Exception, SystemExit) as error:
        raise UnusableCheckError(
            f"{check.function} raised {type(error).__name__}: {error}"
        ) from error
    pointers = [
        found.pointer
        for path in check.fields
        for found in find_values(data, path_parts(path))
        if found.value is not None
    ]
    match said:
        case True | None | "":
            return passed(pointers)
        case False:
            return failed([] if check.message else [f"{check.function} says no"], pointers)
        case str():
            return failed([said.strip().removesuffix(".")], pointers)
    raise UnusableCheckError(
        f"{check.function} returned {type(said).__name__}, not True, False, None or a text"
    )
