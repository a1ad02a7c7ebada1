"""Python functions that checks may call: only those of modules that the operator lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any


def load_function(path: str, *, allowed: Sequence[str]) -> Callable[[Any], object]:
    """The function at a dotted path, of a module in ``allowed`` or one inside it.

    Agents may come over HTTP: what they name is imported only from modules that the operator
    trusts, and must be defined there (a module also holds what it imports, ``os.system`` say).

    Raises:
        ValueError: it may not be called, or there is none; the message says what to do.
    """
    module_name, _, name = path.rpartition(".")
    if not _inside(module_name, allowed):
        raise ValueError(
            f"functions of {module_name} may not be called; the operator allows modules with"
            f' SIGNOFF_CHECK_MODULES, for example ["{module_name}"]'
        )
    try:
        function = getattr(import_module(module_name), name, None)
    except Exception as error:  # whatever the module does while it is imported
        raise ValueError(
            f"{module_name} cannot be imported ({type(error).__name__}: {error}); install it"
            " where Signoff runs"
        ) from error
    if not callable(function):
        raise ValueError(f"{module_name} has no function {name}")
    if not _inside(str(getattr(function, "__module__", "")), allowed):
        raise ValueError(f"{path} is not defined in a module that SIGNOFF_CHECK_MODULES lists")
    return function  # type: ignore[no-any-return]


def _inside(module: str, allowed: Sequence[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in allowed)
