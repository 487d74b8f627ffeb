"""Read the journal of a database, as a writer or as anybody with the right to see it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from operator import attrgetter
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from assay.model.errors import RetryError
from assay.model.messages import tag_of
from assay.runtime.journal.frames import COLUMNS, SEVERAL, FrameCodec, RawRecord, Row
from assay.runtime.journal.ports import Recorded

_PAGE_ROWS = 64
_RAW_PAGE_ROWS = 512
# A page ends with a whole batch, so that it is put in order before it is handed out. A batch is
# numbered by its last position, so its rows are those after the batch before and up to that one.
_READ = sql.SQL(
    "select {columns} from journal where position > %(after)s "
    "and position <= (select max(batch) from (select batch from journal "
    "where position > %(after)s {filters} order by position limit %(page)s) as page) {filters} "
    "order by position"
)


def read_journal(
    connection: psycopg.Connection[Any],
    after: int = 0,
    *,
    tenant: str | None = None,
    kinds: Collection[str] | None = None,
) -> Iterator[Recorded]:
    """Yield the messages behind a position that the connection's role may see, page by page.

    No right to write is needed; a role bound to a tenant sees its own and the shared ones.
    """
    codec = FrameCodec()
    for rows in _read_batches(connection, after, (tenant, kinds), _PAGE_ROWS):
        for recorded in codec.unpack(rows):
            if recorded.position > after and (kinds is None or tag_of(recorded.message) in kinds):
                yield recorded


def read_raw(
    connection: psycopg.Connection[Any], after: int = 0, *, tenant: str | None = None
) -> Iterator[RawRecord]:
    """Yield the bytes of each message behind a position as they were journalled, page by page."""
    codec = FrameCodec()
    for rows in _read_batches(connection, after, (tenant, None), _RAW_PAGE_ROWS):
        for record in codec.unpack_raw(rows):
            if record.position > after:
                yield record


def sample_journal(
    connection: psycopg.Connection[Any], places: Sequence[int], kinds: Collection[str]
) -> Iterator[list[Recorded]]:
    """Yield the messages of the kinds in the first batch behind each place that may hold one.

    Places ascend; a batch found from two of them is yielded once, and one without such a message as
    an empty list.
    """
    codec, seen = FrameCodec(), 0
    for place in places:
        rows = list(next(_read_batches(connection, place, (None, kinds), 1), ()))
        if rows and rows[-1].batch > seen:
            seen = rows[-1].batch
            found = codec.unpack(rows)
            yield [each for each in found if tag_of(each.message) in kinds]


def _read_batches(
    connection: psycopg.Connection[Any],
    after: int,
    chosen: tuple[str | None, Collection[str] | None],
    page_rows: int,
) -> Iterator[Iterator[Row]]:
    tenant, kinds = chosen
    conditions = [sql.SQL("and tenant = %(tenant)s")] if tenant is not None else []
    conditions += [sql.SQL("and kind = any(%(kinds)s)")] if kinds is not None else []
    query = _READ.format(
        columns=sql.SQL(", ").join(map(sql.Identifier, COLUMNS)),
        filters=sql.SQL(" ").join(conditions),
    )
    wanted = {"tenant": tenant, "kinds": [SEVERAL, *(kinds or ())], "page": page_rows}
    start = after
    while True:
        with reachable(), connection.cursor(row_factory=tuple_row, binary=True) as cursor:
            page = [Row(*row) for row in cursor.execute(query, {**wanted, "after": start})]
        if not page:
            return
        for _, rows in groupby(page, key=attrgetter("batch")):
            yield rows
        start = page[-1].batch


@contextmanager
def reachable() -> Iterator[None]:
    """Turn a lost server into a RetryError that says what is unknown now."""
    try:
        yield
    except psycopg.OperationalError as error:
        raise away(error) from error


def away(error: psycopg.OperationalError) -> RetryError:
    """Return what a lost server means to who asked it."""
    return RetryError(
        f"PostgreSQL is away ({' '.join(str(error).split())}); what was under way is unknown: "
        "open the journal again"
    )
