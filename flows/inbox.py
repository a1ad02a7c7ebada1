"""The flow that empties an inbox folder: one file, or one subfolder, is one execution."""

from typing import Annotated, Any

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from tasks.inbox import final_state, look, open_inbox, report, take

Folder = Annotated[str, Field(examples=["/srv/invoices"], min_length=1, max_length=4096)]
AgentName = Annotated[str, Field(examples=["invoice"], max_length=64)]
Workspace = Annotated[str, Field(min_length=1, max_length=64)]
Seconds = Annotated[float, Field(examples=[5], ge=0, le=300)]


@flow(name="inbox", persist_result=False)
def inbox(
    folder: Folder = "inbox",
    agent: AgentName = "",
    rerun_duplicates: bool = False,
    settle: Seconds = 5,
    workspace: Workspace = "default",
) -> State[Any]:
    """Take what is new in a folder: each file, or subfolder, becomes one execution.

    What was taken is moved to done/, what was refused to failed/ with the reason beside it, and
    report.csv follows the executions to their end.

    Args:
        folder: The folder's path as the worker sees it; made if it is not there. A relative path
            starts in Signoff's home folder (SIGNOFF_HOME).
        agent: Name (or id) of the agent for files and subfolders. Left empty, the inbox takes
            mails only. Mails (.eml) go to the agent whose email_trigger has their recipient's
            address.
        rerun_duplicates: Run content again that this inbox has had before.
        settle: Seconds for which a file must not change before it is taken.
        workspace: The workspace of the agents.
    """
    opened = open_inbox(folder, agent=agent, workspace=workspace, rerun_duplicates=rerun_duplicates)
    found = look(opened, settle)
    outcomes = take(opened, found)
    report(opened, outcomes)
    return final_state(outcomes, found)
