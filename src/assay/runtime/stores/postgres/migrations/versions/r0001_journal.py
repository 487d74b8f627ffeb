"""Create the journal and the state that is committed with it."""

from alembic import op

revision = "0001"
down_revision = None

_TABLES = """
create table journal (
    position    bigint primary key,
    batch       bigint not null,
    tenant      text not null,
    stream      text not null,
    version     bigint not null,
    kind        text not null,
    message_id  bigint not null,
    cause       bigint not null,
    ts_event    bigint not null,
    ts_init     bigint not null,
    count       integer not null check (count > 0),
    payload     bytea not null,
    unique (stream, version, tenant)
);
create index journal_batch on journal (batch, position);
create table snapshot (
    module    text not null,
    position  bigint not null,
    version   integer not null,
    state     bytea not null,
    checksum  bytea not null,
    primary key (module, position)
);
create table inbox (
    module    text primary key,
    position  bigint not null,
    cursor    text not null
);
create table outbox (
    key           bigint primary key,
    position      bigint not null,
    ordinal       integer not null,
    payload       bytea not null,
    confirmed_at  bigint
);
create table halt (
    tenant   text primary key,
    engaged  boolean not null,
    reason   text not null,
    by       text not null,
    ts       bigint not null
);
create table run_meta (
    key    text primary key,
    value  text not null
);
"""

_APPEND_ONLY = """
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'table % is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger append_only before update or delete or truncate on journal
    for each statement execute function refuse_change();
"""

_ISOLATION = """
grant usage on schema public to assay_platform, assay_tenant;
grant select, insert on journal to assay_platform;
grant select, insert, update, delete on snapshot, inbox, outbox, halt, run_meta to assay_platform;
grant select on journal, halt to assay_tenant;
alter table journal enable row level security;
alter table journal force row level security;
alter table halt enable row level security;
alter table halt force row level security;
create policy platform_all on journal to assay_platform, current_user
    using (true) with check (true);
create policy platform_all on halt to assay_platform, current_user
    using (true) with check (true);
create policy tenant_own on journal to assay_tenant
    using (tenant in ('', current_setting('assay.tenant', true)));
create policy tenant_own on halt to assay_tenant
    using (tenant in ('', current_setting('assay.tenant', true)));
"""


def upgrade() -> None:
    """Create the tables, their append-only guard and the isolation of tenants."""
    # Frames are compressed where they are written; a second attempt only costs time.
    for script in (_TABLES, _APPEND_ONLY, _ISOLATION):
        op.execute(script)
    op.execute("alter table journal alter column payload set storage external")
