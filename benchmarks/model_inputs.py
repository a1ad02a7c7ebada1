"""What a model is sent of each sample, beside what it was sent before: pictures, bytes, tokens.

    python benchmarks/model_inputs.py [FOLDER]

Before: every page's picture, 2,048 pixels long, as a JPEG in colour. Now: no larger than the model
looks at (SIGNOFF_MODEL_IMAGE_TILING, its default), in the encoding that takes less; and then, for
agents that say ``page_pictures: needed``, without those of pages that are all text. The text is
the same in all three. Tokens of text are estimated; those of pictures are what three kinds of
models make of the pictures really sent:

tiles      tiles of 512 pixels, after scaling down: OpenAI's gpt-4o and gpt-4.1
patches    32 x 32 pixels, 1,536 at the most: gpt-4.1-mini, o4-mini (which bill a multiple of it)
no limit   28 x 28 pixels, of all that is sent: Qwen2.5-VL as servers run it by default

Last, what prompt caches can hit: how much of the prompt all executions of the agent share, and how
much of a correction's prompt stood in the call before.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from os.path import commonprefix
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
from PIL import Image, ImageOps

from benchmarks.offline_accuracy import MemoryRecord, parse
from signoff.documents.model import Document
from signoff.documents.sandbox import close_sandboxes
from signoff.executions.agent_files import read_agent_file
from signoff.executions.agents import Agent
from signoff.executions.extractions import Iteration
from signoff.extraction.models.vendor_schema import translate
from signoff.extraction.prompts.page_text import estimate_tokens
from signoff.extraction.prompts.pictures import Patches, Tiles, Tiling
from signoff.extraction.prompts.prompt import Prompt, build_prompt
from signoff.extraction.prompts.shown_schema import without_examples
from signoff.settings import Settings
from signoff.storage.files import FileStore

SAMPLES = Path(__file__).parents[1] / "sample_inputs"
MODELS: dict[str, Tiling] = {
    "tiles": Tiles(),
    "patches": Patches(32, 1536),
    "no limit": Patches(28, 16_384),
}
FORMER_SIDE, FORMER_QUALITY = 2048, 88
WIDTHS = (34, 6, 20, 20, *(22 for _ in MODELS))


@dataclass(frozen=True)
class Sent:
    """What is sent of a document beside its text."""

    pictures: int
    size: int
    tokens: dict[str, int]

    @classmethod
    def of(cls, pictures: Sequence[bytes]) -> Sent:
        """Counted as models do."""
        tokens = dict.fromkeys(MODELS, 0)
        for picture in pictures:
            with Image.open(io.BytesIO(picture)) as opened:
                for name, tiling in MODELS.items():
                    tokens[name] += tiling.fit(*opened.size).tokens
        return cls(len(pictures), sum(map(len, pictures)), tokens)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=SAMPLES)
    folder: Path = parser.parse_args().folder
    head = ("document", "text", "pictures", "KiB", *MODELS)
    print("before > now > pictures only where needed\n\n" + line(head), flush=True)
    sums = [Sent(0, 0, dict.fromkeys(MODELS, 0))] * 3
    texts = 0
    cached: list[str] = []
    with tempfile.TemporaryDirectory() as home:
        store, record = FileStore(str(Path(home) / "files")), MemoryRecord()
        for agent, path in samples(folder):
            documents = parse(path, store, record)
            everything = [replace(each, needs_picture=lambda number: True) for each in documents]
            now, needed = prompt(agent, everything), prompt(agent, documents)
            text = sum(map(estimate_tokens, texts_of(now)))
            sides = [
                Sent.of(list(former_pictures(path, documents, store))),
                Sent.of(pictures_of(now)),
                Sent.of(pictures_of(needed)),
            ]
            print(row(f"{path.parent.name}/{path.name}", text, sides), flush=True)
            sums = [added(*pair) for pair in zip(sums, sides, strict=True)]
            texts += text
            cached.append(caching(path.name, agent, everything))
    print(row("all", texts, sums))
    print("\nwhat caches can hit\n\n" + "\n".join(cached))
    close_sandboxes()
    return 0


def samples(folder: Path) -> Iterator[tuple[Agent, Path]]:
    """Each agent's samples, in the folder of its name."""
    for file in sorted((folder / "agents").glob("*.yaml")):
        for path in sorted((folder / file.stem).iterdir()):
            if not path.name.endswith(".expected.json"):
                yield read_agent_file(file), path


