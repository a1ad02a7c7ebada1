"""What a person does in Prefect's UI, in a real browser."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, Locator, Page, expect, sync_playwright
from support.platform import ROOT, Platform, wait_until
from support.receiver import Receiver

from signoff.executions.agent_files import read_agent_file
from signoff.executions.models import Execution
from signoff.prefect_runs import RunState
from signoff.storage import agents, executions

CHROMIUM = Path(os.environ.get("SIGNOFF_TEST_CHROMIUM", "/usr/bin/chromium"))
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]

pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists(), reason=f"there is no browser at {CHROMIUM}: apt-get install chromium"
)


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(viewport={"width": 1400, "height": 1200})
        page.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        yield page
        browser.close()


@pytest.fixture
def invoice_agent(platform: Platform, receiver: Receiver) -> str:
    """The sample agent, delivering to the receiver."""
    file = ROOT / "sample_inputs" / "agents" / "invoice.yaml"
    agent = read_agent_file(file, {"SIGNOFF_WEBHOOK_URL": receiver.url()})
    with platform.store.database.transaction() as session:
        agents.apply(session, agent, cipher=platform.store.cipher)
    return agent.name


def newest(platform: Platform) -> Execution | None:
    with platform.store.database.reading() as session:
        found = executions.newest(session, limit=1)
    return found[0] if found else None


def start_from_form(page: Page, platform: Platform, deployment: str, file: Path) -> Execution:
    """Start a run from the deployment's form; the execution it becomes."""
    before = newest(platform)
    page.goto(f"{platform.url}/v2/deployments")
    page.get_by_role("link", name=deployment, exact=True).first.click()
    page.get_by_role("button", name="Run", exact=True).first.click()
    page.get_by_role("menuitem", name="Custom run").click()
    expect(page.get_by_text("Name (or id) of the agent")).to_be_visible()
    page.get_by_role("button", name="Add item").click()
    page.locator("textarea").nth(1).fill(str(file))
    page.get_by_role("button", name="Submit").click()

    def started() -> Execution | None:
        found = newest(platform)
        return found if found and (before is None or found.number > before.number) else None

    number: int = wait_until(started).number
    platform.wait_for(number, "PENDING_REVIEW")
    wait_until(lambda: platform.form_is_open(platform.execution(number)))
    execution: Execution = platform.execution(number)
    return execution


def open_form(page: Page, platform: Platform, execution: Execution) -> Locator:
    page.goto(f"{platform.url}/v2/runs/flow-run/{execution.flow_run_id}")
    page.locator("button[aria-haspopup=menu]").first.click()
    page.get_by_role("menuitem", name="Resume").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Invoice number")).to_be_visible()
    return dialog


def test_a_reviewer_sees_page_and_fields_changes_one_and_the_webhook_gets_the_change(
    worker: Platform, invoice_agent: str, receiver: Receiver, page: Page
) -> None:
    sample = ROOT / "sample_inputs" / "invoice" / "rechnung.pdf"
    execution = start_from_form(page, worker, invoice_agent, sample)

    dialog = open_form(page, worker, execution)
    picture = dialog.locator("img").first
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") > 500
    number = dialog.get_by_label("Invoice number")
    assert execution.extraction is not None
    expect(number).to_have_value(execution.extraction.data["invoice_number"])
    number.fill("CORRECTED-1")
    dialog.get_by_role("button", name="Resume").click()

    worker.wait_for(execution.number, "DELIVERED_TO_DESTINATION")
    wait_until(lambda: worker.run_state(execution) is RunState.COMPLETED)
    sent = json.loads(receiver.requests[0].body)
    assert sent == execution.extraction.data | {"invoice_number": "CORRECTED-1"}


def test_a_required_field_left_empty_is_refused_by_name_and_the_run_stays_suspended(
    worker: Platform, invoice_agent: str, receiver: Receiver, page: Page
) -> None:
    sample = ROOT / "sample_inputs" / "invoice" / "fatura.png"
    execution = worker.run_to_review(invoice_agent, sample)
    dialog = open_form(page, worker, execution)
    dialog.get_by_label("Invoice number").fill("")
    with page.expect_response("**/resume") as answered:
        dialog.get_by_role("button", name="Resume").click()
    answer = answered.value.json()
    assert answer["status"] == "REJECT"
    assert "invoice_number" in answer["details"]["reason"]
    assert worker.form_is_open(worker.execution(execution.number))
    assert receiver.requests == []


def test_the_cancel_button_of_a_suspended_run_cancels_the_execution(
    worker: Platform, invoice_agent: str, page: Page
) -> None:
    sample = ROOT / "sample_inputs" / "invoice" / "fatura.png"
    execution = worker.run_to_review(invoice_agent, sample)
    page.goto(f"{worker.url}/v2/runs/flow-run/{execution.flow_run_id}")
    page.locator("button[aria-haspopup=menu]").first.click()
    page.get_by_role("menuitem", name="Cancel").click()
    page.get_by_role("alertdialog").or_(page.get_by_role("dialog")).get_by_role(
        "button", name="Cancel"
    ).last.click()
    worker.wait_for(execution.number, "CANCELED")
    wait_until(lambda: worker.run_state(execution) is RunState.CANCELLED)


def test_document_text_that_looks_like_markup_is_shown_as_text(
    worker: Platform, make_agent, page: Page, note: Path, tmp_path: Path
) -> None:
    hostile = tmp_path / "<img src=x onerror=alert(1)> [click](javascript:alert(2)).txt"
    hostile.write_bytes(note.read_bytes())
    execution = worker.run_to_review(make_agent(), hostile)
    dialogs: list[str] = []

    def note_and_dismiss(shown: Dialog) -> None:
        dialogs.append(shown.message)
        shown.dismiss()

    page.on("dialog", note_and_dismiss)
    page.goto(f"{worker.url}/v2/runs/flow-run/{execution.flow_run_id}")
    page.locator("button[aria-haspopup=menu]").first.click()
    page.get_by_role("menuitem", name="Resume").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Why, and where")).to_be_visible()
    assert dialog.locator("img[src='x']").count() == 0
    assert dialog.get_by_role("link", name="click").count() == 0
    assert dialogs == []
