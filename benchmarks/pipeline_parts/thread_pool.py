"""Peer 1: a plain script, no orchestration: a thread pool, pypdfium2, openai and requests.

    python -m benchmarks.pipeline_parts.thread_pool FOLDER MODEL_URL WEBHOOK_URL MESSAGES THREADS

Nothing is recorded, nothing checked, nothing tried again. Prints when it began (CLOCK_MONOTONIC).
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from time import monotonic
from uuid import uuid4

import openai
import pypdfium2
import requests

from benchmarks.pipeline_parts.documents import SCHEMA

_PDFIUM = Lock()  # the library is not thread-safe


class Reader:
    """Reads PDFs into data, and sends it on."""

    def __init__(self, *, model: str, webhook: str, prompt: str) -> None:
        self._client = openai.OpenAI(base_url=model, api_key="benchmark")
        self._session = requests.Session()
        adapter = requests.adapters.HTTPAdapter(pool_maxsize=64)
        self._session.mount("http://", adapter)
        self._webhook, self._prompt = webhook, prompt

    def read(self, path: Path) -> None:
        """One document, from file to webhook."""
        text = page_text(path)
        answer = self._client.chat.completions.create(
            model="benchmark",
            messages=[{"role": "user", "content": same_size(self._prompt, text)}],
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "data", "schema": SCHEMA},
            },
        )
        data = json.loads(answer.choices[0].message.content or "")
        self._session.post(
            self._webhook, json=data, headers={"webhook-id": str(uuid4())}, timeout=30
        ).raise_for_status()


def page_text(path: Path) -> str:
    """The text of all pages."""
    with _PDFIUM:
        pdf = pypdfium2.PdfDocument(path)
        try:
            return "\n".join(page.get_textpage().get_text_bounded() for page in pdf)
        finally:
            pdf.close()


def same_size(prompt: str, text: str) -> str:
    """A prompt as long as Signoff's, ending with the document's own text."""
    return prompt[: max(0, len(prompt) - len(text))] + text


def main() -> None:
    """Read every file of a folder."""
    folder, model, webhook, messages, threads = sys.argv[1:]
    reader = Reader(model=model, webhook=webhook, prompt=Path(messages).read_text("utf-8"))
    files = sorted(Path(folder).glob("*.pdf"))
    print(monotonic(), flush=True)
    with ThreadPoolExecutor(int(threads)) as pool:
        list(pool.map(reader.read, files))


if __name__ == "__main__":
    main()
