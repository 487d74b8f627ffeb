"""Market messages as rows of the analytics store, written in batches, each once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa

from assay.market.history.schema import prepare_schema
from assay.model.messages import BarClosed, Message, Tick
from assay.runtime.stores.clickhouse import Analytics

TICKS, BARS, PROGRESS = "live_ticks", "live_bars", "live_progress"
_POSITIONS = {
    TICKS: "SELECT max(position) AS position FROM live_ticks",
    BARS: "SELECT max(position) AS position FROM live_bars",
    PROGRESS: "SELECT max(position) AS position FROM live_progress",
}
_WHOLE = pa.int64()
_TYPES = {"position": pa.uint64(), "digits": pa.uint8(), "symbol": pa.string()} | dict.fromkeys(
    ("volume", "bid_size", "ask_size"), pa.float64()
)
_TICK_FIELDS = ("symbol", "bid", "ask", "bid_size", "ask_size")
_BAR_FIELDS = (
    "symbol", "timeframe", "ts_open", "open", "high", "low", "close", "spread_open",
    "spread_high", "spread_low", "spread_close", "volume",
)  # fmt: skip

Row = tuple[Any, ...]  # Any: one value a column


class Batches:
    """Collect rows by table and write them; what is collected stays until it is written.

    A kill between two tables is mended at the next start: the messages behind the last progress
    are taken again, and a table skips what it holds already.
    """

    def __init__(self, digits: Mapping[str, int]) -> None:
        self._digits = digits
        self._rows: dict[str, list[Row]] = {TICKS: [], BARS: []}
        self._held = {TICKS: 0, BARS: 0}
        self.position = self.written = 0

    @property
    def waiting(self) -> int:
        """Return how many rows are not written."""
        return sum(map(len, self._rows.values()))

    def start(self, store: Analytics) -> int:
        """Make the tables where they are missing; return the place to go on from."""
        prepare_schema(store)
        found = {name: _last(store.query(sql)) for name, sql in _POSITIONS.items()}
        self._held = {name: found[name] for name in (TICKS, BARS)}
        self.position = self.written = found[PROGRESS]
        return self.position

    def take(self, place: int, message: Message) -> None:
        """Collect a message of the journal; only ticks and bars become rows."""
        self.position = place
        if isinstance(message, Tick) and place > self._held[TICKS]:
            digits = self._digits.get(message.symbol, 0)
            row = (place, digits, message.ts_event, *_values(message, _TICK_FIELDS))
            self._rows[TICKS].append(row)
        elif isinstance(message, BarClosed) and place > self._held[BARS]:
            digits = self._digits.get(message.symbol, 0)
            self._rows[BARS].append((place, digits, *_values(message, _BAR_FIELDS)))

    def write(self, store: Callable[[], Analytics]) -> None:
        """Write what is collected, then how far it reaches; does nothing where nothing is new."""
        if self.position == self.written:
            return
        names = {
            TICKS: ("position", "digits", "ts", *_TICK_FIELDS),
            BARS: ("position", "digits", *_BAR_FIELDS),
        }
        for table, rows in self._rows.items():
            if rows:
                store().insert(table, _table(names[table], rows))
                self._held[table] = rows[-1][0]
                self._rows[table] = []
        store().insert(PROGRESS, _table(("position",), [(self.position,)]))
        self.written = self.position


def _values(message: Message, names: tuple[str, ...]) -> Row:
    return tuple(getattr(message, name) for name in names)


def _table(names: tuple[str, ...], rows: list[Row]) -> pa.Table:
    columns = zip(*rows, strict=True)
    return pa.table(
        {
            name: pa.array(column, _TYPES.get(name, _WHOLE))
            for name, column in zip(names, columns, strict=True)
        }
    )


def _last(found: pa.Table) -> int:
    return int(found.to_pylist()[0]["position"] or 0)
