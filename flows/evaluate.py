"""The flow that measures an agent on documents whose data is known."""

from typing import Annotated

from prefect import flow
from pydantic import Field

from tasks.evaluate import measure

AgentName = Annotated[str, Field(examples=["invoice"], min_length=1, max_length=64)]
Folder = Annotated[str, Field(examples=["/srv/known-invoices"], min_length=1, max_length=4096)]


@flow(name="evaluate", persist_result=False)
def evaluate(agent: AgentName, folder: Folder, partial: bool = False) -> None:
    """Read a folder of documents whose data is known, and report how much of it was right.

    The report is this run's artifact, and an HTML file in Signoff's home. Nothing is delivered.

    Args:
        agent: Name (or id) of the agent.
        folder: The folder's path as the worker sees it. The data of invoice.pdf lies beside it in
            invoice.pdf.expected.json; a subfolder with an expected.json is one document of
            several files.
        partial: Do not judge what the expected data does not name.
    """
    measure(agent, folder, partial)
