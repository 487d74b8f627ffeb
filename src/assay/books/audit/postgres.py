"""Chains in PostgreSQL: appended in one transaction with the place in the journal."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

import psycopg
from psycopg.rows import tuple_row

from assay.books.audit.entries import AuditEntry
from assay.books.audit.ports import MODULE
from assay.books.audit.seals import Seal
from assay.model.errors import RetryError
from assay.runtime.journal import RawRecord, read_raw
from assay.runtime.journal.reading import reachable

Row = TypeVar("Row", AuditEntry, Seal)

_WRITER_LOCK = 0x41535341_59000003
_PAGE_ROWS = 2_000
_APPEND = """
with entered as (
    insert into audit_entry select * from unnest(
        %b::text[], %b::int8[], %b::int8[], %b::text[], %b::int8[], %b::int8[], %b::int8[],
        %b::bytea[])
), sealed as (
    insert into audit_seal select * from unnest(
        %b::text[], %b::int8[], %b::int8[], %b::int8[], %b::int8[], %b::int8[], %b::bytea[],
        %b::bytea[], %b::bytea[], %b::bytea[], %b::bytea[])
), placed as (
    insert into inbox values (%s, %s, '') on conflict (module)
    do update set position = excluded.position
)
select
"""
# A walk along the index from tenant to tenant, where `distinct` would read the whole of it.
_TENANTS = """
with recursive found as (
    (select tenant from audit_entry order by tenant limit 1)
    union all
    select (select tenant from audit_entry where tenant > found.tenant order by tenant limit 1)
    from found where found.tenant is not null
)
select tenant, (select max(number) from audit_entry where tenant = found.tenant)
from found where tenant is not null
"""
_LAST_SEALS = """
with recursive found as (
    (select tenant from audit_seal order by tenant limit 1)
    union all
    select (select tenant from audit_seal where tenant > found.tenant order by tenant limit 1)
    from found where found.tenant is not null
)
select newest.* from found cross join lateral (
    select * from audit_seal where tenant = found.tenant order by number desc limit 1
) as newest where found.tenant is not null
"""


class PostgresAuditStore:
    """Append to the chains in the database of a DSN; hold the right to write until closed.

    After a RetryError of an append its outcome is unknown: open the store again.
    """

    def __init__(self, dsn: str, *, wait_s: float = 2.0) -> None:
        with reachable():
            name = f"assay-audit-{os.getpid()}"
            self._connection = psycopg.connect(
                dsn, autocommit=True, prepare_threshold=2, application_name=name
            )
            try:
                self._take_lock(wait_s)
            except BaseException:
                self._connection.close()
                raise
        self._read_to = -1
        self._records: Iterator[RawRecord] = iter(())

    def _take_lock(self, wait_s: float) -> None:
        run = self._connection.execute
        run("set synchronous_commit = on")
        run("select set_config('lock_timeout', %s, false)", (f"{int(wait_s * 1000) or 1}ms",))
        try:
            run("select pg_advisory_lock(%s)", (_WRITER_LOCK,))
        except psycopg.errors.LockNotAvailable:
            raise RetryError(
                "the audit is being written by another program; stop it with `assay stop`"
            ) from None
        run("set lock_timeout = 0")

    def position(self) -> int:
        """Return the journal position up to which messages are entered."""
        return _position(self._connection)

    def read_journal(self, after: int, limit: int) -> list[RawRecord]:
        """Return up to `limit` journalled messages behind a position, reading on from the last."""
        if after != self._read_to:
            self._records = read_raw(self._connection, after)
        found = list(islice(self._records, limit))
        # An exhausted stream stays so, whatever the journal gets afterwards.
        self._read_to = found[-1].position if len(found) == limit else -1
        return found

    def lengths(self) -> dict[str, int]:
        """Return the number of each tenant's last entry."""
        with reachable():
            return dict(self._connection.execute(_TENANTS).fetchall())

    def last_seals(self) -> dict[str, Seal]:
        """Return each tenant's newest seal."""
        with reachable():
            rows = self._connection.execute(_LAST_SEALS).fetchall()
        return {seal.tenant: seal for seal in (Seal(*row) for row in rows)}

    def seal(self, tenant: str, number: int) -> Seal | None:
        """Return one seal."""
        with reachable():
            row = self._connection.execute(
                "select * from audit_seal where tenant = %s and number = %s", (tenant, number)
            ).fetchone()
        return Seal(*row) if row else None

    def append(self, entries: Sequence[AuditEntry], seals: Sequence[Seal], position: int) -> None:
        """Make a batch and the new place durable in one statement, and so one transaction."""
        columns = [list(column) for column in zip(*entries, strict=True)]
        columns += [list(column) for column in zip(*seals, strict=True)]
        with reachable():
            self._connection.execute(_APPEND, (*columns, MODULE, position))

    def close(self) -> None:
        """Give up the right to write."""
        self._connection.close()


class PostgresChains:
    """Show chains and journal as one transaction sees them; made by `open_chains`."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._lengths: dict[str, tuple[int, int]] | None = None

    def lengths(self) -> dict[str, tuple[int, int]]:
        """Return how many entries and seals each tenant has."""
        if self._lengths is None:
            self._lengths = self._count()
        return self._lengths

    def _count(self) -> dict[str, tuple[int, int]]:
        with reachable():
            run = self._connection.execute
            found = {str(row[0]): (0, 0) for row in run("select distinct tenant from journal")}
            seals = dict(run("select tenant, count(*) from audit_seal group by tenant").fetchall())
            counted = "select tenant, count(*) from audit_entry group by tenant"
            entries = dict(run(counted).fetchall())
        for tenant in {**seals, **entries}:
            found[tenant] = (entries.get(tenant, 0), seals.get(tenant, 0))
        return found

    def entries(self, tenant: str) -> Iterator[AuditEntry]:
        """Yield a tenant's entries by number."""
        query = "select * from audit_entry where tenant = %s order by number"
        return self._stream(AuditEntry, query, tenant)

    def seals(self, tenant: str) -> Iterator[Seal]:
        """Yield a tenant's seals by number."""
        return self._stream(
            Seal, "select * from audit_seal where tenant = %s order by number", tenant
        )

    def _stream(self, kind: type[Row], query: str, tenant: str) -> Iterator[Row]:
        with (
            reachable(),
            self._connection.cursor(f"audit_{kind.__name__}", row_factory=tuple_row) as cursor,
        ):
            cursor.itersize = _PAGE_ROWS
            cursor.execute(query, (tenant,), binary=True)
            for row in cursor:
                yield kind(*row)

    def journal(self, tenant: str) -> Iterator[RawRecord]:
        """Yield a tenant's journalled messages."""
        return read_raw(self._connection, tenant=tenant)

    def covered(self) -> int:
        """Return the journal position up to which messages are entered."""
        return _position(self._connection)


def _position(connection: psycopg.Connection[Any]) -> int:
    with reachable():
        row = connection.execute(
            "select position from inbox where module = %s", (MODULE,)
        ).fetchone()
    return int(row[0]) if row else 0


@contextmanager
def open_chains(dsn: str) -> Iterator[PostgresChains]:
    """Open a view of one moment on the chains of a database, beside whoever writes them."""
    with reachable():
        connection = psycopg.connect(dsn)
    with connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield PostgresChains(connection)
