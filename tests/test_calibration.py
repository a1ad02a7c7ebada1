"""Fitting an agent's confidence on the reviews on record, and what is shown of it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.stores import let_go, make_agent, opened_store, take_lease, with_inputs
from typer.testing import CliRunner

from signoff import calibration
from signoff.cli import app, quality
from signoff.executions.agents import JsonObject
from signoff.executions.extractions import Extraction, FieldSignals, MatchKind
from signoff.executions.models import AgentRevision, Decision
from signoff.executions.scalars import scalars
from signoff.executions.states import Status
from signoff.extraction.confidence import PRIOR
from signoff.storage import agents, calibrations, executions, reviews
from signoff.storage.store import Store

FOUND = FieldSignals(match=MatchKind.EXACT, similarity=1, word_confidence=1, places=1)
AGREED = FOUND.model_copy(update={"offline_agrees": True})
DENIED = FOUND.model_copy(update={"offline_agrees": False})
READ: JsonObject = {"number": "17", "total": 12.5}
ROWS: JsonObject = {"codes": ["17", "18"], "amounts": [12.5, 20]}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened_store(tmp_path / "home") as opened:
        yield opened


def revision(store: Store, name: str = "invoice") -> AgentRevision:
    with store.database.reading() as session:
        return agents.find(session, name, cipher=store.cipher)


def reviewed(
    store: Store,
    confirmed: JsonObject | None,
    *,
    name: str = "invoice",
    read: JsonObject = READ,
    edited: JsonObject | None = None,
) -> None:
    """An execution whose data a person confirmed (or, without any, canceled)."""
    execution_id = with_inputs(store, make_agent(name))
    lease = take_lease(store, execution_id)
    signals = {
        pointer: AGREED if isinstance(value, str) else DENIED for pointer, value in scalars(read)
    }
    with store.database.transaction() as session:
        executions.record_extraction(
            session,
            lease,
            Extraction(data=read, signals=signals, model="m"),
            target=Status.PENDING_REVIEW,
        )
    let_go(store, lease)
    with store.database.transaction() as session:
        if edited is not None:
            reviews.edit(session, execution_id, edited, by="me")
        answer = reviews.submit(
            session,
            execution_id,
            decision=Decision.CONFIRM if confirmed else Decision.CANCEL,
            data=confirmed,
            comment="",
            source="cli",
            answered_by="me",
        )
        reviews.accept(session, answer.id, changes=[])


def signed_off_by_policy(store: Store) -> None:
    lease = take_lease(store, with_inputs(store, make_agent()))
    with store.database.transaction() as session:
        executions.record_extraction(
            session,
            lease,
            Extraction(data=READ, signals={"/total": FOUND}, model="m"),
            target=Status.CONFIRMED,
        )


def many_reviews(store: Store, count: int = 16) -> None:
    """What the offline reader agrees on is wrong half of the time, the rest is right."""
    chance = random.Random(3)
    for _ in range(count):
        codes = [code if chance.random() < 0.5 else f"{code}-x" for code in ROWS["codes"]]
        reviewed(store, {**ROWS, "codes": codes}, read=ROWS)


def test_only_what_people_confirmed_gives_labels(store: Store) -> None:
    reviewed(store, {"number": "18", "total": 12.5})
    reviewed(store, READ)
    reviewed(store, None)
    reviewed(store, READ, name="other")
    signed_off_by_policy(store)
    report = calibration.calibrate(store, revision(store))
    assert (report.executions, report.labels, report.prior.right) == (2, 4, 3)


def test_what_a_person_edited_before_the_review_counts_as_changed(store: Store) -> None:
    edited = {"number": "18", "total": 12.5}
    reviewed(store, edited, edited=edited)
    report = calibration.calibrate(store, revision(store))
    assert (report.labels, report.prior.right) == (2, 1)


def test_too_few_reviews_say_how_many_are_missing_and_change_nothing(store: Store) -> None:
    reviewed(store, READ)
    report = calibration.calibrate(store, revision(store))
    text = "\n".join(calibration.describe(report))
    assert "58 more labels and 9 more reviewed executions needed" in text
    assert "The prior stays" in text
    with store.database.reading() as session:
        assert calibrations.newest(session, revision(store).agent_id) is None
    assert calibration.confidence_model(store, revision(store)) is PRIOR


def test_without_any_review_there_is_a_report_all_the_same(store: Store) -> None:
    with_inputs(store)
    report = calibration.calibrate(store, revision(store))
    assert report.labels == 0
    assert any("60 more labels" in line for line in calibration.describe(report))
    assert list(calibration.bars(report.shown)) == []
    assert calibration.plot(report).startswith(b"\x89PNG")


def test_the_newest_fit_of_the_agent_is_used(store: Store) -> None:
    many_reviews(store)
    report = calibration.calibrate(store, revision(store))
    assert report.used == "reviews"
    assert report.fitted is not None
    assert report.fitted.auroc is not None
    assert report.prior.auroc is not None
    assert report.fitted.auroc > 0.7 > 0.3 > report.prior.auroc
    model = calibration.confidence_model(store, revision(store))
    assert model.score(DENIED, 12.5) > 0.9 > model.score(AGREED, "17")
    reviewed(store, READ, name="other")
    assert calibration.confidence_model(store, revision(store, "other")) is PRIOR


def test_a_stored_fit_is_plain_json(store: Store) -> None:
    many_reviews(store)
    calibration.calibrate(store, revision(store))
    with store.database.reading() as session:
        stored = calibrations.newest(session, revision(store).agent_id)
    assert stored is not None
    assert set(stored.model) == {"version", "source", "bias", "weights", "offline_cap"}
    assert stored.report["labels"] == 64


def test_the_plot_may_be_a_vector_graphic(store: Store) -> None:
    many_reviews(store)
    assert b"<svg" in calibration.plot(calibration.calibrate(store, revision(store)), format="svg")


# -- on the command line --------------------------------------------------------------------------


@pytest.fixture
def on_store(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(quality, "open_store", lambda: store)
    return store


def test_the_command_prints_and_draws(on_store: Store, tmp_path: Path) -> None:
    many_reviews(on_store)
    plot = tmp_path / "reliability.svg"
    result = CliRunner().invoke(app, ["calibrate", "invoice", "--plot", str(plot)])
    assert result.exit_code == 0, result.output
    for part in ("64 values of 16 reviews", "AUROC", "coverage at 99% right", "calibration error"):
        assert part in result.output
    assert "|" in result.output
    assert "<svg" in plot.read_text()


def test_the_command_prints_json(on_store: Store) -> None:
    reviewed(on_store, READ)
    result = CliRunner().invoke(app, ["calibrate", "invoice", "--json"])
    assert json.loads(result.output)["missing_labels"] == 58


def test_the_command_refuses_other_pictures(on_store: Store) -> None:
    result = CliRunner().invoke(app, ["calibrate", "invoice", "--plot", "plot.gif"])
    assert result.exit_code == 2
