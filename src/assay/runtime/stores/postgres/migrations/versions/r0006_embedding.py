"""Create the store of embeddings, where the server has the extension vector."""

from alembic import op

revision = "0006"
down_revision = "0005"

# A schema of its own: what is derived from bars is filled anew and belongs in no backup. A server
# of somebody else may lack the extension, or refuse it to us; everything else then works.
_STORE = """
drop schema if exists embedding cascade;
create schema embedding;
do $$
declare
    path text := current_setting('search_path');
begin
    perform set_config('search_path', 'embedding, ' || path, true);
    if exists (select from pg_available_extensions where name = 'vector') then
        begin
            create extension if not exists vector;
        exception when insufficient_privilege then
            raise notice 'extension vector needs an administrator';
        end;
    end if;
    if exists (select from pg_extension where extname = 'vector') then
        create table embedding.pattern_shape (
            tenant    text collate "C" not null,
            series    text collate "C" not null,
            ts_close  bigint not null,
            known     bigint not null check (known > ts_close),
            move      bigint not null,
            shape     vector(22) not null,
            primary key (tenant, series, ts_close)
        );
        create index pattern_shape_near on embedding.pattern_shape
            using hnsw (shape vector_l2_ops);
        grant usage on schema embedding to assay_platform, assay_tenant;
        grant select, insert, update, delete on embedding.pattern_shape to assay_platform;
        grant select on embedding.pattern_shape to assay_tenant;
        alter table embedding.pattern_shape enable row level security;
        alter table embedding.pattern_shape force row level security;
        create policy platform_all on embedding.pattern_shape to assay_platform, current_user
            using (true) with check (true);
        create policy tenant_own on embedding.pattern_shape to assay_tenant
            using (tenant in ('', current_setting('assay.tenant', true)));
    end if;
    perform set_config('search_path', path, true);
end $$;
"""


def upgrade() -> None:
    """Create the shapes of patterns, their index of neighbours and the isolation of tenants."""
    op.execute(_STORE)