def prompt(
    agent: Agent,
    documents: Sequence[Document],
    *,
    instructions: str = "",
    earlier: Sequence[Iteration] = (),
) -> Prompt:
    """As a reader with default settings asks."""
    settings = Settings()
    return build_prompt(
        schema=translate(without_examples(agent.data_schema or {})).schema,
        instructions="\n\n".join(filter(None, (agent.instructions.strip(), instructions))),
        documents=documents,
        input_data=None,
        earlier=earlier,
        show_schema=True,
        context_tokens=settings.model_context_tokens,
        output_tokens=settings.model_max_output_tokens,
        max_images=settings.model_max_images,
    )


def parts_of(built: Prompt) -> Iterator[dict[str, Any]]:
    """Every part of every message."""
    for message in built.messages:
        content = message["content"]
        yield from [{"type": "text", "text": content}] if isinstance(content, str) else content


def texts_of(built: Prompt) -> list[str]:
    """The text in a prompt."""
    return [part["text"] for part in parts_of(built) if part["type"] == "text"]


def pictures_of(built: Prompt) -> list[bytes]:
    """The pictures in a prompt."""
    urls = [part["image_url"]["url"] for part in parts_of(built) if part["type"] == "image_url"]
    return [base64.b64decode(url.partition(",")[2]) for url in urls]


def former_pictures(path: Path, documents: Sequence[Document], store: FileStore) -> Iterator[bytes]:
    """Every page's picture as it used to be sent."""
    for document in documents:
        with store.local_path(document.info.sha256) as content:
            for page in document.pages():
                if page.has_image:
                    yield former_picture(content, document.info.media_type, page.number)


def former_picture(content: Path, media_type: str, number: int) -> bytes:
    """A page rendered, or a frame scaled down, to 2,048 pixels."""
    if media_type == "application/pdf":
        with pdfium.PdfDocument(content) as document:
            page = document[number - 1]
            picture = page.render(scale=FORMER_SIDE / max(page.get_size())).to_pil()
    else:
        with Image.open(content) as opened:
            opened.seek(number - 1)
            picture = ImageOps.exif_transpose(opened.convert("RGB"))
            picture.thumbnail((FORMER_SIDE, FORMER_SIDE))
    file = io.BytesIO()
    picture.convert("RGB").save(file, "JPEG", quality=FORMER_QUALITY, optimize=True)
    return file.getvalue()


def caching(name: str, agent: Agent, documents: Sequence[Document]) -> str:
    """How much of prompts begins as others do, by tokens of text and characters of all."""
    first = prompt(agent, documents)
    other = prompt(agent, [], instructions="Only the first page counts.")
    shared = commonprefix([first.messages[0]["content"], other.messages[0]["content"]])
    wrong = Iteration(
        number=1,
        action="submit",
        action_input={"total_gross": 1},
        observation="- /total_gross: is wrong",
        timestamp=datetime.now(UTC),
        model="m",
    )
    again = prompt(agent, documents, earlier=[wrong])
    before, after = (json.dumps(built.messages)[:-1] for built in (first, again))
    same = len(commonprefix([before, after])) / len(after)
    return (
        f"{name:26} {estimate_tokens(shared):5,} tokens in all executions;"
        f" {same:.1%} of a correction's prompt"
    )


def added(one: Sent, other: Sent) -> Sent:
    """The sum of both."""
    tokens = {name: count + other.tokens[name] for name, count in one.tokens.items()}
    return Sent(one.pictures + other.pictures, one.size + other.size, tokens)


def row(name: str, text: int, sides: Sequence[Sent]) -> str:
    """A line of the table."""

    def each(values: Iterator[int]) -> str:
        return " > ".join(f"{value:,}" for value in values)

    return line(
        (
            name,
            f"{text:,}",
            each(side.pictures for side in sides),
            each(round(side.size / 1024) for side in sides),
            *(each(side.tokens[model] for side in sides) for model in MODELS),
        )
    )


def line(cells: Sequence[str]) -> str:
    """Cells below each other, the numbers to the right."""
    return " ".join(
        cell.ljust(width) if at == 0 else cell.rjust(width)
        for at, (cell, width) in enumerate(zip(cells, WIDTHS, strict=True))
    )


if __name__ == "__main__":
    sys.exit(main())
