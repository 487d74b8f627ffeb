"""Find the audit's entry of a message without reading the chain."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Index the entries by the place of their message in the journal."""
    op.execute("create index audit_entry_position on audit_entry (tenant, position)")
