"""What a schema asks for: its properties as fields to look for, groups of them, and tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from signoff.executions.agents import JsonObject
from signoff.extraction.offline.lexicon import Kind

Path = tuple[str | int, ...]


@dataclass(eq=False)
class Target:
    """One scalar property. ``labels`` are keys with weights.

    ``schema`` is its schema with references and unions resolved, ``rule`` as it was written.

    ``role`` and ``attribute`` are set for what belongs to a party: the buyer's city.
    """

    path: Path
    schema: JsonObject
    kind: Kind
    json_types: frozenset[str]
    required: bool
    labels: dict[str, float]
    concept: str | None = None
    role: str | None = None
    attribute: str | None = None
    choices: dict[str, Any] = field(default_factory=dict)
    examples: tuple[Any, ...] = ()
    rule: Any = True


@dataclass(eq=False)
class Group:
    """An object: its children by property name."""

    path: Path
    schema: JsonObject
    required: bool
    children: dict[str, Target | Group | Table | Listing] = field(default_factory=dict)
    rule: Any = True


@dataclass(eq=False)
class Table:
    """An array of objects."""

    path: Path
    schema: JsonObject
    required: bool
    row: Group
    rule: Any = True


@dataclass(eq=False)
class Listing:
    """An array of scalars."""

    path: Path
    schema: JsonObject
    required: bool
    item: Target
    rule: Any = True


Node = Target | Group | Table | Listing


def targets_of(node: Node, *, tables: bool = False) -> Iterator[Target]:
    """Every scalar property under ``node``; those of table rows only if asked for."""
    if isinstance(node, Target):
        yield node
    elif isinstance(node, Listing):
        yield node.item
    elif isinstance(node, Group):
        for child in node.children.values():
            yield from targets_of(child, tables=tables)
    elif tables:
        yield from targets_of(node.row, tables=True)
