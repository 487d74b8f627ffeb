"""Batches as PostgreSQL takes them: each one prepared statement, in one round trip."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from itertools import chain
from struct import Struct
from typing import Any, NamedTuple

import psycopg
from psycopg import pq, sql
from psycopg.errors import error_from_result
from psycopg.pq.abc import Buffer, PGresult

from assay.runtime.journal.frames import Row
from assay.runtime.journal.ports import Batch

_FEW = 16
"""Rows that go as values of their own: the arrays of more take longer to write than to store."""
_MANY = -1
_BINARY = pq.Format.BINARY
_DONE = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)
_int8, _int4 = Struct("!q").pack, Struct("!i").pack
_ARRAY_HEAD = Struct("!iiIii")
_TYPES = {"int8": 20, "int4": 23, "text": 25, "bytea": 17}
"""What PostgreSQL's catalogue pg_type calls the types of our values."""


class _Table(NamedTuple):
    name: str
    types: tuple[str, ...]

    def insert(self, few: int) -> sql.Composable:
        if few == _MANY:
            arrays = sql.SQL(", ").join(sql.SQL(f"?::{kind}[]") for kind in self.types)
            return sql.SQL("insert into {} select * from unnest({})").format(
                sql.SQL(self.name), arrays
            )
        row = sql.SQL("({})").format(
            sql.SQL(", ").join(sql.SQL(f"?::{kind}") for kind in self.types)
        )
        rows = sql.SQL(", ").join([row] * few)
        return sql.SQL("insert into {} values {}").format(sql.SQL(self.name), rows)

    def values(self, rows: Sequence[Sequence[Buffer]]) -> Sequence[Buffer]:
        if _few(rows) == _MANY:
            columns = zip(*rows, strict=True)
            return [_array(kind, column) for kind, column in zip(self.types, columns, strict=True)]
        return list(chain.from_iterable(rows))


_JOURNAL = _Table(
    "journal",
    ("int8", "int8", "text", "text", "int8", "text", "int8", "int8", "int8", "int8", "int4",
     "bytea"),
)  # fmt: skip
_OUTBOX = _Table("outbox (key, position, ordinal, payload)", ("int8", "int8", "int4", "bytea"))
_INBOX = sql.SQL(
    "insert into inbox values (?::text, ?::int8, ?::text) on conflict (module) "
    "do update set position = excluded.position, cursor = excluded.cursor"
)
_SNAPSHOT = sql.SQL(
    "insert into snapshot values (?::text, ?::int8, ?::int4, ?::bytea, ?::bytea) "
    "on conflict (module, position) do update set version = excluded.version, "
    "state = excluded.state, checksum = excluded.checksum"
)
# The one before stays, should the newest turn out to be damaged.
_PRUNE = sql.SQL(
    "delete from snapshot where module = ?::text "
    "and position < (select max(position) from snapshot where module = ?::text)"
)
_CONFIRM = (
    b"update outbox set confirmed_at = $1::int8 where key = $2::int8 and confirmed_at is null"
)


class BatchWriter:
    """Write each batch by one statement, prepared once for each shape that batches have.

    All parts of a batch are one statement, and so one transaction and one round trip. Values go to
    libpq as the server keeps them: a driver that looks at each takes longer than to store them.
    Raises psycopg's error for what the server refuses, OperationalError where it is away.
    """

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._names: dict[bytes, bytes] = {}

    def write(self, batch: Batch, rows: Sequence[Row], last: int) -> None:
        """Make a batch durable that consists of these rows and ends at position `last`."""
        values: list[Buffer] = []
        if rows:
            values += _JOURNAL.values([_cells(row) for row in rows])
        if batch.orders:
            values += _OUTBOX.values(
                [
                    (_int8(key), _int8(last), _int4(ordinal), payload)
                    for ordinal, (key, payload) in enumerate(batch.orders)
                ]
            )
        if batch.snapshot:
            module, version, state = batch.snapshot
            checksum = checksum_of(last, version, state)
            values += (module.encode(), _int8(last), _int4(version), state, checksum)
            values += (module.encode(), module.encode())
        if batch.inbox:
            module, position, cursor = batch.inbox
            values += (module.encode(), _int8(position), cursor.encode())
        self._run(
            _statement(_few(rows), _few(batch.orders), bool(batch.inbox), bool(batch.snapshot)),
            values,
        )

    def confirm(self, key: int, ts: int) -> bool:
        """Note when an order was confirmed; return False where no open order has this key."""
        return bool(self._run(_CONFIRM, (_int8(ts), _int8(key))).command_tuples)

    def _run(self, statement: bytes, values: Sequence[Buffer]) -> PGresult:
        with self._connection.lock:
            pgconn = self._connection.pgconn
            name = self._names.get(statement)
            if name is None:
                name = b"batch-%d" % len(self._names)
                self._require_done(pgconn.prepare(name, statement))
                self._names[statement] = name
            result = pgconn.exec_prepared(name, values, (_BINARY,) * len(values))
            return self._require_done(result)

    def _require_done(self, result: PGresult) -> PGresult:
        if result.status in _DONE:
            return result
        if self._connection.pgconn.status != pq.ConnStatus.OK:
            raise psycopg.OperationalError(result.get_error_message())
        raise error_from_result(result)


@cache
def _statement(rows: int, orders: int, has_inbox: bool, has_snapshot: bool) -> bytes:
    """Return the text that writes so many rows and orders, and the rest where it is there."""
    parts = [
        _JOURNAL.insert(rows) if rows else None,
        _OUTBOX.insert(orders) if orders else None,
        _SNAPSHOT if has_snapshot else None,
        _PRUNE if has_snapshot else None,
        _INBOX if has_inbox else None,
    ]
    *besides, last = [part for part in parts if part is not None]
    named = [
        sql.SQL("{} as ({})").format(sql.Identifier(f"part{place}"), part)
        for place, part in enumerate(besides)
    ]
    heading = sql.SQL("with {} ").format(sql.SQL(", ").join(named)) if named else sql.SQL("")
    text = (heading + last).as_string()
    first, *rest = text.split("?")
    return "".join([first, *(f"${n}{piece}" for n, piece in enumerate(rest, start=1))]).encode()


def _few(rows: Sequence[object]) -> int:
    return len(rows) if len(rows) <= _FEW else _MANY


def _cells(row: Row) -> tuple[bytes, ...]:
    (position, batch, tenant, stream, version, kind, message_id, cause, ts_event, ts_init, size,
     payload) = row  # fmt: skip
    return (
        _int8(position), _int8(batch), tenant.encode(), stream.encode(), _int8(version),
        kind.encode(), _int8(message_id), _int8(cause), _int8(ts_event), _int8(ts_init),
        _int4(size), payload,
    )  # fmt: skip


def _array(kind: str, items: Sequence[Buffer]) -> bytes:
    """Return the binary form of an array of one dimension without NULL; its indices count from 1.

    >>> _array("int4", [b"abcd"]).hex(" ", 4)
    '00000001 00000000 00000017 00000001 00000001 00000004 61626364'
    """
    head = _ARRAY_HEAD.pack(1, 0, _TYPES[kind], len(items), 1)
    return head + b"".join(chain.from_iterable((_int4(len(item)), item) for item in items))


def checksum_of(position: int, version: int, state: bytes) -> bytes:
    """Return what tells a snapshot's state from a damaged one."""
    return blake2b(state, digest_size=16, key=f"{position}/{version}".encode()).digest()
