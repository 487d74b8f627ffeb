"""Columns of bars and ticks in integer points: the one shape every source is turned into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from assay.kernel.flow import ABSENT, MID_SQUARES, SUM_MOST
from assay.model.errors import InvariantError
from assay.model.time import Timeframe

Int64s = NDArray[np.int64]
Float64s = NDArray[np.float64]
Bools = NDArray[np.bool_]

SIDES = ("bid", "ask", "mid", "quote")
BID_COLUMNS = ("open", "high", "low", "close")
ASK_COLUMNS = ("ask_open", "ask_high", "ask_low", "ask_close")


class Columns:
    """Give a series of columns its length, selection and concatenation."""

    __slots__ = ()

    def select(self, rows: Bools | Int64s | slice) -> Self:
        """Return the series of those rows (mask, positions or slice)."""
        cut = {name: column[rows] for name, column in self._columns().items() if column is not None}
        return replace(self, **cut)  # type: ignore[type-var]

    def _columns(self) -> dict[str, np.ndarray | None]:
        names = [spec.name for spec in fields(self)]  # type: ignore[arg-type]
        values = {name: getattr(self, name) for name in names}
        return {
            name: value
            for name, value in values.items()
            if isinstance(value, np.ndarray) or value is None
        }


@dataclass(frozen=True, slots=True, eq=False)
class BarSeries(Columns):
    """Hold bars of one symbol, timeframe and side; `ts_open` in ns UTC, prices in 10^-digits.

    The four prices are those of `side`; for side "quote" they are the bid's and the four ask
    columns are real. `volume` is None where the source has none. `fold` marks the rows of a
    repeated wall-clock hour. `flow` [bars, 7] are the columns of assay.kernel.flow where the bars
    were made of quotes, ABSENT where those do not tell; None where nobody counted.
    """

    symbol: str
    timeframe: Timeframe
    side: str
    source: str
    digits: int
    ts_open: Int64s
    open: Int64s
    high: Int64s
    low: Int64s
    close: Int64s
    fold: Bools
    ask_open: Int64s | None = None
    ask_high: Int64s | None = None
    ask_low: Int64s | None = None
    ask_close: Int64s | None = None
    volume: Float64s | None = None
    flow: Int64s | None = None

    def __len__(self) -> int:
        return len(self.ts_open)

    @property
    def time(self) -> Int64s:
        """Return the column that orders the rows."""
        return self.ts_open


@dataclass(frozen=True, slots=True, eq=False)
class TickSeries(Columns):
    """Hold quotes of one symbol; `ts` in ns UTC, prices in 10^-digits, sizes None if absent."""

    symbol: str
    source: str
    digits: int
    ts: Int64s
    bid: Int64s
    ask: Int64s
    fold: Bools
    bid_size: Float64s | None = None
    ask_size: Float64s | None = None
    side: str = "quote"

    def __len__(self) -> int:
        return len(self.ts)

    @property
    def time(self) -> Int64s:
        """Return the column that orders the rows."""
        return self.ts


Series = BarSeries | TickSeries
SeriesT = TypeVar("SeriesT", BarSeries, TickSeries)


def price_columns(series: Series) -> tuple[str, ...]:
    """Return the names of the price columns that a series has."""
    if isinstance(series, TickSeries):
        return ("bid", "ask")
    return BID_COLUMNS + (ASK_COLUMNS if series.ask_open is not None else ())


def rescale(series: Series, digits: int) -> Series:
    """Return the series with prices in 10^-digits; only finer grids are exact, so only those."""
    if digits == series.digits:
        return series
    if digits < series.digits:
        raise InvariantError(f"{series.symbol}: {series.digits} digits do not fit in {digits}")
    factor = np.int64(10 ** (digits - series.digits))
    scaled = {name: getattr(series, name) * factor for name in price_columns(series)}
    if isinstance(series, BarSeries) and series.flow is not None:
        scaled["flow"] = refine_flow(series.flow, np.int64(factor))
    return replace(series, digits=digits, **scaled)


def refine_flow(flow: Int64s, factor: np.int64 | Int64s) -> Int64s:
    """Return the flow [bars, 7] of prices that are so many times finer, a bar or all of them."""
    square = np.broadcast_to(np.square(factor), len(flow))
    squares = flow[:, MID_SQUARES]
    is_known = (squares != ABSENT) & (squares <= SUM_MOST // square)
    refined = flow.copy()
    refined[:, MID_SQUARES] = np.where(is_known, np.where(is_known, squares, 0) * square, ABSENT)
    return refined


def concatenate(parts: Sequence[SeriesT]) -> SeriesT:
    """Join series of the same symbol, timeframe and side, in the order given."""
    first = parts[0]
    if len(parts) == 1:
        return first
    digits = max(part.digits for part in parts)
    scaled = [rescale(part, digits) for part in parts]
    joined = {}
    for name in first._columns():
        columns = [getattr(part, name) for part in scaled]
        present = all(column is not None for column in columns)
        joined[name] = np.concatenate(columns) if present else None
    return replace(first, digits=digits, **joined)
