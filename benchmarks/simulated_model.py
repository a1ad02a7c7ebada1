"""A model that errs as models do, at a known rate: the truth with mistakes put in.

What it gets wrong is what people correct in practice: the value of another field, another row's
amount, a digit, a part of a name, something made up, a row left out. Some values are hard for
every model, so that two of them make the same mistake now and then, as they do in truth.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from signoff.executions.agents import JsonObject
from signoff.executions.scalars import scalars
from signoff.extraction.reader import Reading, ReadRequest

HARD = 0.08
"""The share of values that are hard for every model, and how often each then errs."""
ERRS_IF_HARD = 0.5
MISSED_ROWS = 0.5  # times the rate


@dataclass
class SimulatedModel:
    """Answers one document with its truth, each value wrong with the probability ``rate``.

    Attributes:
        truth: the right answer.
        name: two models of different names err independently, but for what is hard.
        document: seeds the mistakes.
        rate: how often a value is wrong, of those that are not hard.
    """

    truth: JsonObject
    name: str
    document: str
    rate: float
    offline: bool = False
    limits: Any = field(default=None)

    def read(self, request: ReadRequest) -> Reading:
        """The answer, the same each time."""
        data = copy.deepcopy(self.truth)
        own = random.Random(f"{self.name}/{self.document}")
        shared = random.Random(self.document)
        values = dict(scalars(self.truth))
        for pointer, value in values.items():
            hard = shared.random() < HARD
            common = random.Random(f"{self.document}{pointer}")
            if hard and own.random() < ERRS_IF_HARD:
                _put(data, pointer, _mistake(value, pointer, values, common))
            elif not hard and own.random() < self.rate:
                _put(data, pointer, _mistake(value, pointer, values, own))
        for name, rows in data.items():
            if isinstance(rows, list) and len(rows) > 1:
                data[name] = [row for row in rows if own.random() >= self.rate * MISSED_ROWS]
        return Reading(model=self.name, data=data)


def _mistake(value: Any, pointer: str, values: JsonObject, chance: random.Random) -> Any:
    others = [
        other
        for place, other in values.items()
        if place != pointer and type(other) is type(value) and other != value
    ]
    ways: list[Callable[[], Any]] = [lambda: _slip(value, chance)]
    if others:
        # most mistakes of models stand elsewhere on the page
        ways += [lambda: chance.choice(others)] * 2
    if isinstance(value, str) and len(value.split()) > 1:
        ways += [lambda: " ".join(value.split()[:-1])] * 2
    wrong = chance.choice(ways)()
    return _slip(value, chance) if wrong == value else wrong


def _slip(value: Any, chance: random.Random) -> Any:
    """The value with one character misread."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return round(value + chance.choice([-1, 1]) * 10.0 ** chance.randint(-2, 2), 2)
    places = [index for index, char in enumerate(value) if char.isalnum()]
    if not places:
        return value + "x"
    index = chance.choice(places)
    pool = "0123456789" if value[index].isdigit() else "abcdefghijklmnopqrstuvwxyz"
    other = chance.choice([char for char in pool if char != value[index].lower()])
    return value[:index] + other + value[index + 1 :]


def _put(data: Any, pointer: str, value: Any) -> None:
    *path, last = (part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])
    for part in path:
        data = data[int(part)] if isinstance(data, list) else data[part]
    if isinstance(data, list):
        data[int(last)] = value
    else:
        data[last] = value
