"""Calibrate: fit an agent's confidence, and show what it is worth."""

from __future__ import annotations

import base64
import re

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from signoff import calibration
from signoff.extraction.confidence.report import CalibrationReport
from signoff.review.description import escape_markdown
from signoff.storage import agents
from signoff.storage.store import get_store


@task(name="fit", cache_policy=NO_CACHE, persist_result=False)
def fit(agent: str) -> CalibrationReport:
    """Fit on the agent's reviews, and keep the model where there are enough."""
    store = get_store()
    with store.database.reading() as session:
        revision = agents.find(session, agent, cipher=store.cipher)
    return calibration.calibrate(store, revision)


@task(name="publish", cache_policy=NO_CACHE, persist_result=False)
def publish(agent: str, report: CalibrationReport) -> None:
    """Show the report as an artifact of the run, with the reliability plot."""
    blocks = [f"## Confidence of the agent {escape_markdown(agent)}"]
    blocks.append("```text\n" + "\n".join(calibration.describe(report)) + "\n```")
    if report.labels:
        picture = base64.b64encode(calibration.plot(report)).decode()
        blocks.append(f"![Reliability plot](data:image/png;base64,{picture})")
    create_markdown_artifact(
        markdown="\n\n".join(blocks),
        key="calibration-" + re.sub("[^a-z0-9]+", "-", agent.lower()).strip("-"),
        description="How far the agent's confidence can be trusted",
    )
