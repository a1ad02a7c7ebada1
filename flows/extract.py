"""The flow that one execution is: from files to delivered, signed-off data."""

from typing import Annotated, Any

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from tasks.attempt import attempt
from tasks.deliver import deliver
from tasks.extract import extract_data
from tasks.parse import parse
from tasks.review import review
from tasks.validate import validate

AgentName = Annotated[str, Field(examples=["invoice"], min_length=1, max_length=64)]
FileName = Annotated[str, Field(min_length=1, max_length=4096)]
Files = Annotated[
    list[FileName], Field(examples=[["sample_inputs/invoice/rechnung.pdf"]], max_length=1000)
]
InputData = dict[str, Any] | None
Instructions = Annotated[str, Field(examples=["Amounts are in thousands."], max_length=20_000)]


@flow(name="extract", persist_result=False)
def extract(
    agent: AgentName,
    files: Files = [],  # noqa: B006  shown in Prefect's form; nobody changes it
    input_data: InputData = None,
    additional_instructions: Instructions = "",
) -> State[Any] | None:
    """Read documents into data, have it signed off, and deliver it.

    Args:
        agent: Name (or id) of the agent: what to extract, and where it goes.
        files: Paths that the worker sees, or URLs (file://, http://, https://, s3://). Together
            they are one execution, at most 100 MiB. Taken: eml, webp, jpg, jpeg, gif, txt, pdf,
            png.
        input_data: Data to work on beside the files, or instead of them.
        additional_instructions: For this execution only, after the agent's own instructions.
    """
    with attempt(agent, input_data, additional_instructions) as run:
        if run.needs_inputs:
            validate(run.lease, files)
        if run.needs_data:
            parse(run.lease)
            extract_data(run.lease)
        review(run.lease)
        deliver(run.lease)
    return run.final_state
