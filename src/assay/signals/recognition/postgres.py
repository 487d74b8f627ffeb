"""Shapes in PostgreSQL, their neighbours found by pgvector's index."""

from __future__ import annotations

import numpy as np
import psycopg
from numpy.typing import NDArray

from assay.model.errors import OperatorError
from assay.signals.recognition.shapes import Float32s

SEEN_MOST = 200
"""Candidates that a search of the index keeps: more find more of the truly nearest."""
SCANNED_MOST = 100_000
"""Shapes, those of other series included, after which a search ends with what it has."""

# Without fresh statistics the planner would rather sort a whole series, for 25 ms.
_SETTINGS = """
select set_config('search_path', 'public, embedding', false),
    set_config('synchronous_commit', 'off', false), set_config('enable_sort', 'off', false)
"""
# The library that knows these settings is loaded by the first use of its type.
_SEARCH = """
select '[0]'::vector, set_config('hnsw.ef_search', %s, false),
    set_config('hnsw.iterative_scan', 'strict_order', false),
    set_config('hnsw.max_scan_tuples', %s, false)
"""
_INSERT = """
insert into embedding.pattern_shape (tenant, series, ts_close, known, move, shape)
values (%s, %s, %s, %s, %s, %s::real[]::vector)
on conflict (tenant, series, ts_close)
do update set known = excluded.known, move = excluded.move, shape = excluded.shape
"""
_NEAREST = """
select move from embedding.pattern_shape
where tenant = %s and series = %s and known <= %s
order by shape <-> %s::real[]::vector limit %s
"""


class PostgresShapes:
    """Keep the shapes of one series of one tenant in the table `embedding.pattern_shape`.

    Neighbours come from an HNSW index and are almost always the nearest there are (Malkov and
    Yashunin, IEEE TPAMI 42(4), 2020). So many as a `batch` are written at once, else all before a
    search. Raises OperatorError where the server has no pgvector.
    """

    def __init__(
        self, dsn: str, *, series: str, tenant: str = "", batch: int | None = None
    ) -> None:
        self._batch = batch
        self._key = (tenant, series)
        self._waiting: list[tuple[object, ...]] = []
        self._connection = psycopg.connect(dsn, autocommit=True)
        self._connection.execute(_SETTINGS)
        row = self._connection.execute(
            "select to_regclass('embedding.pattern_shape') is not null"
        ).fetchone()
        if row is None or not row[0]:
            self._connection.close()
            raise OperatorError(
                "the database has no table of shapes, its server had no extension vector when it "
                "was set up; install pgvector and restore a backup, or keep shapes in memory"
            )
        self._connection.execute(_SEARCH, (str(SEEN_MOST), str(SCANNED_MOST)))

    def clear(self) -> None:
        """Forget every shape of the series."""
        self._waiting.clear()
        self._connection.execute(
            "delete from embedding.pattern_shape where tenant = %s and series = %s", self._key
        )

    def add(self, shape: Float32s, *, ts_close: int, known: int, move: int) -> None:
        """Remember a shape; it is written before the next search, and at the end."""
        self._waiting.append((*self._key, ts_close, known, move, shape.tolist()))
        if len(self._waiting) == self._batch:
            self._write()

    def nearest(self, shape: Float32s, *, now: int, count: int) -> NDArray[np.int64]:
        """Return the moves of at most `count` nearest of those known by now, nearest first."""
        self._write()
        rows = self._connection.execute(_NEAREST, (*self._key, now, shape.tolist(), count))
        return np.array([row[0] for row in rows], dtype=np.int64)

    def close(self) -> None:
        """Write what waits and let go of the server."""
        self._write()
        self._connection.close()

    def _write(self) -> None:
        if self._waiting:
            with self._connection.transaction(), self._connection.cursor() as cursor:
                cursor.executemany(_INSERT, self._waiting)
            self._waiting.clear()
