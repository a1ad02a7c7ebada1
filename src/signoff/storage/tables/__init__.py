"""The database's tables. Rows never leave this package: callers get records (models).

Migrations in ``migrations/`` must lead to exactly these; a test compares the two.
"""

from signoff.storage.tables.agents import AgentRevisionRow, AgentRow, WorkspaceRow
from signoff.storage.tables.base import Base, UtcDateTime
from signoff.storage.tables.executions import (
    DeliveryAttemptRow,
    DeliveryRow,
    ExecutionRow,
    FieldChangeRow,
    FileRow,
    IterationRow,
    ParsedFileRow,
    ReviewAnswerRow,
    StepRow,
    TrailRow,
)
from signoff.storage.tables.http import EventRow, IdempotencyKeyRow, TokenRow
from signoff.storage.tables.inboxes import GuardRow, InboxItemRow, InboxRow
from signoff.storage.tables.quality import (
    CalibrationRow,
    EvaluationCaseRow,
    EvaluationRow,
    ModelServerRow,
)

__all__ = [
    "AgentRevisionRow",
    "AgentRow",
    "Base",
    "CalibrationRow",
    "DeliveryAttemptRow",
    "DeliveryRow",
    "EvaluationCaseRow",
    "EvaluationRow",
    "EventRow",
    "ExecutionRow",
    "FieldChangeRow",
    "FileRow",
    "GuardRow",
    "IdempotencyKeyRow",
    "InboxItemRow",
    "InboxRow",
    "IterationRow",
    "ModelServerRow",
    "ParsedFileRow",
    "ReviewAnswerRow",
    "StepRow",
    "TokenRow",
    "TrailRow",
    "UtcDateTime",
    "WorkspaceRow",
]
