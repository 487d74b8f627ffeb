"""The journal in PostgreSQL: one transaction per batch, one writer per database."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterator

import psycopg

from assay.model.errors import RetryError, UsageError
from assay.runtime.journal.frames import FrameCodec
from assay.runtime.journal.memory import (
    doubled_order,
    is_empty,
    require_position,
    stale_stream,
    unknown_order,
)
from assay.runtime.journal.ports import Batch, ConcurrencyError, Halt, OutboxOrder, Recorded
from assay.runtime.journal.reading import away, reachable, read_journal
from assay.runtime.journal.writing import BatchWriter, checksum_of

_WRITER_LOCK = 0x41535341_59000002
_log = logging.getLogger("assay.runtime.journal")


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
        self._writer = BatchWriter(self._connection)
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
        try:
            self._writer.write(batch, rows, last)
        except psycopg.errors.UniqueViolation as error:
            raise _taken(error) from error
        except psycopg.OperationalError as error:
            raise away(error) from error
        self._last = last
        self._versions[batch.stream] = found + len(batch.messages)
        return last

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
            if checksum == checksum_of(position, version, state):
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
        with reachable():
            if self._writer.confirm(key, ts):
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


def _taken(error: psycopg.errors.UniqueViolation) -> ConcurrencyError:
    detail = error.diag.message_detail or ""
    if error.diag.table_name == "outbox":
        return ConcurrencyError(
            doubled_order(int(detail.partition("=(")[2].partition(")")[0] or 0))
        )
    return ConcurrencyError(f"the journal moved under its writer ({detail}); open it again")
