"""What Alembic runs: migrations on the connection that the caller opened."""

from typing import Any, Literal

from alembic import context

from signoff.storage.plain_values import PlainString, PlainText
from signoff.storage.tables import Base, UtcDateTime


def render(kind: str, item: Any, _context: object) -> str | Literal[False]:
    """Write our column types as the plain ones below them: a migration outlives our code."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, PlainString | PlainText):
        return f"sa.{item.impl_instance!r}"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=render,
    compare_type=True,
)
context.run_migrations()
