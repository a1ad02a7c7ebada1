"""From executions to what the agentic dialect shows of them."""

from __future__ import annotations

from urllib.parse import quote

from signoff.api.agentic import schemas
from signoff.executions.models import Confirmed, DeliveredToDestination, Execution, StoredFile
from signoff.executions.phases import Phase
from signoff.executions.states import Status

CANCELED = ("canceled", "The execution was canceled before its data was confirmed.")


def shown(execution: Execution) -> schemas.AgenticExecution:
    """An execution as this dialect has it.

    A failure is shown when it is what ended the execution: one that a person is correcting, or
    of a delivery after sign-off, is none here.
    """
    code, explanation, finished_at = None, None, execution.finished_at
    if execution.phase is Phase.FAILED:
        if execution.status is Status.CANCELED:
            code, explanation = CANCELED
        elif failure := execution.failure:
            code, explanation, finished_at = failure.code, failure.explanation, failure.at
    duration = (finished_at - execution.created_at).total_seconds() if finished_at else None
    confirmed = None
    if isinstance(execution.state, Confirmed | DeliveredToDestination):
        confirmed = execution.state.data_confirmed
    return schemas.AgenticExecution(
        id=execution.number,
        agent=execution.agent_number,
        execution_key=execution.execution_type,
        conversation=execution.number,
        status=execution.phase.value,
        input=execution.input_data or {},
        result=confirmed,
        failure_code=code,
        failure_explanation=explanation,
        celery_task_id=execution.flow_run_id,
        started_at=execution.created_at,
        finished_at=finished_at,
        duration_seconds=duration,
        files=[_file(execution, file) for file in execution.files],
    )


def _file(execution: Execution, file: StoredFile) -> schemas.ExecutionFile:
    # with its number: two files of an execution may have the same name
    return schemas.ExecutionFile(
        id=file.number,
        filename=file.name,
        file_url=(
            f"/media/conversations/{execution.number}/{file.number}/{quote(file.name, safe='')}"
        ),
        content_type=file.media_type,
    )
