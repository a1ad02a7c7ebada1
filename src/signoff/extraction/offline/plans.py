"""What is made of a schema, once for all documents that are read by it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache

from signoff.executions.agents import JsonObject
from signoff.extraction.offline.labels import Vocabulary
from signoff.extraction.offline.planner import Planner
from signoff.extraction.offline.targets import Group, Path, Target, targets_of

KEPT = 64
"""Plans of so many schemas are kept; one takes a few hundred kilobytes at the most."""


@dataclass(frozen=True, eq=False)
class SchemaPlan:
    """What a schema asks for. It is shared: nobody changes it.

    Attributes:
        root: the plan of the root object.
        vocabulary: the labels of its single values, with the lexicon's.
        targets: every scalar by its path without the numbers of rows and items.
    """

    root: Group
    vocabulary: Vocabulary
    targets: dict[Path, Target]


def plan_of(schema: JsonObject) -> SchemaPlan:
    """The schema's plan, from the schemas seen before where it is one of them."""
    return _plan(json.dumps(schema))


@lru_cache(maxsize=KEPT)
def _plan(schema: str) -> SchemaPlan:
    root = Planner(json.loads(schema)).plan()
    return SchemaPlan(
        root,
        Vocabulary.of(label for target in targets_of(root) for label in target.labels),
        {without_numbers(target.path): target for target in targets_of(root, tables=True)},
    )


def without_numbers(path: Path) -> Path:
    """A path as the plan knows it: for every row and item the same."""
    return tuple(step for step in path if not isinstance(step, int))
