"""What sets a dialect apart before its endpoints are reached: paths, credentials, error bodies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from signoff.api.problems import ApiError
from signoff.settings import MIB

MAX_JSON_BYTES = 16 * MIB
"""The largest JSON body: it holds the largest data schema."""


def plain_body(error: ApiError) -> tuple[int, object]:
    """``{"detail": ...}``, for paths that belong to no dialect."""
    return error.status_code, {"detail": error.message}


@dataclass(frozen=True)
class Dialect:
    """One of the APIs that Signoff speaks.

    Attributes:
        name: its tag in the API's description.
        prefixes: the paths that are its own, without a slash at the end.
        schemes: the ``Authorization`` schemes it takes, in lower case.
        challenges: the ``WWW-Authenticate`` headers of its 401.
        render: status code and JSON body of an error.
        refusal: the schema of such a body that speaks of no field, by its name.
        max_json_bytes: the largest body that is not a multipart upload.
        components: schemas that the API's description refers to and no endpoint declares.
        renamed: what schemas are called there that two endpoints call the same.
        examples: of schemas, by their name there (those that models carry lose their nulls).
        never: status codes that its endpoints never answer with, whatever FastAPI says of them.
    """

    name: str
    prefixes: tuple[str, ...]
    schemes: tuple[str, ...] = ()
    challenges: tuple[str, ...] = ()
    render: Callable[[ApiError], tuple[int, object]] = plain_body
    refusal: str = "Refusal"
    max_json_bytes: int = MAX_JSON_BYTES
    components: Mapping[str, Any] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)
    examples: Mapping[str, Any] = field(default_factory=dict)
    never: tuple[str, ...] = ()

    def covers(self, path: str) -> bool:
        """Whether ``path`` is one of its own."""
        return any(path == prefix or path.startswith(prefix + "/") for prefix in self.prefixes)


PLAIN = Dialect("service", ())
"""For what is no dialect's: health, the description, unknown paths."""


def dialect_of(path: str, dialects: Iterable[Dialect]) -> Dialect:
    """The dialect that a path belongs to."""
    return next((dialect for dialect in dialects if dialect.covers(path)), PLAIN)
