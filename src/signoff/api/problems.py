"""What is wrong with a request, before a dialect words it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import HTTPException


@dataclass(frozen=True)
class FieldProblem:
    """One field that is wrong: where it stands (``body``, ``query``, ...) and why."""

    location: tuple[str | int, ...]
    message: str
    kind: str = "value_error"


class ApiError(HTTPException):
    """A request that is refused; each dialect has its own body for it.

    FastAPI lets its own exceptions alone pass through the reading of a body, hence the base.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        problems: Sequence[FieldProblem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, message, dict(headers) if headers else None)
        self.message = message
        self.problems = tuple(problems)


def invalid(message: str, *location: str | int, kind: str = "value_error") -> ApiError:
    """One field of the request is wrong (422)."""
    return ApiError(422, message, problems=[FieldProblem(location, message, kind)])
