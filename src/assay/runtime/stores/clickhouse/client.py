"""The client of the analytics store."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

import msgspec

from assay.model.errors import DataError, InvariantError, OperatorError, RetryError
from assay.runtime.home import Home
from assay.runtime.stores.clickhouse.launch import connect
from assay.runtime.stores.clickhouse.wire import (
    Answer,
    Parameter,
    Request,
    encode_parameters,
    pack_table,
    quote_identifier,
    receive_frame,
    send_frame,
    unpack_table,
)

if TYPE_CHECKING:
    import pyarrow as pa

IDLE_S = 30.0
TIMEOUT_S = 300.0
_MACHINE_CODES = frozenset({74, 75, 76, 173, 210, 236, 241, 243, 252, 1003})
"""Errors of disk, memory and the engine itself rather than of the statement."""


class OwnerLostError(RetryError):
    """Report that the owner ended during a call; what was asked may or may not have happened."""


class Analytics:
    """Query and fill the analytics store of one home from any thread.

    Each call takes a connection of its own, so calls of several threads run side by side. A
    write that loses the owner raises RetryError; the next call starts another owner.
    """

    def __init__(self, home: Home, *, idle_s: float, timeout_s: float) -> None:
        self.home = home
        self._idle_s = idle_s
        self._timeout_s = timeout_s
        self._free: list[socket.socket] = []
        self._guard = threading.Lock()
        self._closed = False

    def query(self, sql: str, parameters: Mapping[str, Parameter] | None = None) -> pa.Table:
        """Return the rows of a SELECT; values go in as `{name:Type}` parameters."""
        request = Request("query", sql, encode_parameters(parameters))
        try:
            return unpack_table(self._call(request))
        except OwnerLostError:
            return unpack_table(self._call(request))  # reading twice does no harm

    def execute(self, sql: str, parameters: Mapping[str, Parameter] | None = None) -> None:
        """Run one statement that returns nothing."""
        self._call(Request("execute", sql, encode_parameters(parameters)))

    def insert(self, table: str, rows: pa.Table) -> None:
        """Append rows, columns matched by name.

        Up to 1,000,000 rows of one partition go in whole or not at all.
        """
        quote_identifier(table)
        if rows.num_rows:
            self._call(Request("insert", table=table), pack_table(rows))

    def close(self) -> None:
        """Hang up; the owner ends by itself when nobody is left."""
        with self._guard:
            self._closed = True
            free, self._free = self._free, []
        for channel in free:
            channel.close()

    def __enter__(self) -> Analytics:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _call(self, request: Request, payload: bytes | pa.Buffer = b"") -> bytearray:
        with self._channel() as channel:
            send_frame(channel, request, payload)
            frame = receive_frame(channel)
            if frame is None:
                raise ConnectionError("the owner ended")
        answer = msgspec.msgpack.decode(frame[0], type=Answer)
        if answer.code:
            raise _error_of(answer)
        return frame[1]

    @contextmanager
    def _channel(self) -> Iterator[socket.socket]:
        channel = self._take()
        try:
            yield channel
        except TimeoutError:
            channel.close()
            raise RetryError(
                f"the analytics store did not answer within {self._timeout_s:g} s; ask for less "
                "or try again"
            ) from None
        except OSError as error:
            channel.close()
            raise OwnerLostError(
                f"the analytics store ended during the call ({error}); try again"
            ) from error
        except BaseException:
            # Interrupted between request and answer: the next caller must not read that answer.
            channel.close()
            raise
        self._give_back(channel)

    def _take(self) -> socket.socket:
        with self._guard:
            if self._closed:
                raise InvariantError("the analytics store was closed and is used again")
            free = self._free
            while free:
                channel = free.pop()
                if not select.select([channel], [], [], 0)[0]:
                    return channel
                channel.close()  # readable without a request: the owner has hung up
        return connect(self.home, idle_s=self._idle_s, timeout_s=self._timeout_s)

    def _give_back(self, channel: socket.socket) -> None:
        with self._guard:
            if not self._closed:
                self._free.append(channel)
                return
        channel.close()


def _error_of(answer: Answer) -> Exception:
    text = " ".join(answer.error.split())[:600]
    if answer.code in _MACHINE_CODES:
        return OperatorError(f"analytics store: {text}; look at `assay doctor`")
    return DataError(f"analytics store: {text}")


def open_analytics(
    home: Home, *, idle_s: float = IDLE_S, timeout_s: float = TIMEOUT_S
) -> Analytics:
    """Connect to the owner of the home's analytics store, started when there is none.

    `idle_s` is how long a freshly started owner stays without clients; `timeout_s` bounds a call.
    """
    analytics = Analytics(home, idle_s=idle_s, timeout_s=timeout_s)
    analytics.query("SELECT 1")
    return analytics
