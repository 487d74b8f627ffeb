"""The journal in PostgreSQL: one transaction per batch, one writer per database."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b

import psycopg
from psycopg import sql

from assay.model.errors import RetryError, UsageError
from assay.runtime.journal.frames import FrameCodec, Row
from assay.runtime.journal.memory import (
    doubled_order,
    is_empty,
    require_position,
    stale_stream,
    unknown_order,
)
from assay.runtime.journal.ports import Batch, ConcurrencyError, Halt, OutboxOrder, Recorded
from assay.runtime.journal.reading import reachable, read_journal

_FEW = 16
"""Rows that go as values of their own: the arrays of more take longer to write than to store."""
_WRITER_LOCK = 0x41535341_59000002
_log = logging.getLogger("assay.runtime.journal")

# All parts of a batch are one statement, and so one transaction and one round trip.
_PARTS = {
    "rows": sql.SQL(
        "insert into journal select * from unnest(%b::int8[], %b::int8[], %s::text[], "
        "%s::text[], %b::int8[], %s::text[], %b::int8[], %b::int8[], %b::int8[], %b::int8[], "
        "%b::int4[], %b::bytea[])"
    ),
    "orders": sql.SQL(
        "insert into outbox (key, position, ordinal, payload) select key, %s::int8, "
        "ordinal - 1, payload from unnest(%b::int8[], %b::bytea[]) "
        "with ordinality as wanted (key, payload, ordinal)"
    ),
    "inbox": sql.SQL(
        "insert into inbox values (%s, %s, %s) on conflict (module) "
        "do update set position = excluded.position, cursor = excluded.cursor"
    ),
    "state": sql.SQL(
        "insert into snapshot values (%s, %s, %s, %b, %b) on conflict (module, position) "
        "do update set version = excluded.version, state = excluded.state, "
        "checksum = excluded.checksum"
    ),
    # The one before stays, should the newest turn out to be damaged.
    "pruned": sql.SQL(
        "delete from snapshot where module = %s "
        "and position < (select max(position) from snapshot where module = %s)"
    ),
}


_ROW = sql.SQL(
    "(%b::int8, %b::int8, %s::text, %s::text, %b::int8, %s::text, %b::int8, %b::int8, %b::int8, "
    "%b::int8, %b::int4, %b::bytea)"
)
_ORDER = sql.SQL("(%b::int8, %b::int8, %b::int2, %b::bytea)")


def _values(table: str, row: sql.SQL, count: int) -> sql.Composed:
    rows = sql.SQL(", ").join([row] * count)
    return sql.SQL("insert into {} values {}").format(sql.SQL(table), rows)


class PostgresJournal:
    """Keep a journal in the database of a DSN; hold the right to write until closed.

    Raises RetryError, naming the holder, while another process writes. After a RetryError of a
    commit its outcome is unknown: open the journal again and recover from what it holds.
    """

    def __init__(self, dsn: str, *, wait_s: float = 2.0) -> None:
        with reachable():
            self._connection = psycopg.connect(
                dsn,
                autocommit=True,
                prepare_threshold=2,
                application_name=f"assay-journal-{os.getpid()}",
            )
            self._connection.prepared_max = None
            try:
                self._take_lock(wait_s)
                self._last = self._load_last()
            except BaseException:
                self._connection.close()
                raise
        self._writer = self._connection.cursor()
        self._statements: dict[tuple[tuple[str, ...], tuple[int, int] | None], bytes] = {}
        self._versions: dict[str, int] = {}
        self._codec = FrameCodec()

    def _take_lock(self, wait_s: float) -> None:
        # A killed writer's backend may need a moment to notice; more than that is a rival.
        run = self._connection.execute
        run("set synchronous_commit = on")
        # A plan made anew for each batch would cost as much as the batch.
        run("set plan_cache_mode = force_generic_plan")
        run("select set_config('lock_timeout', %s, false)", (f"{int(wait_s * 1000) or 1}ms",))
        try:
            run("select pg_advisory_lock(%s)", (_WRITER_LOCK,))
        except psycopg.errors.LockNotAvailable:
            raise RetryError(
                f"the journal is being written by {self._holder()}; stop it with `assay stop`"
            ) from None
        run("set lock_timeout = 0")

    def _holder(self) -> str:
        high, low = _WRITER_LOCK >> 32, _WRITER_LOCK & 0xFFFFFFFF
        row = self._connection.execute(
            "select a.application_name from pg_locks l join pg_stat_activity a using (pid) "
            "where l.locktype = 'advisory' and l.granted and l.classid = %s::oid "
            "and l.objid = %s::oid and l.database = "
            "(select oid from pg_database where datname = current_database())",
            (high, low),
        ).fetchone()
        name = str(row[0]) if row else ""
        return name.replace("assay-journal-", "process ") or "another program"

    def _load_last(self) -> int:
        row = self._connection.execute(
            "select batch from journal order by position desc limit 1"
        ).fetchone()
        return int(row[0]) if row and row[0] is not None else 0

    def commit(self, batch: Batch) -> int:
        """Append a batch in one transaction with full commit; return the last position."""
        found = self.stream_version(batch.stream)
        if batch.expected_version is not None and batch.expected_version != found:
            raise ConcurrencyError(stale_stream(batch, found))
        if is_empty(batch):
            return self._last
        rows = self._codec.pack(batch.messages, batch.stream, position=self._last, version=found)
        last = self._last + len(batch.messages)
        with self._writing():
            self._store(batch, rows, last)
        self._last = last
        self._versions[batch.stream] = found + len(batch.messages)
        return last

    def _store(self, batch: Batch, rows: list[Row], last: int) -> None:
        parts: dict[str, Sequence[object]] = {}
        few = len(rows) <= _FEW and len(batch.orders) <= _FEW
        if rows and few:
            parts["rows"] = [value for row in rows for value in row]
        elif rows:
            parts["rows"] = [list(column) for column in zip(*rows, strict=True)]
        if batch.orders and few:
            parts["orders"] = [
                value
                for ordinal, (key, payload) in enumerate(batch.orders)
                for value in (key, last, ordinal, payload)
            ]
        elif batch.orders:
            keys, payloads = zip(*batch.orders, strict=True)
            parts["orders"] = (last, list(keys), list(payloads))
        if batch.inbox:
            parts["inbox"] = batch.inbox
        if batch.snapshot:
            module, version, state = batch.snapshot
            checksum = _checksum(last, version, state)
            parts["state"] = (module, last, version, state, checksum)
            parts["pruned"] = (module, module)
        parameters = [value for part in parts.values() for value in part]
        counts = (len(rows), len(batch.orders)) if few else None
        self._writer.execute(self._statement(tuple(parts), counts), parameters)

    def _statement(self, parts: tuple[str, ...], counts: tuple[int, int] | None) -> bytes:
        """Return the text that writes these parts; `counts` of rows and orders when few."""
        known = self._statements.get((parts, counts))
        if known is None:
            texts: dict[str, sql.Composable] = dict(_PARTS)
            if counts:
                texts["rows"] = _values("journal", _ROW, counts[0])
                texts["orders"] = _values(
                    "outbox (key, position, ordinal, payload)", _ORDER, counts[1]
                )
            written = [
                sql.SQL("{} as ({})").format(sql.Identifier(part), texts[part]) for part in parts
            ]
            known = sql.SQL("with {} select").format(sql.SQL(", ").join(written)).as_bytes()
            self._statements[parts, counts] = known
        return known

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with reachable():
                yield
        except psycopg.errors.UniqueViolation as error:
            if error.diag.table_name == "outbox":
                key = (error.diag.message_detail or "").partition("=(")[2].partition(")")[0]
                raise ConcurrencyError(doubled_order(int(key or 0))) from error
            raise ConcurrencyError(
                f"the journal moved under its writer ({error.diag.message_detail}); open it again"
            ) from error

    def last_position(self) -> int:
        """Return the position of the last message."""
        return self._last

    def stream_version(self, stream: str) -> int:
        """Return how many messages a stream holds."""
        if stream not in self._versions:
            with reachable():
                row = self._connection.execute(
                    "select max(version) from journal where stream = %s", (stream,)
                ).fetchone()
            self._versions[stream] = int(row[0]) if row and row[0] is not None else 0
        return self._versions[stream]

    def read(
        self,
        after: int = 0,
        *,
        tenant: str | None = None,
        kinds: Collection[str] | None = None,
        limit: int | None = None,
    ) -> Iterator[Recorded]:
        """Yield the messages behind a position, page by page."""
        require_position(after)
        pages = read_journal(self._connection, after, tenant=tenant, kinds=kinds)
        for number, recorded in enumerate(pages):
            if limit is not None and number >= limit:
                return
            yield recorded

    def load_snapshot(self, module: str) -> tuple[int, int, bytes] | None:
        """Return the newest snapshot whose checksum holds; log those that are damaged."""
        with reachable():
            found = self._connection.execute(
                "select position, version, state, checksum from snapshot where module = %s "
                "order by position desc",
                (module,),
            ).fetchall()
        for position, version, state, checksum in found:
            if checksum == _checksum(position, version, state):
                return int(position), int(version), bytes(state)
            _log.warning(
                "snapshot of %s at %d is damaged; an older state is used", module, position
            )
        return None

    def load_inbox(self, module: str) -> tuple[int, str] | None:
        """Return (position, cursor) of a module."""
        with reachable():
            row = self._connection.execute(
                "select position, cursor from inbox where module = %s", (module,)
            ).fetchone()
        return (int(row[0]), str(row[1])) if row else None

    def unconfirmed_orders(self) -> list[OutboxOrder]:
        """Return the orders never marked confirmed."""
        query = (
            "select key, position, payload from outbox where confirmed_at is null "
            "order by position, ordinal"
        )
        with reachable():
            return [OutboxOrder(*row) for row in self._connection.execute(query)]

    def mark_confirmed(self, key: int, ts: int) -> bool:
        """Note the broker's answer."""
        statement = "update outbox set confirmed_at = %s where key = %s and confirmed_at is null"
        with reachable():
            if self._connection.execute(statement, (ts, key)).rowcount:
                return True
            known = self._connection.execute("select 1 from outbox where key = %s", (key,))
            if known.fetchone() is None:
                raise UsageError(unknown_order(key))
        return False

    def halt_state(self, tenant: str) -> Halt:
        """Return the kill switch of a tenant."""
        with reachable():
            row = self._connection.execute(
                "select tenant, engaged, reason, by, ts from halt where tenant = %s", (tenant,)
            ).fetchone()
        return Halt(*row) if row else Halt(tenant, False, "", "", 0)

    def set_halt(self, halt: Halt) -> None:
        """Make the state of a kill switch durable."""
        with reachable():
            self._connection.execute(
                "insert into halt (tenant, engaged, reason, by, ts) values (%s, %s, %s, %s, %s) "
                "on conflict (tenant) do update set engaged = excluded.engaged, "
                "reason = excluded.reason, by = excluded.by, ts = excluded.ts",
                (halt.tenant, halt.engaged, halt.reason, halt.by, halt.ts),
            )

    def close(self) -> None:
        """Give up the right to write."""
        self._connection.close()


def _checksum(position: int, version: int, state: bytes) -> bytes:
    return blake2b(state, digest_size=16, key=f"{position}/{version}".encode()).digest()
