"""Evaluates CEL expressions in a process of its own; started by its path, imports no Signoff.

CEL cannot loop, but nested macros over long lists take minutes and can fill any memory, and the
evaluator holds the interpreter's lock meanwhile. Standard input is one JSON object, ``data`` and
``expressions``; standard output is one line of JSON for each expression.
"""

from __future__ import annotations

import json
import resource
import sys
from types import ModuleType
from typing import Any

CPU_SECONDS = 10
MEMORY = 768 * 1024 * 1024

# the package's command line, imported with it, takes ten times as long as the rest
for name in ("cel.cli", "cel.stdlib"):
    sys.modules[name] = ModuleType(name)

import cel  # noqa: E402


def main() -> None:
    """Evaluate what standard input asks for."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # elsewhere the time has to do
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    # In CEL, 2 + 0.5 is an error: all numbers of the data are doubles. What is null is absent.
    request = json.load(sys.stdin, parse_int=float, object_pairs_hook=_present)
    for expression in request["expressions"]:
        print(json.dumps(_evaluate(expression, request["data"])), flush=True)  # noqa: T201


def _evaluate(expression: str, data: Any) -> dict[str, Any]:
    try:
        result = cel.evaluate(expression, {"data": data})
    except LookupError as error:
        return {"absent": str(error)}
    except Exception as error:
        return {"error": str(error)[:300]}
    if not isinstance(result, bool):
        return {"error": f"it gives {str(result)[:50]}, neither true nor false"}
    return {"holds": result}


def _present(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {key: value for key, value in pairs if value is not None}


if __name__ == "__main__":
    main()
