"""Market messages as rows of the analytics store, written in batches, each once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa

from assay.market.history.schema import prepare_schema
from assay.model.messages import (
    BarClosed,
    CorrelationBroke,
    CorrelationReturned,
    CorrelationsMeasured,
    DriftFound,
    Message,
    Predicted,
    RegimeChanged,
    Tick,
)
from assay.runtime.stores.clickhouse import Analytics

TICKS, BARS, PREDICTIONS = "live_ticks", "live_bars", "live_predictions"
REGIMES, MATRICES, DRIFT = "live_regimes", "live_correlations", "live_drift"
BROKE, RETURNED = "live_correlation_breaks", "live_correlation_returns"
PROGRESS = "live_progress"
_POSITIONS = {
    TICKS: "SELECT max(position) AS position FROM live_ticks",
    BARS: "SELECT max(position) AS position FROM live_bars",
    PREDICTIONS: "SELECT max(position) AS position FROM live_predictions",
    REGIMES: "SELECT max(position) AS position FROM live_regimes",
    MATRICES: "SELECT max(position) AS position FROM live_correlations",
    DRIFT: "SELECT max(position) AS position FROM live_drift",
    BROKE: "SELECT max(position) AS position FROM live_correlation_breaks",
    RETURNED: "SELECT max(position) AS position FROM live_correlation_returns",
    PROGRESS: "SELECT max(position) AS position FROM live_progress",
}
_WHOLE = pa.int64()
_TYPES = (
    {"position": pa.uint64(), "digits": pa.uint8()}
    | dict.fromkeys(("symbol", "model", "state", "classifier", "before", "regime"), pa.string())
    | dict.fromkeys(("outcome", "detector", "stream"), pa.string())
    | dict.fromkeys(("symbols", "pair"), pa.list_(pa.string()))
    | {"correlations": pa.list_(pa.int64())}
    | dict.fromkeys(("volume", "bid_size", "ask_size"), pa.float64())
)
_FIELDS: dict[str, tuple[str, ...]] = {
    TICKS: ("symbol", "bid", "ask", "bid_size", "ask_size"),
    BARS: (
        "symbol", "timeframe", "ts_open", "open", "high", "low", "close", "spread_open",
        "spread_high", "spread_low", "spread_close", "volume",
    ),
    PREDICTIONS: (
        "symbol", "timeframe", "model", "state", "p_up", "up_lower", "up_upper", "p_long",
        "long_lower", "long_upper", "p_short", "short_lower", "short_upper", "gain", "loss",
        "stop", "target", "horizon",
    ),
    REGIMES: ("symbol", "timeframe", "classifier", "before", "regime", "confidence"),
    MATRICES: ("symbols", "timeframe", "returns", "correlations"),
    BROKE: ("pair", "timeframe", "correlation", "usual", "low", "high"),
    RETURNED: ("pair", "timeframe", "since", "outcome", "correlation", "usual", "furthest"),
    DRIFT: ("model", "detector", "stream", "statistic", "labels", "alarmed"),
}  # fmt: skip
_PRICED = (TICKS, BARS, PREDICTIONS)
_TABLES: dict[type[Message], str] = {
    Tick: TICKS, BarClosed: BARS, Predicted: PREDICTIONS, RegimeChanged: REGIMES,
    CorrelationsMeasured: MATRICES, CorrelationBroke: BROKE, CorrelationReturned: RETURNED,
    DriftFound: DRIFT,
}  # fmt: skip
KINDS = tuple(kind.__name__ for kind in _TABLES)

Row = tuple[Any, ...]  # Any: one value a column


class Batches:
    """Collect rows by table and write them; what is collected stays until it is written.

    A kill between two tables is mended at the next start: the messages behind the last progress
    are taken again, and a table skips what it holds already.
    """

    def __init__(self, digits: Mapping[str, int]) -> None:
        self._digits = digits
        self._rows: dict[str, list[Row]] = {table: [] for table in _FIELDS}
        self._held = dict.fromkeys(_FIELDS, 0)
        self.position = self.written = 0

    @property
    def waiting(self) -> int:
        """Return how many rows are not written."""
        return sum(map(len, self._rows.values()))

    def start(self, store: Analytics) -> int:
        """Make the tables where they are missing; return the place to go on from."""
        prepare_schema(store)
        found = {name: _last(store.query(sql)) for name, sql in _POSITIONS.items()}
        self._held = {table: found[table] for table in _FIELDS}
        self.position = self.written = found[PROGRESS]
        return self.position

    def take(self, place: int, message: Message) -> None:
        """Collect a message of the journal; only those of the market and of signals become rows."""
        self.position = place
        table = _TABLES.get(type(message))
        if table is None or place <= self._held[table]:
            return
        values = [getattr(message, name) for name in _FIELDS[table]]
        digits = (self._digits.get(values[0], 0),) if table in _PRICED else ()
        # A bar's time is its opening, which is among its fields.
        moment = () if table == BARS else (message.ts_event,)
        self._rows[table].append((place, *digits, *moment, *values))

    def write(self, store: Callable[[], Analytics]) -> None:
        """Write what is collected, then how far it reaches; does nothing where nothing is new."""
        if self.position == self.written:
            return
        for table, rows in self._rows.items():
            if rows:
                store().insert(table, _table(_columns(table), rows))
                self._held[table] = rows[-1][0]
                self._rows[table] = []
        store().insert(PROGRESS, _table(("position",), [(self.position,)]))
        self.written = self.position


def _columns(table: str) -> tuple[str, ...]:
    moment = () if table == BARS else ("ts",)
    digits = ("digits",) if table in _PRICED else ()
    return ("position", *digits, *moment, *_FIELDS[table])


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
