"""Find the orders that are not confirmed without reading those that are."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Index the open rows of the outbox and keep when a run was last seen."""
    op.execute("create index outbox_open on outbox (position) where confirmed_at is null")
    op.execute("alter table run_meta add column ts bigint not null default 0")
