"""Create the chains of the audit."""

from alembic import op

revision = "0003"
down_revision = "0002"

_TABLES = """
create table audit_entry (
    tenant      text collate "C" not null,
    number      bigint not null,
    position    bigint not null,
    kind        text not null,
    ts_event    bigint not null,
    message_id  bigint not null,
    cause       bigint not null,
    payload     bytea not null,
    primary key (tenant, number)
);
create table audit_seal (
    tenant     text collate "C" not null,
    number     bigint not null,
    first      bigint not null,
    count      bigint not null,
    position   bigint not null,
    sealed_at  bigint not null,
    previous   bytea not null,
    root       bytea not null,
    hash       bytea not null,
    signature  bytea not null,
    leaves     bytea not null,
    primary key (tenant, number)
);
"""

_APPEND_ONLY = """
create trigger append_only before update or delete or truncate on {table}
    for each statement execute function refuse_change();
"""

_ISOLATION = """
grant select, insert on {table} to assay_platform;
grant select on {table} to assay_tenant;
alter table {table} enable row level security;
alter table {table} force row level security;
create policy platform_all on {table} to assay_platform, current_user
    using (true) with check (true);
create policy tenant_own on {table} to assay_tenant
    using (tenant in ('', current_setting('assay.tenant', true)));
"""


def upgrade() -> None:
    """Create the tables, their append-only guard and the isolation of tenants."""
    op.execute(_TABLES)
    for table in ("audit_entry", "audit_seal"):
        op.execute(_APPEND_ONLY.format(table=table))
        op.execute(_ISOLATION.format(table=table))
    # A hash does not compress.
    op.execute("alter table audit_seal alter column leaves set storage external")
