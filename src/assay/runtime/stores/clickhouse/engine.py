"""The embedded engine itself: imported by the owner process and nowhere else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import chdb
import pyarrow as pa

from assay.runtime.ids import fresh_token
from assay.runtime.stores.clickhouse.wire import encode_parameters, quote_identifier

_CODE = re.compile(r"Code: (\d+)\. DB::Exception: (.*)", re.DOTALL)
_UNKNOWN_CODE = 1001
_NO_DEFAULTS = "SETTINGS insert_null_as_default = 0, input_format_null_as_default = 0"
"""A missing value is refused where the column must have one, never stored as 0."""


class StatementError(Exception):
    """Carry ClickHouse's error code and text to the client."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class Engine:
    """Run statements on one connection.

    A connection serves one thread: two threads on one connection mix up their parameters
    (measured with chdb 4.4), and its `Python()` table function deadlocks, so batches come in
    by a spooled Arrow file.
    """

    def __init__(self, folder: Path) -> None:
        self._connection: Any = chdb.connect(str(folder / "data"))  # chdb has no types
        self._spool = folder / "spool"

    def query(self, sql: str, parameters: dict[str, str]) -> bytes:
        """Return the result as an Arrow IPC stream, empty for a statement without one."""
        try:
            return bytes(self._connection.query(sql, "ArrowStream", params=parameters).bytes())
        except (chdb.ChdbError, RuntimeError) as error:
            raise _refusal(error) from None

    def insert(self, table: str, batch: bytearray) -> None:
        """Append an Arrow IPC stream to a table, columns matched by name."""
        columns = ", ".join(quote_identifier(name) for name in _column_names(batch))
        path = self._spool / f"{fresh_token(8)}.arrow"
        sql = (
            f"INSERT INTO {quote_identifier(table)} ({columns}) "  # noqa: S608 - names are checked
            f"SELECT {columns} FROM file({{path:String}}, 'ArrowStream') {_NO_DEFAULTS}"
        )
        try:
            path.write_bytes(batch)
            self.query(sql, encode_parameters({"path": str(path)}))
        finally:
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()


def _column_names(batch: bytearray) -> list[str]:
    return list(pa.ipc.open_stream(pa.py_buffer(batch)).schema.names)


def _refusal(error: Exception) -> StatementError:
    found = _CODE.search(str(error))
    if found is None:
        return StatementError(_UNKNOWN_CODE, str(error))
    return StatementError(int(found[1]), found[2].strip())
