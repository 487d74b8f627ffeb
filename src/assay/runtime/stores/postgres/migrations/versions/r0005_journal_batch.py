"""Drop an index that the order of positions makes needless."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Read batches by position: a batch holds the positions after the last one's, up to its own."""
    op.execute("drop index journal_batch")
