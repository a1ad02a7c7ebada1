"""Peer 2's flow: the same work as anybody would write it for Prefect, three tasks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import openai
import requests
from prefect import flow, task

from benchmarks.pipeline_parts.documents import SCHEMA
from benchmarks.pipeline_parts.thread_pool import page_text, same_size


@task
def parse(path: str) -> str:
    """The text of the PDF."""
    return page_text(Path(path))


@task
def extract(text: str, model: str, prompt: str) -> dict[str, Any]:
    """The data, read by the model."""
    client = openai.OpenAI(base_url=model, api_key="benchmark")
    answer = client.chat.completions.create(
        model="benchmark",
        messages=[{"role": "user", "content": same_size(prompt, text)}],
        response_format={"type": "json_schema", "json_schema": {"name": "data", "schema": SCHEMA}},
    )
    data: dict[str, Any] = json.loads(answer.choices[0].message.content or "")
    return data


@task
def deliver(data: dict[str, Any], webhook: str) -> None:
    """The webhook."""
    requests.post(
        webhook, json=data, headers={"webhook-id": str(uuid4())}, timeout=30
    ).raise_for_status()


@flow
def document(path: str, model: str, webhook: str, messages: str) -> None:
    """One document, from file to webhook."""
    text = parse(path)
    deliver(extract(text, model, Path(messages).read_text("utf-8")), webhook)
