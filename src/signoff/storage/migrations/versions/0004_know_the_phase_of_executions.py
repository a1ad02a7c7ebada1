"""Know the phase of executions: lists are filtered by it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

PHASE = (
    "CASE"
    " WHEN status IN ('CONFIRMED', 'DELIVERED_TO_DESTINATION') THEN 'finished'"
    " WHEN status = 'CANCELED' THEN 'failed'"
    " WHEN status = 'PENDING_REVIEW' THEN 'in_progress'"
    " WHEN failure_code IS NOT NULL THEN 'failed'"
    " WHEN attempt > 0 THEN 'in_progress'"
    " ELSE 'pending'"
    " END"
)


def upgrade() -> None:
    # not in a batch, which on SQLite would copy the table: a column that is computed when it is
    # read can be added to it as it stands
    op.add_column("executions", sa.Column("phase", sa.String(length=16), sa.Computed(PHASE)))
    op.create_index("ix_executions_by_phase", "executions", ["workspace_id", "phase", "number"])
    op.create_index("ix_executions_by_agent_phase", "executions", ["agent_id", "phase", "number"])


def downgrade() -> None:
    op.drop_index("ix_executions_by_agent_phase", "executions")
    op.drop_index("ix_executions_by_phase", "executions")
    op.drop_column("executions", "phase")
