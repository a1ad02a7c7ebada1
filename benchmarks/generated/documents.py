"""Writes made-up documents with their schemas and expected data into a folder."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageFilter

from benchmarks.generated import letters, slips
from benchmarks.generated.facts import Facts, make_facts
from benchmarks.generated.paper import Paper
from benchmarks.generated.questions import INVOICE_QUESTIONS, RECEIPT_QUESTIONS, asked
from sample_inputs.making.photo import grained, jpeg, noise, rasterise, skew, uneven_light
from signoff.executions.agents import JsonObject

Layout = Callable[..., Paper]


@dataclass(frozen=True)
class Made:
    """One document: its file, what is asked of it, and the right answer."""

    layout: str
    family: str
    path: Path
    schema: JsonObject
    expected: JsonObject


LAYOUTS: dict[str, tuple[Layout, bool]] = {
    "classic": (letters.classic, False),
    "till": (slips.till, True),
    "banded": (letters.banded, False),
    "asian": (slips.asian, True),
    "window": (letters.window, False),
    "restaurant": (slips.restaurant, True),
    "boxed": (letters.boxed, False),
    "freelance": (letters.freelance, False),
    "statement": (slips.statement, False),
}
HELD_OUT: dict[str, tuple[Layout, bool]] = {
    "cards": (letters.cards, False),
    "mirrored": (letters.mirrored, False),
    "card_slip": (slips.card_slip, True),
    "till": (slips.till, True),
    "window": (letters.window, False),
    "classic": (letters.classic, False),
    "restaurant": (slips.restaurant, True),
    "statement": (slips.statement, False),
}
LANGUAGES = ("en", "de", "en", "fr", "pt")
SCANNED = 4
"""One in so many is a scan or a photo."""


def make_documents(folder: Path, count: int, *, seed: int, held_out: bool) -> Iterator[Made]:
    """Make ``count`` documents; the same seed makes the same ones."""
    layouts = list((HELD_OUT if held_out else LAYOUTS).items())
    for index in range(count):
        name, (layout, retail) = layouts[index % len(layouts)]
        source = random.Random(f"{seed}/{held_out}/{index}")
        language = "en" if name == "asian" else source.choice(LANGUAGES)
        facts: Facts = make_facts(source, language=language, retail=retail)
        if not retail and source.random() < 0.08:
            facts.sign = -1
        paper = layout(facts, source, held_out=held_out)
        questions = RECEIPT_QUESTIONS if retail else INVOICE_QUESTIONS
        family = source.choice(sorted(questions))
        schema, expected = asked(questions[family], facts.shown)
        pdf = bytes(paper.sheet.output())
        scanned = source.randrange(SCANNED) == 0
        path = folder / f"{index:03}-{name}-{language}.{'jpg' if scanned else 'pdf'}"
        path.write_bytes(_scanned(pdf, source) if scanned else pdf)
        (folder / f"{path.name}.expected.json").write_text(json.dumps(expected, indent=1))
        (folder / f"{path.name}.schema.json").write_text(json.dumps(schema, indent=1))
        yield Made(name, family, path, schema, expected)


def _scanned(pdf: bytes, source: random.Random) -> bytes:
    """The first page as a scanner or a phone sees it."""
    image = rasterise(pdf, dpi=source.choice([150, 200, 200]))
    if source.random() < 0.7:
        image = skew(image, source.uniform(-1.2, 1.2), paper=(255, 255, 255))
    if source.random() < 0.4:
        image = image.filter(ImageFilter.GaussianBlur(source.uniform(0.4, 0.9)))
    strength = source.uniform(0.05, 0.3)
    image = grained(image, noise(image.size, seed=source.randrange(10**6), strength=strength))
    if source.random() < 0.4:
        corners = (100, source.randint(75, 100), source.randint(80, 100), source.randint(65, 95))
        image = uneven_light(image, corners=corners)
    return jpeg(image, quality=source.choice([45, 65, 85]))


def picture(pdf: bytes) -> bytes:
    """The first page as a PNG, to look at."""
    stream = io.BytesIO()
    image: Image.Image = rasterise(pdf, dpi=80)
    image.save(stream, "PNG")
    return stream.getvalue()
